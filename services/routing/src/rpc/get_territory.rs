//! One territory with its ancestors.

use huiyin_domain::territory::TerritoryCode;
use huiyin_proto::routing::v1::{GetTerritoryRequest, GetTerritoryResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::no_territory;
use crate::service::Service;
use crate::{store, wire};

/// One territory with its ancestors, nearest first.
pub(crate) async fn get_territory(
    service: &Service,
    request: Request<GetTerritoryRequest>,
) -> Result<GetTerritoryResponse, Problem> {
    let mut violations = Violations::default();
    let code = wire::territory_code(&mut violations, "code", &request.get_ref().code);
    let code = violations.finish_with(code)?;
    let mut connection = service.desk.database.pool().acquire().await?;
    let chain: Vec<TerritoryCode> = code.chain().collect();
    // the lowest comes first: the territory itself when it is known
    let mut found = store::territory::find(&mut connection, &chain)
        .await?
        .into_iter();
    let territory = found
        .next()
        .filter(|territory| territory.code == code)
        .ok_or_else(|| no_territory(code))?;
    Ok(GetTerritoryResponse {
        territory: Some(wire::territory(&territory)),
        ancestors: found.map(|ancestor| wire::territory(&ancestor)).collect(),
    })
}
