//! Early warning of unresolved problems: who is told, how soon each must acknowledge, and what follows
//! when nobody does (art. 25). An alert names places, organs and matters; no person.

mod escalation;
mod recipients;

pub use escalation::{AckLimits, Escalation, Step, ack_limit, next_step};
pub use recipients::{Recipient, RecipientRole, recipients};

use crate::{
    time::{Duration, Instant},
    vocabulary::UrgentKind,
};

/// From how many persons on a collective visit is reported at the first time, unless the place sets another (local).
pub const COLLECTIVE_URGENT_PERSONS: u32 = 50;

/// Whether a collective visit of so many persons is reported at the first time.
#[must_use]
pub const fn collective_is_urgent(persons: u32, threshold: u32) -> bool {
    persons >= threshold
}

/// How late a report is: from when the problem was known to when it was reported, never negative.
#[must_use]
pub fn lateness(known: Instant, reported: Instant) -> Duration {
    (reported - known).max(Duration::zero())
}

/// How long a report of the kind may take (local default): 20 minutes for danger to life, 60 for
/// collective visits and retaliation, 2 hours for the rest.
#[must_use]
pub const fn lateness_limit(kind: UrgentKind) -> Duration {
    match kind {
        UrgentKind::DangerToLife => Duration::minutes(20),
        UrgentKind::CollectiveVisit | UrgentKind::Retaliation => Duration::minutes(60),
        UrgentKind::ServiceFailure | UrgentKind::PromiseBroken | UrgentKind::Other => {
            Duration::minutes(120)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_late_by_the_time_from_knowing_to_reporting() {
        let known: Instant = "2026-01-05T01:00:00Z".parse().unwrap();
        assert_eq!(
            lateness(known, known + Duration::minutes(21)),
            Duration::minutes(21)
        );
        assert!(
            lateness(known, known + Duration::minutes(21))
                > lateness_limit(UrgentKind::DangerToLife)
        );
        assert_eq!(
            lateness(known, known - Duration::minutes(1)),
            Duration::zero()
        );
    }

    #[test]
    fn a_visit_at_the_threshold_is_urgent() {
        assert!(collective_is_urgent(50, COLLECTIVE_URGENT_PERSONS));
        assert!(!collective_is_urgent(49, COLLECTIVE_URGENT_PERSONS));
    }
}
