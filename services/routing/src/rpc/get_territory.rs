//! One territory with its ancestors, as of a day.

use huiyin_proto::routing::v1::{GetTerritoryRequest, GetTerritoryResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{no_territory, on_date};
use crate::service::Service;
use crate::wire;

/// One territory with its ancestors, nearest first.
pub(crate) async fn get_territory(
    service: &Service,
    request: Request<GetTerritoryRequest>,
) -> Result<GetTerritoryResponse, Problem> {
    let request = request.get_ref();
    let mut violations = Violations::default();
    let code = violations.territory_code("code", &request.code);
    let on = on_date(&mut violations, "on_date", &request.on_date, service);
    let (code, on) = violations.finish_with(code.zip(on))?;
    let mut connection = service.desk.database.reading().await?;
    let places = service.rulebook.places.current(&mut connection).await?;
    let territory = places.at(code, on).ok_or_else(|| no_territory(code))?;
    let superior = places.superior(code, on);
    Ok(GetTerritoryResponse {
        territory: Some(wire::place(&territory)),
        ancestors: places
            .ancestors(code, on)
            .map(|above| wire::place(&above))
            .collect(),
        superior_code: superior.map_or_else(String::new, |above| above.code.to_string()),
    })
}
