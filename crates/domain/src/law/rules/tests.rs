//! Rule sets that are taken, and those that are refused.

use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn the_set_says_what_it_is_and_lists_every_rule() {
    assert_eq!(rules().version(), "2022-05-01/1");
    assert!(rules().source().starts_with("Regulations on Petition Work"));
    let listed: Vec<ClockId> = rules().iter().map(|rule| rule.id).collect();
    assert_eq!(listed, ClockId::all());
}

#[test]
fn every_clock_has_its_limit_and_article() {
    let limits: Vec<_> = ClockId::all()
        .iter()
        .map(|clock| (clock.as_str(), rules().rule(*clock).limit))
        .collect();
    let (days, working) = (|n| Limit::Days { n }, |n| Limit::WorkingDays { n });
    assert_eq!(
        limits,
        [
            ("register_and_forward", days(15)),
            ("acceptance", days(15)),
            ("objection", working(5)),
            ("opinion", days(60)),
            ("assigned_limit", days(60)),
            ("simplified_acceptance", working(3)),
            ("simplified_opinion", working(10)),
            ("ask_review", days(30)),
            ("review_opinion", days(30)),
            ("ask_reexamination", days(30)),
            ("reexamination_opinion", days(30)),
            ("recommendation_answer", days(30)),
        ]
    );
    assert!(
        rules()
            .iter()
            .all(|rule| !rule.article.is_empty() && !rule.version.is_empty())
    );
    assert_eq!(rules().rule(ClockId::Opinion).extension_max_days, 30);
}

#[test]
fn a_clock_keeps_the_version_it_started_under() {
    let json = include_str!("../../../data/law.json").replace(
        "\"rules\": [",
        r#""rules": [{"id": "opinion", "article": "34", "version": "2027", "valid_from": "2027-01-01",
        "limit": {"unit": "days", "n": 45}, "extension_max_days": 0, "as_set": false, "pauses": [], "starts": ["accepted"], "ends": ["opinion_delivered"], "local": false},"#,
    );
    let set = RuleSet::parse(&json).unwrap();
    assert_eq!(
        set.rule_on(ClockId::Opinion, day("2026-12-31")).limit,
        Limit::Days { n: 60 }
    );
    assert_eq!(
        set.rule_on(ClockId::Opinion, day("2027-01-01")).limit,
        Limit::Days { n: 45 }
    );
    assert_eq!(
        set.rule_on(ClockId::Opinion, day("2001-01-01")).limit,
        Limit::Days { n: 60 }
    );
}

/// The rules of this release with one text in place of another, which must be there.
fn with(old: &str, new: &str) -> Result<RuleSet, LawError> {
    let json = include_str!("../../../data/law.json");
    assert!(json.contains(old), "{old}");
    RuleSet::parse(&json.replace(old, new))
}

fn refused(old: &str, new: &str) -> String {
    with(old, new).unwrap_err().to_string()
}

#[test]
fn a_set_that_lacks_a_clock_or_a_day_is_refused() {
    let empty = RuleSet::parse(r#"{"version":"","source":"","rules":[]}"#);
    assert!(matches!(
        empty,
        Err(LawError::Missing(ClockId::RegisterAndForward))
    ));
    assert_eq!(
        refused("\"n\": 5}", "\"n\": 0}"),
        "the clock objection, version 2022-05-01, has a limit of no days"
    );
}

/// The beginning of the rules with an older version of the opinion clock, which ends on this day.
fn two_versions_json(last: &str) -> String {
    format!(
        r#""rules": [{{"id": "opinion", "article": "34", "version": "2005", "valid_from": "2005-05-01",
        "valid_to": {last}, "limit": {{"unit": "days", "n": 60}}, "extension_max_days": 30, "extension_approved_by": "organ_head",
        "as_set": false, "pauses": [], "starts": ["accepted"], "ends": ["opinion_delivered"],
        "local": false}},"#
    )
}

fn two_versions(last: &str) -> Result<RuleSet, LawError> {
    with("\"rules\": [", &two_versions_json(last))
}

#[test]
fn versions_follow_each_other_without_gap_or_overlap() {
    assert!(two_versions("\"2022-04-30\"").is_ok());
    assert!(two_versions("null").is_ok());
    let words = |last| two_versions(last).unwrap_err().to_string();
    assert_eq!(
        words("\"2022-04-29\""),
        "the clock opinion has no rule in force on 2022-04-30"
    );
    assert_eq!(
        words("\"2022-05-01\""),
        "the clock opinion has two rules in force on 2022-05-01: versions 2005 and 2022-05-01"
    );
    let of_one_day = with(
        "\"rules\": [",
        &two_versions_json("\"2022-04-30\"").replace("2005-05-01", "2022-04-30"),
    );
    assert!(of_one_day.is_ok());
    assert_eq!(
        words("\"2005-04-30\""),
        "the clock opinion, version 2005, ends before it begins"
    );
    assert_eq!(
        refused(
            "\"valid_from\": \"2022-05-01\", \"limit\": {\"unit\": \"working_days\", \"n\": 5}",
            "\"valid_from\": \"2022-05-01\", \"valid_to\": \"2030-12-31\", \"limit\": {\"unit\": \"working_days\", \"n\": 5}"
        ),
        "the clock objection has no rule in force on 2031-01-01"
    );
    let json = include_str!("../../../data/law.json");
    let same_day = json.replace(
        "\"rules\": [",
        &two_versions_json("null").replace("2005-05-01", "2022-05-01"),
    );
    assert!(matches!(
        RuleSet::parse(&same_day),
        Err(LawError::Overlap { .. })
    ));
}

#[test]
fn an_unknown_event_is_refused_with_its_place_and_what_is_allowed() {
    let words = refused("[\"objected\"]", "[\"shouted\"]");
    assert!(
        words.contains("`shouted`") && words.contains("`objected`") && words.contains("line 7"),
        "{words}"
    );
}

#[test]
fn a_clock_that_nothing_starts_or_ends_and_clocks_in_a_ring_are_refused() {
    assert_eq!(
        refused("\"ends\": [\"objected\"]", "\"ends\": []"),
        "nothing ends the clock objection, version 2022-05-01"
    );
    assert_eq!(
        refused("\"starts\": [\"recommended\"]", "\"starts\": []"),
        "nothing starts the clock recommendation_answer, version 2022-05-01"
    );
    assert_eq!(
        refused(
            "\"ends\": [\"final_opinion_delivered\"]",
            "\"ends\": [\"opinion_delivered\"]"
        ),
        "the clocks start each other for ever: ask_review, then review_opinion, then ask_reexamination, \
         then reexamination_opinion, then ask_review"
    );
}

#[test]
fn an_extension_and_who_approves_it_go_together() {
    let opinion = rules().rule(ClockId::Opinion);
    assert_eq!(opinion.extension_approved_by, Some(Approver::OrganHead));
    let words = "the clock opinion, version 2022-05-01: an extension and who approves it (extension_approved_by) go together";
    assert_eq!(
        refused(", \"extension_approved_by\": \"organ_head\"", ""),
        words
    );
    assert_eq!(
        refused("\"extension_max_days\": 30", "\"extension_max_days\": 0"),
        words
    );
    let unknown = refused("\"organ_head\"", "\"nobody\"");
    assert!(
        unknown.contains("`nobody`") && unknown.contains("organ_head"),
        "{unknown}"
    );
}

#[test]
fn rules_go_on_from_those_that_were_in_force() {
    let next = r#""rules": [{"id": "opinion", "article": "34", "version": "2027", "valid_from": "2027-01-01",
        "limit": {"unit": "days", "n": 45}, "extension_max_days": 0, "as_set": false, "pauses": [],
        "starts": ["accepted"], "ends": ["opinion_delivered"], "local": false},"#;
    let next = with("\"rules\": [", next).unwrap();
    assert!(next.goes_on_from(rules()).is_ok());
    assert_eq!(
        rules().goes_on_from(&next).unwrap_err().to_string(),
        "the clock opinion, version 2027, was in force and is left out or changed: matters that started under it keep \
         it; only its last day may be set"
    );
    let changed = with("\"n\": 60}, \"extension", "\"n\": 50}, \"extension").unwrap();
    assert!(matches!(
        changed.goes_on_from(rules()),
        Err(LawError::Rewritten { .. })
    ));
    let last = "\"unit\": \"days\", \"n\": 60}, \"extension_max_days\": 30";
    let closed = format!("\"valid_to\": \"2026-12-31\", \"limit\": {{{last}");
    let closed = include_str!("../../../data/law.json")
        .replace(&format!("\"limit\": {{{last}"), &closed)
        .replace(
            "\"rules\": [",
            r#""rules": [{"id": "opinion", "article": "34", "version": "2027", "valid_from": "2027-01-01",
            "limit": {"unit": "days", "n": 45}, "extension_max_days": 0, "as_set": false, "pauses": [],
            "starts": ["accepted"], "ends": ["opinion_delivered"], "local": false},"#,
        );
    let closed = RuleSet::parse(&closed).unwrap();
    assert!(closed.goes_on_from(rules()).is_ok(), "its last day was set");
}
