//! Ladders of the escalation: the default one does what it always did, and no file makes one that stops, skips or dawdles.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own text fails"
)]

use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Date;
use huiyin_domain::vocabulary::{Level, UrgentKind};
use huiyin_domain::warning::{
    Escalation, EscalationLadder, EscalationLadders, LadderError, NamedWait, Step, Wait,
};

const LIMIT: Wait = Wait::Named(NamedWait::AcknowledgementLimit);

const UP: &str = r#"{"calls": "deputy", "after": "acknowledgement_limit"},
    {"calls": "level_above", "after": 10}, {"calls": "everybody", "after": 20}"#;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn code(text: &str) -> TerritoryCode {
    text.parse().unwrap()
}

fn ladder(head: &str, rungs: &str, again: &str) -> String {
    format!(r#"{{{head}, "source": "s", "rungs": [{rungs}], "again_every": {again}}}"#)
}

/// The default ladder and others.
fn file(others: &[String]) -> Result<EscalationLadders, LadderError> {
    let default = ladder(
        r#""ladder": "default", "valid_from": "2022-05-01""#,
        UP,
        "15",
    );
    let all: Vec<String> = std::iter::once(default)
        .chain(others.iter().cloned())
        .collect();
    EscalationLadders::parse(&format!(
        r#"{{"version": "1", "ladders": [{}]}}"#,
        all.join(",")
    ))
}

/// What a ladder did before there were any: one for everybody.
fn before(step: Step, level: Level) -> Escalation {
    let (step, added_level) = match (step, level.above()) {
        (Step::Duty, _) => (Step::Deputy, None),
        (Step::Deputy, _) => (Step::Leader, None),
        (Step::Leader, Some(above)) => (Step::LevelAbove, Some(above)),
        (Step::Leader, None) | (Step::LevelAbove, _) => (Step::Repeat(1), None),
        (Step::Repeat(n), _) => (Step::Repeat(n + 1), None),
    };
    Escalation { step, added_level }
}

fn climbed(ladder: &EscalationLadder, level: Level) -> Vec<(Step, Wait)> {
    let mut step = Step::Duty;
    let mut climbed = Vec::new();
    for _ in 0..6 {
        let next = ladder.next(step, level).step;
        assert!(next > step, "a step never falls");
        climbed.push((next, ladder.wait(step, level)));
        step = next;
    }
    climbed
}

#[test]
fn the_default_ladder_does_what_the_one_for_everybody_did() {
    for kind in UrgentKind::all() {
        let ladder =
            EscalationLadders::embedded().in_force(code("431202"), *kind, day("2026-01-05"));
        assert_eq!(ladder.version(), "urgent-report 2022-05-01");
        for level in Level::all() {
            for step in (0..10).map(Step::from_number) {
                assert_eq!(
                    ladder.next(step, *level),
                    before(step, *level),
                    "{step:?} of {level}"
                );
                let wait = match step {
                    Step::Duty | Step::Deputy | Step::Leader | Step::LevelAbove => LIMIT,
                    Step::Repeat(_) => Wait::Named(NamedWait::RepeatInterval),
                };
                assert_eq!(ladder.wait(step, *level), wait, "{step:?} of {level}");
            }
        }
    }
}

#[test]
fn a_ladder_leaves_out_the_leader_and_never_the_level_above_or_the_repetition() {
    let ladders = file(&[]).unwrap();
    let ladder = ladders.in_force(code("431202"), UrgentKind::Other, day("2026-01-05"));
    let above = [
        (Step::Deputy, LIMIT),
        (Step::LevelAbove, Wait::Minutes(10)),
        (Step::Repeat(1), Wait::Minutes(20)),
        (Step::Repeat(2), Wait::Minutes(15)),
        (Step::Repeat(3), Wait::Minutes(15)),
        (Step::Repeat(4), Wait::Minutes(15)),
    ];
    assert_eq!(climbed(ladder, Level::County), above);
    assert_eq!(
        ladder.next(Step::Deputy, Level::County).added_level,
        Some(Level::City)
    );
    let nation = climbed(ladder, Level::Nation);
    assert_eq!(
        nation[..3],
        [above[0], above[2], (Step::Repeat(2), Wait::Minutes(15))]
    );
}

#[test]
fn the_nearest_place_decides_there_the_kind_and_of_those_the_newest() {
    let head = |name, place, kind: Option<&str>, from| {
        let kind = kind.map_or(String::new(), |kind| format!(r#", "kind": "{kind}""#));
        let head =
            format!(r#""ladder": "{name}", "place": "{place}", "valid_from": "{from}"{kind}"#);
        ladder(&head, UP, "15")
    };
    let ladders = file(&[
        head(
            "nation-danger",
            "000000000000",
            Some("danger_to_life"),
            "2022-05-01",
        ),
        head("city", "431200000000", None, "2024-01-01"),
        head("city", "431200000000", None, "2026-02-01"),
        head(
            "city-visit",
            "431200000000",
            Some("collective_visit"),
            "2024-01-01",
        ),
    ])
    .unwrap();
    let found = |place, kind, on| ladders.in_force(code(place), kind, day(on)).version();
    use UrgentKind::{CollectiveVisit, DangerToLife, Other};
    assert_eq!(
        found("431202001", Other, "2023-12-31"),
        "default 2022-05-01"
    );
    assert_eq!(found("431202001", Other, "2026-01-31"), "city 2024-01-01");
    assert_eq!(
        found("431202001", DangerToLife, "2026-02-01"),
        "city 2026-02-01"
    );
    assert_eq!(
        found("431202001", CollectiveVisit, "2026-02-01"),
        "city-visit 2024-01-01"
    );
    assert_eq!(
        found("4301", DangerToLife, "2026-02-01"),
        "nation-danger 2022-05-01"
    );
    assert_eq!(found("4301", Other, "2000-01-01"), "default 2022-05-01");
    assert!(
        ladders.kept("city 2024-01-01").is_some(),
        "who climbs an old one goes on"
    );
    assert_eq!(ladders.kept("city 2025-01-01"), None);
}

#[test]
fn a_ladder_that_stops_skips_falls_or_hurries_is_refused_with_its_place() {
    const LAST: &str = r#"{"calls": "everybody", "after": "acknowledgement_limit"}"#;
    const ABOVE: &str = r#"{"calls": "level_above", "after": "acknowledgement_limit"}"#;
    const DEPUTY: &str = r#"{"calls": "deputy", "after": "acknowledgement_limit"}"#;
    const SOON: &str = r#"{"calls": "deputy", "after": 5}"#;
    let refused = |rungs: &[&str]| {
        let head = r#""ladder": "city", "place": "431200000000", "valid_from": "2024-01-01""#;
        file(&[ladder(head, &rungs.join(","), "15")])
            .unwrap_err()
            .to_string()
    };
    let begins = |words: String, with: &str| assert!(words.starts_with(with), "{words}");
    begins(
        refused(&[DEPUTY, ABOVE]),
        "ladders[1].rungs must end with everybody",
    );
    begins(refused(&[]), "ladders[1].rungs must end with everybody");
    begins(
        refused(&[DEPUTY, LAST]),
        "ladders[1].rungs must hold level_above",
    );
    begins(
        refused(&[ABOVE, DEPUTY, LAST]),
        "ladders[1].rungs must go upward",
    );
    begins(
        refused(&[ABOVE, ABOVE, LAST]),
        "ladders[1].rungs must go upward",
    );
    begins(
        refused(&[SOON, ABOVE, LAST]),
        "ladders[1].rungs[0].after must be acknowledgement_limit",
    );
}

#[test]
fn danger_to_life_is_never_slower_than_what_the_whole_nation_has() {
    let slow = |kind: &str, after: &str, again: &str| {
        let head = format!(
            r#""ladder": "city", "place": "431200000000", "valid_from": "2024-01-01"{kind}"#
        );
        let rungs = format!(
            r#"{{"calls": "level_above", "after": "acknowledgement_limit"}}, {{"calls": "everybody", "after": {after}}}"#
        );
        file(&[ladder(&head, &rungs, again)])
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let danger = r#", "kind": "danger_to_life""#;
    assert_eq!(slow(danger, "30", "30"), Ok(()));
    let refused = Err("ladders[1].rungs[1].after is 31 minutes; 1 to 30 is allowed".to_owned());
    assert_eq!(slow(danger, "31", "30"), refused);
    assert_eq!(
        slow("", "31", "30"),
        refused,
        "a ladder for every kind is one for this kind too"
    );
    let again = Err("ladders[1].again_every is 31 minutes; 1 to 30 is allowed".to_owned());
    assert_eq!(slow(danger, "30", "31"), again);
    assert_eq!(slow(r#", "kind": "other""#, "31", "1440"), Ok(()));
    assert!(
        slow(r#", "kind": "other""#, "0", "1").is_err(),
        "never at once and without end"
    );
}

#[test]
fn two_of_one_name_or_place_on_one_day_and_a_file_without_a_default_are_refused() {
    let head = r#""ladder": "default", "valid_from": "2022-05-01""#;
    assert!(matches!(
        file(&[ladder(head, UP, "15")]),
        Err(LadderError::Twice(1))
    ));
    let renamed = r#""ladder": "other name", "valid_from": "2022-05-01""#;
    assert!(matches!(
        file(&[ladder(renamed, UP, "15")]),
        Err(LadderError::Twice(1))
    ));
    let none = EscalationLadders::parse(r#"{"version": "1", "ladders": []}"#);
    assert!(matches!(none, Err(LadderError::NoDefault)));
}
