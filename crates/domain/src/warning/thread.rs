//! Initial, follow-up and final reports of one urgent problem form one thread. What was reported is never changed: a correction
//! and a cancellation are reports of their own.

use thiserror::Error;

use super::RecipientRole;
use crate::word::words;

words! {
    /// What a further report is.
    ReportStage {
        /// How it goes on.
        FollowUp = "follow_up",
        /// How it ended.
        Final = "final",
        /// What an earlier report had wrong.
        Correction = "correction",
        /// Why it should not have been reported.
        Cancellation = "cancellation",
    }
}

/// A report that does not fit into its thread.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnfitReport {
    /// Only the organ that reported may.
    #[error(
        "only the organ that reported the alert can send a {0}; another organ sends a follow_up"
    )]
    OfAnother(ReportStage),
    /// The thread has ended.
    #[error(
        "the thread has ended with a {0}; only a correction can follow a final, and nothing a cancellation"
    )]
    Ended(ReportStage),
    /// A correction names a report that is not there.
    #[error("there is no report {0} to correct; the urgent report itself is 0")]
    NoSuch(u32),
    /// Raised by the register because of what was registered; no organ takes that back.
    #[error(
        "the register raised the alert by itself; an organ cannot cancel it and reports its end instead"
    )]
    RaisedByItself,
}

/// A thread as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Reports after the first one.
    pub reports: u32,
    /// How it ended, if it has.
    pub ended: Option<ReportStage>,
    /// Raised by the register and not by an organ.
    pub raised_by_itself: bool,
}

impl Thread {
    /// Whether a report fits; `corrects` is the number of the report that a correction is about.
    ///
    /// # Errors
    /// See [`UnfitReport`].
    pub fn take(
        self,
        stage: ReportStage,
        by_its_reporter: bool,
        corrects: u32,
    ) -> Result<(), UnfitReport> {
        match (self.ended, stage) {
            (None, _) | (Some(ReportStage::Final), ReportStage::Correction) => {}
            (Some(ended), _) => return Err(UnfitReport::Ended(ended)),
        }
        match stage {
            ReportStage::FollowUp => Ok(()),
            ReportStage::Final | ReportStage::Correction | ReportStage::Cancellation
                if !by_its_reporter =>
            {
                Err(UnfitReport::OfAnother(stage))
            }
            ReportStage::Cancellation if self.raised_by_itself => Err(UnfitReport::RaisedByItself),
            ReportStage::Correction if corrects > self.reports => {
                Err(UnfitReport::NoSuch(corrects))
            }
            ReportStage::Final | ReportStage::Correction | ReportStage::Cancellation => Ok(()),
        }
    }
}

impl ReportStage {
    /// Whether nobody has to report on after it.
    #[must_use]
    pub const fn ends(self) -> bool {
        match self {
            Self::Final | Self::Cancellation => true,
            Self::FollowUp | Self::Correction => false,
        }
    }
}

/// Whether a recipient can name another organ instead of itself. The offices that the Regulations name cannot, nor those below:
/// they are told because of where they stand.
#[must_use]
pub const fn can_refuse(role: RecipientRole) -> bool {
    match role {
        RecipientRole::OwnLeadership
        | RecipientRole::LevelAbove
        | RecipientRole::NationalOffice
        | RecipientRole::OfficesBelow => false,
        RecipientRole::CompetentDepartment | RecipientRole::JointMeeting => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Thread = Thread {
        reports: 2,
        ended: None,
        raised_by_itself: false,
    };

    #[test]
    fn whoever_was_told_reports_on_but_only_the_reporter_corrects_ends_and_cancels() {
        for stage in ReportStage::all() {
            assert_eq!(OPEN.take(*stage, true, 0), Ok(()));
        }
        assert_eq!(OPEN.take(ReportStage::FollowUp, false, 0), Ok(()));
        for stage in [
            ReportStage::Final,
            ReportStage::Correction,
            ReportStage::Cancellation,
        ] {
            assert_eq!(
                OPEN.take(stage, false, 0),
                Err(UnfitReport::OfAnother(stage))
            );
        }
    }

    #[test]
    fn after_a_final_report_only_a_correction_comes_and_after_a_cancellation_nothing() {
        for (ended, follows) in [
            (ReportStage::Final, vec![ReportStage::Correction]),
            (ReportStage::Cancellation, vec![]),
        ] {
            let thread = Thread {
                ended: Some(ended),
                ..OPEN
            };
            let taken: Vec<ReportStage> = ReportStage::all()
                .iter()
                .copied()
                .filter(|stage| thread.take(*stage, true, 1).is_ok())
                .collect();
            assert_eq!(taken, follows);
        }
    }

    #[test]
    fn a_correction_is_about_a_report_that_is_there() {
        assert_eq!(OPEN.take(ReportStage::Correction, true, 2), Ok(()));
        assert_eq!(
            OPEN.take(ReportStage::Correction, true, 3),
            Err(UnfitReport::NoSuch(3))
        );
    }

    #[test]
    fn what_the_register_raised_by_itself_is_not_taken_back() {
        let thread = Thread {
            raised_by_itself: true,
            ..OPEN
        };
        assert_eq!(
            thread.take(ReportStage::Cancellation, true, 0),
            Err(UnfitReport::RaisedByItself)
        );
        assert_eq!(thread.take(ReportStage::Final, true, 0), Ok(()));
    }
}
