//! One clock of a matter and how it stands.

use serde::{Deserialize, Serialize};

use crate::{
    ids::OrganId,
    law::{ClockId, Due, Limit},
    time::{Instant, end_of_day},
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

/// One clock of a matter. `(clock, cycle)` is its key within the matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Which clock.
    pub clock: ClockId,
    /// The organ it runs for; none for the office that registered the matter.
    pub organ: Option<OrganId>,
    /// 1 for registration; for clocks of an organ the number of the forwarding, in order of time; for
    /// registration and forwarding by a further petition office that number plus 1.
    pub cycle: u32,
    /// When it started.
    pub started: Instant,
    /// The limit with its extensions.
    pub limit: Limit,
    /// By how many days it was prolonged in all.
    pub extended_days: u32,
    /// The version of the rule it started under.
    pub rule_version: String,
    /// When it is due.
    pub due: Due,
    /// How it stands.
    pub state: ClockState,
}

impl Clock {
    /// The number of the forwarding the clock runs for; none for the office that registered the matter.
    pub(super) fn hop(&self) -> Option<u32> {
        match (self.organ, self.clock) {
            (None, _) => None,
            (Some(_), ClockId::RegisterAndForward) => self.cycle.checked_sub(1),
            (Some(_), _) => Some(self.cycle),
        }
    }

    /// The first instant at which the clock is past due.
    #[must_use]
    pub fn fires_at(&self) -> Instant {
        end_of_day(self.due.rolled)
    }

    /// Whether the clock ran past its due date, as seen at `now`.
    #[must_use]
    pub fn passed(&self, now: Instant) -> bool {
        match self.state {
            ClockState::Running => now >= self.fires_at(),
            ClockState::Overran { .. } => true,
            ClockState::Met { .. } | ClockState::Ended { .. } => false,
        }
    }
}

/// The first instant at which the clock is past due: the start of the day after the rolled due date.
#[must_use]
pub fn fires_at(clock: &Clock) -> Instant {
    clock.fires_at()
}
