//! What a roster can be.

use chrono::{SubsecRound as _, TimeDelta};
use thiserror::Error;

use super::Stretch;
use crate::time::{Duration, Instant, local};

/// Shifts set at a time at most.
pub const MOST_SHIFTS: usize = 200;
/// The longest shift.
const LONGEST: Duration = Duration::hours(24);
/// How far ahead a shift may begin; days.
const FARTHEST_DAYS: i64 = 366;

/// What is wrong with one shift of a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ShiftFault {
    /// It is longer than a day.
    #[error("is longer than 24 hours after from_time; a shift has at most 24 hours")]
    TooLong,
    /// It has begun.
    #[error("lies before now, {}; a shift begins now or later", local(*now))]
    InThePast {
        /// The minute it is.
        now: Instant,
    },
    /// It begins too far ahead.
    #[error("lies more than {FARTHEST_DAYS} days ahead")]
    TooFarAhead,
    /// It begins before the one before it.
    #[error("lies before the beginning of shifts[{before}]; shifts are given in order")]
    OutOfOrder {
        /// The one before.
        before: usize,
    },
    /// It begins before the one before it has ended.
    #[error(
        "lies before the end of shifts[{before}], which lasts from {} to {}; shifts do not overlap",
        local(there.from()),
        local(there.to())
    )]
    Overlaps {
        /// The one before.
        before: usize,
        /// When that one is.
        there: Stretch,
    },
}

impl ShiftFault {
    /// The field of the shift it concerns.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::TooLong => "to_time",
            Self::InThePast { .. }
            | Self::TooFarAhead
            | Self::OutOfOrder { .. }
            | Self::Overlaps { .. } => "from_time",
        }
    }
}

/// Everything that is wrong with the shifts of a roster that is set at an instant, each with the place of its shift. A shift
/// may begin in the minute it is.
#[must_use]
pub fn roster_faults(shifts: &[Stretch], now: Instant) -> Vec<(usize, ShiftFault)> {
    let now = now.trunc_subsecs(0) - TimeDelta::seconds(now.timestamp().rem_euclid(60));
    let mut faults = Vec::new();
    for (place, shift) in shifts.iter().enumerate() {
        let before = place.checked_sub(1);
        let before = before.and_then(|before| Some((before, *shifts.get(before)?)));
        let fault = match before {
            _ if shift.from() < now => Some(ShiftFault::InThePast { now }),
            _ if shift.from() > now + TimeDelta::days(FARTHEST_DAYS) => {
                Some(ShiftFault::TooFarAhead)
            }
            Some((before, there)) if shift.from() < there.from() => {
                Some(ShiftFault::OutOfOrder { before })
            }
            Some((before, there)) if shift.from() < there.to() => {
                Some(ShiftFault::Overlaps { before, there })
            }
            Some(_) | None => None,
        };
        faults.extend(fault.map(|fault| (place, fault)));
        if shift.length() > LONGEST {
            faults.push((place, ShiftFault::TooLong));
        }
    }
    faults
}
