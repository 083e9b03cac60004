//! When a day has ended its series are looked at, once each day and one day at a time, whether the service was there at that hour or
//! only afterwards.

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::PETITION_OFFICE;
use huiyin_domain::routing::Directory;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Duration, end_of_day, local_date};
use huiyin_domain::warning::hot_spots::{BadFields, Day, Found, Looked, Series, Watching};
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
const SERIES: i64 = 60_000;
/// Series that are read and judged at a time.
const AT_A_TIME: usize = 2_000;

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
    let by = (&*service.watching, &*directory);
    look_at(tx, days, by).await?;
    clusters::look_at(tx, days, by).await?;
    let next = day.succ_opt().unwrap_or(day);
    hot_spot_watch::advance(tx.connection(), next).await?;
    wait(tx, next).await?;
    Ok(())
}

async fn look_at(
    tx: &mut Tx,
    (first, day): (Date, Date),
    (watching, directory): (&Watching, &Directory),
) -> Result<(), Problem> {
    let least = watching.ladder.minimum_matters();
    let since = back(day, RESTS_ON - 1);
    let busy = daily_count::busy(tx.connection(), (since, day), (least, SERIES)).await?;
    if busy.is_empty() {
        return Ok(());
    }
    let all = daily_count::series(tx.connection()).await?;
    let from = first.max(back(day, HISTORY));
    let quiet = all.saturating_sub(busy.len());
    let found = judge(tx, (&busy, quiet), (from, day), (watching, directory)).await?;
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

/// Judges the series of a day, so many at a time; a day without a matter is a zero, as registration never stops.
async fn judge(
    tx: &mut Tx,
    (busy, quiet): (&[Key], usize),
    (from, day): (Date, Date),
    (watching, directory): (&Watching, &Directory),
) -> Result<Vec<Found<Key>>, Problem> {
    let days = usize::try_from((day - from).num_days()).unwrap_or(0) + 1;
    let mut looking = Day::of(days, &watching.ladder).map_err(wrong)?;
    for part in busy.chunks(AT_A_TIME) {
        let counts = daily_count::of(tx.connection(), part, (from, day)).await?;
        let looked = counts.into_iter().map(|counts| {
            Ok(Looked {
                desk: desk(&counts.series.0, directory),
                counts: Series::new(every_day(&counts, days)).map_err(wrong)?,
                series: counts.series,
            })
        });
        let looked = looked.collect::<Result<Vec<_>, Problem>>()?;
        looking = beside(move || {
            for series in looked {
                looking.look_at(series)?;
            }
            Ok(looking)
        })
        .await?;
    }
    Ok(looking.found(quiet, &watching.multiplicity))
}

/// Reckons beside the threads that carry alerts.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BadFields> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| Problem::Unexpected(format!("hot spots: {error}")))?;
    done.map_err(wrong)
}

fn every_day(counts: &daily_count::Counts, days: usize) -> Vec<u32> {
    let mut series = vec![0; days];
    for (on, matters) in counts.days.iter().zip(&counts.matters) {
        let point = usize::try_from(*on).ok();
        if let Some(count) = point.and_then(|point| series.get_mut(point)) {
            *count = matters.unsigned_abs();
        }
    }
    series
}

pub(super) fn desk(place: &TerritoryCode, directory: &Directory) -> Option<OrganId> {
    directory
        .nearest(place, PETITION_OFFICE)
        .map(|office| office.id)
}
