//! When somebody must be on duty.

use chrono::TimeDelta;

use super::stretch::{Stretch, merged};
use crate::time::{Date, local_date, start_of_day};

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// The hours of every day that a duty covers, in minutes after midnight in Asia/Shanghai. What ends no later than it begins lasts
/// into the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DutyHours {
    from: u32,
    to: u32,
}

impl DutyHours {
    /// Round the clock.
    pub const ROUND_THE_CLOCK: Self = Self { from: 0, to: DAY };

    /// From one minute of the day, 0 to 1439, to just before another, 0 to 1440; none when they are no such minutes.
    #[must_use]
    pub const fn new(from: u32, to: u32) -> Option<Self> {
        if from < DAY && to <= DAY {
            Some(Self { from, to })
        } else {
            None
        }
    }

    /// Reads two times of the day written `08:00`; the second may be `24:00`.
    #[must_use]
    pub fn read(from: &str, to: &str) -> Option<Self> {
        Self::new(minute(from)?, minute(to)?)
    }

    /// The first minute of the day.
    #[must_use]
    pub const fn from(self) -> u32 {
        self.from
    }

    /// The first minute that is not covered any more.
    #[must_use]
    pub const fn to(self) -> u32 {
        self.to
    }

    /// A minute of the day as it is read.
    #[must_use]
    pub fn written(minute: u32) -> String {
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }

    /// The hours that begin on a day.
    #[must_use]
    pub fn of(self, day: Date) -> Option<Stretch> {
        let midnight = start_of_day(day);
        let next_day = if self.to <= self.from { DAY } else { 0 };
        let at = |minute: u32| midnight + TimeDelta::minutes(minute.into());
        Stretch::new(at(self.from), at(self.to + next_day))
    }
}

fn minute(text: &str) -> Option<u32> {
    let digits = |part: &str| {
        let two = part.len() == 2 && part.bytes().all(|letter| letter.is_ascii_digit());
        two.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY).then_some(minute)
}

/// Which hours an organ has said it covers, from a day on until the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DutyCover {
    /// The first day.
    pub begins: Date,
    /// The hours; none where it promises no more than its shifts.
    pub hours: Option<DutyHours>,
}

/// When somebody must be on duty within a window: throughout the special periods, and in the hours that the organ has said it
/// covers. `covers` come in the order in which they were set; of two that begin on one day the later one holds.
#[must_use]
pub fn required(covers: &[DutyCover], special: &[Stretch], window: &Stretch) -> Vec<Stretch> {
    let mut required: Vec<Stretch> = special.to_vec();
    // hours that last into the next day may begin on the day before the window
    let first = local_date(window.from()).pred_opt();
    let days = first.into_iter().flat_map(|first| first.iter_days());
    for day in days.take_while(|day| start_of_day(*day) < window.to()) {
        let begun = covers.iter().filter(|cover| cover.begins <= day);
        // the last of those that begin latest
        let cover = begun.max_by_key(|cover| cover.begins);
        required.extend(cover.and_then(|cover| cover.hours?.of(day)));
    }
    let within = required.iter().filter_map(|stretch| stretch.within(window));
    merged(&within.collect::<Vec<_>>())
}
