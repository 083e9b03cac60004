//! What becomes of an order on a report.

use thiserror::Error;

use super::report::{ReportAction, ReportState};
use crate::time::{Date, Instant, end_of_day};

/// That an order was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderAnswer {
    /// When.
    pub at: Instant,
    /// Whether that was after its due day.
    pub late: bool,
}

/// Why an order cannot be answered now.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OrderRefused {
    /// It was answered already; an answer is given once.
    #[error("the order was answered already")]
    Answered,
    /// The last version of the report was found false: what is false is corrected before anything is answered on it.
    #[error("the report was found false and is not corrected yet")]
    ReportFalse,
}

impl OrderRefused {
    /// How the order stands, in a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::ReportFalse => "false",
        }
    }

    /// What the organ can do instead.
    #[must_use]
    pub const fn allowed(&self) -> &'static [ReportAction] {
        match self {
            Self::Answered => &[],
            Self::ReportFalse => &[ReportAction::Correct],
        }
    }
}

/// The answer at `now` to an order that is due on a day: `before` is the answer it has. A correction of the report takes nothing
/// back: whatever version an order was given on, it stays open until it is answered.
///
/// # Errors
/// When it was answered already, or the last version of the report is false.
pub fn answer_order(
    before: Option<&OrderAnswer>,
    report: &ReportState,
    (now, due): (Instant, Date),
) -> Result<OrderAnswer, OrderRefused> {
    if before.is_some() {
        return Err(OrderRefused::Answered);
    }
    match report {
        ReportState::False(_) => Err(OrderRefused::ReportFalse),
        // nothing is ordered on a report that is missing
        ReportState::Missing { .. } | ReportState::Submitted(_) | ReportState::Corrected(_) => {
            Ok(OrderAnswer {
                at: now,
                late: now >= end_of_day(due),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn due() -> Date {
        "2026-01-20".parse().unwrap()
    }

    fn came() -> ReportState {
        ReportState::submit(None, (at("2026-01-10T16:00:00Z"), None)).unwrap()
    }

    #[test]
    fn an_answer_is_late_from_the_end_of_the_due_day_in_beijing_on() {
        for (now, late) in [
            ("2026-01-12T00:00:00Z", false),
            ("2026-01-20T15:59:59Z", false),
            ("2026-01-20T16:00:00Z", true),
        ] {
            let answer = answer_order(None, &came(), (at(now), due())).unwrap();
            assert_eq!(answer, OrderAnswer { at: at(now), late });
        }
    }

    #[test]
    fn an_order_is_answered_once() {
        let now = at("2026-01-12T00:00:00Z");
        let answer = answer_order(None, &came(), (now, due())).unwrap();
        let again = answer_order(Some(&answer), &came(), (now, due())).unwrap_err();
        assert_eq!((again.word(), again.allowed()), ("answered", &[][..]));
    }

    #[test]
    fn on_a_false_report_nothing_is_answered_before_it_is_corrected() {
        let now = at("2026-01-12T00:00:00Z");
        let found_false = came().mark_false().unwrap();
        let refused = answer_order(None, &found_false, (now, due())).unwrap_err();
        assert_eq!(refused.allowed(), [ReportAction::Correct]);
        let corrected = found_false.correct().unwrap();
        assert!(answer_order(None, &corrected, (now, due())).is_ok());
    }
}
