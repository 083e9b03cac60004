//! Prolonging a clock (art. 34): by the organ's head, before the due date, within the most the rule allows.

use thiserror::Error;

use super::{Clock, ClockState};
use crate::{
    calendar::WorkCalendar,
    law::{ClockId, RuleSet},
    time::{Instant, end_of_day, local_date},
};

/// Why a clock is not prolonged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExtensionRefused {
    /// The law knows no extension of this clock.
    #[error("the clock {clock} cannot be extended")]
    NotExtendable {
        /// The clock.
        clock: ClockId,
    },
    /// A named post set its due day.
    #[error("a named post set the due day of the clock {clock}; only a named post moves it")]
    SetByPost {
        /// The clock.
        clock: ClockId,
    },
    /// The clock is not running.
    #[error("the clock {clock} has ended and cannot be extended")]
    NotRunning {
        /// The clock.
        clock: ClockId,
    },
    /// The due date has passed, or the clock had not started.
    #[error("the clock {clock} can be extended only while it runs and before {before}")]
    TooLate {
        /// The clock.
        clock: ClockId,
        /// The first instant past due.
        before: Instant,
    },
    /// More days than the rule allows.
    #[error("the clock {clock} {}", more(*left, *asked))]
    TooLong {
        /// The clock.
        clock: ClockId,
        /// How many days were asked for.
        asked: u32,
        /// How many the rule still allows.
        left: u32,
    },
}

fn more(left: u32, asked: u32) -> String {
    match left {
        0 => "was extended as far as its rule allows".to_owned(),
        left => format!("can be extended by 1 to {left} more days, not by {asked}"),
    }
}

/// The clock prolonged by the days, as of `at`.
///
/// # Errors
/// See [`ExtensionRefused`]; the clock stays as it is.
pub fn extend(
    clock: &Clock,
    days: u32,
    at: Instant,
    (rules, calendar): (&RuleSet, &WorkCalendar),
) -> Result<Clock, ExtensionRefused> {
    let id = clock.clock;
    if clock.state != ClockState::Running {
        return Err(ExtensionRefused::NotRunning { clock: id });
    }
    if clock.set_by_post.is_some() {
        return Err(ExtensionRefused::SetByPost { clock: id });
    }
    let started = local_date(clock.started);
    let most = rules.rule_on(id, started).extension_max_days;
    if most == 0 {
        return Err(ExtensionRefused::NotExtendable { clock: id });
    }
    if at < clock.started || clock.is_past_due(at) {
        return Err(ExtensionRefused::TooLate {
            clock: id,
            before: end_of_day(clock.due.rolled),
        });
    }
    let left = most.saturating_sub(clock.extended_days);
    if days == 0 || days > left {
        return Err(ExtensionRefused::TooLong {
            clock: id,
            asked: days,
            left,
        });
    }
    let longer = Clock {
        limit: clock.limit.plus(days),
        extended_days: clock.extended_days + days,
        ..clock.clone()
    };
    Ok(longer.judged_by(calendar))
}
