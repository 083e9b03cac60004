//! One file a call of the hot spots.

pub(crate) mod close_hot_spot;
pub(crate) mod get_hot_spot;
pub(crate) mod list_hot_spots;

use huiyin_domain::ids::HotSpotId;
use huiyin_service_kit::authorization::{is_asked, subject};
use huiyin_service_kit::status::Problem;

use crate::hot_spots::{HotSpot, Owed};

/// Whether who asks oversees the place of a hot spot or one around it, or its organ owes or owed an answer.
fn sees(spot: &HotSpot, owed: &[Owed]) -> bool {
    let own = subject().and_then(|subject| subject.standing);
    !is_asked()
        || own.is_some_and(|own| {
            let owes = |owed: &Owed| (owed.hot_spot, owed.organ) == (spot.id, own.organ);
            (own.oversees && spot.place.is_within(&own.territory)) || owed.iter().any(owes)
        })
}

fn not_found(id: HotSpotId) -> Problem {
    Problem::NotFound {
        what: "hot spot",
        id: id.to_string(),
    }
}
