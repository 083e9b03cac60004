//! The territories right below one, or all in it, by code, as of a day.

use huiyin_domain::territory::TerritoryCode;
use huiyin_proto::routing::v1::{ListTerritoriesRequest, ListTerritoriesResponse};
use huiyin_service_kit::page::{PageToken, page_size};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{no_territory, on_date};
use crate::service::Service;
use crate::{store, wire};

/// A page of the territories below one.
pub(crate) async fn list_territories(
    service: &Service,
    request: Request<ListTerritoriesRequest>,
) -> Result<ListTerritoriesResponse, Problem> {
    let request = request.into_inner();
    let mut violations = Violations::default();
    let parent = match request.parent_code.as_str() {
        "" => Some(TerritoryCode::NATION),
        code => violations.territory_code("parent_code", code),
    };
    let size = page_size(&mut violations, request.page_size, 100, 1000);
    let on = on_date(&mut violations, "on_date", &request.on_date, service);
    let (parent, on) = violations.finish_with(parent.zip(on))?;
    let whole_subtree = request.whole_subtree;
    let filter = format!("territories {parent} {on} {whole_subtree}");
    let after = PageToken::parse(&request.page_token, &filter)?
        .map_or_else(String::new, |token| token.last_key);
    let mut connection = service.desk.database.reading().await?;
    let wanted = store::territory::Wanted {
        parent,
        whole_subtree,
        on,
        after,
        limit: i64::from(size) + 1,
    };
    let mut found = store::territory::page(&mut connection, &wanted).await?;
    if found.is_empty() {
        let places = service.rulebook.places.current(&mut connection).await?;
        places.at(parent, on).ok_or_else(|| no_territory(parent))?;
    }
    let more = found.len() > size as usize;
    found.truncate(size as usize);
    let next_page_token = match found.last() {
        Some(last) if more => PageToken::issue(last.territory.code.as_str(), &filter),
        Some(_) | None => String::new(),
    };
    Ok(ListTerritoriesResponse {
        territories: found.iter().map(wire::established).collect(),
        next_page_token,
    })
}
