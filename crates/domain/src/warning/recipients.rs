//! Who is told.

use std::{cmp::Reverse, collections::BTreeSet};

use serde::Serialize;

use super::RecipientRule;
use crate::{
    ids::OrganId,
    organs::{JOINT_MEETING, OrganProfile, PETITION_OFFICE},
    routing::Directory,
    territory::TerritoryCode,
    vocabulary::Level,
    word::words,
};

words! {
    /// Why an organ is told.
    RecipientRole {
        /// Of the place's own level, for its leadership.
        OwnLeadership = "own_leadership",
        /// A petition office above.
        LevelAbove = "level_above",
        /// The national office, told at the same time (art. 25).
        NationalOffice = "national_office",
        /// The competent department.
        CompetentDepartment = "competent_department",
        /// The joint-meeting office of the city.
        JointMeeting = "joint_meeting",
        /// A petition or joint-meeting office that stands below the place.
        OfficesBelow = "offices_below",
    }
}

/// An organ that is told, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recipient {
    /// The organ.
    pub organ: OrganId,
    /// The level it stands at.
    pub level: Level,
    /// Why it is told.
    pub role: RecipientRole,
    /// The same in words.
    pub reason: String,
}

/// Every organ that is told at once: the petition office of the place (the nearest above when it has
/// none), that of every level above, the competent organ when known, the joint-meeting office of
/// the city, and every petition and joint-meeting office below the place; of those the roles that `rule` tells. Each organ once; none of `exclusions`, which is how a denunciation never
/// reaches whom it is about.
#[must_use]
pub fn recipients(
    rule: &RecipientRule,
    place: &TerritoryCode,
    organ: Option<OrganId>,
    directory: &Directory,
    exclusions: &[OrganId],
) -> Vec<Recipient> {
    let offices = place
        .chain()
        .filter_map(|above| directory.petition_office(&above))
        .enumerate()
        .map(|(index, office)| match (office.level, index) {
            (Level::Nation, _) => (office, RecipientRole::NationalOffice),
            (_, 0) => (office, RecipientRole::OwnLeadership),
            (_, _) => (office, RecipientRole::LevelAbove),
        });
    let department = organ
        .and_then(|id| directory.get(id))
        .map(|organ| (organ, RecipientRole::CompetentDepartment));
    let joint_meeting = place
        .ancestor(Level::City)
        .and_then(|city| directory.holder(&city, JOINT_MEETING))
        .map(|organ| (organ, RecipientRole::JointMeeting));
    let below = if rule.tells_below() {
        offices_below(place, directory)
    } else {
        Vec::new()
    };
    let below = below
        .into_iter()
        .map(|office| (office, RecipientRole::OfficesBelow));
    let mut told: BTreeSet<OrganId> = exclusions.iter().copied().collect();
    offices
        .chain(department)
        .chain(joint_meeting)
        .chain(below)
        .filter(|(_, role)| rule.roles.contains(role))
        .filter(|(organ, _)| told.insert(organ.id))
        .map(|(organ, role)| recipient(organ, role, place))
        .collect()
}

/// Petition and joint-meeting offices that stand below a place, from above and by their ids.
fn offices_below<'d>(place: &TerritoryCode, directory: &'d Directory) -> Vec<&'d OrganProfile> {
    let is_office = |organ: &OrganProfile| {
        let functions = organ.functions.iter();
        functions
            .into_iter()
            .any(|function| function == PETITION_OFFICE || function == JOINT_MEETING)
    };
    let is_below =
        |organ: &OrganProfile| organ.territory != *place && organ.territory.is_within(place);
    let mut below: Vec<&OrganProfile> = directory
        .iter()
        .filter(|organ| is_below(organ) && is_office(organ))
        .collect();
    below.sort_unstable_by_key(|organ| (Reverse(organ.level), organ.id));
    below
}

fn recipient(organ: &OrganProfile, role: RecipientRole, place: &TerritoryCode) -> Recipient {
    let name = &organ.name;
    let reason = match role {
        RecipientRole::OwnLeadership => format!("{name} informs the leadership of {place}"),
        RecipientRole::LevelAbove => {
            format!("{name} stands above {place}; every level above is told at once")
        }
        RecipientRole::NationalOffice => format!("{name} is told at the same time (art. 25)"),
        RecipientRole::CompetentDepartment => format!("{name} is competent for the problem"),
        RecipientRole::JointMeeting => format!("{name} joins the organs of the city"),
        RecipientRole::OfficesBelow => {
            format!("{name} stands below {place}; every office below is told at once")
        }
    };
    Recipient {
        organ: organ.id,
        level: organ.level,
        role,
        reason,
    }
}
