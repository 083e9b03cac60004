//! Schedules of reports against tables computed by hand, and the rolling ledger against what it must never do.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own text fails"
)]

use std::collections::BTreeSet;

use chrono::TimeDelta;
use huiyin_domain::organs::{OrganProfile, PETITION_OFFICE, TOWNSHIP_GOVERNMENT, organ_id};
use huiyin_domain::reporting::{
    Edge, EdgeFault, Entries, Frequency, NotAPeriod, Period, ReportKind, Schedule, ScheduleFault,
    carry_over, first_in_conflict, usual_frequency,
};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Instant, local};
use proptest::prelude::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn schedule(frequency: Frequency, from: &str, to: Option<&str>, grace_days: u32) -> Schedule {
    Schedule {
        kind: ReportKind::Regular,
        frequency,
        grace_days,
        valid_from: day(from),
        valid_to: to.map(day),
    }
}

/// First, last and due day of the first periods.
fn periods(schedule: &Schedule, most: usize) -> Vec<[String; 3]> {
    let periods = schedule.periods().take(most);
    periods
        .map(|period| [period.first, period.last, period.due].map(|day| day.to_string()))
        .collect()
}

/// Frequency, first day, last day, grace days, and the periods by their first, last and due day.
type Row = (
    Frequency,
    &'static str,
    Option<&'static str>,
    u32,
    &'static [[&'static str; 3]],
);

const TABLE: &[Row] = &[
    // 2026-01-05 is a Monday
    (
        Frequency::Weekly,
        "2026-01-05",
        None,
        0,
        &[
            ["2026-01-05", "2026-01-11", "2026-01-11"],
            ["2026-01-12", "2026-01-18", "2026-01-18"],
        ],
    ),
    // the week goes over the end of the year; it begins on a Wednesday, so its first period is shorter
    (
        Frequency::Weekly,
        "2025-12-31",
        None,
        1,
        &[
            ["2025-12-31", "2026-01-04", "2026-01-05"],
            ["2026-01-05", "2026-01-11", "2026-01-12"],
        ],
    ),
    // Spring Festival 2026, days off from 15 to 23 February: no due day moves
    (
        Frequency::Weekly,
        "2026-02-09",
        Some("2026-02-25"),
        0,
        &[
            ["2026-02-09", "2026-02-15", "2026-02-15"],
            ["2026-02-16", "2026-02-22", "2026-02-22"],
            ["2026-02-23", "2026-02-25", "2026-02-25"],
        ],
    ),
    // February of a common and of a leap year; the 29th, 30th and 31st belong to the second half
    (
        Frequency::HalfMonthly,
        "2026-01-16",
        None,
        2,
        &[
            ["2026-01-16", "2026-01-31", "2026-02-02"],
            ["2026-02-01", "2026-02-15", "2026-02-17"],
            ["2026-02-16", "2026-02-28", "2026-03-02"],
            ["2026-03-01", "2026-03-15", "2026-03-17"],
        ],
    ),
    (
        Frequency::HalfMonthly,
        "2028-02-15",
        None,
        1,
        &[
            ["2028-02-15", "2028-02-15", "2028-02-16"],
            ["2028-02-16", "2028-02-29", "2028-03-01"],
            ["2028-03-01", "2028-03-15", "2028-03-16"],
        ],
    ),
    // months of 31, 28, 31 and 30 days; it begins in the middle of one
    (
        Frequency::Monthly,
        "2026-01-31",
        None,
        3,
        &[
            ["2026-01-31", "2026-01-31", "2026-02-03"],
            ["2026-02-01", "2026-02-28", "2026-03-03"],
            ["2026-03-01", "2026-03-31", "2026-04-03"],
            ["2026-04-01", "2026-04-30", "2026-05-03"],
        ],
    ),
    (
        Frequency::Monthly,
        "2028-02-29",
        Some("2028-03-10"),
        0,
        &[
            ["2028-02-29", "2028-02-29", "2028-02-29"],
            ["2028-03-01", "2028-03-10", "2028-03-10"],
        ],
    ),
    (
        Frequency::Quarterly,
        "2025-11-20",
        None,
        5,
        &[
            ["2025-11-20", "2025-12-31", "2026-01-05"],
            ["2026-01-01", "2026-03-31", "2026-04-05"],
            ["2026-04-01", "2026-06-30", "2026-07-05"],
            ["2026-07-01", "2026-09-30", "2026-10-05"],
            ["2026-10-01", "2026-12-31", "2027-01-05"],
        ],
    ),
    // 28 and 29 February, a special period of the festival
    (
        Frequency::Daily,
        "2028-02-28",
        Some("2028-03-01"),
        0,
        &[
            ["2028-02-28", "2028-02-28", "2028-02-28"],
            ["2028-02-29", "2028-02-29", "2028-02-29"],
            ["2028-03-01", "2028-03-01", "2028-03-01"],
        ],
    ),
];

#[test]
fn due_days_are_those_of_the_table() {
    for (frequency, from, to, grace_days, expected) in TABLE {
        let schedule = schedule(*frequency, from, *to, *grace_days);
        // one more is asked for, to see that a schedule with a last day has no period behind it
        let most = expected.len() + usize::from(to.is_some());
        assert_eq!(
            periods(&schedule, most),
            *expected,
            "{frequency} from {from}"
        );
    }
}

#[test]
fn a_day_ends_at_midnight_in_beijing_in_summer_as_in_winter() {
    for (first, late_from, opens_at) in [
        ("2026-01-05", "2026-01-11T16:00:00Z", "2026-01-10T16:00:00Z"),
        ("2026-07-06", "2026-07-12T16:00:00Z", "2026-07-11T16:00:00Z"),
    ] {
        let schedule = schedule(Frequency::Weekly, first, None, 0);
        let period = schedule.periods().next().unwrap();
        assert_eq!(period.late_from(), at(late_from));
        assert_eq!(period.opens_at(), at(opens_at));
        assert!(local(period.late_from()).contains(" 00:00:00"));
    }
}

#[test]
fn a_report_can_be_handed_in_from_the_last_day_of_its_period_on() {
    let schedule = schedule(Frequency::Monthly, "2026-01-10", Some("2026-03-31"), 3);
    let reportable = |first: &str, now: &str| schedule.reportable(day(first), at(now));
    let january = Period {
        first: day("2026-01-10"),
        last: day("2026-01-31"),
        due: day("2026-02-03"),
    };
    assert_eq!(
        reportable("2026-01-10", "2026-01-30T16:00:00Z"),
        Ok(january)
    );
    let early = reportable("2026-01-10", "2026-01-30T15:59:59Z");
    assert_eq!(early, Err(NotAPeriod::NotYet { period: january }));
    let words = early.unwrap_err().to_string();
    assert!(words.contains("lasts to 2026-01-31"), "{words}");
    let words = reportable("2026-01-11", "2026-06-01T00:00:00Z")
        .unwrap_err()
        .to_string();
    assert!(
        words.contains("the one around it is 2026-01-10 to 2026-01-31"),
        "{words}"
    );
    for outside in ["2026-01-09", "2026-04-01"] {
        let words = reportable(outside, "2026-06-01T00:00:00Z")
            .unwrap_err()
            .to_string();
        assert!(
            words.contains("holds from 2026-01-10 to 2026-03-31"),
            "{words}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_schedule_is_said_all_at_once() {
    let wrong = Schedule {
        kind: ReportKind::SpecialPeriod,
        ..schedule(Frequency::Daily, "2026-01-04", None, 16)
    };
    let faults = wrong.faults(day("2026-01-05"));
    let fields: Vec<&str> = faults.iter().map(ScheduleFault::field).collect();
    assert_eq!(fields, ["valid_from", "valid_to", "grace_days"]);
    let backwards = schedule(Frequency::Weekly, "2026-01-05", Some("2026-01-04"), 0);
    assert_eq!(backwards.faults(day("2026-01-05"))[0].field(), "valid_to");
    let far = schedule(Frequency::Weekly, "2027-01-07", None, 0);
    assert_eq!(
        far.faults(day("2026-01-05")),
        [ScheduleFault::BeginsTooFarAhead]
    );
    assert!(
        schedule(Frequency::Weekly, "2027-01-06", None, 15)
            .faults(day("2026-01-05"))
            .is_empty()
    );
}

#[test]
fn one_edge_has_one_schedule_of_a_kind_at_a_time_and_a_campaign_raises_the_frequency() {
    let regular = schedule(Frequency::Monthly, "2026-01-01", None, 0);
    let campaign = |frequency| Schedule {
        kind: ReportKind::Campaign,
        ..schedule(frequency, "2026-03-01", Some("2026-03-31"), 0)
    };
    let conflict = |given: Schedule, other: Schedule| {
        first_in_conflict(&given, [&other]).map(|(field, _)| field)
    };
    assert_eq!(conflict(campaign(Frequency::Weekly), regular), None);
    assert_eq!(
        conflict(campaign(Frequency::Monthly), regular),
        Some("frequency")
    );
    assert_eq!(
        conflict(campaign(Frequency::Quarterly), regular),
        Some("frequency")
    );
    let later = schedule(Frequency::Weekly, "2026-06-01", None, 0);
    assert_eq!(conflict(later, regular), Some("valid_from"));
    assert_eq!(conflict(regular, later), Some("valid_to"));
    let ended = Schedule {
        valid_to: Some(day("2026-05-31")),
        ..regular
    };
    assert_eq!(conflict(later, ended), None);
    let check = Schedule {
        kind: ReportKind::HotIssueCheck,
        ..schedule(Frequency::Quarterly, "2026-01-01", None, 0)
    };
    assert_eq!(conflict(check, regular), None);
}

fn organ(place: &str, function: &str) -> OrganProfile {
    let territory: TerritoryCode = place.parse().unwrap();
    OrganProfile {
        id: organ_id(&territory, function),
        name: function.to_owned(),
        level: territory.level(),
        territory,
        functions: vec![function.to_owned()],
    }
}

#[test]
fn the_usual_frequencies_are_those_of_the_operating_rules() {
    let regular = [
        (
            organ("431202001001", "villagers_committee"),
            Frequency::Weekly,
        ),
        (
            organ("431202001", TOWNSHIP_GOVERNMENT),
            Frequency::HalfMonthly,
        ),
        (organ("431202001", PETITION_OFFICE), Frequency::HalfMonthly),
        (organ("431202001", "civil_affairs"), Frequency::Monthly),
        (organ("431202", PETITION_OFFICE), Frequency::Monthly),
    ];
    for (organ, frequency) in &regular {
        assert_eq!(
            usual_frequency(ReportKind::Regular, organ),
            *frequency,
            "{}",
            organ.name
        );
    }
    let county = &regular[4].0;
    assert_eq!(
        usual_frequency(ReportKind::Campaign, county),
        Frequency::Weekly
    );
    assert_eq!(
        usual_frequency(ReportKind::HotIssueCheck, county),
        Frequency::Quarterly
    );
    assert_eq!(
        usual_frequency(ReportKind::SpecialPeriod, county),
        Frequency::Daily
    );
}

#[test]
fn an_organ_reports_to_one_above_it() {
    let (town, county) = (
        organ("431202001", PETITION_OFFICE),
        organ("431202", PETITION_OFFICE),
    );
    let (department, elsewhere) = (
        organ("431202001", "civil_affairs"),
        organ("431221", PETITION_OFFICE),
    );
    let check = |organ, to| Edge { organ, to }.check();
    assert_eq!(check(&town, &county), Ok(()));
    assert_eq!(check(&department, &town), Ok(()));
    assert_eq!(check(&town, &town), Err(EdgeFault::Itself));
    for (organ, to) in [(&county, &town), (&town, &elsewhere)] {
        assert_eq!(
            check(organ, to),
            Err(EdgeFault::NotAbove {
                place: organ.territory
            })
        );
    }
}

fn frequencies() -> impl Strategy<Value = Frequency> {
    prop::sample::select(Frequency::all())
}

fn dates() -> impl Strategy<Value = Date> {
    (0_i64..36_500).prop_map(|days| day("2000-01-01") + TimeDelta::days(days))
}

proptest! {
    #[test]
    fn periods_leave_out_no_day_and_hold_none_twice(
        frequency in frequencies(), from in dates(), days in 0_i64..800, grace_days in 0_u32..16,
    ) {
        let to = from + TimeDelta::days(days);
        let schedule = Schedule {
            kind: ReportKind::Regular, frequency, grace_days, valid_from: from, valid_to: Some(to),
        };
        let periods: Vec<Period> = schedule.periods().collect();
        prop_assert_eq!(periods.first().unwrap().first, from);
        prop_assert_eq!(periods.last().unwrap().last, to);
        for pair in periods.windows(2) {
            prop_assert_eq!(pair[0].last.succ_opt().unwrap(), pair[1].first);
            prop_assert!(pair[0].due < pair[1].due, "due days rise");
        }
        for period in &periods {
            prop_assert!(period.first <= period.last && period.last <= period.due);
            for date in [period.first, period.last] {
                prop_assert_eq!(schedule.period_of(date), Some(*period));
            }
            let rest: Vec<Period> = schedule.periods_from(period.first).collect();
            prop_assert_eq!(&rest[..], &periods[periods.iter().position(|one| one == period).unwrap()..]);
        }
        prop_assert_eq!(schedule.period_of(from.pred_opt().unwrap()), None);
        prop_assert_eq!(schedule.period_of(to.succ_opt().unwrap()), None);
    }

    #[test]
    fn a_higher_frequency_has_no_longer_periods(day in dates()) {
        let length = |frequency: Frequency| {
            let (first, last) = frequency.around(day);
            assert!(first <= day && day <= last);
            (last - first).num_days()
        };
        let lengths: Vec<i64> = Frequency::all().iter().map(|one| length(*one)).collect();
        prop_assert!(lengths.windows(2).all(|pair| pair[0] > pair[1]), "{:?}", lengths);
    }

    #[test]
    fn an_open_dispute_is_in_every_report_until_it_is_closed(
        reports in prop::collection::vec((0_usize..3, prop::collection::vec(any::<prop::sample::Index>(), 0..3)), 1..30),
    ) {
        let (mut open, mut next): (Vec<u32>, u32) = (Vec::new(), 0);
        for (opening, closing) in reports {
            let opened: Vec<u32> = (next..).take(opening).collect();
            next += u32::try_from(opening).unwrap();
            let closed: BTreeSet<u32> = closing
                .iter()
                .filter(|_| !open.is_empty())
                .map(|index| open[index.index(open.len())])
                .collect();
            let entries = Entries { opened: opened.clone(), closed: closed.into_iter().collect(), noted: Vec::new() };
            let is_zero = open.is_empty() && opened.is_empty();
            prop_assert!(carry_over(&open, &entries, !is_zero).is_err(), "zero is said wrongly");
            let carried = carry_over(&open, &entries, is_zero).unwrap();
            let before: BTreeSet<u32> = open.iter().copied().collect();
            let after: BTreeSet<u32> = carried.iter().chain(&entries.closed).copied().collect();
            prop_assert_eq!(before, after, "carried or closed, and nothing else");
            open = carried.into_iter().chain(opened).collect();
        }
    }
}
