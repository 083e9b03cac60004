//! Instants and days. All law counts days of Asia/Shanghai, which is UTC+8 all year.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// A point in time, in UTC.
pub type Instant = DateTime<Utc>;
/// A day of the calendar of Asia/Shanghai. Years 1 to 9999 are supported.
pub type Date = NaiveDate;
/// A length of time.
pub type Duration = TimeDelta;

/// How far Asia/Shanghai is ahead of UTC; there has been no summer time since 1992.
const AHEAD_OF_UTC: TimeDelta = TimeDelta::hours(8);

/// The day it is in Asia/Shanghai at this instant.
#[must_use]
pub fn local_date(instant: Instant) -> Date {
    (instant.naive_utc() + AHEAD_OF_UTC).date()
}

/// The first instant of the day in Asia/Shanghai.
#[must_use]
pub fn start_of_day(date: Date) -> Instant {
    (date.and_time(NaiveTime::MIN) - AHEAD_OF_UTC).and_utc()
}

/// The first instant after the day: what happens before it happened on the day or earlier.
#[must_use]
pub fn end_of_day(date: Date) -> Instant {
    start_of_day(date) + TimeDelta::days(1)
}

/// The instant as a reader in Asia/Shanghai writes it: `2026-01-05 09:30:00+08:00`.
#[must_use]
pub fn local(instant: Instant) -> String {
    (instant.naive_utc() + AHEAD_OF_UTC)
        .format("%Y-%m-%d %H:%M:%S+08:00")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn the_day_turns_at_sixteen_utc() {
        let day = Date::from_ymd_opt(2026, 1, 5).unwrap();
        assert_eq!(
            local_date(at("2026-01-04T15:59:59Z")),
            day.pred_opt().unwrap()
        );
        assert_eq!(local_date(at("2026-01-04T16:00:00Z")), day);
        assert_eq!(start_of_day(day), at("2026-01-04T16:00:00Z"));
        assert_eq!(end_of_day(day), at("2026-01-05T16:00:00Z"));
        assert_eq!(local(start_of_day(day)), "2026-01-05 00:00:00+08:00");
    }
}
