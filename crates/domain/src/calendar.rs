//! The working calendar: the yearly notice of days off and working weekends, as data.
//!
//! A year without a notice is judged by its weekends and the holidays fixed to a date, and every
//! answer that relied on such a year says that it is provisional.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

mod editions;

pub use editions::Calendars;

use chrono::{Datelike, Weekday};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{embedded, time::Date};

/// Holidays that fall on the same date each year, as (month, day). Lunar feasts are known only by the notice.
const FIXED_HOLIDAYS: [(u32, u32); 6] = [(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)];

static EMBEDDED: LazyLock<WorkCalendar> = LazyLock::new(|| {
    embedded::checked(
        "work_calendar.json",
        WorkCalendar::parse(include_str!("../data/work_calendar.json")),
    )
});

/// Which days are worked. A value: a new yearly notice is a new calendar with a new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkCalendar {
    version: String,
    source: String,
    years: BTreeMap<i32, Notice>,
    index: Index,
}

/// The working days of the years a deadline can lie in, numbered, so that counting is two look-ups
/// however long the stretch. Days outside of it are counted one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Index {
    first: Date,
    /// For each day from `first` on: how many working days there are up to and with it.
    counted: Vec<u32>,
    /// The working days, the first one at 0.
    days: Vec<Date>,
}

/// The years the index holds: from before the first Regulations to farther than any clock runs.
const INDEXED: std::ops::RangeInclusive<i32> = 2005..=2060;

impl Index {
    fn of(years: &BTreeMap<i32, Notice>) -> Self {
        let first = Date::from_ymd_opt(*INDEXED.start(), 1, 1).unwrap_or_default();
        let (mut counted, mut days) = (Vec::new(), Vec::new());
        for day in first
            .iter_days()
            .take_while(|day| day.year() <= *INDEXED.end())
        {
            if is_working_day(years, day) {
                days.push(day);
            }
            counted.push(u32::try_from(days.len()).unwrap_or(u32::MAX));
        }
        Self {
            first,
            counted,
            days,
        }
    }

    /// How many working days there are up to and with the day; none outside of the index.
    fn up_to(&self, date: Date) -> Option<u32> {
        let place = usize::try_from((date - self.first).num_days()).ok()?;
        self.counted.get(place).copied()
    }

    /// The `n`-th working day, from 1; none outside of the index.
    fn nth(&self, n: u32) -> Option<Date> {
        let place = usize::try_from(n.checked_sub(1)?).ok()?;
        self.days.get(place).copied()
    }
}

fn is_working_day(years: &BTreeMap<i32, Notice>, date: Date) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    match years.get(&date.year()) {
        Some(notice) if weekend => notice.working_weekends.contains(&date),
        Some(notice) => !notice.days_off.contains(&date),
        None => !weekend && !FIXED_HOLIDAYS.contains(&(date.month(), date.day())),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Notice {
    days_off: BTreeSet<Date>,
    working_weekends: BTreeSet<Date>,
}

/// Why a text is no working calendar.
#[derive(Debug, Error)]
pub enum CalendarError {
    /// Not JSON of the expected shape.
    #[error("the calendar is not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// A day is listed under a year it does not lie in.
    #[error("{date} is listed under the year {year}")]
    OtherYear {
        /// The day.
        date: Date,
        /// The year it is listed under.
        year: i32,
    },
    /// A day is listed twice.
    #[error("{date} is listed twice")]
    Twice {
        /// The day.
        date: Date,
    },
    /// A day is both a day off and a working weekend.
    #[error("{date} is both a day off and a working weekend")]
    OffAndWorking {
        /// The day.
        date: Date,
    },
    /// A working weekend is neither a Saturday nor a Sunday.
    #[error("{date} is listed as a working weekend but is neither Saturday nor Sunday")]
    NoWeekend {
        /// The day.
        date: Date,
    },
    /// A year with a notice that lists no day off.
    #[error("the notice of {year} lists no day off")]
    Empty {
        /// The year.
        year: i32,
    },
    /// A year between two published ones, or before the one to be published, has no notice.
    #[error("{missing} has no notice; years follow each other without a gap")]
    Gap {
        /// The first such year.
        missing: i32,
    },
    /// A holiday of the law that falls on a weekday is not among the days off.
    #[error("{date} is a holiday by law but is not among the days off")]
    HolidayLeftOut {
        /// The day.
        date: Date,
    },
    /// A year that no deadline can lie in.
    #[error("{year} lies outside of {first} to {last}")]
    FarYear {
        /// The year.
        year: i32,
        /// The first year.
        first: i32,
        /// The last year.
        last: i32,
    },
    /// A version or source that is empty, too long or taken.
    #[error(
        "{field} must have 1 to {most} characters and be another than that of a calendar before"
    )]
    Text {
        /// Which.
        field: &'static str,
        /// How many characters are allowed.
        most: usize,
    },
}

/// The notice of one year, as it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearNotice {
    /// The year.
    pub year: i32,
    /// What the calendar as a whole is called from then on, 1 to 64 characters.
    pub version: String,
    /// The document, 1 to 200 characters.
    pub source: String,
    /// Weekdays, and weekends if they are listed too, that are not worked.
    pub days_off: Vec<Date>,
    /// Saturdays and Sundays that are worked.
    pub working_weekends: Vec<Date>,
}

#[derive(Deserialize)]
struct CalendarFile {
    version: String,
    source: String,
    years: BTreeMap<i32, NoticeFile>,
}

#[derive(Deserialize)]
struct NoticeFile {
    days_off: Vec<Date>,
    working_weekends: Vec<Date>,
}

impl WorkCalendar {
    /// The calendar this release was built with.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads `{"version", "source", "years": {"2026": {"days_off": [..], "working_weekends": [..]}}}`.
    ///
    /// # Errors
    /// A calendar that contradicts itself is refused; see [`CalendarError`].
    pub fn parse(json: &str) -> Result<Self, CalendarError> {
        let CalendarFile {
            version,
            source,
            years,
        } = serde_json::from_str(json)?;
        let years = years
            .into_iter()
            .map(|(year, notice)| Ok((year, checked_notice(year, &notice)?)))
            .collect::<Result<BTreeMap<i32, Notice>, CalendarError>>()?;
        check_gaps(&years)?;
        Ok(Self {
            version,
            source,
            index: Index::of(&years),
            years,
        })
    }

    /// The calendar with the notice of one more year, or with another notice for a year it knows.
    ///
    /// # Errors
    /// A notice that contradicts itself or leaves a gap is refused; see [`CalendarError`].
    pub fn with(&self, notice: &YearNotice) -> Result<Self, CalendarError> {
        let (first, last) = (*INDEXED.start(), *INDEXED.end());
        let year = notice.year;
        if !INDEXED.contains(&year) {
            return Err(CalendarError::FarYear { year, first, last });
        }
        for (field, text, most) in [
            ("version", &notice.version, 64),
            ("source", &notice.source, 200),
        ] {
            let taken = field == "version" && *text == self.version;
            if taken || !(1..=most).contains(&text.chars().count()) {
                return Err(CalendarError::Text { field, most });
            }
        }
        let file = NoticeFile {
            days_off: notice.days_off.clone(),
            working_weekends: notice.working_weekends.clone(),
        };
        let mut years = self.years.clone();
        years.insert(year, checked_notice(year, &file)?);
        check_gaps(&years)?;
        Ok(Self {
            version: notice.version.clone(),
            source: notice.source.clone(),
            index: Index::of(&years),
            years,
        })
    }

    /// The days from `first` to `last` that one calendar works and the other does not.
    pub fn differs<'a>(
        &'a self,
        other: &'a Self,
        first: Date,
        last: Date,
    ) -> impl Iterator<Item = Date> + 'a {
        let days = first.iter_days().take_while(move |day| *day <= last);
        days.filter(|day| self.is_working_day(*day) != other.is_working_day(*day))
    }

    /// The version, to be stored with what was computed by it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the days come from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the notice of the year is known.
    #[must_use]
    pub fn published(&self, year: i32) -> bool {
        self.years.contains_key(&year)
    }

    /// Whether an answer that looked at the days from `first` to `last` relied on a year without a notice.
    #[must_use]
    pub fn provisional(&self, first: Date, last: Date) -> bool {
        (first.year()..=last.year()).any(|year| !self.published(year))
    }

    /// Whether the day is worked.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        is_working_day(&self.years, date)
    }

    /// How many working days lie after `first`, up to and with `last`; 0 when `last` is not after it.
    #[must_use]
    pub fn working_days_between(&self, first: Date, last: Date) -> u32 {
        match (self.index.up_to(first), self.index.up_to(last)) {
            (Some(before), Some(until)) => until.saturating_sub(before),
            (_, _) => {
                let days = first.iter_days().skip(1).take_while(|day| *day <= last);
                let worked = days.filter(|day| self.is_working_day(*day)).count();
                u32::try_from(worked).unwrap_or(u32::MAX)
            }
        }
    }

    /// The day itself when it is worked, else the first working day after it.
    #[must_use]
    pub fn roll(&self, date: Date) -> Date {
        date.iter_days()
            .find(|day| self.is_working_day(*day))
            .unwrap_or(date)
    }

    /// The `n`-th working day after the day, which is not counted; the day itself for 0.
    #[must_use]
    pub fn add_working_days(&self, date: Date, n: u32) -> Date {
        if n == 0 {
            return date;
        }
        let indexed = self
            .index
            .up_to(date)
            .and_then(|before| self.index.nth(before.checked_add(n)?));
        indexed.unwrap_or_else(|| nth_working_day(self, date.iter_days(), date, n))
    }

    /// The `n`-th working day before the day, which is not counted; the day itself for 0.
    #[must_use]
    pub fn subtract_working_days(&self, date: Date, n: u32) -> Date {
        let backwards = std::iter::successors(Some(date), Date::pred_opt);
        nth_working_day(self, backwards, date, n)
    }
}

/// The `n`-th working day among the days after the first one.
fn nth_working_day(
    calendar: &WorkCalendar,
    days: impl Iterator<Item = Date>,
    from: Date,
    n: u32,
) -> Date {
    let Some(nth) = n.checked_sub(1) else {
        return from;
    };
    days.skip(1)
        .filter(|day| calendar.is_working_day(*day))
        .nth(usize::try_from(nth).unwrap_or(usize::MAX))
        .unwrap_or(from)
}

fn checked_notice(year: i32, notice: &NoticeFile) -> Result<Notice, CalendarError> {
    let days_off = checked_days(year, &notice.days_off)?;
    let working_weekends = checked_days(year, &notice.working_weekends)?;
    if let Some(date) = days_off.intersection(&working_weekends).next() {
        return Err(CalendarError::OffAndWorking { date: *date });
    }
    let no_weekend = |date: &&Date| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    if let Some(date) = working_weekends.iter().find(no_weekend) {
        return Err(CalendarError::NoWeekend { date: *date });
    }
    if days_off.is_empty() {
        return Err(CalendarError::Empty { year });
    }
    let left_out = FIXED_HOLIDAYS
        .iter()
        .filter(|day| year >= 2025 || **day != (5, 2))
        .filter_map(|(month, day)| Date::from_ymd_opt(year, *month, *day))
        .filter(|date| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun))
        .find(|date| !days_off.contains(date));
    if let Some(date) = left_out {
        return Err(CalendarError::HolidayLeftOut { date });
    }
    Ok(Notice {
        days_off,
        working_weekends,
    })
}

/// Years follow each other.
fn check_gaps(years: &BTreeMap<i32, Notice>) -> Result<(), CalendarError> {
    let mut known = years.keys().copied();
    let Some(mut before) = known.next() else {
        return Ok(());
    };
    for year in known {
        if year != before + 1 {
            let missing = before + 1;
            return Err(CalendarError::Gap { missing });
        }
        before = year;
    }
    Ok(())
}

fn checked_days(year: i32, days: &[Date]) -> Result<BTreeSet<Date>, CalendarError> {
    let mut known = BTreeSet::new();
    for date in days.iter().copied() {
        if date.year() != year {
            return Err(CalendarError::OtherYear { date, year });
        }
        if !known.insert(date) {
            return Err(CalendarError::Twice { date });
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests;
