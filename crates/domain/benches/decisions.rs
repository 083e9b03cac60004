//! What one decision costs: a deadline with twenty pauses, a routing decision over the organs of a city, and look-ups in a
//! gazetteer of the nation and in one a hundred times smaller.
#![expect(clippy::unwrap_used, reason = "a bench whose ground is missing fails")]

use std::hint::black_box;
use std::time::{Duration, Instant as Stopwatch};

use criterion::{Criterion, criterion_group, criterion_main};
use huiyin_domain::calendar::{Calendars, WorkCalendar};
use huiyin_domain::ids::{ForwardingId, OrganId};
use huiyin_domain::law::{ClockId, Limit, PauseCause, Pauses, Stretch, due_paused, rules};
use huiyin_domain::organs;
use huiyin_domain::routing::{CompetenceRules, Directory, MatterToRoute, Rules, route};
use huiyin_domain::subject::Subject;
use huiyin_domain::supervision::{Fact, FactKind, clocks};
use huiyin_domain::territory::{Established, Gazetteer, Territory, TerritoryCode};
use huiyin_domain::time::{Date, Instant, start_of_day};
use huiyin_domain::vocabulary::{Category, ForwardingKind};
use uuid::Uuid;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn noon(date: Date) -> Instant {
    start_of_day(date) + huiyin_domain::time::Duration::hours(12)
}

/// An accepted matter whose opinion clock stood still twenty times, two days each.
fn twenty_pauses() -> Vec<Fact> {
    let organ = OrganId::from_uuid(Uuid::from_u128(1));
    let at = |date: &str, kind| Fact {
        at: noon(day(date)),
        kind,
    };
    let mut facts = vec![
        at("2026-01-05", FactKind::Registered),
        at(
            "2026-01-06",
            FactKind::Forwarded {
                forwarding: ForwardingId::from_uuid(Uuid::from_u128(2)),
                to: organ,
                by: organ,
                kind: ForwardingKind::Transfer,
                opinion_clock: true,
                limit_days: None,
                simplified: None,
            },
        ),
        at("2026-01-07", FactKind::Accepted { by: organ }),
    ];
    let (clock, cause) = (ClockId::Opinion, PauseCause::ExpertAppraisal);
    for start in day("2026-01-10").iter_days().step_by(4).take(20) {
        let end = start + huiyin_domain::time::Duration::days(2);
        facts.push(Fact {
            at: noon(start),
            kind: FactKind::Paused { clock, cause },
        });
        facts.push(Fact {
            at: noon(end),
            kind: FactKind::Resumed { clock, cause },
        });
    }
    facts
}

fn deadlines(c: &mut Criterion) {
    let (facts, calendars) = (twenty_pauses(), Calendars::embedded());
    let opinion = clocks(&facts, rules(), &calendars).pop().unwrap();
    assert_eq!(opinion.pauses.len(), 20);
    let stretches = opinion.pauses.iter().map(|pause| pause.stretch);
    let (pauses, calendar) = (
        Pauses::of(stretches.collect::<Vec<Stretch>>()),
        WorkCalendar::embedded(),
    );
    c.bench_function("deadline/20_pauses", |b| {
        b.iter(|| {
            due_paused(
                black_box(Limit::Days { n: 60 }),
                day("2026-01-07"),
                &pauses,
                calendar,
            )
        });
    });
    c.bench_function("deadline/20_pauses_working_days", |b| {
        b.iter(|| {
            due_paused(
                black_box(Limit::WorkingDays { n: 60 }),
                day("2026-01-07"),
                &pauses,
                calendar,
            )
        });
    });
    c.bench_function("clocks_of_a_matter/from_43_facts", |b| {
        b.iter(|| clocks(black_box(&facts), rules(), &calendars));
    });
}

/// So many provinces, each with ten cities of ten counties of twelve townships of fifteen villages.
fn nation(provinces: u32) -> (Vec<Territory>, Gazetteer) {
    let mut rows = vec![place("00")];
    for province in 0..provinces {
        let province = format!("{:02}", province + 11);
        rows.push(place(&province));
        for city in 1..=10 {
            let city = format!("{province}{city:02}");
            rows.push(place(&city));
            for county in 1..=10 {
                let county = format!("{city}{county:02}");
                rows.push(place(&county));
                for township in 1..=12 {
                    let township = format!("{county}{township:03}");
                    rows.push(place(&township));
                    rows.extend((1..=15).map(|village| place(&format!("{township}{village:03}"))));
                }
            }
        }
    }
    let mut gazetteer = Gazetteer::with_capacity(rows.len());
    for territory in &rows {
        let row = Established {
            territory: territory.clone(),
            valid_from: Gazetteer::BEGINNING,
            valid_to: None,
        };
        gazetteer.establish(&row).unwrap();
    }
    (rows, gazetteer)
}

fn place(text: &str) -> Territory {
    let code: TerritoryCode = text.parse().unwrap();
    Territory {
        code,
        name: format!("某{text}"),
        level: code.level(),
        parent: code.parent(),
    }
}

fn routing(c: &mut Criterion) {
    let (rows, places) = nation(1);
    let directory = Directory::new(organs::generate(&rows));
    let rules = Rules {
        competence: CompetenceRules::embedded(),
        directory: &directory,
        places: &places,
        on: day("2026-01-05"),
    };
    let matters: Vec<MatterToRoute> = rows
        .iter()
        .filter(|row| row.code.short().len() == 12)
        .zip(Subject::all().iter().cycle())
        .map(|(row, subject)| MatterToRoute {
            category: Category::Claim,
            subject,
            place: row.code,
            about: None,
        })
        .collect();
    let mut next = matters.iter().cycle();
    c.bench_function("routing/decision", |b| {
        b.iter(|| route(black_box(next.next().unwrap()), &rules));
    });
    println!(
        "routing/decision p99={:?} goal=20us of {} organs",
        p99(&matters, &rules),
        directory.iter().count()
    );
}

/// The time that 99 of 100 decisions do not exceed.
fn p99(matters: &[MatterToRoute], rules: &Rules<'_>) -> Duration {
    let mut times: Vec<Duration> = (0..100_000)
        .map(|n| {
            let watch = Stopwatch::now();
            black_box(route(&matters[n % matters.len()], rules).is_ok());
            watch.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

fn look_ups(c: &mut Criterion) {
    let on = day("2026-01-05");
    for provinces in [1, 31] {
        let (rows, gazetteer) = nation(provinces);
        let villages: Vec<TerritoryCode> = rows
            .iter()
            .map(|row| row.code)
            .filter(|code| code.short().len() == 12)
            .step_by(rows.len() / 5000)
            .collect();
        let mut next = villages.iter().cycle();
        let size = gazetteer.len();
        c.bench_function(&format!("territory/by_code/{size}_places"), |b| {
            b.iter(|| gazetteer.at(*black_box(next.next().unwrap()), on).is_some());
        });
        c.bench_function(&format!("territory/ancestors/{size}_places"), |b| {
            b.iter(|| {
                gazetteer
                    .ancestors(*black_box(next.next().unwrap()), on)
                    .count()
            });
        });
        c.bench_function(&format!("territory/common_superior/{size}_places"), |b| {
            b.iter(|| {
                let two = [*next.next().unwrap(), *next.next().unwrap()];
                gazetteer.common_superior(black_box(&two), on).is_some()
            });
        });
    }
}

criterion_group!(benches, deadlines, routing, look_ups);
criterion_main!(benches);
