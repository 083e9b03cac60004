//! A process goes by the rules it was given at its start. The only test of this program, because there is one law a process.

use huiyin_domain::law::{ClockId, EMBEDDED_TEXT, LawError, Limit, RuleSet, install, rules};
use huiyin_domain::time::Date;

#[test]
fn a_process_goes_by_the_rules_it_was_given_once() {
    let changed = EMBEDDED_TEXT.replace("\"n\": 5}", "\"n\": 6}");
    let refused = install(RuleSet::parse(&changed).unwrap());
    assert!(matches!(refused, Err(LawError::Rewritten { .. })));
    let next = EMBEDDED_TEXT.replace(
        "\"rules\": [",
        r#""rules": [{"id": "objection", "article": "23(3)", "version": "2027", "valid_from": "2027-01-01",
        "limit": {"unit": "working_days", "n": 7}, "extension_max_days": 0, "as_set": false, "pauses": [],
        "starts": ["received_by_organ"], "ends": ["objected"], "local": false},"#,
    );
    let next = RuleSet::parse(&next).unwrap();
    install(next.clone()).unwrap();
    assert_eq!(rules(), &next);
    let limit = |on: &str| {
        let on: Date = on.parse().unwrap();
        rules().rule_on(ClockId::Objection, on).limit
    };
    assert_eq!(limit("2026-12-31"), Limit::WorkingDays { n: 5 });
    assert_eq!(limit("2027-01-01"), Limit::WorkingDays { n: 7 });
    let again = install(next).unwrap_err().to_string();
    assert_eq!(
        again,
        "the process goes by rules of version 2022-05-01/1 already"
    );
}
