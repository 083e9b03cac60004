//! Deadlines against a count day by day, written as differently as can be, and against an independent
//! list of the days that are worked.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own text fails"
)]

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike as _;
use huiyin_domain::{
    calendar::WorkCalendar,
    law::{DayTreatment, Limit, Pauses, Stretch, due_paused, explain_paused},
    time::{Date, Duration},
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Random deadlines compared; `./dev nightly` compares a million.
fn cases() -> u32 {
    std::env::var("HUIYIN_CASES").map_or(200_000, |cases| cases.parse().unwrap())
}

/// The days that differ from the plain week, of PyPI chinesecalendar: another source than ours.
fn independent() -> BTreeSet<Date> {
    #[derive(serde::Deserialize)]
    struct File {
        differs: BTreeMap<i32, Vec<Date>>,
    }
    let file: File = serde_json::from_str(include_str!("data/chinesecalendar.json")).unwrap();
    file.differs.into_values().flatten().collect()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn every_day_from_2015_to_2026_is_worked_or_not_as_the_independent_source_says() {
    let differs = independent();
    let calendar = WorkCalendar::embedded();
    let mut days = 0;
    for date in day("2015-01-01")
        .iter_days()
        .take_while(|date| date.year() < 2027)
    {
        let plain = date.weekday().number_from_monday() <= 5;
        assert_eq!(
            calendar.is_working_day(date),
            plain != differs.contains(&date),
            "{date}"
        );
        days += 1;
    }
    assert_eq!(days, 4383);
}

/// A deadline drawn at random.
#[derive(Debug)]
struct Drawn {
    limit: Limit,
    start: Date,
    pauses: Vec<Stretch>,
}

fn drawn(chance: &mut ChaCha8Rng) -> Drawn {
    let start = day("2015-01-01") + Duration::days(chance.random_range(0..3900));
    let n = chance.random_range(1..=120);
    let limit = if chance.random() {
        Limit::Days { n }
    } else {
        Limit::WorkingDays { n }
    };
    let pauses = (0..chance.random_range(0..6))
        .map(|_| {
            let from = start + Duration::days(chance.random_range(-10..200));
            let lasts = Duration::days(chance.random_range(0..40));
            Stretch {
                from,
                to: Some(from + lasts),
            }
        })
        .collect();
    Drawn {
        limit,
        start,
        pauses,
    }
}

/// Walks from day to day with what is left in hand; knows nothing of merged stretches or of an index.
fn walked(drawn: &Drawn, worked: &dyn Fn(Date) -> bool) -> (Date, Date) {
    let stands_still = |date: Date| {
        let after = |stretch: &Stretch| date > stretch.from && Some(date) <= stretch.to;
        drawn.pauses.iter().any(after)
    };
    let (mut left, only_worked) = match drawn.limit {
        Limit::Days { n } => (n, false),
        Limit::WorkingDays { n } => (n, true),
    };
    let mut date = drawn.start;
    while left > 0 {
        date = date.succ_opt().unwrap();
        if !stands_still(date) && (!only_worked || worked(date)) {
            left -= 1;
        }
    }
    let raw = date;
    while !worked(date) {
        date = date.succ_opt().unwrap();
    }
    (raw, date)
}

#[test]
fn a_deadline_is_the_day_a_count_by_hand_comes_to() {
    let differs = independent();
    let worked = |date: Date| (date.weekday().number_from_monday() <= 5) != differs.contains(&date);
    let calendar = WorkCalendar::embedded();
    let mut chance = ChaCha8Rng::seed_from_u64(20_220_501);
    for _ in 0..cases() {
        let drawn = drawn(&mut chance);
        let (raw, rolled) = walked(&drawn, &worked);
        // what the source does not know is not compared
        if rolled.year() >= 2027 {
            continue;
        }
        let pauses = Pauses::of(drawn.pauses.clone());
        let due = due_paused(drawn.limit, drawn.start, &pauses, calendar);
        assert_eq!((due.raw, due.rolled), (raw, rolled), "{drawn:?}");
        assert!(!due.provisional, "{drawn:?}");
    }
}

#[test]
fn the_explanation_counts_exactly_the_limit_and_ends_on_the_due_day() {
    let calendar = WorkCalendar::embedded();
    let mut chance = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..cases() / 20 {
        let drawn = drawn(&mut chance);
        let pauses = Pauses::of(drawn.pauses.clone());
        let due = due_paused(drawn.limit, drawn.start, &pauses, calendar);
        let lines = explain_paused(drawn.limit, drawn.start, &pauses, calendar);
        let counted = lines
            .iter()
            .filter(|line| matches!(line.treatment, DayTreatment::Counted { .. }))
            .count();
        assert_eq!(
            counted,
            usize::try_from(drawn.limit.n()).unwrap(),
            "{drawn:?}"
        );
        assert_eq!(lines.last().unwrap().date, due.rolled, "{drawn:?}");
    }
}

#[test]
fn an_extension_never_shortens_and_a_later_start_is_never_due_earlier() {
    let calendar = WorkCalendar::embedded();
    let mut chance = ChaCha8Rng::seed_from_u64(11);
    for _ in 0..cases() / 5 {
        let drawn = drawn(&mut chance);
        let pauses = Pauses::of(drawn.pauses.clone());
        let due = |limit, start| due_paused(limit, start, &pauses, calendar);
        let before = due(drawn.limit, drawn.start);
        let longer = due(drawn.limit.plus(chance.random_range(1..30)), drawn.start);
        assert!(
            longer.raw > before.raw && longer.rolled >= before.rolled,
            "{drawn:?}"
        );
        let later = due(drawn.limit, drawn.start.succ_opt().unwrap());
        assert!(
            later.raw >= before.raw && later.rolled >= before.rolled,
            "{drawn:?}"
        );
    }
}

#[test]
fn a_pause_shifts_by_exactly_its_days() {
    let calendar = WorkCalendar::embedded();
    let (start, from, to) = (day("2026-03-02"), day("2026-03-12"), day("2026-03-25"));
    let pauses = Pauses::of(vec![Stretch { from, to: Some(to) }]);
    let due = |limit, pauses: &Pauses| due_paused(limit, start, pauses, calendar).raw;
    let days = Limit::Days { n: 60 };
    assert_eq!(due(days, &pauses) - due(days, &Pauses::none()), to - from);
    // nine working days from the 13th to the 25th of March
    let working = Limit::WorkingDays { n: 20 };
    assert_eq!(calendar.working_days_between(from, to), 9);
    let plain = due(working, &Pauses::none());
    assert_eq!(due(working, &pauses), calendar.add_working_days(plain, 9));
    // a pause that begins on the last day finds nothing left
    let late = Stretch {
        from: due(days, &Pauses::none()),
        to: None,
    };
    assert_eq!(due(days, &Pauses::of(vec![late])), late.from);
}

#[test]
fn counting_is_the_same_inside_and_outside_of_the_index() {
    let calendar = WorkCalendar::embedded();
    for start in ["2003-12-20", "2004-12-25", "2060-12-20", "2061-05-01"].map(day) {
        let mut walked = start;
        for n in 1..=60 {
            walked = walked
                .iter_days()
                .skip(1)
                .find(|date| calendar.is_working_day(*date))
                .unwrap();
            assert_eq!(calendar.add_working_days(start, n), walked, "{start} {n}");
            assert_eq!(
                calendar.working_days_between(start, walked),
                n,
                "{start} {n}"
            );
        }
    }
}
