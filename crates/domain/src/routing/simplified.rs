//! The simplified procedure (简易办理, local): for initial, clear, small claims, with limits of its own.

use thiserror::Error;

use crate::{
    local::{Asked, LocalRuleId, LocalRules},
    supervision::SimplifiedLimits,
    territory::TerritoryCode,
    time::Date,
    vocabulary::ForwardingKind,
};

/// What decides whether a matter can go the simplified way. That it is clear, small and likely supported is for the post to
/// judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simplifiable {
    /// How it would be forwarded.
    pub kind: ForwardingKind,
    /// Whether it is a claim of the sixth route (art. 31), on which an opinion is owed.
    pub opinion_owed: bool,
    /// Whether it is raised for the first time.
    pub initial: bool,
    /// How many persons raised it together.
    pub persons: u32,
}

/// Why the simplified procedure is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotSimplified {
    /// It would be assigned with a limit.
    #[error("is not for a matter that is assigned")]
    Assigned,
    /// It would leave for a statutory channel.
    #[error("is not for a matter that is referred to a statutory channel")]
    Referred,
    /// No opinion is owed: a suggestion, a denunciation, or a claim with a statutory channel.
    #[error("is only for claims that no statutory channel is open for")]
    NoOpinion,
    /// It was raised before.
    #[error("is only for initial matters; this one was raised before")]
    Repeat,
    /// It was raised by as many as come to a collective visit.
    #[error(
        "is only for matters of fewer than {from} persons at that place; this one was raised by {persons}"
    )]
    Collective {
        /// How many raised it.
        persons: u32,
        /// From how many on it is collective there.
        from: u32,
    },
}

impl Simplifiable {
    /// The limits at the place on the day.
    ///
    /// # Errors
    /// When the procedure is not open for the matter.
    pub fn limits(
        &self,
        local: &LocalRules,
        (place, on): (TerritoryCode, Date),
    ) -> Result<SimplifiedLimits, NotSimplified> {
        let value = |id| local.value(id, Asked::of(place, on));
        match self.kind {
            ForwardingKind::Transfer | ForwardingKind::HandDown | ForwardingKind::ReportUp => {}
            ForwardingKind::Assign => return Err(NotSimplified::Assigned),
            ForwardingKind::Refer => return Err(NotSimplified::Referred),
        }
        if !self.opinion_owed {
            return Err(NotSimplified::NoOpinion);
        }
        if !self.initial {
            return Err(NotSimplified::Repeat);
        }
        let (persons, from) = (self.persons, value(LocalRuleId::CollectiveVisit));
        if persons >= from {
            return Err(NotSimplified::Collective { persons, from });
        }
        Ok(SimplifiedLimits {
            passing: value(LocalRuleId::SimplifiedPassing),
            acceptance: value(LocalRuleId::SimplifiedAcceptance),
            opinion: value(LocalRuleId::SimplifiedOpinion),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Simplifiable = Simplifiable {
        kind: ForwardingKind::Transfer,
        opinion_owed: true,
        initial: true,
        persons: 4,
    };

    fn limits(asked: &Simplifiable) -> Result<SimplifiedLimits, String> {
        let place = ("431202".parse().unwrap(), "2026-01-05".parse().unwrap());
        asked
            .limits(LocalRules::embedded(), place)
            .map_err(|why| why.to_string())
    }

    #[test]
    fn an_initial_claim_of_few_has_the_limits_of_its_place() {
        let of_handbook = SimplifiedLimits {
            passing: 1,
            acceptance: 3,
            opinion: 10,
        };
        for kind in [
            ForwardingKind::Transfer,
            ForwardingKind::HandDown,
            ForwardingKind::ReportUp,
        ] {
            assert_eq!(limits(&Simplifiable { kind, ..OPEN }), Ok(of_handbook));
        }
        let json = include_str!("../../data/local_rules.json").replace(
            "\"rules\": [",
            r#""rules": [{"rule": "simplified_opinion", "place": "431202", "value": 7, "valid_from": "2026-01-01", "source": "a notice"},"#,
        );
        let own = LocalRules::parse(&json).unwrap();
        let place = ("431202001".parse().unwrap(), "2026-01-05".parse().unwrap());
        assert_eq!(OPEN.limits(&own, place).unwrap().opinion, 7);
    }

    #[test]
    fn what_is_assigned_repeated_collective_or_owed_no_opinion_goes_the_ordinary_way() {
        let why = |asked| limits(&asked).unwrap_err();
        let kind = ForwardingKind::Assign;
        assert_eq!(
            why(Simplifiable { kind, ..OPEN }),
            "is not for a matter that is assigned"
        );
        let kind = ForwardingKind::Refer;
        assert_eq!(
            why(Simplifiable { kind, ..OPEN }),
            "is not for a matter that is referred to a statutory channel"
        );
        let opinion_owed = false;
        assert_eq!(
            why(Simplifiable {
                opinion_owed,
                ..OPEN
            }),
            "is only for claims that no statutory channel is open for"
        );
        let initial = false;
        assert_eq!(
            why(Simplifiable { initial, ..OPEN }),
            "is only for initial matters; this one was raised before"
        );
        let persons = 5;
        assert_eq!(
            why(Simplifiable { persons, ..OPEN }),
            "is only for matters of fewer than 5 persons at that place; this one was raised by 5"
        );
    }
}
