//! The faults that the road must survive, on a real PostgreSQL and a real stream server: nothing is lost, nothing is told that
//! nobody told, nothing is out of order, and everybody has caught up within five seconds of the fault's end.
//!
//! By day ten seeds, which play each fault once, by night as many as `HUIYIN_SEEDS` says. `HUIYIN_SEED` plays one of them again,
//! `HUIYIN_FAULTS=StreamsFull,StreamsFrozen` those faults alone.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod database;
#[cfg(test)]
mod history;
#[cfg(test)]
mod house;
#[cfg(test)]
mod left;
#[cfg(test)]
mod link;
#[cfg(test)]
mod over_cluster;
#[cfg(test)]
mod process;
#[cfg(test)]
mod server;
#[cfg(test)]
mod strike;
#[cfg(test)]
mod strike_cluster;
#[cfg(test)]
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use database::Server;
use history::{Outcome, Wrong, check};
use house::House;
use strike::{Fault, strike};

/// What is promised: so long after the end of a fault everybody has applied what was confirmed by then.
const RECOVERED_WITHIN: Duration = Duration::from_secs(5);
/// Runs at a time: most of a run is waiting.
const AT_ONCE: usize = 5;
/// One fact in so many is poison, where a run has poison.
const POISON: i64 = 53;

/// How a run ended.
struct Ran {
    seed: u64,
    recovered: Vec<(Fault, Duration)>,
    facts: usize,
    unknown: usize,
    wrong: Vec<Wrong>,
}

/// One run: a house, its faults one after the other, and the history of it.
async fn run(server: Option<Arc<Server>>, seed: u64, faults: Vec<Fault>) -> Ran {
    let server = match server {
        Some(server) => server,
        None => Arc::new(Server::start().await),
    };
    let poison = faults.contains(&Fault::PoisonEntries).then_some(POISON);
    let mut house = House::open(&server, seed, poison).await;
    let mut recovered = Vec::new();
    for fault in faults {
        let took = strike(&mut house, fault).await;
        recovered.push((fault, took));
    }
    let history = house.close().await;
    let unknown = history
        .told
        .iter()
        .filter(|told| told.outcome == Outcome::Unknown);
    Ran {
        seed,
        recovered,
        facts: history.told.len(),
        unknown: unknown.count(),
        wrong: check(&history),
    }
}

/// Plays all of them, a few at a time; a run that broke off gives its words.
async fn play(runs: Vec<(u64, Vec<Fault>)>) -> Vec<Result<Ran, String>> {
    let shared = Arc::new(Server::start().await);
    let playing = futures::stream::iter(runs).map(|(seed, faults)| {
        let breaks = faults
            .iter()
            .any(|fault| Fault::OF_THE_SERVER.contains(fault));
        let server = (!breaks).then(|| Arc::clone(&shared));
        async move {
            let ran = tokio::spawn(run(server, seed, faults.clone())).await;
            ran.map_err(|error| format!("seed {seed}, {faults:?}: {error}"))
        }
    });
    playing.buffer_unordered(AT_ONCE).collect().await
}

/// Prints how long each fault took to recover from, and fails with whatever is not as promised.
fn judge(played: Vec<Result<Ran, String>>) {
    let (mut runs, mut broken) = (Vec::new(), Vec::new());
    for run in played {
        match run {
            Ok(run) => runs.push(run),
            Err(words) => broken.push(words),
        }
    }
    let mut by_fault: BTreeMap<Fault, Vec<Duration>> = BTreeMap::new();
    for (fault, took) in runs.iter().flat_map(|run| &run.recovered) {
        by_fault.entry(*fault).or_default().push(*took);
    }
    println!(
        "{:<28} {:>5} {:>8} {:>8}",
        "fault", "times", "p50 ms", "max ms"
    );
    for (fault, took) in &mut by_fault {
        took.sort_unstable();
        let (middle, last) = (took[took.len() / 2], took[took.len() - 1]);
        let name = format!("{fault:?}");
        println!(
            "{name:<28} {:>5} {:>8} {:>8}",
            took.len(),
            middle.as_millis(),
            last.as_millis()
        );
    }
    let facts: usize = runs.iter().map(|run| run.facts).sum();
    let unknown: usize = runs.iter().map(|run| run.unknown).sum();
    println!(
        "{} runs, {facts} facts told, {unknown} of them never answered",
        runs.len()
    );
    let late = |run: &Ran| {
        run.recovered
            .iter()
            .any(|(_, took)| *took > RECOVERED_WITHIN)
    };
    let wrong = runs.iter().filter(|run| !run.wrong.is_empty() || late(run));
    broken.extend(
        wrong.map(|run| format!("seed {}, {:?}: {:?}", run.seed, run.recovered, run.wrong)),
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A fault by its name.
fn named(name: &str) -> Fault {
    let mut all = Fault::GENTLE.iter().chain(&Fault::OF_THE_SERVER);
    let found = all.find(|fault| format!("{fault:?}") == name);
    *found.unwrap_or_else(|| panic!("there is no fault {name}"))
}

/// The faults of a seed, three or four in a drawn order. Ten seeds from 1, 11, 21 on play each fault once.
fn drawn(seed: u64) -> (u64, Vec<Fault>) {
    let (ten, place) = ((seed - 1) / 10, (seed - 1) % 10);
    let mut all = [&Fault::GENTLE[1..], &Fault::OF_THE_SERVER].concat();
    all.shuffle(&mut ChaCha8Rng::seed_from_u64(ten));
    let place = usize::try_from(place).unwrap();
    (seed, all.into_iter().skip(place).step_by(10).collect())
}

#[test]
fn ten_seeds_play_each_fault_once() {
    let mut played: Vec<Fault> = (11..=20).flat_map(|seed| drawn(seed).1).collect();
    played.sort_unstable();
    let mut all = [&Fault::GENTLE[1..], &Fault::OF_THE_SERVER].concat();
    all.sort_unstable();
    assert_eq!(played, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_nothing_is_lost_and_everybody_has_recovered_within_five_seconds() {
    let seed = number("HUIYIN_SEED");
    let runs = match (std::env::var("HUIYIN_FAULTS"), seed) {
        (Ok(names), seed) => {
            let alone = |name| (seed.unwrap_or(1), vec![named(name)]);
            names.split(',').map(alone).collect()
        }
        (Err(_), Some(seed)) => vec![drawn(seed)],
        (Err(_), None) => (1..=number("HUIYIN_SEEDS").unwrap_or(10))
            .map(drawn)
            .collect(),
    };
    judge(play(runs).await);
}
