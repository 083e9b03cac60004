//! When a day has ended its series are looked at, once each day and one day at a time, whether the service was there at that hour or
//! only afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::PETITION_OFFICE;
use huiyin_domain::routing::Directory;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Duration, Instant, end_of_day, local_date};
use huiyin_domain::warning::hot_spots::{
    BadFields, Found, Ladder, LadderSettings, Looked, Multiplicity, MultiplicitySettings, Series,
    Warning, look,
};
use huiyin_proto::events::v1::HotSpotFound;
use huiyin_proto::events::v1::event::Fact;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer::{self, Due, Sweep};
use huiyin_service_kit::{chance, metrics};
use uuid::Uuid;

use super::{Answered, HotSpot, Why, wire};
use crate::service::Service;
use crate::store::{counted_matter, daily_count, hot_spot, hot_spot_watch};
use crate::wire::kept;

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

/// What days are judged by.
#[derive(Debug)]
struct Method {
    ladder: Ladder,
    multiplicity: Multiplicity,
}

/// Looks at each day that has ended.
///
/// # Errors
/// When the figures of the ladder contradict themselves.
pub(crate) fn day_ended(service: Service) -> Result<Sweep, Problem> {
    let method = Arc::new(Method {
        ladder: LadderSettings::default().checked().map_err(wrong)?,
        multiplicity: MultiplicitySettings::default().checked().map_err(wrong)?,
    });
    Ok(Sweep::of(HOT_SPOT_DAY, move |tx, due| {
        let (service, method) = (service.clone(), Arc::clone(&method));
        Box::pin(async move { look_at_next(&service, tx, (&method, due)).await })
    }))
}

fn wrong(fields: BadFields) -> Problem {
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

async fn look_at_next(
    service: &Service,
    tx: &mut Tx,
    (method, due): (&Arc<Method>, &[Due]),
) -> Result<(), Problem> {
    let Some((first, day)) = hot_spot_watch::lock(tx.connection()).await? else {
        return Ok(());
    };
    if due.is_empty() || end_of_day(day) + LAG > tx.now() {
        wait(tx, day).await?;
        return Ok(());
    }
    let directory = service.offices.current(tx.connection()).await?;
    look_at(tx, (first, day), (method, &*directory)).await?;
    let next = day.succ_opt().unwrap_or(day);
    hot_spot_watch::advance(tx.connection(), next).await?;
    wait(tx, next).await?;
    Ok(())
}

async fn look_at(
    tx: &mut Tx,
    (first, day): (Date, Date),
    (method, directory): (&Arc<Method>, &Directory),
) -> Result<(), Problem> {
    let least = method.ladder.minimum_matters();
    let since = back(day, RESTS_ON - 1);
    let busy = daily_count::busy(tx.connection(), (since, day), (least, SERIES)).await?;
    if busy.is_empty() {
        return Ok(());
    }
    let all = daily_count::series(tx.connection()).await?;
    let from = first.max(back(day, HISTORY));
    let looked = series(tx, &busy, (from, day), directory).await?;
    let quiet = all.saturating_sub(busy.len());
    let by = Arc::clone(method);
    // beside the threads that carry alerts
    let judging =
        tokio::task::spawn_blocking(move || look(&looked, quiet, (&by.ladder, &by.multiplicity)));
    let judged = judging.await;
    let found = judged.map_err(|error| Problem::Unexpected(format!("hot spots: {error}")))?;
    let found = found.map_err(wrong)?;
    for found in found {
        open(tx, found, ((from, since, day), directory)).await?;
    }
    Ok(())
}

fn back(day: Date, days: u64) -> Date {
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

fn desk(place: &TerritoryCode, directory: &Directory) -> Option<OrganId> {
    directory
        .nearest(place, PETITION_OFFICE)
        .map(|office| office.id)
}

async fn open(
    tx: &mut Tx,
    found: Found<Key>,
    ((from, since, day), directory): ((Date, Date, Date), &Directory),
) -> Result<(), Problem> {
    let (place, subject) = found.series;
    let desk = desk(&place, directory);
    let unanswered =
        counted_matter::owing(tx.connection(), (place, &subject), (since, day)).await?;
    // where everything is answered already, the office says so
    let owing = if unanswered.is_empty() {
        desk.into_iter().collect()
    } else {
        unanswered
    };
    let opened =
        Warning::<&str, OrganId, Answered>::open(found.explanation, vec![subject.as_str()], owing);
    let Ok(warning) = opened else {
        tracing::warn!(place = %place, "a hot spot is told to nobody: no organ of its place is known");
        return Ok(());
    };
    let at: Instant = kept(tx.now());
    let spot = HotSpot {
        id: chance::new_id(),
        place,
        day,
        why: Why::of(&warning.explanation, from),
        over_budget: found.over_budget,
        desk,
        found_at: at,
        answered_at: None,
        subject: subject.clone(),
    };
    if hot_spot::insert(tx.connection(), &spot, warning.owing()).await? {
        metrics::count("huiyin_hot_spots_found", 1, &[]);
        tell(tx, &spot, warning.owing());
    }
    Ok(())
}

fn tell(tx: &mut Tx, spot: &HotSpot, owing: &[OrganId]) {
    tx.tell(Fact::HotSpotFound(HotSpotFound {
        hot_spot_id: spot.id.to_string(),
        place_code: spot.place.to_string(),
        subject: spot.subject.clone(),
        on_date: spot.day.to_string(),
        matters: spot.why.matters,
        observed: spot.why.observed,
        expected_thousandths: spot.why.expected.map(wire::thousandths),
        bound_thousandths: spot.why.bound.map(wire::thousandths),
        organ_ids: owing.iter().map(ToString::to_string).collect(),
        over_budget: spot.over_budget,
    }));
}
