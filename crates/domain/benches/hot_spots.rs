//! What the hot spots of a nation cost: 56,000 daily series judged again on two cores, by the ladder as it stands and by
//! Farrington Flexible over every day of five years; and one judgement of each method.
#![expect(clippy::unwrap_used, reason = "a bench whose ground is missing fails")]

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant as Stopwatch};

use criterion::{Criterion, criterion_group, criterion_main};
use huiyin_domain::warning::hot_spots::{
    BoundMethod, Centroid, Cycle, EarsSettings, EarsVariant, Evaluation, Expectation,
    FlexibleSettings, LadderSettings, Method, Rung, ScanSettings, Series, Watch, Workspace, Zones,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How many series a nation watches: counties by subjects.
const SERIES: usize = 56_000;
const CORES: usize = 2;
/// A bit more than five years, up to a Wednesday.
const FIVE_YEARS: usize = 5 * 365 + 4;

/// A Poisson count, by walking up its probabilities.
fn draw(mean: f64, chance: &mut ChaCha8Rng) -> u32 {
    let mut left: f64 = chance.random();
    let mut term = (-mean).exp();
    let mut count = 0;
    while left > term && count < 1000 {
        left -= term;
        count += 1;
        term *= mean / f64::from(count);
    }
    count
}

/// So many days of a place with weekdays and seasons; places differ in size from one matter in two days to eight a day.
fn series(days: usize, chance: &mut ChaCha8Rng) -> Series {
    let size = 0.5 * 16_f64.powf(chance.random());
    let year = |day: usize| (std::f64::consts::TAU * day as f64 / 364.0).sin();
    let mean = |day: usize| {
        let weekday = if day % 7 < 5 { 1.2 } else { 0.5 };
        // A slow swing of its own makes counts overdispersed.
        size * weekday * (1.0 + 0.25 * year(day)) * (1.0 + 0.3 * (day as f64 * size).sin())
    };
    Series::new((0..days).map(|day| draw(mean(day), chance)).collect()).unwrap()
}

/// Judges the day of all series on both cores; how long it took, and how many warn.
fn nation(watch: &Watch, days: usize) -> (Duration, usize) {
    thread::scope(|scope| {
        let shares: Vec<_> = (0..CORES)
            .map(|core| {
                scope.spawn(move || {
                    let mut chance = ChaCha8Rng::seed_from_u64(core as u64);
                    let all: Vec<Series> = (0..SERIES / CORES)
                        .map(|_| series(days, &mut chance))
                        .collect();
                    let mut work = Workspace::default();
                    let watched = Stopwatch::now();
                    let warns = |series: &&Series| match watch.evaluate(series, &mut work).unwrap()
                    {
                        Evaluation::Watched(watched) => watched.warning().is_some(),
                        Evaluation::NoReport | Evaluation::TooShort { .. } => false,
                    };
                    let warnings = all.iter().filter(warns).count();
                    (watched.elapsed(), warnings)
                })
            })
            .collect();
        let shares = shares.into_iter().map(|share| share.join().unwrap());
        shares.fold((Duration::ZERO, 0), |(longest, warnings), (took, more)| {
            (longest.max(took), warnings + more)
        })
    })
}

/// Farrington Flexible over every day of five years, a factor a season and a trend.
fn every_day(bound: BoundMethod) -> Method {
    Method::Flexible {
        every: 1,
        settings: FlexibleSettings {
            years: 5,
            half_window: 3,
            periods: 10,
            recent_left_out: 26,
            alpha: 0.001,
            bound,
            ..FlexibleSettings::of(Cycle::Points { length: 365 })
        },
    }
}

fn ladder_of(method: Method, from: usize) -> Watch {
    let settings = LadderSettings {
        rungs: vec![Rung {
            from,
            methods: vec![method],
        }],
        ..LadderSettings::default()
    };
    Watch::on(from, &settings.checked().unwrap()).unwrap()
}

fn whole_nation(_: &mut Criterion) {
    let ladder = LadderSettings::default().checked().unwrap();
    let years = 1127;
    let watches = [
        (
            "the ladder, three years of history",
            Watch::on(years, &ladder).unwrap(),
            years,
        ),
        (
            "the ladder, twelve weeks of history",
            Watch::on(84, &ladder).unwrap(),
            84,
        ),
        (
            "Farrington Flexible over every day of five years",
            ladder_of(every_day(BoundMethod::Delta), FIVE_YEARS),
            FIVE_YEARS,
        ),
    ];
    for (name, watch, day) in watches {
        let (took, warnings) = nation(&watch, day + 1);
        println!(
            "{SERIES} series on {CORES} cores, {name}: {:.2} s, {warnings} warn",
            took.as_secs_f64()
        );
    }
}

fn one_judgement(criterion: &mut Criterion) {
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let place = series(FIVE_YEARS + 1, &mut chance);
    let mut work = Workspace::default();
    let mut bench = |name: &str, watch: Watch| {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| watch.evaluate(black_box(&place), &mut work).unwrap());
        });
    };
    let ears = EarsSettings::of(EarsVariant::C3);
    bench("ears_c3", ladder_of(Method::Ears(ears), FIVE_YEARS));
    let ladder = LadderSettings::default();
    for (rung, name) in [(2, "negative_binomial_sum"), (3, "flexible_same_weekday")] {
        let methods = &ladder.rungs[rung].methods;
        bench(
            name,
            ladder_of(methods[if rung == 2 { 1 } else { 0 }], FIVE_YEARS),
        );
    }
    bench(
        "flexible_every_day",
        ladder_of(every_day(BoundMethod::Delta), FIVE_YEARS),
    );
}

/// A scan over the 300 townships of a city, sixty days, 999 deals.
fn scan(criterion: &mut Criterion) {
    let mut chance = ChaCha8Rng::seed_from_u64(2);
    let mut kilometres = || chance.random_range(0.0..100.0);
    let centroids: Vec<Centroid> = (0..300)
        .map(|_| Centroid {
            east: kilometres(),
            north: kilometres(),
        })
        .collect();
    let zones = Zones::from_centroids(&centroids, 50).unwrap();
    let counts: Vec<Vec<u32>> = (0..300)
        .map(|_| (0..60).map(|_| draw(0.3, &mut chance)).collect())
        .collect();
    let scan = ScanSettings::default().checked().unwrap();
    criterion.bench_function("scan_of_300_townships", |bencher| {
        bencher.iter(|| {
            scan.run(&counts, &zones, Expectation::Permutation, 1)
                .unwrap()
        });
    });
}

criterion_group! {
    name = hot_spots;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(3));
    targets = whole_nation, one_judgement, scan
}
criterion_main!(hot_spots);
