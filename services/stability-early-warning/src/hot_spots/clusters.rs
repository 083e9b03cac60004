//! Clusters of a day: townships that adjoin, where a city said which do.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days};
use huiyin_domain::ids::OrganId;
use huiyin_domain::routing::Directory;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Date;
use huiyin_domain::warning::hot_spots::{
    Clusters, CountedSubject, FoundCluster, Multiplicity, Watching,
};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;

use super::Together;
use super::looking::{back, beside, desk};
use super::opening::Opening;
use crate::store::{daily_count, hot_spot};

/// Looks for clusters on a day that has ended, after its series: what a place has alone is told as that.
///
/// # Errors
/// When the database refuses.
pub(super) async fn look_at(
    tx: &mut Tx,
    (first, day): (Date, Date),
    (watching, directory): (&Watching, &Directory),
) -> Result<(), Problem> {
    let Some(clusters) = &watching.clusters else {
        return Ok(());
    };
    let from = first.max(back(day, before(clusters.days())));
    if days(from, day) < clusters.fewest_days() {
        return Ok(());
    }
    let (busy, quiet) = counted(tx, (from, day), clusters).await?;
    let by = (clusters.clone(), watching.multiplicity);
    for found in search((busy, quiet), by, desks(clusters, directory), day).await? {
        open(tx, found, ((from, day), directory)).await?;
    }
    Ok(())
}

/// How many days these are.
fn days(from: Date, day: Date) -> usize {
    usize::try_from((day - from).num_days()).unwrap_or(0) + 1
}

/// How many days the first of so many is before the last.
fn before(days: usize) -> u64 {
    u64::try_from(days).unwrap_or(u64::MAX).saturating_sub(1)
}

/// Who reads the warnings of each place around townships.
fn desks(clusters: &Clusters, directory: &Directory) -> BTreeMap<TerritoryCode, Option<OrganId>> {
    let around = clusters.places().iter().flat_map(TerritoryCode::chain);
    around
        .map(|place| (place, desk(&place, directory)))
        .collect()
}

/// The subjects that have enough matters lately to be a cluster, and how many have not.
async fn counted(
    tx: &mut Tx,
    (from, day): (Date, Date),
    clusters: &Clusters,
) -> Result<(Vec<CountedSubject>, usize), Problem> {
    let places = clusters.places();
    let length = days(from, day);
    let lately = length.saturating_sub(clusters.maximum_days());
    let mut subjects: BTreeMap<String, Vec<Vec<u32>>> = BTreeMap::new();
    let rows = daily_count::of_places(tx.connection(), places, (from, day)).await?;
    for ((place, subject), on, matters) in rows {
        let counts = subjects
            .entry(subject)
            .or_insert_with(|| vec![vec![0; length]; places.len()]);
        let place = places.binary_search(&place).ok();
        let counts = place.and_then(|place| counts.get_mut(place));
        let point = usize::try_from((on - from).num_days()).ok();
        if let Some(count) = counts
            .zip(point)
            .and_then(|(counts, point)| counts.get_mut(point))
        {
            *count = matters;
        }
    }
    let all = subjects.len();
    let enough = |counts: &[Vec<u32>]| {
        let last = counts.iter().flat_map(|place| place.iter().skip(lately));
        last.map(|count| u64::from(*count)).sum::<u64>() >= clusters.minimum_matters()
    };
    let busy: Vec<CountedSubject> = subjects
        .into_iter()
        .filter(|(_, counts)| enough(counts))
        .map(|(subject, counts)| CountedSubject { subject, counts })
        .collect();
    let quiet = all - busy.len();
    Ok((busy, quiet))
}

/// The day is the seed: the same day is judged alike again.
async fn search(
    (busy, quiet): (Vec<CountedSubject>, usize),
    (clusters, multiplicity): (Clusters, Multiplicity),
    desks: BTreeMap<TerritoryCode, Option<OrganId>>,
    day: Date,
) -> Result<Vec<FoundCluster>, Problem> {
    let seed = u64::from(day.num_days_from_ce().unsigned_abs());
    beside(move || {
        let desk = |place: &TerritoryCode| desks.get(place).copied().flatten();
        clusters.look((&busy, quiet), &multiplicity, desk, seed)
    })
    .await
}

/// Opens a cluster, unless a hot spot of its subject is open that it overlaps: organs are not asked twice for the same.
async fn open(
    tx: &mut Tx,
    found: FoundCluster,
    ((from, day), directory): ((Date, Date), &Directory),
) -> Result<(), Problem> {
    let around = (found.around, found.places.as_slice());
    if hot_spot::overlaps(tx.connection(), &found.subject, around).await? {
        return Ok(());
    }
    let first_day = day
        .checked_sub_days(Days::new(before(found.days)))
        .unwrap_or(day);
    let opening = Opening {
        place: found.around,
        cluster: Some(Together {
            places: found.places,
            first_day,
        }),
        subject: found.subject,
        days: (from, day),
        rests_on: first_day,
        over_budget: found.over_budget,
        explanation: found.explanation,
    };
    opening.open(tx, directory).await
}
