//! When a clock is due, and why on that day.

use serde::{Deserialize, Serialize};

use super::{ClockRule, Limit, Pauses};
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
    due_paused(limit, start, &Pauses::none(), calendar)
}

/// When a clock with the limit that starts on the day and stood still in these stretches is due. The days
/// of a pause are not counted; what was left when it began is left when it ends. A pause that begins
/// when nothing is left changes nothing. One that has not ended is not yet counted: the answer is the day the
/// clock would be due if it ended on the day it began.
#[must_use]
pub fn due_paused(limit: Limit, start: Date, pauses: &Pauses, calendar: &WorkCalendar) -> Due {
    let mut raw = after(limit, start, 0, calendar);
    let mut paused = 0_u32;
    for stretch in pauses.stretches() {
        let (first, Some(last)) = (stretch.from.max(start), stretch.to) else {
            break;
        };
        if first >= raw {
            break;
        }
        paused = paused.saturating_add(match limit {
            Limit::Days { .. } => days_between(first, last),
            Limit::WorkingDays { .. } => calendar.working_days_between(first, last),
        });
        raw = after(limit, start, paused, calendar);
    }
    let rolled = match limit {
        Limit::Days { .. } => calendar.roll(raw),
        Limit::WorkingDays { .. } => raw,
    };
    let first_looked_at = match limit {
        Limit::Days { .. } => raw,
        Limit::WorkingDays { .. } => start.succ_opt().unwrap_or(start),
    };
    Due {
        raw,
        rolled,
        provisional: calendar.provisional(first_looked_at, rolled),
    }
}

/// The last of the limit's days after the start, and so many more of their kind.
fn after(limit: Limit, start: Date, more: u32, calendar: &WorkCalendar) -> Date {
    match limit {
        Limit::Days { n } => start
            .checked_add_signed(Duration::days(i64::from(n) + i64::from(more)))
            .unwrap_or(start),
        Limit::WorkingDays { n } => calendar.add_working_days(start, n.saturating_add(more)),
    }
}

fn days_between(first: Date, last: Date) -> u32 {
    u32::try_from((last - first).num_days()).unwrap_or(0)
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
    /// A day on which the clock stood still.
    Paused,
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
    explain_paused(limit, start, &Pauses::none(), calendar)
}

/// Every day from the start to the rolled due date of a clock that stood still in these stretches, with its
/// treatment.
#[must_use]
pub fn explain_paused(
    limit: Limit,
    start: Date,
    pauses: &Pauses,
    calendar: &WorkCalendar,
) -> Vec<ExplainedDay> {
    let Due { raw, rolled, .. } = due_paused(limit, start, pauses, calendar);
    let line = |date, treatment| ExplainedDay {
        date,
        treatment,
        provisional: calendar.provisional(date, date),
    };
    let mut lines = vec![line(start, DayTreatment::Receipt)];
    let mut n = 0;
    for date in start.iter_days().skip(1).take_while(|date| *date <= raw) {
        let treatment = match limit {
            Limit::WorkingDays { .. } if !calendar.is_working_day(date) => DayTreatment::Skipped,
            _ if pauses.holds(date) => DayTreatment::Paused,
            Limit::Days { .. } | Limit::WorkingDays { .. } => {
                n += 1;
                DayTreatment::Counted { n }
            }
        };
        lines.push(line(date, treatment));
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
