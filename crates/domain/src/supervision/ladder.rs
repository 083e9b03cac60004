//! Failures of organs and the ladder of what follows (art. 38-46). Nothing here is about a petitioner.

use crate::{
    calendar::WorkCalendar,
    law::{ClockId, Due, Limit, due_after},
    time::Date,
    word::words,
};

/// How many working days before the due date an organ is reminded.
pub const REMINDER_WORKING_DAYS: u32 = 3;
/// The limit of a supervise order, in working days (local).
pub const ORDER_WORKING_DAYS: u32 = 10;

words! {
    /// What an organ can fail (art. 43-46).
    FailureCode {
        /// A matter was not registered.
        NotRegistered = "not_registered",
        /// A matter was not forwarded in time.
        NotForwarded = "not_forwarded",
        /// A matter was not accepted though the organ is competent.
        NotAccepted = "not_accepted",
        /// No written notice in time.
        NoWrittenNotice = "no_written_notice",
        /// Not finished in time.
        NotFinished = "not_finished",
        /// Shirking or delay.
        Shirking = "shirking",
        /// Wrong procedure.
        WrongProcedure = "wrong_procedure",
        /// The opinion was not carried out.
        OpinionNotCarriedOut = "opinion_not_carried_out",
        /// A well-founded request was not supported.
        WellFoundedNotSupported = "well_founded_not_supported",
        /// A recommendation was ignored.
        RecommendationIgnored = "recommendation_ignored",
        /// A concealed, false or late report.
        ReportConcealedFalseOrLate = "report_concealed_false_or_late",
        /// A denunciation was leaked (art. 30(3), 46(5)).
        DenunciationLeaked = "denunciation_leaked",
        /// Retaliation (art. 18(4), 46(6)).
        Retaliation = "retaliation",
    }
}

/// The failure when the clock passes; none when only a right lapses.
#[must_use]
pub const fn failure_for(clock: ClockId) -> Option<FailureCode> {
    match clock {
        ClockId::RegisterAndForward => Some(FailureCode::NotForwarded),
        ClockId::Acceptance | ClockId::SimplifiedAcceptance => Some(FailureCode::NoWrittenNotice),
        ClockId::Opinion
        | ClockId::AssignedLimit
        | ClockId::SimplifiedOpinion
        | ClockId::ReviewOpinion
        | ClockId::ReexaminationOpinion => Some(FailureCode::NotFinished),
        ClockId::RecommendationAnswer => Some(FailureCode::RecommendationIgnored),
        ClockId::Objection | ClockId::AskReview | ClockId::AskReexamination => None,
    }
}

words! {
    /// What follows a failure, step by step. Every step is explained and can be taken back on appeal.
    LadderStep {
        /// A reminder 3 working days before the due date.
        ReminderBefore = "reminder_before",
        /// A reminder on the due date.
        ReminderOnDue = "reminder_on_due",
        /// A supervise order with its own limit.
        SuperviseOrder = "supervise_order",
        /// A yellow card: evidence, right to answer, expiry.
        YellowCard = "yellow_card",
        /// Listed supervision (art. 38).
        ListedSupervision = "listed_supervision",
        /// A recommendation to hold responsible (art. 40).
        HoldResponsible = "hold_responsible",
    }
}

impl LadderStep {
    /// The step after this one; none after the last.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::ReminderBefore => Some(Self::ReminderOnDue),
            Self::ReminderOnDue => Some(Self::SuperviseOrder),
            Self::SuperviseOrder => Some(Self::YellowCard),
            Self::YellowCard => Some(Self::ListedSupervision),
            Self::ListedSupervision => Some(Self::HoldResponsible),
            Self::HoldResponsible => None,
        }
    }
}

/// The day of the reminder before the due date.
#[must_use]
pub fn reminder_on(due: &Due, calendar: &WorkCalendar) -> Date {
    calendar.subtract_working_days(due.rolled, REMINDER_WORKING_DAYS)
}

/// When a supervise order issued on the day is due.
#[must_use]
pub fn order_due(issued: Date, calendar: &WorkCalendar) -> Due {
    due_after(
        Limit::WorkingDays {
            n: ORDER_WORKING_DAYS,
        },
        issued,
        calendar,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lapsed_right_is_no_failure() {
        let rights: Vec<_> = ClockId::all()
            .iter()
            .filter(|clock| failure_for(**clock).is_none())
            .collect();
        assert_eq!(
            rights,
            [
                &ClockId::Objection,
                &ClockId::AskReview,
                &ClockId::AskReexamination
            ]
        );
    }

    #[test]
    fn the_ladder_is_climbed_step_by_step_to_its_end() {
        let steps: Vec<_> =
            std::iter::successors(Some(LadderStep::ReminderBefore), |step| step.next()).collect();
        assert_eq!(steps, LadderStep::all());
    }

    #[test]
    fn an_order_has_ten_working_days_and_a_reminder_comes_three_before() {
        let calendar = WorkCalendar::embedded();
        let due = order_due("2026-09-30".parse().unwrap(), calendar);
        assert_eq!(due.rolled.to_string(), "2026-10-20");
        assert_eq!(reminder_on(&due, calendar).to_string(), "2026-10-15");
    }
}
