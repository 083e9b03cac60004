//! When a day has ended its series are looked at, once each day and one day at a time, whether the service was there at that hour or
//! only afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::PETITION_OFFICE;
use huiyin_domain::routing::Directory;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Duration, end_of_day, local_date};
use huiyin_domain::warning::hot_spots::{BadFields, Looked, Series, Watching, look};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer::{self, Due, Sweep};
use uuid::Uuid;

use super::clusters;
use super::opening::Opening;
use crate::service::Service;
use crate::store::{daily_count, hot_spot_watch};

/// The one timer: for the day that is looked at next.
const HOT_SPOT_DAY: &str = "hot_spot_day";
/// How long after midnight a day is looked at: what was registered on it has arrived by then.
const LAG: Duration = Duration::hours(1);
/// Days whose matters a warning can rest on: the longest stretch that a method of the ladder adds up.
const RESTS_ON: u64 = 14;
/// The longest history that the ladder looks at; days. Three years, and the weeks around the same days of the first.
const HISTORY: u64 = 1200;
/// Series that are looked at on a day at most, the largest first.
const SERIES: i64 = 20_000;

/// A place and a subject.
pub(crate) type Key = (TerritoryCode, String);

/// Looks at each day that has ended.
pub(crate) fn day_ended(service: Service) -> Sweep {
    Sweep::of(HOT_SPOT_DAY, move |tx, due| {
        let service = service.clone();
        Box::pin(async move { look_at_next(&service, tx, due).await })
    })
}

pub(super) fn wrong(fields: BadFields) -> Problem {
    Problem::Unexpected(format!("hot spots: {fields}"))
}

/// Begins to look at days when the first matter is counted. What was received before that day was not counted then, and is no
/// normal day to compare with.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn begin(tx: &mut Tx) -> Result<(), Problem> {
    let today = local_date(tx.now());
    if hot_spot_watch::begin(tx.connection(), (today, today)).await? {
        wait(tx, today).await?;
    }
    Ok(())
}

async fn wait(tx: &mut Tx, day: Date) -> Result<(), sqlx::Error> {
    let at = end_of_day(day) + LAG;
    timer::arm(tx.connection(), HOT_SPOT_DAY, Uuid::nil(), at).await
}

async fn look_at_next(service: &Service, tx: &mut Tx, due: &[Due]) -> Result<(), Problem> {
    let Some((first, day)) = hot_spot_watch::lock(tx.connection()).await? else {
        return Ok(());
    };
    if due.is_empty() || end_of_day(day) + LAG > tx.now() {
        wait(tx, day).await?;
        return Ok(());
    }
    let directory = service.offices.current(tx.connection()).await?;
    let days = (first, day);
    look_at(tx, days, (&service.watching, &*directory)).await?;
    clusters::look_at(tx, days, (&*service.watching, &*directory)).await?;
    let next = day.succ_opt().unwrap_or(day);
    hot_spot_watch::advance(tx.connection(), next).await?;
    wait(tx, next).await?;
    Ok(())
}

async fn look_at(
    tx: &mut Tx,
    (first, day): (Date, Date),
    (watching, directory): (&Arc<Watching>, &Directory),
) -> Result<(), Problem> {
    let least = watching.ladder.minimum_matters();
    let since = back(day, RESTS_ON - 1);
    let busy = daily_count::busy(tx.connection(), (since, day), (least, SERIES)).await?;
    if busy.is_empty() {
        return Ok(());
    }
    let all = daily_count::series(tx.connection()).await?;
    let from = first.max(back(day, HISTORY));
    let looked = series(tx, &busy, (from, day), directory).await?;
    let quiet = all.saturating_sub(busy.len());
    let by = Arc::clone(watching);
    // beside the threads that carry alerts
    let judging =
        tokio::task::spawn_blocking(move || look(&looked, quiet, (&by.ladder, &by.multiplicity)));
    let judged = judging.await;
    let found = judged.map_err(|error| Problem::Unexpected(format!("hot spots: {error}")))?;
    let found = found.map_err(wrong)?;
    for found in found {
        let (place, subject) = found.series;
        let opening = Opening {
            place,
            cluster: None,
            subject,
            days: (from, day),
            rests_on: since,
            over_budget: found.over_budget,
            explanation: found.explanation,
        };
        opening.open(tx, directory).await?;
    }
    Ok(())
}

pub(super) fn back(day: Date, days: u64) -> Date {
    day.checked_sub_days(chrono::Days::new(days)).unwrap_or(day)
}

/// The series with their counts of every day; a day without a matter is a zero, as registration never stops.
async fn series(
    tx: &mut Tx,
    busy: &[Key],
    (from, day): (Date, Date),
    directory: &Directory,
) -> Result<Vec<Looked<Key, Option<OrganId>>>, Problem> {
    let mut counts: BTreeMap<Key, Vec<u32>> = BTreeMap::new();
    let days = usize::try_from((day - from).num_days()).unwrap_or(0) + 1;
    for (key, on, matters) in daily_count::of(tx.connection(), busy, (from, day)).await? {
        let series = counts.entry(key).or_insert_with(|| vec![0; days]);
        let point = usize::try_from((on - from).num_days()).ok();
        if let Some(count) = point.and_then(|point| series.get_mut(point)) {
            *count = matters;
        }
    }
    let looked = counts.into_iter().map(|(series, counts)| {
        Ok(Looked {
            desk: desk(&series.0, directory),
            series,
            counts: Series::new(counts).map_err(wrong)?,
        })
    });
    looked.collect()
}

pub(super) fn desk(place: &TerritoryCode, directory: &Directory) -> Option<OrganId> {
    directory
        .nearest(place, PETITION_OFFICE)
        .map(|office| office.id)
}
