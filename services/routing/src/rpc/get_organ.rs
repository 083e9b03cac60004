//! One organ.

use huiyin_proto::routing::v1::{GetOrganRequest, GetOrganResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use crate::service::Service;
use crate::{store, wire};

/// One organ.
pub(crate) async fn get_organ(
    service: &Service,
    request: Request<GetOrganRequest>,
) -> Result<GetOrganResponse, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("organ_id", &request.get_ref().organ_id);
    let id = violations.finish_with(id)?;
    let mut connection = service.desk.database.reading().await?;
    let found = store::organ::find(&mut connection, &[id]).await?;
    let organ = found.first().ok_or_else(|| Problem::NotFound {
        what: "organ",
        id: id.to_string(),
    })?;
    Ok(GetOrganResponse {
        organ: Some(wire::organ(organ)),
    })
}
