//! The ladder of methods, its warnings and their answers, through the public door.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test whose ground is missing fails"
)]

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::time::{Duration, Instant};
use huiyin_domain::warning::hot_spots::{
    Answer, AnswerRefused, BadFields, Candidate, Choice, CusumMean, CusumSettings, CusumTransform,
    Cycle, EarsSettings, EarsVariant, Enough, Evaluation, Explanation, FarringtonSettings,
    FlexibleSettings, Grounds, Ladder, LadderSettings, MINIMUM_MATTERS, Method,
    MultiplicitySettings, NegativeBinomialSettings, Rung, ScanSettings, Series, Warning,
    WarningState, Watch, Watched, Working, Workspace, evaluate,
};
use proptest::prelude::*;
use uuid::Uuid;

/// The last day of a bit more than three years.
const LAST: usize = 164 * 7;

fn ladder() -> Ladder {
    LadderSettings::default().checked().unwrap()
}

/// A place with so many matters a day, give or take one or two, and so many on the last day.
fn place(days: usize, each_day: u32, last: u32) -> Vec<u32> {
    let wave = [0, 1, 0, 2, 1, 0, 1, 2, 0];
    let mut counts: Vec<u32> = (0..days).map(|day| each_day + wave[day % 9]).collect();
    counts.push(last);
    counts
}

fn watched(counts: Vec<u32>) -> Watched {
    let day = counts.len() - 1;
    match evaluate(&Series::new(counts).unwrap(), day, &ladder()).unwrap() {
        Evaluation::Watched(watched) => watched,
        other => panic!("{other:?}"),
    }
}

fn organ(number: u128) -> OrganId {
    OrganId::from_uuid(Uuid::from_u128(number))
}

fn at(minutes: i64) -> Instant {
    let start: Instant = "2026-01-05T01:00:00Z".parse().unwrap();
    start + Duration::minutes(minutes)
}

fn names(watched: &Watched) -> Vec<&'static str> {
    let readings = watched.readings.iter();
    readings.map(|reading| reading.method.name()).collect()
}

#[test]
fn each_length_of_history_has_its_methods() {
    assert_eq!(
        evaluate(&Series::new(vec![3; 30]).unwrap(), 10, &ladder()).unwrap(),
        Evaluation::TooShort {
            history: 10,
            needed: 11
        }
    );
    for (days, methods) in [
        (11, ["EARS C2", "EARS C3"]),
        (27, ["EARS C2", "negative binomial sum"]),
        (70, ["EARS C2", "negative binomial sum"]),
        (1119, ["EARS C2", "negative binomial sum"]),
        (1120, ["Farrington Flexible", "negative binomial sum"]),
    ] {
        assert_eq!(names(&watched(place(days, 3, 3))), methods, "{days} days");
    }
}

#[test]
fn a_day_without_a_report_is_no_zero_and_no_warning() {
    let mut counts: Vec<Option<u32>> = place(80, 3, 3).into_iter().map(Some).collect();
    counts[80] = None;
    let series = Series::with_gaps(&counts).unwrap();
    let evaluation = evaluate(&series, 80, &ladder()).unwrap();
    assert_eq!(evaluation, Evaluation::NoReport);
}

#[test]
fn gaps_of_the_past_are_left_out() {
    let mut counts: Vec<Option<u32>> = place(LAST, 3, 30).into_iter().map(Some).collect();
    for gap in (5..LAST).step_by(50) {
        counts[gap] = None;
    }
    let series = Series::with_gaps(&counts).unwrap();
    let Evaluation::Watched(watched) = evaluate(&series, LAST, &ladder()).unwrap() else {
        panic!("not watched");
    };
    let explanation = Explanation::of(&watched).unwrap();
    let expected = explanation.expected.unwrap();
    assert!((expected - 3.8).abs() < 0.8, "{expected}");
}

#[test]
fn a_rise_warns_at_every_length_of_history_and_says_why() {
    for days in [11, 27, 70, LAST] {
        let mut counts = place(days, 3, 30);
        counts[days - 1] = 25;
        counts[days - 2] = 25;
        let watched = watched(counts);
        let explanation = Explanation::of(&watched).unwrap();
        assert_eq!((explanation.day, explanation.observed), (days, 30));
        assert!(explanation.expected.is_some_and(|expected| expected < 30.0));
        assert!(explanation.bound.is_some());
        assert!(explanation.p_value.is_some_and(|p_value| p_value < 0.01));
        let Grounds::Series { baseline, .. } = explanation.grounds else {
            panic!("no series");
        };
        assert!(baseline.is_some_and(|baseline| baseline.last < days));
    }
    assert_eq!(Explanation::of(&watched(place(LAST, 3, 4))), None);
}

#[test]
fn an_explanation_is_one_line_for_a_reader() {
    let explanation = Explanation::of(&watched(place(LAST, 3, 30))).unwrap();
    assert_eq!(
        explanation.to_string(),
        "30 matters, 3.8 expected, bound 11.0, p at most 2.2e-17, by Farrington Flexible against 155 past days around 3.8"
    );
    let method = serde_json::to_value(&explanation).unwrap()["grounds"]["method"].clone();
    assert_eq!(method["settings"]["alpha"], 0.001);
}

#[test]
fn a_series_below_the_minimum_group_never_warns() {
    // Nothing ever happened here; four matters in a day are far beyond every bound, and still nobody is singled out.
    for days in [11, 27, 70, LAST] {
        let quiet = |last| watched([vec![0; days], vec![last]].concat());
        let four = quiet(MINIMUM_MATTERS as u32 - 1);
        assert_eq!(four.warning(), None, "{days} days");
        if days >= 27 {
            assert!(quiet(40).warning().is_some(), "{days} days");
        }
    }
}

#[test]
fn a_warning_is_closed_by_the_answers_of_all_who_owe_them_and_by_nothing_else() {
    type Named = Warning<&'static str, OrganId, MatterId>;
    let explanation = Explanation::of(&watched(place(LAST, 3, 30))).unwrap();
    let subjects = vec!["labour", "housing"];
    let owing = vec![organ(2), organ(1), organ(2)];
    let open = Named::open(explanation.clone(), subjects, owing).unwrap();
    let matter = MatterId::from_uuid(Uuid::from_u128(7));
    let answer = |by: u128, minutes: i64, answered: Vec<MatterId>| Answer {
        organ: organ(by),
        at: at(minutes),
        answered,
    };
    let refused = |warning: &Named, answer| warning.answer(answer).unwrap_err();
    assert_eq!(open.owing(), [organ(1), organ(2)]);
    assert_eq!(
        refused(&open, answer(1, 0, vec![])),
        AnswerRefused::NothingAnswered
    );
    assert_eq!(
        refused(&open, answer(3, 0, vec![matter])),
        AnswerRefused::NotOwing
    );
    let half = open.answer(answer(2, 90, vec![matter])).unwrap();
    assert!(matches!(half.state(), WarningState::Open { answers } if answers.len() == 1));
    assert_eq!(half.still_owing(), [&organ(1)]);
    let closed = half.answer(answer(1, 60, vec![matter])).unwrap();
    let WarningState::Answered { answers, at: when } = closed.state() else {
        panic!("open");
    };
    assert_eq!((answers.len(), *when), (2, at(90)));
    assert!(closed.still_owing().is_empty());
    assert_eq!(
        refused(&closed, answer(1, 99, vec![matter])),
        AnswerRefused::AlreadyAnswered
    );
    let nobody = Named::open(explanation, vec![], vec![]).unwrap_err();
    assert!(nobody.to_string().starts_with("owing is empty"));
}

#[test]
fn a_perfect_fit_has_no_trend() {
    // Nothing is left over that a trend could be tested by; what rounding leaves is no trend.
    let work = &mut Workspace::default();
    for count in 1..80 {
        let series = Series::new(vec![count; 330]).unwrap();
        for years in 3..6 {
            let settings = FarringtonSettings {
                years,
                ..FarringtonSettings::of(Cycle::Points { length: 52 })
            };
            let judged = settings.checked().unwrap();
            let judged = judged
                .judge(&series, 300 + count as usize % 30, work)
                .unwrap();
            let Working::Regression { trend, .. } = judged.working else {
                panic!("{judged:?}");
            };
            assert_eq!(trend, None, "{count} {years}");
        }
    }
}

#[test]
fn a_sum_forgets_a_hot_spot_that_ended() {
    let mut counts = place(90, 3, 3);
    counts[60..67].fill(30);
    let series = Series::new(counts).unwrap();
    let sum = &LadderSettings::default().rungs[1].methods[1];
    let Method::NegativeBinomialCusum(settings) = *sum else {
        panic!("{sum:?}");
    };
    let sum = settings.checked().unwrap();
    let alarms = (50..90).filter(|day| sum.judge(&series, *day).unwrap().alarm);
    let days: Vec<usize> = alarms.collect();
    assert_eq!((days[0], days.len()), (60, 8), "{days:?}");
}

#[test]
fn c3_rests_on_the_matters_of_three_days() {
    let mut counts = place(11, 3, 2);
    counts[9..11].fill(25);
    let watched = watched(counts);
    let matters = watched.readings.iter().map(|reading| reading.matters);
    assert_eq!(matters.collect::<Vec<_>>(), [2, 52]);
}

#[test]
fn a_ladder_that_cannot_stand_is_refused() {
    let ears = Method::Ears(EarsSettings::of(EarsVariant::C3));
    let rung = |from, methods| Rung { from, methods };
    let refused = |rungs| {
        let settings = LadderSettings {
            rungs,
            minimum_matters: 5,
        };
        settings.checked().unwrap_err().to_string()
    };
    assert!(refused(vec![]).starts_with("rungs is none"));
    assert!(refused(vec![rung(20, vec![ears]), rung(20, vec![])]).contains("from is 20"));
    assert!(refused(vec![rung(20, vec![])]).starts_with("methods is none"));
    assert_eq!(
        refused(vec![rung(10, vec![ears])]),
        "from is 10; allowed: at least 11, the history of its methods"
    );
    let flexible = Method::Flexible {
        every: 7,
        settings: FlexibleSettings::of(Cycle::Points { length: 52 }),
    };
    assert!(refused(vec![rung(5 * 364, vec![flexible])]).contains("years is 5"));
}

#[test]
fn a_ladder_reads_back_from_its_words() {
    let settings = LadderSettings::default();
    let words = serde_json::to_string(&settings).unwrap();
    assert_eq!(
        serde_json::from_str::<LadderSettings>(&words).unwrap(),
        settings
    );
}

/// The names of the fields that are refused.
fn fields<T>(result: Result<T, BadFields>) -> Vec<&'static str> {
    let refused = result.err().unwrap();
    refused.fields().iter().map(|field| field.field).collect()
}

#[test]
fn every_setting_out_of_bounds_is_named() {
    let not_a_number = f64::NAN;
    let ears = EarsSettings {
        baseline: 2,
        minimum_sigma: not_a_number,
        alpha: 1.0,
        ..EarsSettings::of(EarsVariant::C1)
    };
    assert_eq!(
        fields(ears.checked()),
        ["baseline", "minimum_sigma", "alpha"]
    );
    let enough = Enough {
        matters: 5,
        points: 0,
    };
    let farrington = FarringtonSettings {
        years: 0,
        half_window: 26,
        alpha: 0.0,
        enough,
        ..FarringtonSettings::of(Cycle::Points { length: 52 })
    };
    assert_eq!(
        fields(farrington.checked()),
        ["years", "half_window", "alpha", "enough.points"]
    );
    let flexible = FlexibleSettings {
        periods: 0,
        outbreak_threshold: Some(not_a_number),
        trend_threshold: 1.5,
        alpha: not_a_number,
        ..FlexibleSettings::of(Cycle::Points { length: 0 })
    };
    assert_eq!(
        fields(flexible.checked()),
        [
            "cycle.length",
            "half_window",
            "periods",
            "outbreak_threshold",
            "trend_threshold",
            "alpha"
        ]
    );
}

#[test]
fn every_setting_of_a_sum_out_of_bounds_is_named() {
    let not_a_number = f64::NAN;
    let cusum = CusumSettings {
        reference: not_a_number,
        limit: 0.0,
        mean: CusumMean::Harmonic {
            period: 2.0,
            first_position: -1.0,
        },
        transform: CusumTransform::PearsonNegativeBinomial {
            alpha: not_a_number,
        },
    };
    assert_eq!(
        fields(cusum.checked()),
        ["reference", "limit", "period", "first_position", "alpha"]
    );
    let sum = NegativeBinomialSettings {
        baseline: 13,
        window: 0,
        cycle: 7,
        rise: 1.0,
        limit: 5.0,
        ceiling: 4.0,
        minimum_mean: 0.0,
    };
    assert_eq!(
        fields(sum.checked()),
        ["baseline", "window", "rise", "ceiling", "minimum_mean"]
    );
}

#[test]
fn a_window_larger_than_the_history_is_refused() {
    let series = Series::new(place(60, 3, 4)).unwrap();
    let said = |result: Result<_, BadFields>| result.map(|_: ()| ()).unwrap_err().to_string();
    let ears = EarsSettings::of(EarsVariant::C2).checked().unwrap();
    assert_eq!(
        said(ears.judge(&series, 8).map(|_| ())),
        "baseline is 7 at point 8; allowed: a window within the history; this one needs 9 points before the day"
    );
    let weeks = Cycle::Points { length: 52 };
    let work = &mut Workspace::default();
    let flexible = FlexibleSettings::of(weeks).checked().unwrap();
    assert!(said(flexible.judge(&series, 60, work).map(|_| ())).starts_with("years is 5 at"));
    let farrington = FarringtonSettings::of(weeks).checked().unwrap();
    assert!(said(farrington.judge(&series, 48, work).map(|_| ())).contains("with 0 past points"));
    let cusum = CusumSettings::default().checked().unwrap();
    assert!(said(cusum.watch(&series, 0..3).map(|_| ())).starts_with("watched is 0 to 3"));
    assert!(said(cusum.watch(&series, 58..62).map(|_| ())).starts_with("at is 61, outside"));
}

/// A generated history: quiet or busy, with or without weekends, as long as the ladder's rungs ask for.
fn histories() -> impl Strategy<Value = Vec<u32>> {
    let days = prop_oneof![Just(12), Just(40), Just(90), Just(LAST)];
    (days, 0_u32..12, any::<bool>()).prop_flat_map(|(days, most, weekends)| {
        prop::collection::vec(0..=most, days).prop_map(move |counts| {
            let rests = |day: usize| weekends && day % 7 >= 5;
            let days = counts.into_iter().enumerate();
            days.map(|(day, count)| if rests(day) { 0 } else { count })
                .collect()
        })
    })
}

/// What becomes of one series of a day.
fn choices(days: &[Vec<u32>]) -> Vec<Choice> {
    let watch = |counts: &Vec<u32>| watched(counts.clone());
    let candidates: Vec<_> = days
        .iter()
        .enumerate()
        .filter_map(|(series, counts)| {
            Candidate::of(series, series % 2, &Evaluation::Watched(watch(counts)))
        })
        .collect();
    let multiplicity = MultiplicitySettings {
        budget: 2,
        ..MultiplicitySettings::default()
    };
    multiplicity.checked().unwrap().choose(&candidates)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn more_observed_never_unwarns(counts in histories(), more in 1_u32..60) {
        let before = watched(counts.clone());
        let mut counts = counts;
        *counts.last_mut().unwrap() += more;
        let after = watched(counts);
        for (one, other) in before.readings.iter().zip(&after.readings) {
            prop_assert!(!one.judgement.alarm || other.judgement.alarm, "{one:?} {other:?}");
        }
        prop_assert!(before.warning().is_none() || after.warning().is_some());
        prop_assert!(after.p_value() <= before.p_value() * (1.0 + 1e-9));
    }

    #[test]
    fn the_same_data_give_the_same_result_whatever_was_computed_before(one in histories(), other in histories()) {
        let ladder = ladder();
        let judge = |counts: &Vec<u32>, work: &mut Workspace| {
            let watch = Watch::on(counts.len() - 1, &ladder).unwrap();
            watch.evaluate(&Series::new(counts.clone()).unwrap(), work).unwrap()
        };
        let mut used = Workspace::default();
        judge(&other, &mut used);
        prop_assert_eq!(judge(&one, &mut used), judge(&one, &mut Workspace::default()));
    }

    #[test]
    fn a_warning_rests_on_the_minimum_group_or_more(counts in histories()) {
        let watched = watched(counts);
        let matters = watched.warning().map(|reading| reading.matters);
        prop_assert!(matters.is_none_or(|matters| matters >= MINIMUM_MATTERS));
    }
}

proptest! {
    #[test]
    fn a_season_with_a_single_past_point_still_has_a_bound(counts in prop::collection::vec(0_u32..30, 60)) {
        // One past year, windows of one point: the regression goes through that point.
        let settings = FlexibleSettings {
            years: 1,
            half_window: 0,
            periods: 4,
            recent_left_out: 0,
            outbreak_threshold: Some(1.0),
            enough: Enough { matters: 0, points: 1 },
            ..FlexibleSettings::of(Cycle::Points { length: 52 })
        };
        let series = Series::new(counts).unwrap();
        let judged = settings.checked().unwrap().judge(&series, 59, &mut Workspace::default()).unwrap();
        prop_assert!(judged.upper.is_some_and(f64::is_finite), "{judged:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_series_does_not_matter_and_more_observed_keeps_a_warning(
        mut days in prop::collection::vec((prop::collection::vec(0_u32..4, 90), 0_u32..25), 2..8),
        turn in 0_usize..8,
    ) {
        let series = |days: &[(Vec<u32>, u32)]| -> Vec<Vec<u32>> {
            days.iter().map(|(counts, last)| [counts.clone(), vec![*last]].concat()).collect()
        };
        let before = choices(&series(&days));
        let turned = turn % days.len();
        let mut order: Vec<usize> = (0..days.len()).collect();
        order.rotate_left(turned);
        let candidates = |order: &[usize]| -> Vec<Candidate<usize, usize>> {
            let all = series(&days);
            order.iter().map(|index| {
                let watched = watched(all[*index].clone());
                Candidate::of(*index, index % 2, &Evaluation::Watched(watched)).unwrap()
            }).collect()
        };
        let multiplicity = MultiplicitySettings { budget: 2, ..MultiplicitySettings::default() };
        let again = multiplicity.checked().unwrap().choose(&candidates(&order));
        for (place, index) in order.iter().enumerate() {
            prop_assert_eq!(again[place], before[*index]);
        }
        days[turned].1 += 30;
        let after = choices(&series(&days));
        prop_assert!(before[turned] != Choice::Warns || after[turned] == Choice::Warns);
    }
}

#[test]
fn the_defaults_of_the_scan_keep_the_minimum_group() {
    assert_eq!(ScanSettings::default().minimum_matters, MINIMUM_MATTERS);
}
