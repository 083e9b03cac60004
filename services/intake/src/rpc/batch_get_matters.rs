//! Several matters at once without any personal field.

use std::collections::HashMap;

use huiyin_domain::ids::MatterId;
use huiyin_proto::intake::v1::{BatchGetMattersRequest, BatchGetMattersResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;
use uuid::Uuid;

use super::seen;
use crate::service::Service;
use crate::{store, wire};

/// Matters asked for at most.
const MOST: usize = 500;

/// Reads matters by id. One that is not there for who asks is left out.
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
    let mut connection = service.desk.database.reading().await?;
    let found = store::matter::find_all(&mut connection, &ids).await?;
    let found = seen(&mut connection, found).await?;
    drop(connection);
    let mut by_id: HashMap<Uuid, _> = found
        .into_iter()
        .map(|matter| (matter.id.uuid(), matter))
        .collect();
    let matters = ids.iter().filter_map(|id| by_id.remove(id));
    Ok(BatchGetMattersResponse {
        matters: matters.map(|matter| wire::matter(&matter)).collect(),
    })
}
