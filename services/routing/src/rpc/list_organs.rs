//! Organs of a territory and below, by id.

use huiyin_domain::ids::OrganId;
use huiyin_domain::territory::TerritoryCode;
use huiyin_proto::routing::v1::{ListOrgansRequest, ListOrgansResponse};
use huiyin_service_kit::page::{PageToken, page_size};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::no_territory;
use crate::service::Service;
use crate::store::organ::Wanted;
use crate::{store, wire};

/// A page of organs.
pub(crate) async fn list_organs(
    service: &Service,
    request: Request<ListOrgansRequest>,
) -> Result<ListOrgansResponse, Problem> {
    let request = request.into_inner();
    let mut violations = Violations::default();
    let within = match request.territory_code.as_str() {
        "" => Some(TerritoryCode::NATION),
        code => violations.territory_code("territory_code", code),
    };
    let function = violations.text("function", &request.function, 0, 64);
    let size = page_size(&mut violations, request.page_size, 100, 1000);
    let within = violations.finish_with(within)?;
    let filter = format!("organs {within} {function}");
    let after = match PageToken::parse(&request.page_token, &filter)? {
        Some(token) => token
            .last_key
            .parse()
            .map_err(|_| Problem::WrongPageToken)?,
        None => OrganId::from_uuid(uuid::Uuid::nil()),
    };
    let wanted = Wanted {
        within,
        function,
        after: after.uuid(),
        limit: i64::from(size) + 1,
    };
    let mut connection = service.desk.database.reading().await?;
    let mut found = store::organ::list(&mut connection, &wanted).await?;
    if found.is_empty()
        && store::territory::find(&mut connection, &[within])
            .await?
            .is_empty()
    {
        return Err(no_territory(within));
    }
    let more = found.len() > size as usize;
    found.truncate(size as usize);
    let next_page_token = match found.last() {
        Some(last) if more => PageToken::issue(&last.id.to_string(), &filter),
        Some(_) | None => String::new(),
    };
    Ok(ListOrgansResponse {
        organs: found.iter().map(wire::organ).collect(),
        next_page_token,
    })
}
