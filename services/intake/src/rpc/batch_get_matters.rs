//! Several matters at once without any personal field.

use std::collections::HashMap;

use huiyin_domain::ids::MatterId;
use huiyin_proto::intake::v1::{BatchGetMattersRequest, BatchGetMattersResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;
use uuid::Uuid;

use super::is_sealed;
use crate::service::Service;
use crate::{store, wire};

/// Matters asked for at most.
const MOST: usize = 500;

/// Reads matters by id. One that is unknown or sealed from the caller is left out.
pub(crate) async fn batch_get_matters(
    service: &Service,
    request: Request<BatchGetMattersRequest>,
) -> Result<BatchGetMattersResponse, Problem> {
    let asked = &request.get_ref().matter_ids;
    let mut violations = Violations::default();
    violations.within("matter_ids", asked.len(), 1..=MOST);
    let ids: Vec<Uuid> = asked
        .iter()
        .take(MOST)
        .enumerate()
        .filter_map(|(place, id)| violations.id(&format!("matter_ids[{place}]"), id))
        .map(MatterId::uuid)
        .collect();
    violations.finish()?;
    let mut connection = service.desk.database.pool().acquire().await?;
    let found = store::matter::find_all(&mut connection, &ids).await?;
    drop(connection);
    let mut by_id: HashMap<Uuid, _> = found
        .into_iter()
        .map(|matter| (matter.id.uuid(), matter))
        .collect();
    let reader = wire::calling_organ(request.metadata());
    let mut matters = Vec::with_capacity(by_id.len());
    for matter in ids.iter().filter_map(|id| by_id.remove(id)) {
        if !is_sealed(service, &matter, reader).await? {
            matters.push(wire::matter(&matter));
        }
    }
    Ok(BatchGetMattersResponse { matters })
}
