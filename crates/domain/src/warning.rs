//! Early warning of unresolved problems: who is told, how soon each must acknowledge, and what follows
//! when nobody does (art. 25). An alert names places, organs and matters; no person.

mod escalation;
mod ladders;
mod recipient_rules;
mod recipients;
mod thread;

pub mod duty;
pub mod hot_spots;
pub mod storm;
pub mod webhooks;

pub use escalation::{Escalation, Step};
pub use ladders::{
    Called, EscalationLadder, EscalationLadders, LadderError, NamedWait, Rung, Wait,
};
pub use recipient_rules::{
    RecipientRule, RecipientRuleError, RecipientRuleFault, RecipientRules, URGENT_REPORT,
    UnknownRecipientRule,
};
pub use recipients::{Recipient, RecipientRole, recipients};
pub use thread::{ReportStage, Thread, UnfitReport, can_refuse};

use crate::time::{Duration, Instant};

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
        assert_eq!(
            lateness(known, known - Duration::minutes(1)),
            Duration::zero()
        );
    }

    #[test]
    fn a_visit_at_the_threshold_is_urgent() {
        assert!(collective_is_urgent(50, 50));
        assert!(!collective_is_urgent(49, 50));
    }
}
