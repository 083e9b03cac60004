//! The petitioner's own view of the matter. It names organs, never a handler.

use huiyin_proto::intake::v1::{GetProgressRequest, GetProgressResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{matter_of_petitioner, number_and_code};
use crate::service::Service;
use crate::{store, wire};

/// Reads the way of a matter.
pub(crate) async fn get_progress(
    service: &Service,
    request: Request<GetProgressRequest>,
) -> Result<GetProgressResponse, Problem> {
    let message = request.get_ref();
    let mut violations = Violations::default();
    let (number, code) = number_and_code(&mut violations, &message.number, &message.query_code);
    violations.finish()?;
    let mut reading = service.desk.database.reading().await?;
    let matter = matter_of_petitioner(service, &mut reading, (&number, &code)).await?;
    let steps = store::progress_step::of_matter(&mut reading, matter).await?;
    let steps: Vec<_> = steps.iter().map(wire::progress_step).collect();
    let remedies = store::remedy_step::of_matter(&mut reading, matter).await?;
    Ok(GetProgressResponse {
        number,
        stage: steps.last().map(|last| last.stage).unwrap_or_default(),
        steps,
        remedies: remedies.iter().map(wire::remedy_step).collect(),
    })
}
