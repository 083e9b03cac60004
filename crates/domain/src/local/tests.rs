//! Which value holds where, and what is refused.

use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// The embedded rules with others added.
fn with(more: &str) -> Result<LocalRules, LocalRuleError> {
    let text = include_str!("../../data/local_rules.json");
    LocalRules::parse(&text.replace("\"rules\": [", &format!("\"rules\": [{more},")))
}

fn faults(more: &str) -> Vec<String> {
    match with(more).unwrap_err() {
        LocalRuleError::Faults(faults) => faults.iter().map(ToString::to_string).collect(),
        shape @ LocalRuleError::Shape(_) => vec![shape.to_string()],
    }
}

#[test]
fn the_defaults_are_those_of_the_handbook() {
    let asked = Asked::of("431202001".parse().unwrap(), day("2026-01-05"));
    let values: Vec<(&str, u32)> = LocalRuleId::all()
        .iter()
        .map(|id| (id.as_str(), LocalRules::embedded().value(*id, asked)))
        .collect();
    assert_eq!(
        values,
        [
            ("bounce_limit", 3),
            ("simplified_passing", 1),
            ("simplified_acceptance", 3),
            ("simplified_opinion", 10),
            ("recommendation_answer", 30),
            ("urgent_lateness", 120),
            ("acknowledgement_limit", 30),
            ("acknowledgement_quorum", 1),
            ("reporting_on_limit", 1440),
            ("desk_notices", 10),
            ("collective_visit", 5),
            ("collective_urgent", 50),
            ("duty_gap_days", 7),
        ]
    );
    let to_life = Asked {
        kind: Some(UrgentKind::DangerToLife),
        ..asked
    };
    assert_eq!(
        LocalRules::embedded().value(LocalRuleId::UrgentLateness, to_life),
        20
    );
    assert_eq!(
        LocalRules::embedded().value(LocalRuleId::ReportingOnLimit, to_life),
        240
    );
}

#[test]
fn the_nearest_place_then_the_kind_then_the_level_decides() {
    let rules = with(
        r#"{"rule": "acknowledgement_limit", "place": "4312", "value": 20, "valid_from": "2026-01-01", "source": "city"},
           {"rule": "acknowledgement_limit", "place": "4312", "level": "county", "value": 15, "valid_from": "2026-01-01", "source": "city"},
           {"rule": "acknowledgement_limit", "place": "4312", "kind": "danger_to_life", "value": 10, "valid_from": "2026-01-01", "valid_to": "2026-12-31", "source": "city"},
           {"rule": "acknowledgement_limit", "place": "431202", "value": 25, "valid_from": "2026-01-01", "source": "county"}"#,
    )
    .unwrap();
    let value = |place: &str, on: &str, level, kind| {
        let (place, on) = (place.parse().unwrap(), day(on));
        rules.value(
            LocalRuleId::AcknowledgementLimit,
            Asked {
                place,
                on,
                level,
                kind,
            },
        )
    };
    let (county, life) = (Some(Level::County), Some(UrgentKind::DangerToLife));
    assert_eq!(
        value(
            "431221",
            "2026-02-01",
            Some(Level::Township),
            Some(UrgentKind::Other)
        ),
        20
    );
    assert_eq!(
        value("431221", "2026-02-01", county, Some(UrgentKind::Other)),
        15
    );
    assert_eq!(value("431221", "2026-02-01", county, life), 10);
    assert_eq!(value("431221", "2027-01-01", county, life), 15);
    assert_eq!(value("431202001", "2026-02-01", county, life), 25);
    assert_eq!(value("431221", "2025-12-31", county, life), 30);
    assert_eq!(value("430102", "2026-02-01", county, life), 30);
}

#[test]
fn rules_that_contradict_themselves_are_refused_with_their_place() {
    let rule = |text: &str| {
        format!(
            r#"{{"rule": "bounce_limit", "place": "4312", "valid_from": "2026-01-01", {text}}}"#
        )
    };
    assert_eq!(
        faults(&rule(r#""value": 0, "source": "x""#)),
        ["rules[0].value must be at least 1"]
    );
    assert_eq!(
        faults(&rule(r#""value": 2, "source": """#)),
        ["rules[0].source must have 1 to 200 characters"]
    );
    assert_eq!(
        faults(&rule(
            r#""value": 2, "source": "x", "valid_to": "2025-12-31""#
        )),
        ["rules[0] ends before it begins"]
    );
    assert_eq!(
        faults(&rule(r#""value": 2, "source": "x", "level": "county""#)),
        ["rules[0].level: bounce_limit does not depend on it"]
    );
    assert_eq!(
        faults(&rule(r#""value": 2, "source": "x", "kind": "other""#)),
        ["rules[0].kind: bounce_limit does not depend on it"]
    );
    let two = [
        rule(r#""value": 2, "source": "x""#),
        rule(r#""value": 4, "source": "x""#),
    ]
    .join(",");
    assert_eq!(
        faults(&two),
        [
            "rules[1]: bounce_limit has two values for 431200000000 on 2026-01-01, the other in rules[0]"
        ]
    );
    assert!(faults(&rule(r#""valu": 2, "source": "x""#))[0].contains("unknown field `valu`"));
}

#[test]
fn a_day_without_a_value_for_the_nation_is_refused() {
    let text = include_str!("../../data/local_rules.json");
    let ended = text.replacen(
        "\"valid_from\": \"2022-05-01\"",
        "\"valid_from\": \"2022-05-01\", \"valid_to\": \"2025-06-30\"",
        1,
    );
    let words = LocalRules::parse(&ended).unwrap_err().to_string();
    assert_eq!(
        words,
        "the local rules are wrong: bounce_limit has no value for the whole nation on 2025-07-01"
    );
}

#[test]
fn the_order_in_a_file_decides_nothing_among_particular_values() {
    let rules = [
        r#"{"rule": "acknowledgement_limit", "place": "4312", "value": 10, "kind": "other", "valid_from": "2026-01-01", "source": "x"}"#,
        r#"{"rule": "acknowledgement_limit", "place": "4312", "value": 15, "level": "county", "valid_from": "2026-01-01", "source": "x"}"#,
        r#"{"rule": "acknowledgement_limit", "place": "4312", "value": 20, "valid_from": "2026-01-01", "source": "x"}"#,
        r#"{"rule": "acknowledgement_limit", "place": "4312", "value": 5, "kind": "other", "level": "county", "valid_from": "2026-01-01", "source": "x"}"#,
    ];
    for order in [[0, 1], [1, 0]] {
        let rules = with(&order.map(|place| rules[place]).join(",")).unwrap();
        let asked = Asked {
            place: "431202".parse().unwrap(),
            on: day("2026-02-01"),
            level: Some(Level::County),
            kind: Some(UrgentKind::Other),
        };
        let value = rules.value(LocalRuleId::AcknowledgementLimit, asked);
        assert_eq!(value, 10, "the kind before the level");
    }
    let reversed: Vec<&str> = rules.iter().rev().copied().collect();
    for more in [rules.join(","), reversed.join(",")] {
        let rules = with(&more).unwrap();
        let value = |level, kind| {
            let (place, on) = ("431202".parse().unwrap(), day("2026-02-01"));
            let asked = Asked {
                place,
                on,
                level,
                kind,
            };
            rules.value(LocalRuleId::AcknowledgementLimit, asked)
        };
        let (county, other) = (Some(Level::County), Some(UrgentKind::Other));
        let (city, life) = (Some(Level::City), Some(UrgentKind::DangerToLife));
        assert_eq!(value(county, other), 5);
        assert_eq!(value(city, other), 10);
        assert_eq!(value(county, life), 15);
        assert_eq!(value(city, life), 20);
    }
}

#[test]
fn a_value_for_a_place_a_level_or_a_kind_is_none_for_the_whole_nation() {
    let text = include_str!("../../data/local_rules.json");
    let general = r#"{"rule": "acknowledgement_limit", "value": 30,"#;
    assert!(text.contains(general));
    for particular in [
        r#"{"rule": "acknowledgement_limit", "value": 30, "place": "4312","#,
        r#"{"rule": "acknowledgement_limit", "value": 30, "level": "county","#,
        r#"{"rule": "acknowledgement_limit", "value": 30, "kind": "other","#,
    ] {
        let words = LocalRules::parse(&text.replace(general, particular)).unwrap_err();
        assert_eq!(
            words.to_string(),
            "the local rules are wrong: acknowledgement_limit has no value for the whole nation on 2022-05-01"
        );
    }
}

#[test]
fn a_value_of_one_day_holds_on_that_day_and_old_days_have_the_first_value() {
    let rules = with(
        r#"{"rule": "bounce_limit", "place": "4312", "value": 2, "valid_from": "2026-01-05", "valid_to": "2026-01-05", "source": "x"}"#,
    )
    .unwrap();
    assert_eq!(rules.version(), "2026-01-01");
    let value = |on| {
        let asked = Asked::of("4312".parse().unwrap(), day(on));
        rules
            .rule(LocalRuleId::BounceLimit, asked)
            .map(|rule| rule.value)
    };
    assert_eq!(value("2026-01-04"), Some(3));
    assert_eq!(value("2026-01-05"), Some(2));
    assert_eq!(value("2026-01-06"), Some(3));
    assert_eq!(value("2005-05-01"), Some(3), "before the Regulations");
}
