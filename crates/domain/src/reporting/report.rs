//! What becomes of a report.

use thiserror::Error;

use crate::{time::Instant, word::words};

words! {
    /// What can be done with a report.
    ReportAction {
        /// The organ hands it in.
        Submit = "submit_report",
        /// The organ corrects it.
        Correct = "correct_report",
        /// The organ above finds it false.
        MarkFalse = "mark_report_false",
        /// The organ above says that it has it.
        Receive = "receive_report",
        /// The organ above gives an order on it.
        GiveOrder = "give_order",
    }
}

/// Where a report stands. Each state is recorded for good: a missing report that comes is late, a false one that is corrected was
/// false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportState {
    /// It was not there when its due day ended. That is no zero report.
    Missing {
        /// When that was recorded.
        at: Instant,
    },
    /// It came.
    Submitted(Submission),
    /// The organ corrected it; what it said before stays readable.
    Corrected(Submission),
    /// The organ above found its last version false.
    False(Submission),
}

/// A report that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// When its first version came.
    pub at: Instant,
    /// Whether that was after its due day.
    pub late: bool,
    /// Its last version, from 1.
    pub version: u32,
    /// The last version of which the organ above said that it has it; none before.
    pub received: Option<u32>,
    /// How many of its versions were found false.
    pub found_false: u32,
}

/// An action that a report is not in the state for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{action} is not possible for a report that is {state}")]
pub struct ReportRefused {
    /// What was asked.
    pub action: ReportAction,
    /// How the report stands, in a word.
    pub state: &'static str,
    /// What can be done with it.
    pub allowed: Vec<ReportAction>,
}

impl ReportState {
    /// The state of a report that comes at `now`, late from an instant on or never: `before` is what is recorded of its period.
    ///
    /// # Errors
    /// When it has come already.
    pub fn submit(
        before: Option<&Self>,
        (now, late_from): (Instant, Option<Instant>),
    ) -> Result<Self, ReportRefused> {
        match before {
            None | Some(Self::Missing { .. }) => Ok(Self::Submitted(Submission {
                at: now,
                late: late_from.is_some_and(|late_from| now >= late_from),
                version: 1,
                received: None,
                found_false: 0,
            })),
            Some(there @ (Self::Submitted(_) | Self::Corrected(_) | Self::False(_))) => {
                Err(there.refused(ReportAction::Submit))
            }
        }
    }

    /// The state after the organ corrected it.
    ///
    /// # Errors
    /// When nothing came that could be corrected.
    pub fn correct(&self) -> Result<Self, ReportRefused> {
        let came = self.came(ReportAction::Correct)?;
        Ok(Self::Corrected(Submission {
            version: came.version.saturating_add(1),
            ..came.clone()
        }))
    }

    /// The state after the organ above found its last version false.
    ///
    /// # Errors
    /// When nothing came, or that version was found false already.
    pub fn mark_false(&self) -> Result<Self, ReportRefused> {
        match self {
            Self::Submitted(came) | Self::Corrected(came) => Ok(Self::False(Submission {
                found_false: came.found_false.saturating_add(1),
                ..came.clone()
            })),
            Self::Missing { .. } | Self::False(_) => Err(self.refused(ReportAction::MarkFalse)),
        }
    }

    /// The state after the organ above said that it has the last version.
    ///
    /// # Errors
    /// When nothing came, or it said so of that version already.
    pub fn receive(&self) -> Result<Self, ReportRefused> {
        let came = self.came(ReportAction::Receive)?;
        if came.received == Some(came.version) {
            return Err(self.refused(ReportAction::Receive));
        }
        let came = Submission {
            received: Some(came.version),
            ..came.clone()
        };
        Ok(match self {
            Self::Missing { .. } | Self::Submitted(_) => Self::Submitted(came),
            Self::Corrected(_) => Self::Corrected(came),
            Self::False(_) => Self::False(came),
        })
    }

    /// What came, for something that is done with it.
    ///
    /// # Errors
    /// When nothing came.
    pub fn came(&self, action: ReportAction) -> Result<&Submission, ReportRefused> {
        self.submission().ok_or_else(|| self.refused(action))
    }

    /// What came; none for a missing report.
    #[must_use]
    pub const fn submission(&self) -> Option<&Submission> {
        match self {
            Self::Missing { .. } => None,
            Self::Submitted(came) | Self::Corrected(came) | Self::False(came) => Some(came),
        }
    }

    /// The state in a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Submitted(_) => "submitted",
            Self::Corrected(_) => "corrected",
            Self::False(_) => "false",
        }
    }

    /// What can be done with it, in order.
    #[must_use]
    pub fn allowed(&self) -> Vec<ReportAction> {
        let is_received = |came: &Submission| came.received == Some(came.version);
        let all = ReportAction::all().iter().copied();
        all.filter(|action| match (action, self) {
            (ReportAction::Submit, Self::Missing { .. }) => true,
            (ReportAction::Submit, _) | (_, Self::Missing { .. }) => false,
            (ReportAction::MarkFalse, state) => !matches!(state, Self::False(_)),
            (
                ReportAction::Receive,
                Self::Submitted(came) | Self::Corrected(came) | Self::False(came),
            ) => !is_received(came),
            (ReportAction::Correct | ReportAction::GiveOrder, _) => true,
        })
        .collect()
    }

    fn refused(&self, action: ReportAction) -> ReportRefused {
        ReportRefused {
            action,
            state: self.word(),
            allowed: self.allowed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReportAction::{Correct, GiveOrder, MarkFalse, Receive, Submit};

    fn at(hour: i64) -> Instant {
        Instant::UNIX_EPOCH + chrono::TimeDelta::hours(hour)
    }

    fn came(hour: i64) -> ReportState {
        ReportState::submit(None, (at(hour), Some(at(10)))).unwrap()
    }

    #[test]
    fn a_report_is_late_from_the_instant_on_at_which_it_is_missing() {
        for (hour, late) in [(9, false), (10, true), (11, true)] {
            assert_eq!(came(hour).submission().unwrap().late, late, "{hour}");
        }
        let at_any_time = ReportState::submit(None, (at(99), None)).unwrap();
        assert!(!at_any_time.submission().unwrap().late);
    }

    #[test]
    fn what_was_missing_comes_late_and_only_once() {
        let missing = ReportState::Missing { at: at(10) };
        let state = ReportState::submit(Some(&missing), (at(12), Some(at(10)))).unwrap();
        assert!(state.submission().unwrap().late);
        let refused = ReportState::submit(Some(&state), (at(13), Some(at(10)))).unwrap_err();
        assert_eq!((refused.action, refused.state), (Submit, "submitted"));
        assert_eq!(refused.allowed, [Correct, MarkFalse, Receive, GiveOrder]);
    }

    #[test]
    fn a_missing_report_can_only_be_handed_in() {
        let missing = ReportState::Missing { at: at(10) };
        assert_eq!(missing.allowed(), [Submit]);
        for refused in [missing.correct(), missing.mark_false(), missing.receive()] {
            assert_eq!(refused.unwrap_err().state, "missing");
        }
    }

    #[test]
    fn a_false_report_that_is_corrected_was_false() {
        let state = came(1).mark_false().unwrap();
        assert!(state.mark_false().is_err());
        let corrected = state.correct().unwrap();
        let came = corrected.submission().unwrap();
        assert_eq!(
            (corrected.word(), came.version, came.found_false),
            ("corrected", 2, 1)
        );
        let again = corrected.mark_false().unwrap();
        assert_eq!(again.submission().unwrap().found_false, 2);
    }

    #[test]
    fn every_version_is_received_once() {
        let state = came(1).receive().unwrap();
        assert!(state.receive().is_err());
        let corrected = state.correct().unwrap();
        assert_eq!(
            corrected.allowed(),
            [Correct, MarkFalse, Receive, GiveOrder]
        );
        let received = corrected.receive().unwrap();
        assert_eq!(received.submission().unwrap().received, Some(2));
        assert_eq!(received.word(), "corrected");
    }

    #[test]
    fn what_is_said_to_be_allowed_is_what_is_done() {
        let missing = ReportState::Missing { at: at(10) };
        let submitted = came(1);
        let states = [
            missing,
            submitted.clone(),
            submitted.receive().unwrap(),
            submitted.correct().unwrap(),
            submitted.mark_false().unwrap(),
        ];
        for state in states {
            let done = |action: &ReportAction| match action {
                Submit => ReportState::submit(Some(&state), (at(20), None)).is_ok(),
                Correct => state.correct().is_ok(),
                MarkFalse => state.mark_false().is_ok(),
                Receive => state.receive().is_ok(),
                GiveOrder => state.came(GiveOrder).is_ok(),
            };
            let done: Vec<ReportAction> = ReportAction::all()
                .iter()
                .copied()
                .filter(|action| done(action))
                .collect();
            assert_eq!(state.allowed(), done, "{}", state.word());
        }
    }
}
