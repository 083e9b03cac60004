//! The remedies of a matter.

use huiyin_proto::supervision::v1::{GetRemediesRequest, GetRemediesResponse};
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::must_see;
use crate::store::remedy;
use crate::wire;

pub(crate) async fn answer(
    desk: &Desk,
    request: GetRemediesRequest,
) -> Result<GetRemediesResponse, Problem> {
    let mut violations = Violations::default();
    let matter = violations.id("matter_id", &request.matter_id);
    let matter = violations.finish_with(matter)?;
    let mut connection = desk.database.reading().await?;
    must_see(&mut connection, matter).await?;
    let known = remedy::of_matter(&mut connection, matter).await?;
    Ok(GetRemediesResponse {
        remedies: known.iter().map(wire::remedy_case).collect(),
    })
}
