//! Duty: gaps against a count of minutes, what a roster can be, who is on duty and who is called.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own text fails"
)]

use chrono::{TimeDelta, Timelike as _};
use huiyin_domain::ids::AlertId;
use huiyin_domain::time::{Date, Instant, local_date, start_of_day};
use huiyin_domain::warning::Step;
use huiyin_domain::warning::duty::{
    DutyCover, DutyHours, DutyRole, HandOverFaults, OnDuty, ShiftFault, Stretch, Substitution,
    gaps, hand_over, next_look, required, roster_faults, unsaid,
};
use proptest::prelude::*;
use uuid::Uuid;

/// Monday, 5 January 2026, in Beijing.
fn midnight() -> Instant {
    start_of_day(day(5))
}

fn day(number: u32) -> Date {
    Date::from_ymd_opt(2026, 1, number).unwrap()
}

fn hour(hour: i64) -> Instant {
    midnight() + TimeDelta::hours(hour)
}

fn stretch(from: i64, to: i64) -> Stretch {
    Stretch::new(hour(from), hour(to)).unwrap()
}

fn minutes((from, length): (i64, i64)) -> Stretch {
    let from = midnight() + TimeDelta::minutes(from);
    Stretch::new(from, from + TimeDelta::minutes(length)).unwrap()
}

fn hours(from: &str, to: &str) -> DutyHours {
    DutyHours::read(from, to).unwrap()
}

fn posts() -> OnDuty {
    OnDuty {
        post: "duty-desk".to_owned(),
        deputy: "second desk".to_owned(),
        leader: "head".to_owned(),
    }
}

fn any_stretches(most: usize, window: i64) -> impl Strategy<Value = Vec<Stretch>> {
    prop::collection::vec((0..window, 1..1_440_i64).prop_map(minutes), 0..most)
}

/// Minutes of the window in which a rule of one minute holds.
fn count(window: &Stretch, holds: impl Fn(Instant) -> bool) -> Vec<Instant> {
    let minutes =
        (0..window.length().num_minutes()).map(|minute| window.from() + TimeDelta::minutes(minute));
    minutes.filter(|minute| holds(*minute)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn gaps_are_the_required_minutes_in_which_nobody_is_on_duty(
        required in any_stretches(6, 3_000), kept in any_stretches(8, 3_000),
    ) {
        let found = gaps(&required, &kept);
        let window = minutes((0, 4_500));
        let is_in = |stretches: &[Stretch], at| stretches.iter().any(|stretch| stretch.holds(at));
        prop_assert_eq!(
            count(&window, |at| is_in(&found, at)),
            count(&window, |at| is_in(&required, at) && !is_in(&kept, at))
        );
        prop_assert!(found.windows(2).all(|two| two[0].to() < two[1].from()), "apart and in order: {:?}", found);
    }

    #[test]
    fn somebody_is_required_in_the_hours_of_the_roster_of_the_day_and_in_special_periods(
        covers in prop::collection::vec((1_u32..12, prop::option::of((0_u32..1440, 0_u32..=1440))), 0..4),
        special in any_stretches(3, 9_000), (from, length) in (0_i64..6_000, 1_i64..4_000),
    ) {
        let covers: Vec<DutyCover> = covers
            .into_iter()
            .map(|(begins, hours)| DutyCover {
                begins: day(begins),
                hours: hours.map(|(from, to)| DutyHours::new(from, to).unwrap()),
            })
            .collect();
        let window = minutes((from, length));
        // a minute is covered by the hours of its own day, or by those of the day before that last over midnight
        let of_day = |on: Date| {
            let begun = covers.iter().filter(|cover| cover.begins <= on);
            begun.max_by_key(|cover| cover.begins).and_then(|cover| cover.hours)
        };
        let covered = |at: Instant| {
            let beijing = at + TimeDelta::hours(8);
            let minute = beijing.hour() * 60 + beijing.minute();
            let today = of_day(local_date(at)).is_some_and(|hours| {
                minute >= hours.from() && (minute < hours.to() || hours.to() <= hours.from())
            });
            let yesterday = of_day(local_date(at).pred_opt().unwrap())
                .is_some_and(|hours| hours.to() <= hours.from() && minute < hours.to());
            today || yesterday
        };
        let found = required(&covers, &special, &window);
        prop_assert_eq!(
            count(&window, |at| found.iter().any(|stretch| stretch.holds(at))),
            count(&window, |at| covered(at) || special.iter().any(|stretch| stretch.holds(at)))
        );
        prop_assert!(found.iter().all(|stretch| stretch.within(&window) == Some(*stretch)));
    }
}

#[test]
fn a_night_duty_lasts_into_the_next_day_and_twenty_four_hours_are_one_stretch() {
    let cover = |hours| DutyCover {
        begins: day(1),
        hours: Some(hours),
    };
    let window = stretch(0, 48);
    let night = required(&[cover(hours("18:00", "08:00"))], &[], &window);
    assert_eq!(night, [stretch(0, 8), stretch(18, 32), stretch(42, 48)]);
    for whole in [
        hours("00:00", "24:00"),
        hours("09:00", "09:00"),
        DutyHours::ROUND_THE_CLOCK,
    ] {
        assert_eq!(required(&[cover(whole)], &[], &window), [window]);
    }
}

#[test]
fn a_roster_without_hours_ends_what_the_one_before_promised() {
    let covers = [
        DutyCover {
            begins: day(1),
            hours: Some(DutyHours::ROUND_THE_CLOCK),
        },
        DutyCover {
            begins: day(6),
            hours: None,
        },
    ];
    assert_eq!(required(&covers, &[], &stretch(0, 72)), [stretch(0, 24)]);
}

#[test]
fn times_of_the_day_are_read_as_they_are_written() {
    for wrong in [
        "8:00", "08:60", "24:01", "25:00", "0800", "", "08:00:00", "+8:00",
    ] {
        assert_eq!(DutyHours::read(wrong, "18:00"), None, "{wrong}");
    }
    assert_eq!(
        DutyHours::read("24:00", "08:00"),
        None,
        "no day begins at its end"
    );
    assert_eq!(DutyHours::written(hours("08:05", "24:00").from()), "08:05");
    assert_eq!(DutyHours::written(hours("08:05", "24:00").to()), "24:00");
}

#[test]
fn a_roster_is_in_order_ahead_and_of_shifts_of_a_day_at_most() {
    let now = hour(8) + TimeDelta::seconds(59);
    assert_eq!(roster_faults(&[stretch(8, 20), stretch(20, 44)], now), []);
    let wrong = [
        stretch(7, 32),
        stretch(20, 21),
        stretch(19, 22),
        stretch(24 * 368, 24 * 369),
    ];
    let expected = [
        (0, ShiftFault::InThePast { now: hour(8) }),
        (0, ShiftFault::TooLong),
        (
            1,
            ShiftFault::Overlaps {
                before: 0,
                there: stretch(7, 32),
            },
        ),
        (2, ShiftFault::OutOfOrder { before: 1 }),
        (3, ShiftFault::TooFarAhead),
    ];
    assert_eq!(roster_faults(&wrong, now), expected);
}

#[test]
fn a_substitute_is_on_duty_from_its_instant_on_and_the_post_it_takes_over_from_is_not() {
    let relieved = [
        Substitution {
            role: DutyRole::Post,
            post: "night desk".to_owned(),
            from: hour(10),
        },
        Substitution {
            role: DutyRole::Post,
            post: "third desk".to_owned(),
            from: hour(12),
        },
    ];
    let role = |post, at| posts().at(&relieved, at).role_of(post);
    assert_eq!(role("duty-desk", hour(9)), Some(DutyRole::Post));
    assert_eq!(role("night desk", hour(9)), None);
    assert_eq!(role("night desk", hour(10)), Some(DutyRole::Post));
    assert_eq!(
        (role("duty-desk", hour(10)), role("night desk", hour(12))),
        (None, None)
    );
    assert_eq!(role("head", hour(12)), Some(DutyRole::Leader));
}

#[test]
fn each_step_calls_its_post_and_from_the_level_above_on_no_single_one() {
    let posts = posts();
    let called = [0, 1, 2, 3, 4].map(|step| posts.called(Step::from_number(step)));
    assert_eq!(
        called,
        [
            Some("duty-desk"),
            Some("second desk"),
            Some("head"),
            None,
            None
        ]
    );
}

#[test]
fn a_gap_is_said_once_and_again_only_after_somebody_was_on_duty_in_between() {
    let open = [stretch(0, 24)];
    assert_eq!(unsaid(&open, hour(1), None), Some(open[0]));
    assert_eq!(unsaid(&open, hour(20), Some(hour(1))), None);
    let filled = gaps(&open, &[stretch(4, 8)]);
    assert_eq!(
        unsaid(&filled, hour(6), Some(hour(1))),
        None,
        "somebody is on duty"
    );
    assert_eq!(
        unsaid(&filled, hour(8), Some(hour(1))),
        Some(stretch(8, 24))
    );
}

#[test]
fn an_organ_is_looked_at_when_its_next_gap_begins_and_each_day_at_one() {
    assert_eq!(next_look(&[stretch(20, 22)], hour(8)), hour(20));
    assert_eq!(next_look(&[stretch(8, 22)], hour(8)), hour(25));
    assert_eq!(next_look(&[stretch(30, 31)], hour(8)), hour(25));
}

#[test]
fn a_hand_over_lists_every_open_alert_and_no_other() {
    let alert = |number| AlertId::from_uuid(Uuid::from_u128(number));
    assert_eq!(
        hand_over(&[alert(1), alert(2)], &[alert(2), alert(1)]),
        Ok(())
    );
    let faults = HandOverFaults {
        left_out: vec![alert(1)],
        not_open: vec![alert(3)],
    };
    assert_eq!(
        hand_over(&[alert(1), alert(2)], &[alert(2), alert(3)]),
        Err(faults)
    );
}
