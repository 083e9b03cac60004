//! One file a call of the duty.

pub(crate) mod end_special_period;
pub(crate) mod hand_over_duty;
pub(crate) mod list_duty_gaps;
pub(crate) mod list_duty_shifts;
pub(crate) mod list_special_periods;
pub(crate) mod set_duty_roster;
pub(crate) mod set_special_period;
pub(crate) mod substitute_post;

use huiyin_domain::ids::{OrganId, ShiftId};
use huiyin_domain::organs::OrganProfile;
use huiyin_domain::routing::Directory;
use huiyin_domain::standing::Standing;
use huiyin_domain::territory::TerritoryCode;
use huiyin_service_kit::authorization::{is_asked, subject};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::duty::Shift;
use crate::store::duty_shift;

/// Whether something of an organ in a place is that of who asks, or lies in the place that it oversees.
fn sees(organ: OrganId, place: TerritoryCode) -> bool {
    let own = subject().and_then(|subject| subject.standing);
    !is_asked()
        || own.is_some_and(|own| {
            own.organ == organ || (own.oversees && place.is_within(&own.territory))
        })
}

/// Whether a place is that of who asks, one around it, or one in it.
fn is_near(place: TerritoryCode) -> bool {
    let own = subject().and_then(|subject| subject.standing);
    !is_asked()
        || own.is_some_and(|own| place.is_within(&own.territory) || own.territory.is_within(&place))
}

/// The organ that acts on a place: that of who asks, and one that oversees the place.
fn overseer(
    violations: &mut Violations,
    given: &str,
    (place, directory): (Option<TerritoryCode>, &Directory),
) -> Option<OrganId> {
    let organ: OrganId = violations.id("organ_id", given)?;
    let own = subject().and_then(|subject| subject.standing);
    let is_own = !is_asked() || own.is_some_and(|own| own.organ == organ);
    violations.check("organ_id", is_own, "is not the organ of who asks");
    let Some(profile) = directory.get(organ) else {
        violations.add("organ_id", "is no organ that was loaded");
        return None;
    };
    violations.check(
        "organ_id",
        oversees(profile),
        "oversees no place; a petition office, a government, a joint-meeting office or discipline inspection does",
    );
    if let Some(place) = place {
        let words = format!(
            "lies outside the organ's own territory {}",
            profile.territory
        );
        violations.check("place_code", place.is_within(&profile.territory), words);
    }
    Some(organ)
}

fn oversees(organ: &OrganProfile) -> bool {
    Standing::new(organ.id, (organ.level, organ.territory), &organ.functions).oversees
}

/// A shift of an organ, locked for what is to be done with it.
async fn locked(tx: &mut Tx, id: ShiftId, organ: OrganId) -> Result<Shift, Problem> {
    tx.as_house().await?;
    let shift = duty_shift::lock(tx.connection(), (id, organ)).await?;
    shift.ok_or_else(|| Problem::NotFound {
        what: "shift",
        id: format!("{id} of {organ}"),
    })
}
