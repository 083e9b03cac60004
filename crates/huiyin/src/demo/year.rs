//! Plays the year: petitioners, organs and duty desks act over the contract, the clock is moved by
//! hand, and it moves only when the whole constellation has come to rest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use anyhow::{Context as _, Result};
use chrono::{Datelike as _, Days, TimeDelta, Weekday};
use futures::StreamExt as _;
use huiyin_domain::calendar::WorkCalendar;
use huiyin_domain::time::{Date, Instant, local_date, start_of_day};

use super::act::{Act, Actors};
use super::plan::YearPlan;
use super::rest::Rest;
use crate::connect::Clients;

/// Acts done at once.
const AT_ONCE: usize = 16;

/// The acts that wait, by instant.
pub struct Agenda {
    acts: BTreeMap<Instant, Vec<Act>>,
    end: Instant,
}

impl Agenda {
    fn add(&mut self, at: Instant, act: Act) {
        if at < self.end {
            self.acts.entry(at).or_default().push(act);
        }
    }
}

/// The hour of a day at which citizens come and letters arrive.
#[must_use]
pub fn morning(date: Date) -> Instant {
    start_of_day(date) + TimeDelta::hours(9)
}

/// The hour of a working day at which organs answer.
#[must_use]
pub fn afternoon(date: Date) -> Instant {
    start_of_day(date) + TimeDelta::hours(15)
}

/// The first working day on or after a day.
#[must_use]
pub fn working_day(calendar: &WorkCalendar, date: Date) -> Date {
    let mut day = date;
    while !calendar.is_working_day(day) {
        day = day + Days::new(1);
    }
    day
}

/// What the year took and did.
#[derive(Debug, Default)]
pub struct Played {
    /// Acts done.
    pub acts: u64,
    /// Instants the clock was moved to.
    pub instants: u64,
    /// How much of the time was spent waiting for the constellation to come to rest.
    pub resting: Duration,
}

/// Plays the whole year.
///
/// # Errors
/// When an act is refused that should not be, or a service stays away for a minute.
pub async fn play(
    clients: &Clients,
    plan: Arc<YearPlan>,
    actors: Arc<Actors>,
    progress: &dyn Fn(Date),
) -> Result<Played> {
    let mut agenda = Agenda {
        acts: BTreeMap::new(),
        end: start_of_day(plan.end),
    };
    open(&mut agenda, &plan);
    let rest = Rest::new(clients);
    let mut played = Played::default();
    while let Some((at, mut acts)) = agenda.acts.pop_first() {
        progress(local_date(at));
        let moving = Moment::now();
        rest.move_clock(at).await?;
        rest.come()
            .await
            .context("the constellation did not come to rest after the clock was moved")?;
        played.resting += moving.elapsed();
        played.instants += 1;
        // the same order whatever order the acts were put down in
        acts.sort_by_key(Act::order);
        actors.look(&acts).await?;
        let done = futures::stream::iter(acts.into_iter().map(|act| {
            let actors = Arc::clone(&actors);
            async move { actors.perform(at, act).await }
        }))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
        for next in done {
            played.acts += 1;
            for (when, act) in next? {
                agenda.add(when, act);
            }
        }
        let acted = Moment::now();
        rest.come()
            .await
            .context("the constellation did not come to rest")?;
        played.resting += acted.elapsed();
        for (when, act) in actors.after(at).await? {
            agenda.add(when, act);
        }
    }
    rest.move_clock(start_of_day(plan.end)).await?;
    rest.come()
        .await
        .context("the constellation did not come to rest at the end of the year")?;
    Ok(played)
}

fn open(agenda: &mut Agenda, plan: &YearPlan) {
    for (index, matter) in plan.matters.iter().enumerate() {
        agenda.add(morning(matter.received), Act::Register(index));
    }
    for (index, report) in plan.reports.iter().enumerate() {
        let reported = report.happened + TimeDelta::minutes(report.reported_after);
        agenda.add(reported, Act::Raise(index));
    }
    let mut day = plan.first;
    while day < plan.end {
        if day.weekday() == Weekday::Fri {
            agenda.add(afternoon(day), Act::AnswerOrders);
        }
        day = day + Days::new(1);
    }
}
