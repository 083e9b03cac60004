//! Many pairs of worlds, some at a time, until so many cases were asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use huiyin_service_kit::testing::{Broken, TestDatabase};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::hall::{Hall, furnish};
use super::leak::Leak;
use super::pool::Pool;
use super::readers::DENOUNCED;
use super::world::{Barriers, World};

/// Pairs of worlds at a time.
const AT_ONCE: usize = 2;
/// Cases of a pair at most; it ends a little later.
const CASES: usize = 3_000;
/// Cases of a pair at least, where every cast can have a pair.
const FEW: usize = 1_000;

/// Where the clocks of all worlds begin.
const BEGIN: &str = "2026-01-05T02:00:00Z";

/// What both worlds of every pair are copied from.
pub struct Origin {
    database: TestDatabase,
    pool: Pool,
}

impl Origin {
    pub async fn new() -> Result<Self, Broken> {
        let database = TestDatabase::new(BEGIN.parse()?).await?;
        let world = World::over(database, Barriers::Both).await?;
        let mut chance = ChaCha8Rng::seed_from_u64(1);
        let pool = furnish(&world, &mut chance).await;
        Ok(Self {
            database: world.close().await?,
            pool,
        })
    }

    pub async fn remove(self: Arc<Self>) -> Result<(), Broken> {
        self.database.clone().remove().await
    }
}

/// What came of many cases.
#[derive(Default)]
pub struct Outcome {
    pub cases: usize,
    pub leaks: Vec<Leak>,
    /// How often each method was answered with each code.
    pub codes: BTreeMap<(String, String), usize>,
    /// How often each act was done, and how often it was refused.
    pub acts: BTreeMap<(String, bool), usize>,
}

/// A change of both worlds by hand before anything is asked: a guard that is missing.
pub type Without = Option<&'static str>;

pub async fn many(
    seed: u64,
    cases: usize,
    barriers: Barriers,
    without: Without,
) -> Result<Outcome, Broken> {
    let origin = Arc::new(Origin::new().await?);
    let outcome = many_of(&origin, (seed, cases), barriers, without).await?;
    origin.remove().await?;
    Ok(outcome)
}

/// The same, of worlds that are there already.
pub async fn many_of(
    origin: &Arc<Origin>,
    (seed, cases): (u64, usize),
    barriers: Barriers,
    without: Without,
) -> Result<Outcome, Broken> {
    // pairs enough for each cast, if there are cases enough for that
    let halls = cases
        .div_ceil(FEW)
        .min(DENOUNCED.len())
        .max(cases.div_ceil(CASES));
    let each = cases.div_ceil(halls);
    let runs = (0..halls as u64).map(|number| {
        let origin = Arc::clone(origin);
        tokio::spawn(async move { one(&origin, seed + number, (each, barriers), without).await })
    });
    // where one leak is enough, nothing is begun that nobody waits for
    let at_once = if without.is_some() { 1 } else { AT_ONCE };
    let mut runs = futures::stream::iter(runs).buffer_unordered(at_once);
    let mut outcome = Outcome::default();
    while let Some(run) = runs.next().await {
        let run = run??;
        outcome.cases += run.cases;
        outcome.leaks.extend(run.leaks);
        run.codes
            .into_iter()
            .for_each(|(key, count)| *outcome.codes.entry(key).or_default() += count);
        run.acts
            .into_iter()
            .for_each(|(key, count)| *outcome.acts.entry(key).or_default() += count);
        let enough = if without.is_some() { 0 } else { 30 };
        if outcome.leaks.len() > enough {
            break;
        }
    }
    Ok(outcome)
}

async fn one(
    origin: &Origin,
    seed: u64,
    (cases, barriers): (usize, Barriers),
    without: Without,
) -> Result<Outcome, Broken> {
    let (low, high) = (origin.database.copy().await?, origin.database.copy().await?);
    let worlds = (
        World::over(low, barriers).await?,
        World::over(high, barriers).await?,
    );
    if let Some(statement) = without {
        worlds.0.change(statement).await?;
        worlds.1.change(statement).await?;
    }
    let mut hall = Hall::of(seed, barriers, worlds, &origin.pool);
    hall.run(cases, without.is_some()).await?;
    let outcome = Outcome {
        cases: hall.cases,
        leaks: std::mem::take(&mut hall.leaks),
        codes: std::mem::take(&mut hall.codes),
        acts: std::mem::take(&mut hall.acts),
    };
    for world in hall.worlds() {
        world.close().await?.remove().await?;
    }
    Ok(outcome)
}
