//! Letting a clock stand still: for a cause its rule knows, by a recorded event, and until another.

use thiserror::Error;

use super::{Clock, ClockState, Pause};
use crate::{
    calendar::WorkCalendar,
    law::{ClockId, PauseCause, RuleSet, Stretch},
    time::{Instant, end_of_day, local_date},
};

/// Why a clock is neither paused nor resumed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PauseRefused {
    /// The rule of the clock does not know the cause.
    #[error("the clock {clock} does not stand still for {cause}")]
    NotForThis {
        /// The clock.
        clock: ClockId,
        /// The cause.
        cause: PauseCause,
    },
    /// A named post set its due day.
    #[error("a named post set the due day of the clock {clock}; only a named post moves it")]
    SetByPost {
        /// The clock.
        clock: ClockId,
    },
    /// The clock has ended.
    #[error("the clock {clock} has ended")]
    NotRunning {
        /// The clock.
        clock: ClockId,
    },
    /// The due date has passed, or the clock had not started.
    #[error("the clock {clock} can be paused only while it runs and before {before}")]
    TooLate {
        /// The clock.
        clock: ClockId,
        /// The first instant past due.
        before: Instant,
    },
    /// It stands still for this cause already.
    #[error("the clock {clock} stands still for {cause} already")]
    AlreadyPaused {
        /// The clock.
        clock: ClockId,
        /// The cause.
        cause: PauseCause,
    },
    /// It does not stand still for this cause.
    #[error("the clock {clock} does not stand still for {cause} now")]
    NotPaused {
        /// The clock.
        clock: ClockId,
        /// The cause.
        cause: PauseCause,
    },
}

/// The clock as it stands still for the cause from `at` on.
///
/// # Errors
/// See [`PauseRefused`]; the clock stays as it is.
pub fn pause(
    clock: &Clock,
    cause: PauseCause,
    at: Instant,
    (rules, calendar): (&RuleSet, &WorkCalendar),
) -> Result<Clock, PauseRefused> {
    let id = clock.clock;
    if clock.state != ClockState::Running {
        return Err(PauseRefused::NotRunning { clock: id });
    }
    if clock.set_by_post.is_some() {
        return Err(PauseRefused::SetByPost { clock: id });
    }
    let rule = rules.rule_on(id, local_date(clock.started));
    if !rule.pauses.contains(&cause) {
        return Err(PauseRefused::NotForThis { clock: id, cause });
    }
    if open(clock, cause).is_some() {
        return Err(PauseRefused::AlreadyPaused { clock: id, cause });
    }
    if at < clock.started || clock.is_past_due(at) {
        return Err(PauseRefused::TooLate {
            clock: id,
            before: end_of_day(clock.due.rolled),
        });
    }
    let from = local_date(at);
    // an open pause is not counted yet, so the due day stays, unless the pause goes on from one that has ended
    let goes_on = |pause: &Pause| pause.stretch.to.is_some_and(|to| from <= to);
    let stays = !clock.pauses.iter().any(goes_on);
    let mut paused = clock.clone();
    paused.pauses.push(Pause {
        cause,
        stretch: Stretch { from, to: None },
    });
    Ok(if stays {
        paused
    } else {
        paused.judged_by(calendar)
    })
}

/// The clock as it runs again from `at` on, unless another cause still holds it.
///
/// # Errors
/// See [`PauseRefused`]; the clock stays as it is.
pub fn resume(
    clock: &Clock,
    cause: PauseCause,
    at: Instant,
    calendar: &WorkCalendar,
) -> Result<Clock, PauseRefused> {
    let id = clock.clock;
    if clock.state != ClockState::Running {
        return Err(PauseRefused::NotRunning { clock: id });
    }
    let mut resumed = clock.clone();
    let place = open(clock, cause).ok_or(PauseRefused::NotPaused { clock: id, cause })?;
    if let Some(pause) = resumed.pauses.get_mut(place) {
        // facts come in the order of time; an end before the beginning is an end on the same day
        pause.stretch.to = Some(local_date(at).max(pause.stretch.from));
    }
    Ok(resumed.judged_by(calendar))
}

/// The place of the pause that the cause has not ended.
fn open(clock: &Clock, cause: PauseCause) -> Option<usize> {
    let lasts = |pause: &Pause| pause.cause == cause && pause.stretch.to.is_none();
    clock.pauses.iter().position(lasts)
}
