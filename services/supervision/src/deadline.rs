//! A clock as the register keeps it: the domain's clock, the organ that answers for it, and whether its
//! passing was recorded.

use huiyin_domain::calendar::Calendars;
use huiyin_domain::ids::OrganId;
use huiyin_domain::law::{ClockId, Due, rules};
use huiyin_domain::supervision::{Clock, ClockState, Fact, FailureCode, clocks, failure_for};
use huiyin_domain::time::{Date, Instant, end_of_day};

/// What a clock is called within its matter.
pub(crate) type Key = (ClockId, u32);

/// A clock as the register keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// Which clock.
    pub(crate) kind: ClockId,
    /// Which run of it, from 1.
    pub(crate) cycle: u32,
    /// The organ that must act.
    pub(crate) organ: OrganId,
    /// When it started.
    pub(crate) started: Instant,
    /// When it is due.
    pub(crate) due: Due,
    /// Since when it has been standing still; none when it runs.
    pub(crate) paused_since: Option<Date>,
    /// Whether a named post set its due day.
    pub(crate) set_by_post: bool,
    /// How it stands.
    pub(crate) standing: Standing,
    /// The end of the due day, once its passing was recorded and told.
    pub(crate) passed: Option<Instant>,
}

/// How a clock stands, in the words of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Runs; may already be past its due day.
    Running,
    /// Ended on or before its due day by what it waited for.
    Kept {
        /// When.
        at: Instant,
    },
    /// Ended after its due day.
    Overrun {
        /// When.
        at: Instant,
    },
    /// Ended by something that frees the organ, or a right that was not used.
    Lapsed {
        /// When.
        at: Instant,
    },
}

impl Standing {
    /// When it ended; none while it runs.
    pub(crate) const fn ended_at(self) -> Option<Instant> {
        match self {
            Self::Running => None,
            Self::Kept { at } | Self::Overrun { at } | Self::Lapsed { at } => Some(at),
        }
    }
}

impl Deadline {
    /// Its key within the matter.
    pub(crate) const fn key(&self) -> Key {
        (self.kind, self.cycle)
    }

    /// The end of its due day.
    fn due_day_ends(&self) -> Instant {
        end_of_day(self.due.rolled)
    }

    /// When its passing must be recorded; none when it need not, or was. A duty done late has passed
    /// its due day whether that is seen before or after it was done.
    pub(crate) fn watched_until(&self) -> Option<Instant> {
        let open = match self.standing {
            Standing::Running | Standing::Overrun { .. } => true,
            Standing::Kept { .. } | Standing::Lapsed { .. } => false,
        };
        let watched = open && self.passed.is_none() && self.paused_since.is_none();
        watched.then(|| self.due_day_ends())
    }

    /// The deadline once its passing is recorded, and the organ's failure. None when only a right was
    /// not used: that lapses and nobody failed.
    pub(crate) fn pass(&self) -> (Self, Option<FailureCode>) {
        let at = self.due_day_ends();
        let failure = failure_for(self.kind);
        let standing = match failure {
            Some(_) => self.standing,
            None => Standing::Lapsed { at },
        };
        (
            Self {
                standing,
                passed: Some(at),
                ..self.clone()
            },
            failure,
        )
    }
}

/// The deadlines of a matter with these facts, by the calendars known so far. `before` says which passings are on record; `office` is
/// the one that registered the matter.
pub(crate) fn judge(
    facts: &[Fact],
    calendars: &Calendars,
    office: Option<OrganId>,
    before: &[Deadline],
) -> Vec<Deadline> {
    let passed = |key: Key| {
        before
            .iter()
            .find(|known| known.key() == key)
            .and_then(|known| known.passed)
    };
    clocks(facts, rules(), calendars)
        .iter()
        .filter_map(|clock| kept(clock, office, passed((clock.clock, clock.cycle))))
        .collect()
}

fn kept(clock: &Clock, office: Option<OrganId>, passed: Option<Instant>) -> Option<Deadline> {
    let is_duty = failure_for(clock.clock).is_some();
    let unused = Standing::Lapsed {
        at: end_of_day(clock.due.rolled),
    };
    let standing = match clock.state {
        ClockState::Running if !is_duty && passed.is_some() => unused,
        ClockState::Running => Standing::Running,
        ClockState::Met { at } => Standing::Kept { at },
        ClockState::Overran { .. } if !is_duty => unused,
        ClockState::Overran { ended_at } => Standing::Overrun { at: ended_at },
        ClockState::Ended { at, why: _ } => Standing::Lapsed { at },
    };
    Some(Deadline {
        kind: clock.clock,
        cycle: clock.cycle,
        organ: clock.organ.or(office)?,
        started: clock.started,
        due: clock.due,
        paused_since: clock.paused_since(),
        set_by_post: clock.set_by_post.is_some(),
        standing,
        passed,
    })
}

/// The next instant at which one of these must be recorded as passed.
pub(crate) fn next_instant(deadlines: &[Deadline]) -> Option<Instant> {
    deadlines.iter().filter_map(Deadline::watched_until).min()
}
