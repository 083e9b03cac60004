//! Setting a due day against the computed one: a duty of judgement, by a named post with a reason.

use thiserror::Error;

use super::{Clock, ClockState};
use crate::{
    law::{ClockId, Due},
    time::{Date, Instant, end_of_day, local_date},
};

/// Why a due day is not set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DueRefused {
    /// The clock has ended.
    #[error("the clock {clock} has ended")]
    NotRunning {
        /// The clock.
        clock: ClockId,
    },
    /// The due date has passed, or the clock had not started: lateness is not undone.
    #[error("the due day of the clock {clock} can be set only while it runs and before {before}")]
    TooLate {
        /// The clock.
        clock: ClockId,
        /// The first instant past due.
        before: Instant,
    },
    /// The day is past already.
    #[error("{due} is past; the earliest due day is {today}")]
    Past {
        /// The day.
        due: Date,
        /// Today.
        today: Date,
    },
    /// The day is the due day already.
    #[error("{due} is the due day already")]
    Same {
        /// The day.
        due: Date,
    },
}

/// The clock with the due day set, as of `at`. Pauses end with it: the day stands.
///
/// # Errors
/// See [`DueRefused`]; the clock stays as it is.
pub fn set_due(clock: &Clock, due: Date, at: Instant) -> Result<Clock, DueRefused> {
    let id = clock.clock;
    if clock.state != ClockState::Running {
        return Err(DueRefused::NotRunning { clock: id });
    }
    if at < clock.started || clock.is_past_due(at) {
        return Err(DueRefused::TooLate {
            clock: id,
            before: end_of_day(clock.due.rolled),
        });
    }
    let today = local_date(at);
    if due < today {
        return Err(DueRefused::Past { due, today });
    }
    if clock.due.rolled == due {
        return Err(DueRefused::Same { due });
    }
    let mut set = clock.clone();
    for pause in &mut set.pauses {
        pause
            .stretch
            .to
            .get_or_insert(today.max(pause.stretch.from));
    }
    set.set_by_post = Some(due);
    set.due = Due {
        raw: due,
        rolled: due,
        provisional: false,
    };
    Ok(set)
}
