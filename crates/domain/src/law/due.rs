//! When a clock is due, and why on that day.

use serde::{Deserialize, Serialize};

use super::{ClockRule, Limit};
use crate::{
    calendar::WorkCalendar,
    time::{Date, Duration},
};

/// The last day of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Due {
    /// The last day as counted.
    pub raw: Date,
    /// The first working day from the last day on. Judged on.
    pub rolled: Date,
    /// Whether the answer relied on a year whose notice is not published.
    pub provisional: bool,
}

/// When a clock that starts on the day is due under the rule.
#[must_use]
pub fn due(rule: &ClockRule, start: Date, calendar: &WorkCalendar) -> Due {
    due_after(rule.limit, start, calendar)
}

/// When a clock with the limit that starts on the day is due. The day of the start is not counted.
#[must_use]
pub fn due_after(limit: Limit, start: Date, calendar: &WorkCalendar) -> Due {
    match limit {
        Limit::Days { n } => {
            let raw = start
                .checked_add_signed(Duration::days(i64::from(n)))
                .unwrap_or(start);
            let rolled = calendar.roll(raw);
            Due {
                raw,
                rolled,
                provisional: calendar.provisional(raw, rolled),
            }
        }
        Limit::WorkingDays { n } => {
            let raw = calendar.add_working_days(start, n);
            let first_counted = start.succ_opt().unwrap_or(start);
            Due {
                raw,
                rolled: raw,
                provisional: calendar.provisional(first_counted, raw),
            }
        }
    }
}

/// How a day was treated on the way to the due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayTreatment {
    /// The day of receipt, which is not counted.
    Receipt,
    /// The `n`-th day of the limit.
    Counted {
        /// Counted from 1.
        n: u32,
    },
    /// A rest day, which a limit in working days does not count.
    Skipped,
    /// A rest day the last day fell on or passed over; the last day moves on.
    RolledOver,
    /// The working day the last day moved to.
    RolledTo,
}

/// One line of the explanation of a due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedDay {
    /// The day.
    pub date: Date,
    /// How it was treated. The raw last day of a limit that rolls is both counted and rolled over: two lines.
    pub treatment: DayTreatment,
    /// Whether the notice of the day's year is unpublished.
    pub provisional: bool,
}

/// Every day from the start to the rolled due date, with its treatment.
#[must_use]
pub fn explain_due(limit: Limit, start: Date, calendar: &WorkCalendar) -> Vec<ExplainedDay> {
    let Due { raw, rolled, .. } = due_after(limit, start, calendar);
    let line = |date, treatment| ExplainedDay {
        date,
        treatment,
        provisional: calendar.provisional(date, date),
    };
    let mut lines = vec![line(start, DayTreatment::Receipt)];
    let mut n = 0;
    for date in start.iter_days().skip(1).take_while(|date| *date <= raw) {
        let counts = match limit {
            Limit::Days { .. } => true,
            Limit::WorkingDays { .. } => calendar.is_working_day(date),
        };
        n += u32::from(counts);
        lines.push(line(
            date,
            if counts {
                DayTreatment::Counted { n }
            } else {
                DayTreatment::Skipped
            },
        ));
    }
    if rolled != raw {
        lines.extend(
            raw.iter_days()
                .take_while(|date| *date < rolled)
                .map(|date| line(date, DayTreatment::RolledOver)),
        );
        lines.push(line(rolled, DayTreatment::RolledTo));
    }
    lines
}
