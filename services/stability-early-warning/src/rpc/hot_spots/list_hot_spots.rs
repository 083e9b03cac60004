//! Hot spots, newest first.

use huiyin_domain::ids::HotSpotId;
use huiyin_proto::stability_early_warning::v1::{ListHotSpotsRequest, ListHotSpotsResponse};
use huiyin_service_kit::page::{instant_key, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::sees;
use crate::hot_spots::wire;
use crate::rpc::reporting::{Listing, optional_id, size, split_key};
use crate::service::Service;
use crate::store::hot_spot::{self, Wanted};
use crate::store::hot_spot_answer;

/// Lists a page of hot spots.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListHotSpotsRequest,
) -> Result<ListHotSpotsResponse, Problem> {
    let mut violations = Violations::default();
    let organ = optional_id(&mut violations, "organ_id", &message.organ_id);
    let size = size(&mut violations, message.page_size);
    violations.finish()?;
    let listing = Listing {
        size,
        fingerprint: format!(
            "hot spots organ={} open_only={}",
            message.organ_id, message.open_only
        ),
    };
    let after = listing.after(&message.page_token, |key| {
        let (at, id) = split_key(key)?;
        Some((read_instant_key(at)?, id))
    })?;
    let wanted = Wanted {
        organ,
        open_only: message.open_only,
        after,
        limit: listing.limit(),
    };
    let mut connection = service.desk.database.reading().await?;
    let mut spots = hot_spot::list(&mut connection, &wanted).await?;
    let ids: Vec<HotSpotId> = spots.iter().map(|spot| spot.id).collect();
    let owed = hot_spot_answer::of(&mut connection, &ids).await?;
    spots.retain(|spot| sees(spot, &owed));
    let (spots, next_page_token) = listing.cut(spots, |spot| {
        format!("{} {}", instant_key(spot.found_at), spot.id.uuid())
    });
    Ok(ListHotSpotsResponse {
        hot_spots: spots
            .iter()
            .map(|spot| wire::hot_spot(spot, &owed))
            .collect(),
        next_page_token,
    })
}
