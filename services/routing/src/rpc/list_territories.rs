//! The territories right below one, by code.

use huiyin_domain::territory::TerritoryCode;
use huiyin_proto::routing::v1::{ListTerritoriesRequest, ListTerritoriesResponse};
use huiyin_service_kit::page::{PageToken, page_size};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::no_territory;
use crate::service::Service;
use crate::{store, wire};

/// A page of the children of a territory.
pub(crate) async fn list_territories(
    service: &Service,
    request: Request<ListTerritoriesRequest>,
) -> Result<ListTerritoriesResponse, Problem> {
    let request = request.into_inner();
    let mut violations = Violations::default();
    let parent = match request.parent_code.as_str() {
        "" => Some(TerritoryCode::NATION),
        code => wire::territory_code(&mut violations, "parent_code", code),
    };
    let size = page_size(&mut violations, request.page_size, 100, 1000);
    let parent = violations.finish_with(parent)?;
    let filter = format!("territories {parent}");
    let after = PageToken::parse(&request.page_token, &filter)?
        .map_or_else(String::new, |token| token.last_key);
    let mut connection = service.desk.database.pool().acquire().await?;
    let mut found =
        store::territory::children(&mut connection, parent, &after, i64::from(size) + 1).await?;
    if found.is_empty()
        && store::territory::find(&mut connection, &[parent])
            .await?
            .is_empty()
    {
        return Err(no_territory(parent));
    }
    let more = found.len() > size as usize;
    found.truncate(size as usize);
    let next_page_token = match found.last() {
        Some(last) if more => PageToken::issue(last.code.as_str(), &filter),
        Some(_) | None => String::new(),
    };
    Ok(ListTerritoriesResponse {
        territories: found.iter().map(wire::territory).collect(),
        next_page_token,
    })
}
