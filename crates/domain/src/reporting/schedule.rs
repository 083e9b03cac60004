//! When an organ reports to which.
//!
//! Periods follow the calendar of Asia/Shanghai: weeks from Monday to Sunday, half-months from the 1st to the 15th and from the
//! 16th on, months, quarters. A schedule that begins or ends inside of one has a shorter period there, so that its periods
//! leave out no day and hold none twice.
//!
//! A due day is **not** moved off a rest day. The law moves the last day of a limit that binds an organ towards a petitioner;
//! of reports the operating rules say no such thing, disputes do not rest on holidays, and the special periods for which the
//! frequency is raised are holidays more often than not.

use std::cmp::Ordering;

use chrono::{Datelike as _, TimeDelta};
use thiserror::Error;

use crate::{
    organs::{OrganProfile, PETITION_OFFICE, TOWNSHIP_GOVERNMENT},
    time::{Date, Instant, end_of_day, start_of_day},
    vocabulary::Level,
    word::words,
};

words! {
    /// 报送频率: how long a period is. Ordered from the rarest to the most frequent.
    Frequency {
        /// 每季: a quarter of the year.
        Quarterly = "quarterly",
        /// 每月: a month.
        Monthly = "monthly",
        /// 每半月: the 1st to the 15th, and the 16th to the end of the month.
        HalfMonthly = "half_monthly",
        /// 每周: Monday to Sunday.
        Weekly = "weekly",
        /// 每日: a day.
        Daily = "daily",
    }
}

words! {
    /// What a schedule is for. One edge may have one schedule of each kind at a time, and each is due by itself.
    ReportKind {
        /// 定期: all year.
        Regular = "regular",
        /// 热点问题排查: the check of hot issues.
        HotIssueCheck = "hot_issue_check",
        /// 专项行动: while a campaign lasts.
        Campaign = "campaign",
        /// 特殊时期: while a special period lasts.
        SpecialPeriod = "special_period",
    }
}

impl ReportKind {
    /// Whether it is over one day, which must be said when it begins.
    #[must_use]
    pub const fn must_end(self) -> bool {
        match self {
            Self::Campaign | Self::SpecialPeriod => true,
            Self::Regular | Self::HotIssueCheck => false,
        }
    }
}

impl Frequency {
    /// The first and the last day of the period that the day lies in.
    #[must_use]
    pub fn around(self, day: Date) -> (Date, Date) {
        match self {
            Self::Daily => (day, day),
            Self::Weekly => {
                let into = i64::from(day.weekday().num_days_from_monday());
                let monday = day - TimeDelta::days(into);
                (monday, monday + TimeDelta::days(6))
            }
            Self::HalfMonthly => {
                let (first, last) = months(day, day.month(), 1);
                let fifteenth = first + TimeDelta::days(14);
                match day.day() {
                    1..=15 => (first, fifteenth),
                    _ => (fifteenth + TimeDelta::days(1), last),
                }
            }
            Self::Monthly => months(day, day.month(), 1),
            Self::Quarterly => months(day, day.month0() / 3 * 3 + 1, 3),
        }
    }
}

/// The first and last day of so many months of the day's year from this one on.
fn months(day: Date, month: u32, count: u32) -> (Date, Date) {
    let first = Date::from_ymd_opt(day.year(), month, 1).unwrap_or(day);
    let next = first.checked_add_months(chrono::Months::new(count));
    let last = next.and_then(|next| next.pred_opt()).unwrap_or(day);
    (first, last)
}

/// How often the operating rules of petition offices have an organ report when nothing else is set: a village every week, a town
/// every half-month, its departments and everybody above every month; a check of hot issues every quarter, in a campaign every
/// week, in a special period every day.
#[must_use]
pub fn usual_frequency(kind: ReportKind, organ: &OrganProfile) -> Frequency {
    match kind {
        ReportKind::HotIssueCheck => Frequency::Quarterly,
        ReportKind::Campaign => Frequency::Weekly,
        ReportKind::SpecialPeriod => Frequency::Daily,
        ReportKind::Regular => match organ.level {
            Level::Village => Frequency::Weekly,
            Level::Township if is_the_town(organ) => Frequency::HalfMonthly,
            Level::Township | Level::County | Level::City | Level::Province | Level::Nation => {
                Frequency::Monthly
            }
        },
    }
}

/// Whether the organ reports for the town, and not for one of its departments.
fn is_the_town(organ: &OrganProfile) -> bool {
    let of_the_town = [PETITION_OFFICE, TOWNSHIP_GOVERNMENT];
    let mut functions = organ.functions.iter();
    functions.any(|function| of_the_town.contains(&function.as_str()))
}

/// Who reports to whom.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'a> {
    /// The organ that reports.
    pub organ: &'a OrganProfile,
    /// The organ that receives.
    pub to: &'a OrganProfile,
}

/// Why nobody reports along an edge.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EdgeFault {
    /// An organ reports to itself.
    #[error("is the organ that reports; it reports to another one")]
    Itself,
    /// The receiver stands elsewhere or lower.
    #[error(
        "is not above the organ that reports: an organ reports to one of its own place {place} or of a place around it, \
         and not of a lower level"
    )]
    NotAbove {
        /// The place of the organ that reports.
        place: crate::territory::TerritoryCode,
    },
}

impl Edge<'_> {
    /// Whether reports go along it.
    ///
    /// # Errors
    /// When the receiver is the organ itself, or does not stand above it.
    pub fn check(&self) -> Result<(), EdgeFault> {
        if self.organ.id == self.to.id {
            return Err(EdgeFault::Itself);
        }
        let around = self.organ.territory.is_within(&self.to.territory);
        if around && self.to.level >= self.organ.level {
            return Ok(());
        }
        Err(EdgeFault::NotAbove {
            place: self.organ.territory,
        })
    }
}

/// A stretch of days that one report speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
    /// The last day on which its report is in time.
    pub due: Date,
}

impl Period {
    /// From when on its report can be handed in: the start of its last day. A report does not speak of days to come.
    #[must_use]
    pub fn opens_at(&self) -> Instant {
        start_of_day(self.last)
    }

    /// From when on its report is late, and missing while it has not come: the end of the due day.
    #[must_use]
    pub fn late_from(&self) -> Instant {
        end_of_day(self.due)
    }
}

/// How often, how soon and how long an organ reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// What it is for.
    pub kind: ReportKind,
    /// How often.
    pub frequency: Frequency,
    /// Days from the last day of a period to the day its report is due, 0 to [`Schedule::MOST_GRACE_DAYS`].
    pub grace_days: u32,
    /// The first day it holds for.
    pub valid_from: Date,
    /// The last day it holds for; none while it is open.
    pub valid_to: Option<Date>,
}

/// What is wrong with a schedule; each concerns one field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScheduleFault {
    /// It begins in the past: what was not due then cannot have been missed.
    #[error("lies before today, {today}; a schedule begins today or later")]
    BeginsInThePast {
        /// The present day.
        today: Date,
    },
    /// It begins too far ahead.
    #[error("lies more than {} days ahead", Schedule::FARTHEST_DAYS)]
    BeginsTooFarAhead,
    /// It ends before it begins.
    #[error("lies before the first day, {valid_from}")]
    EndsBeforeItBegins {
        /// Its first day.
        valid_from: Date,
    },
    /// A campaign or special period without an end.
    #[error("is missing; a campaign and a special period have a last day")]
    Endless,
    /// A period so short that the next is over before its report is due.
    #[error("is {given}; 0 to {most} is allowed")]
    Grace {
        /// What was given.
        given: u32,
        /// What is allowed.
        most: u32,
    },
}

impl ScheduleFault {
    /// The field it concerns.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::BeginsInThePast { .. } | Self::BeginsTooFarAhead => "valid_from",
            Self::EndsBeforeItBegins { .. } | Self::Endless => "valid_to",
            Self::Grace { .. } => "grace_days",
        }
    }
}

impl Schedule {
    /// The most days between the end of a period and the day its report is due.
    pub const MOST_GRACE_DAYS: u32 = 15;
    /// How far ahead a schedule may begin; days.
    pub const FARTHEST_DAYS: i64 = 366;

    /// Everything that is wrong with it on the day on which it is set.
    #[must_use]
    pub fn faults(&self, today: Date) -> Vec<ScheduleFault> {
        let mut faults = Vec::new();
        if self.valid_from < today {
            faults.push(ScheduleFault::BeginsInThePast { today });
        } else if (self.valid_from - today).num_days() > Self::FARTHEST_DAYS {
            faults.push(ScheduleFault::BeginsTooFarAhead);
        }
        match self.valid_to {
            Some(last) if last < self.valid_from => {
                let valid_from = self.valid_from;
                faults.push(ScheduleFault::EndsBeforeItBegins { valid_from });
            }
            None if self.kind.must_end() => faults.push(ScheduleFault::Endless),
            Some(_) | None => {}
        }
        if self.grace_days > Self::MOST_GRACE_DAYS {
            faults.push(ScheduleFault::Grace {
                given: self.grace_days,
                most: Self::MOST_GRACE_DAYS,
            });
        }
        faults
    }

    /// Whether it holds on a day on which the other holds too.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins_in_time =
            |one: &Self, other: &Self| other.valid_to.is_none_or(|last| one.valid_from <= last);
        begins_in_time(self, other) && begins_in_time(other, self)
    }

    /// Its periods, earliest first; without end while it is open.
    #[must_use]
    pub const fn periods(&self) -> Periods {
        Periods {
            schedule: *self,
            next: Some(self.valid_from),
        }
    }

    /// The period that the day lies in; none when the schedule does not hold on it.
    #[must_use]
    pub fn period_of(&self, day: Date) -> Option<Period> {
        let holds = self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last);
        let (first, last) = self.frequency.around(day);
        let last = self.valid_to.map_or(last, |end| last.min(end));
        holds.then(|| Period {
            first: first.max(self.valid_from),
            last,
            due: last + TimeDelta::days(i64::from(self.grace_days)),
        })
    }

    /// Its periods from the one on that begins on this day, as [`Schedule::periods`] gives them.
    #[must_use]
    pub const fn periods_from(&self, first: Date) -> Periods {
        Periods {
            schedule: *self,
            next: Some(first),
        }
    }

    /// The period that begins on the day, if its report can be handed in already.
    ///
    /// # Errors
    /// When none begins on the day, or it has not come to its last day.
    pub fn reportable(&self, first: Date, now: Instant) -> Result<Period, NotAPeriod> {
        match self.period_of(first) {
            None => Err(NotAPeriod::OutsideOfTheSchedule {
                valid_from: self.valid_from,
                valid_to: self.valid_to,
            }),
            Some(around) if around.first != first => Err(NotAPeriod::InsideOfOne { around }),
            Some(period) if now < period.opens_at() => Err(NotAPeriod::NotYet { period }),
            Some(period) => Ok(period),
        }
    }
}

/// Why no report can be handed in for a period that begins on a day.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotAPeriod {
    /// The schedule does not hold on the day.
    #[error("lies outside of the schedule, which holds from {valid_from} {}", until(*valid_to))]
    OutsideOfTheSchedule {
        /// Its first day.
        valid_from: Date,
        /// Its last day.
        valid_to: Option<Date>,
    },
    /// A period is under way on the day.
    #[error("is not the first day of a period; the one around it is {} to {}", around.first, around.last)]
    InsideOfOne {
        /// The one around it.
        around: Period,
    },
    /// The period is not over.
    #[error(
        "begins a period that lasts to {}; its report can be handed in from that day on, and not before",
        period.last
    )]
    NotYet {
        /// The period.
        period: Period,
    },
}

fn until(valid_to: Option<Date>) -> String {
    valid_to.map_or_else(|| "on".to_owned(), |last| format!("to {last}"))
}

/// The periods of a schedule: each begins on the day after the one before.
#[derive(Clone, Debug)]
pub struct Periods {
    schedule: Schedule,
    next: Option<Date>,
}

impl Iterator for Periods {
    type Item = Period;

    fn next(&mut self) -> Option<Period> {
        let period = self.schedule.period_of(self.next?)?;
        self.next = period.last.succ_opt();
        Some(period)
    }
}

/// The first of the schedules of one edge that a new one cannot stand beside, with the field at fault: one of the same kind that
/// holds on the same day, or a regular one beside which a campaign or special period would not raise the frequency.
#[must_use]
pub fn first_in_conflict<'a>(
    given: &Schedule,
    others: impl IntoIterator<Item = &'a Schedule>,
) -> Option<(&'static str, &'a Schedule)> {
    let conflict = |other: &'a Schedule| {
        if !given.overlaps(other) {
            return None;
        }
        if given.kind == other.kind {
            let begins_first = given.valid_from < other.valid_from;
            return Some((
                if begins_first {
                    "valid_to"
                } else {
                    "valid_from"
                },
                other,
            ));
        }
        let raises = given.kind.must_end() && other.kind == ReportKind::Regular;
        (raises && given.frequency.cmp(&other.frequency) != Ordering::Greater)
            .then_some(("frequency", other))
    };
    others.into_iter().find_map(conflict)
}
