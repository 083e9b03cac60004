//! Where the same season of past years lies.

use chrono::Datelike;
use serde::{Deserialize, Serialize};

use super::super::bad_field::Check;
use crate::{
    time::{Date, Duration},
    word::words,
};

words! {
    /// How far apart the points of a dated series are.
    Step {
        /// A day.
        Day = "day",
        /// A week.
        Week = "week",
    }
}

impl Step {
    const fn days(self) -> i64 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
        }
    }
}

/// After how many points a season comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Cycle {
    /// After a fixed number: 52 weeks, 364 or 365 days, 7 days (R: `freq` without dates).
    Points {
        /// The number, at least 1.
        length: usize,
    },
    /// On the same date of the year before; of a weekly series, in the week whose weekday is nearest to it
    /// (R: `epochAsDate`).
    Years {
        /// The date of the first point.
        first: Date,
        /// How far apart points are.
        step: Step,
    },
}

impl Cycle {
    pub(super) fn check(self, check: &mut Check) {
        check.at_least("cycle.length", self.points(), 1);
    }

    /// How many points a cycle has at least.
    pub(super) const fn points(self) -> usize {
        match self {
            Self::Points { length } => length,
            Self::Years {
                step: Step::Day, ..
            } => 365,
            Self::Years {
                step: Step::Week, ..
            } => 52,
        }
    }

    /// The point so many cycles before; none before the calendar. It may lie before the series.
    pub(super) fn back(self, at: usize, cycles: usize) -> Option<i64> {
        let at = i64::try_from(at).ok()?;
        let cycles = i64::try_from(cycles).ok()?;
        match self {
            Self::Points { length } => {
                Some(at.saturating_sub(cycles.saturating_mul(i64::try_from(length).ok()?)))
            }
            Self::Years { first, step } => {
                let days = Duration::try_days(at.checked_mul(step.days())?)?;
                let now = first.checked_add_signed(days)?;
                let then = same_day(now, i32::try_from(cycles).ok()?)?;
                let then = match step {
                    Step::Day => then,
                    Step::Week => nearest_weekday(then, now)?,
                };
                Some((then - first).num_days().div_euclid(step.days()))
            }
        }
    }
}

/// The same day so many years before; 1 March for a 29 February that is not there.
fn same_day(date: Date, years: i32) -> Option<Date> {
    let year = date.year().checked_sub(years)?;
    date.with_year(year)
        .or_else(|| Date::from_ymd_opt(year, 3, 1))
}

/// The day nearest to the date that falls on the weekday of the other.
fn nearest_weekday(date: Date, of: Date) -> Option<Date> {
    let weekday = |date: Date| i64::from(date.weekday().num_days_from_monday());
    let ahead = (weekday(of) - weekday(date)).rem_euclid(7);
    let shift = if ahead <= 3 { ahead } else { ahead - 7 };
    date.checked_add_signed(Duration::days(shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_leap_day_is_the_first_of_march_of_the_year_before() {
        assert_eq!(same_day(date("2024-02-29"), 1), Some(date("2023-03-01")));
        assert_eq!(same_day(date("2024-02-29"), 4), Some(date("2020-02-29")));
    }

    #[test]
    fn a_week_of_the_year_before_is_the_one_nearest_to_the_date() {
        let cycle = Cycle::Years {
            first: date("2020-01-06"),
            step: Step::Week,
        };
        // Monday 2021-01-11 is point 53; 2020-01-11 was a Saturday, so Monday 13th, point 1, is nearest.
        assert_eq!(cycle.back(53, 1), Some(1));
        // Thursday is three days after Monday and four before the next one; Friday is nearer to the next.
        let monday_near = |day: &str| nearest_weekday(date(day), date("2020-01-06"));
        assert_eq!(monday_near("2020-01-09"), Some(date("2020-01-06")));
        assert_eq!(monday_near("2020-01-10"), Some(date("2020-01-13")));
        let daily = Cycle::Years {
            first: date("2020-01-06"),
            step: Step::Day,
        };
        assert_eq!(daily.back(371, 1), Some(5));
        assert_eq!(Cycle::Points { length: 52 }.back(53, 2), Some(-51));
    }
}
