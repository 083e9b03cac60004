//! One hot spot.

use huiyin_proto::stability_early_warning::v1::{GetHotSpotRequest, GetHotSpotResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{not_found, sees};
use crate::hot_spots::wire;
use crate::service::Service;
use crate::store::{hot_spot, hot_spot_answer};

/// Finds a hot spot.
///
/// # Errors
/// When there is none of this id for who asks.
pub(crate) async fn answer(
    service: &Service,
    message: GetHotSpotRequest,
) -> Result<GetHotSpotResponse, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("hot_spot_id", &message.hot_spot_id);
    let id = violations.finish_with(id)?;
    let mut connection = service.desk.database.reading().await?;
    let found = hot_spot::find(&mut connection, id).await?;
    let owed = hot_spot_answer::of(&mut connection, &[id]).await?;
    let found = found
        .filter(|spot| sees(spot, &owed))
        .ok_or_else(|| not_found(id))?;
    Ok(GetHotSpotResponse {
        hot_spot: Some(wire::hot_spot(&found, &owed)),
    })
}
