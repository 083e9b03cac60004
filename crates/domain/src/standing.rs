//! Where an organ stands, and what is sealed from it.

use crate::ids::OrganId;
use crate::organs::{DISCIPLINE_INSPECTION, JOINT_MEETING, PETITION_OFFICE};
use crate::territory::TerritoryCode;
use crate::vocabulary::Level;

/// Where an organ stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The organ.
    pub organ: OrganId,
    /// Its level.
    pub level: Level,
    /// The territory in which it is competent.
    pub territory: TerritoryCode,
    /// Whether it oversees that territory, and so sees the matters of it.
    pub oversees: bool,
    /// Whether it heads the other organs of that territory.
    pub heads: bool,
}

impl Standing {
    /// Of an organ that holds these functions. Petition offices, governments, joint meeting offices and discipline inspection
    /// oversee their territory; a government also heads the organs in it.
    #[must_use]
    pub fn new(
        organ: OrganId,
        (level, territory): (Level, TerritoryCode),
        functions: &[String],
    ) -> Self {
        let heads = functions
            .iter()
            .any(|function| function.ends_with("government"));
        let overseeing = [PETITION_OFFICE, JOINT_MEETING, DISCIPLINE_INSPECTION];
        let oversees = functions
            .iter()
            .any(|function| overseeing.contains(&function.as_str()));
        Self {
            organ,
            level,
            territory,
            oversees: heads || oversees,
            heads,
        }
    }

    /// Whether a denunciation of `denounced` is sealed from this organ (art. 30(3)): it is that organ, one that it heads, or one
    /// that stands in a territory below it.
    #[must_use]
    pub fn is_sealed_from(&self, denounced: &Self) -> bool {
        let same_place = self.territory == denounced.territory;
        let below = !same_place && self.territory.is_within(&denounced.territory);
        self.organ == denounced.organ || below || (same_place && denounced.heads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organs::organ_id;

    fn standing(place: &str, function: &str) -> Standing {
        let territory: TerritoryCode = place.parse().unwrap();
        let id = organ_id(&territory, function);
        Standing::new(id, (territory.level(), territory), &[function.to_owned()])
    }

    #[test]
    fn a_denunciation_is_sealed_from_the_organ_from_those_below_and_from_those_it_heads() {
        let bureau = standing("431202", "natural_resources");
        let government = standing("431202001", "township_government");
        let office = standing("431202001", PETITION_OFFICE);
        let county_office = standing("431202", PETITION_OFFICE);
        let city_office = standing("4312", PETITION_OFFICE);
        for (reader, denounced, sealed) in [
            (bureau, bureau, true),
            (government, bureau, true),
            (office, bureau, true),
            (county_office, bureau, false),
            (city_office, bureau, false),
            (office, government, true),
            (county_office, government, false),
            (standing("431203001", PETITION_OFFICE), bureau, false),
        ] {
            let words = format!("{reader:?} of {denounced:?}");
            assert_eq!(reader.is_sealed_from(&denounced), sealed, "{words}");
        }
    }

    #[test]
    fn departments_oversee_nothing_and_governments_head() {
        let bureau = standing("431202", "natural_resources");
        assert!(!bureau.oversees && !bureau.heads);
        let government = standing("431202001", "township_government");
        assert!(government.oversees && government.heads);
        let office = standing("431202", PETITION_OFFICE);
        assert!(office.oversees && !office.heads);
    }
}
