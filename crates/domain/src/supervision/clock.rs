//! One clock of a matter and how it stands.

use serde::{Deserialize, Serialize};

use crate::{
    calendar::WorkCalendar,
    ids::OrganId,
    law::{ClockId, Due, Limit, PauseCause, Pauses, Stretch, due_paused},
    time::{Date, Instant, end_of_day, local_date},
    word::words,
};

words! {
    /// Why a clock ended before its due date without what it waits for.
    EndedWhy {
        /// The sender agreed to the objection.
        ObjectionAgreed = "objection_agreed",
        /// The matter was forwarded to another organ.
        Reforwarded = "reforwarded",
        /// The matter was referred to a statutory channel.
        Referred = "referred",
        /// The organ declined, so no opinion is owed.
        Declined = "declined",
        /// The organ accepted, so it does not object.
        Accepted = "accepted",
        /// The petitioner withdrew the matter.
        Withdrawn = "withdrawn",
    }
}

/// How a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ClockState {
    /// Nothing has ended it. Whether it is past due depends on the time asked about: [`Clock::passed`].
    Running,
    /// What it waits for happened in time.
    Met {
        /// When.
        at: Instant,
    },
    /// It ended after the due date, by whatever.
    Overran {
        /// When it ended.
        ended_at: Instant,
    },
    /// It ended in time by something else; nobody failed.
    Ended {
        /// When.
        at: Instant,
        /// By what.
        why: EndedWhy,
    },
}

/// A time for which a clock stood still for one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// For what.
    pub cause: PauseCause,
    /// Since when and until when.
    pub stretch: Stretch,
}

/// One clock of a matter. `(clock, cycle)` is its key within the matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Which clock.
    pub clock: ClockId,
    /// The organ it runs for; none for the office that registered the matter. For a right of the petitioner, the organ
    /// whose opinion it is about.
    pub organ: Option<OrganId>,
    /// 1 for registration; for clocks of an organ the number of the forwarding, in order of time; for
    /// registration and forwarding by a further petition office that number plus 1; for remedies that of the
    /// opinion; for recommendations their own number.
    pub cycle: u32,
    /// When it started.
    pub started: Instant,
    /// The limit with its extensions.
    pub limit: Limit,
    /// By how many days it was prolonged in all.
    pub extended_days: u32,
    /// When and for what it stood still, in the order of their beginning.
    pub pauses: Vec<Pause>,
    /// The due day that a named post set; it stands whatever would be computed.
    pub set_by_post: Option<Date>,
    /// The version of the rule it started under.
    pub rule_version: String,
    /// The version of the calendar it is judged by: the one known when it ended, or passed, or now.
    pub calendar_version: String,
    /// When it is due.
    pub due: Due,
    /// How it stands.
    pub state: ClockState,
}

impl Clock {
    /// The number of the forwarding the clock runs for; none for the office that registered the
    /// matter, and for recommendations.
    pub(super) fn hop(&self) -> Option<u32> {
        match (self.organ, self.clock) {
            (None, _) | (_, ClockId::RecommendationAnswer) => None,
            (Some(_), ClockId::RegisterAndForward) => self.cycle.checked_sub(1),
            (Some(_), _) => Some(self.cycle),
        }
    }

    /// The stretches in which it stood still.
    #[must_use]
    pub fn stood_still(&self) -> Pauses {
        Pauses::of(self.pauses.iter().map(|pause| pause.stretch).collect())
    }

    /// The first day on which it has been standing still without a break; none when it runs.
    #[must_use]
    pub fn paused_since(&self) -> Option<Date> {
        self.stood_still().since()
    }

    /// The first instant at which the clock is past due; none while it stands still.
    #[must_use]
    pub fn fires_at(&self) -> Option<Instant> {
        let runs = self.pauses.iter().all(|pause| pause.stretch.to.is_some());
        runs.then(|| end_of_day(self.due.rolled))
    }

    /// Whether what happens at this instant comes after the due date.
    #[must_use]
    pub fn is_past_due(&self, at: Instant) -> bool {
        self.fires_at().is_some_and(|fires_at| at >= fires_at)
    }

    /// Whether the clock ran past its due date, as seen at `now`.
    #[must_use]
    pub fn passed(&self, now: Instant) -> bool {
        match self.state {
            ClockState::Running => self.is_past_due(now),
            ClockState::Overran { .. } => true,
            ClockState::Met { .. } | ClockState::Ended { .. } => false,
        }
    }

    /// The due date anew, after its limit or its pauses changed.
    pub(super) fn judged_by(self, calendar: &WorkCalendar) -> Self {
        if self.set_by_post.is_some() {
            return self;
        }
        let start = local_date(self.started);
        Self {
            calendar_version: calendar.version().to_owned(),
            due: due_paused(self.limit, start, &self.stood_still(), calendar),
            ..self
        }
    }
}
