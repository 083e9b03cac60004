//! What a due day would be if this and that happened: the same rules, applied to steps that are only supposed.

use super::{Clock, ClockState, extend, pause, resume};
use crate::{
    calendar::WorkCalendar,
    law::{ClockId, Limit, PauseCause, RuleSet, due_after},
    time::{Date, Duration, start_of_day},
};

/// A step that is supposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupposedStep {
    /// The clock is extended.
    Extend {
        /// By so many days.
        days: u32,
    },
    /// It stands still from the day on.
    Pause {
        /// For this.
        cause: PauseCause,
    },
    /// What it stood still for ends.
    Resume {
        /// Which.
        cause: PauseCause,
    },
}

impl Clock {
    /// A clock that starts on the day and of which nothing else is known.
    #[must_use]
    pub fn begun(
        clock: ClockId,
        start: Date,
        limit: Limit,
        (rules, calendar): (&RuleSet, &WorkCalendar),
    ) -> Self {
        Self {
            clock,
            organ: None,
            cycle: 1,
            started: start_of_day(start),
            limit,
            extended_days: 0,
            pauses: Vec::new(),
            set_by_post: None,
            rule_version: rules.rule_on(clock, start).version.clone(),
            calendar_version: calendar.version().to_owned(),
            due: due_after(limit, start, calendar),
            state: ClockState::Running,
        }
    }
}

/// The clock after these steps, each taken at noon of its day, and those that would not count, by their place and with
/// the reason.
#[must_use]
pub fn suppose(
    clock: &Clock,
    steps: &[(Date, SupposedStep)],
    (rules, calendar): (&RuleSet, &WorkCalendar),
) -> (Clock, Vec<(usize, String)>) {
    let mut clock = clock.clone();
    let mut refused = Vec::new();
    for (place, (on, step)) in steps.iter().enumerate() {
        let at = start_of_day(*on) + Duration::hours(12);
        let known = (rules, calendar);
        let after = match *step {
            SupposedStep::Extend { days } => {
                extend(&clock, days, at, known).map_err(|why| why.to_string())
            }
            SupposedStep::Pause { cause } => {
                pause(&clock, cause, at, known).map_err(|why| why.to_string())
            }
            SupposedStep::Resume { cause } => {
                resume(&clock, cause, at, calendar).map_err(|why| why.to_string())
            }
        };
        match after {
            Ok(after) => clock = after,
            Err(why) => refused.push((place, why)),
        }
    }
    (clock, refused)
}
