//! By which rule an urgent report finds its recipients: dated data. An alert keeps the version it went out under, so that it
//! can always be said why it went where.

use std::{collections::BTreeSet, sync::LazyLock};

use serde::Deserialize;
use thiserror::Error;

use super::RecipientRole;
use crate::{embedded, local::FIRST_DAY, time::Date, vocabulary::UrgentKind};

/// The rule of an urgent report that names none.
pub const URGENT_REPORT: &str = "urgent-report";

/// What the Regulations demand (art. 25) and no rule can leave out.
const OF_THE_LAW: [RecipientRole; 3] = [
    RecipientRole::OwnLeadership,
    RecipientRole::LevelAbove,
    RecipientRole::NationalOffice,
];

/// What an organ did to people. Whoever stands beside it or below it is not told: a warning to thousands of offices would point
/// at who complained.
const NOT_BELOW: [UrgentKind; 2] = [UrgentKind::PromiseBroken, UrgentKind::Retaliation];

static EMBEDDED: LazyLock<RecipientRules> = LazyLock::new(|| {
    let rules = RecipientRules::parse(include_str!("../../data/recipient_rules.json"));
    embedded::checked("recipient_rules.json", rules)
});

/// One version of a rule, as it is written in a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipientRule {
    /// Its name.
    #[serde(rename = "rule")]
    pub name: String,
    /// The first day on which it holds, until the next version of the same name.
    pub valid_from: Date,
    /// What it rests on, 1 to 200 characters.
    pub source: String,
    /// Who is told.
    pub roles: BTreeSet<RecipientRole>,
    /// The kinds of urgent reports it is for; every kind when none is named.
    #[serde(default)]
    pub kinds: BTreeSet<UrgentKind>,
}

impl RecipientRule {
    /// Name and version in one word, as an alert keeps it: `urgent-report 2022-05-01`.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{} {}", self.name, self.valid_from)
    }

    /// Whether an urgent report of the kind can go by it.
    #[must_use]
    pub fn is_for(&self, kind: UrgentKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether it tells the offices below.
    #[must_use]
    pub fn tells_below(&self) -> bool {
        self.roles.contains(&RecipientRole::OfficesBelow)
    }
}

/// All rules in all versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientRules {
    rules: Vec<RecipientRule>,
}

/// No rule of the name is in force.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("is no recipient rule in force on {on}; there are: {known}")]
pub struct UnknownRecipientRule {
    /// The day.
    on: Date,
    /// What there is.
    known: String,
}

/// What is wrong with a recipient rule. Rules are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecipientRuleFault {
    /// A rule leaves out whom the Regulations name.
    #[error("rules[{rule}].roles must hold {role}: art. 25 demands it")]
    LeavesOut {
        /// The rule.
        rule: usize,
        /// Who is left out.
        role: RecipientRole,
    },
    /// A rule tells the offices below what an organ did to people.
    #[error(
        "rules[{rule}].kinds must be named and not hold {kind}: offices below are not told what an organ did to people"
    )]
    TellsBelow {
        /// The rule.
        rule: usize,
        /// The kind.
        kind: UrgentKind,
    },
    /// A rule without a name.
    #[error("rules[{0}].rule must have 1 to 50 characters")]
    NoName(usize),
    /// A rule without a decision it rests on.
    #[error("rules[{0}].source must have 1 to 200 characters")]
    NoSource(usize),
    /// Two versions of one name in force from one day on.
    #[error(
        "rules[{rule}].valid_from: {name} has two versions from {day} on, the other in rules[{other}]; give each its own first day"
    )]
    Twice {
        /// The later one in the file.
        rule: usize,
        /// The earlier one.
        other: usize,
        /// Their name.
        name: String,
        /// Their first day.
        day: Date,
    },
    /// A rule of a city under the name of one of this release.
    #[error("rules[{rule}].rule: {name} is a rule of this release; allowed is any other name")]
    OfThisRelease {
        /// The rule.
        rule: usize,
        /// Its name.
        name: String,
    },
}

/// Why a text is no set of recipient rules.
#[derive(Debug, Error)]
pub enum RecipientRuleError {
    /// Not JSON of the expected shape; says line, column and what is allowed.
    #[error("the recipient rules are not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// The rules are not allowed.
    #[error("the recipient rules are wrong: {}", words(.0))]
    Faults(Vec<RecipientRuleFault>),
}

fn words(faults: &[RecipientRuleFault]) -> String {
    let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
    words.join("; ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecipientRuleFile {
    #[serde(rename = "version")]
    _version: String,
    rules: Vec<RecipientRule>,
}

impl RecipientRules {
    /// The rules this release was built with.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads `{"version", "rules": [..]}`; the fields of a rule are those of [`RecipientRule`].
    ///
    /// # Errors
    /// See [`RecipientRuleError`].
    pub fn parse(json: &str) -> Result<Self, RecipientRuleError> {
        let RecipientRuleFile { rules, .. } = serde_json::from_str(json)?;
        let faults: Vec<RecipientRuleFault> = (0..rules.len())
            .flat_map(|place| faults_of(&rules, place))
            .collect();
        if faults.is_empty() {
            Ok(Self { rules })
        } else {
            Err(RecipientRuleError::Faults(faults))
        }
    }

    /// The rules of this release, and behind them those of a city's file. The Regulations are the same everywhere: no name of this
    /// release is given another meaning.
    ///
    /// # Errors
    /// See [`RecipientRuleError`].
    pub fn with_city(json: &str) -> Result<Self, RecipientRuleError> {
        let city = Self::parse(json)?;
        let faults: Vec<RecipientRuleFault> = city
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| Self::is_of_this_release(&rule.name))
            .map(|(place, rule)| RecipientRuleFault::OfThisRelease {
                rule: place,
                name: rule.name.clone(),
            })
            .collect();
        if !faults.is_empty() {
            return Err(RecipientRuleError::Faults(faults));
        }
        let mut rules = Self::embedded().rules.clone();
        rules.extend(city.rules);
        Ok(Self { rules })
    }

    /// Whether a rule of the name comes with this release.
    #[must_use]
    pub fn is_of_this_release(name: &str) -> bool {
        Self::embedded().rules.iter().any(|rule| rule.name == name)
    }

    /// Every version of every rule, as they stand in the files.
    pub fn iter(&self) -> impl Iterator<Item = &RecipientRule> {
        self.rules.iter()
    }

    /// The version of a rule that holds on a day; on days before the Regulations that of their first day.
    ///
    /// # Errors
    /// When there is none; names those there are.
    pub fn in_force(&self, name: &str, on: Date) -> Result<&RecipientRule, UnknownRecipientRule> {
        let on = on.max(FIRST_DAY);
        let begun = self.rules.iter().filter(|rule| rule.valid_from <= on);
        let found = begun.clone().filter(|rule| rule.name == name);
        found.max_by_key(|rule| rule.valid_from).ok_or_else(|| {
            let names: BTreeSet<&str> = begun.map(|rule| rule.name.as_str()).collect();
            UnknownRecipientRule {
                on,
                known: names.into_iter().collect::<Vec<_>>().join(", "),
            }
        })
    }
}

fn faults_of(rules: &[RecipientRule], place: usize) -> Vec<RecipientRuleFault> {
    let Some(rule) = rules.get(place) else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    if !(1..=50).contains(&rule.name.chars().count()) {
        faults.push(RecipientRuleFault::NoName(place));
    }
    if !(1..=200).contains(&rule.source.chars().count()) {
        faults.push(RecipientRuleFault::NoSource(place));
    }
    let left_out = OF_THE_LAW.iter().filter(|role| !rule.roles.contains(role));
    faults.extend(left_out.map(|role| RecipientRuleFault::LeavesOut {
        rule: place,
        role: *role,
    }));
    let told_below = NOT_BELOW
        .iter()
        .filter(|kind| rule.tells_below() && rule.is_for(**kind));
    faults.extend(told_below.map(|kind| RecipientRuleFault::TellsBelow {
        rule: place,
        kind: *kind,
    }));
    let same =
        |other: &RecipientRule| (&other.name, other.valid_from) == (&rule.name, rule.valid_from);
    if let Some(other) = rules.iter().take(place).position(same) {
        faults.push(RecipientRuleFault::Twice {
            rule: place,
            other,
            name: rule.name.clone(),
            day: rule.valid_from,
        });
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn file(rules: &str) -> Result<RecipientRules, RecipientRuleError> {
        RecipientRules::parse(&format!(r#"{{"version": "1", "rules": [{rules}]}}"#))
    }

    const LAW: &str = r#"["own_leadership", "level_above", "national_office"]"#;

    fn rule(from: &str, roles: &str) -> String {
        format!(
            r#"{{"rule": "urgent-report", "valid_from": "{from}", "source": "s", "roles": {roles}}}"#
        )
    }

    #[test]
    fn the_version_of_the_day_holds_and_an_unknown_name_is_told_what_there_is() {
        let rules = file(&[rule("2022-05-01", LAW), rule("2026-01-01", LAW)].join(",")).unwrap();
        let version = |on| {
            rules
                .in_force(URGENT_REPORT, day(on))
                .map(RecipientRule::version)
        };
        assert_eq!(version("2025-12-31").unwrap(), "urgent-report 2022-05-01");
        assert_eq!(version("2026-01-01").unwrap(), "urgent-report 2026-01-01");
        let unknown = rules.in_force("friends", day("2026-01-01")).unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "is no recipient rule in force on 2026-01-01; there are: urgent-report"
        );
        assert_eq!(version("2022-04-30").unwrap(), "urgent-report 2022-05-01");
    }

    #[test]
    fn no_rule_leaves_out_whom_the_regulations_name() {
        let without = file(&rule("2022-05-01", r#"["own_leadership"]"#)).unwrap_err();
        assert_eq!(
            without.to_string(),
            "the recipient rules are wrong: rules[0].roles must hold level_above: art. 25 demands it; \
             rules[0].roles must hold national_office: art. 25 demands it"
        );
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_its_place_and_what_is_allowed() {
        let twice = file(&[rule("2022-05-01", LAW), rule("2022-05-01", LAW)].join(","));
        assert_eq!(
            twice.unwrap_err().to_string(),
            "the recipient rules are wrong: rules[1].valid_from: urgent-report has two versions from 2022-05-01 on, the other in \
             rules[0]; give each its own first day"
        );
        let nameless = rule("2022-05-01", LAW)
            .replace("urgent-report", "")
            .replace("\"s\"", "\"\"");
        assert_eq!(
            file(&nameless).unwrap_err().to_string(),
            "the recipient rules are wrong: rules[0].rule must have 1 to 50 characters; \
             rules[0].source must have 1 to 200 characters"
        );
        let unknown = file(&rule("2022-05-01", r#"["friends"]"#)).unwrap_err();
        let unknown = unknown.to_string();
        for named in ["friends", "own_leadership", "joint_meeting"] {
            assert!(unknown.contains(named), "{unknown}");
        }
    }

    #[test]
    fn a_city_adds_rules_of_its_own_and_changes_none_of_this_release() {
        let city = |rules: &str| {
            RecipientRules::with_city(&format!(r#"{{"version": "1", "rules": [{rules}]}}"#))
        };
        let own = rule("2026-01-01", LAW).replace("urgent-report", "flood");
        let rules = city(&own).unwrap();
        let version = |name, on| rules.in_force(name, day(on)).map(RecipientRule::version);
        assert_eq!(version("flood", "2026-01-01").unwrap(), "flood 2026-01-01");
        assert_eq!(
            version(URGENT_REPORT, "2026-01-01").unwrap(),
            "urgent-report 2022-05-01"
        );
        assert!(version("flood", "2025-12-31").is_err());
        let renamed = city(&[own, rule("2026-01-01", LAW)].join(",")).unwrap_err();
        assert_eq!(
            renamed.to_string(),
            "the recipient rules are wrong: rules[1].rule: urgent-report is a rule of this release; allowed is any other name"
        );
    }

    #[test]
    fn the_rules_of_this_release_hold_since_the_regulations() {
        let rules = RecipientRules::embedded();
        let rule = rules.in_force(URGENT_REPORT, day("2022-05-01")).unwrap();
        let not_told = RecipientRole::all()
            .iter()
            .filter(|role| !rule.roles.contains(role));
        assert!(not_told.eq(&[RecipientRole::OfficesBelow]));
    }

    #[test]
    fn what_an_organ_did_to_people_is_never_told_to_the_offices_below() {
        let below = LAW.replace(']', r#", "offices_below"]"#);
        let every_kind = rule("2026-01-01", &below);
        let of_two = every_kind.replace("}", r#", "kinds": ["service_failure", "retaliation"]}"#);
        let of_one = of_two.replace(r#", "retaliation""#, "");
        let refused = file(&[every_kind, of_two].join(",")).unwrap_err();
        let refused = refused.to_string();
        let words = |rule: u8, kind: &str| {
            format!(
                "rules[{rule}].kinds must be named and not hold {kind}: offices below are not told what an organ did to people"
            )
        };
        for said in [
            words(0, "promise_broken"),
            words(0, "retaliation"),
            words(1, "retaliation"),
        ] {
            assert!(refused.contains(&said), "{refused}");
        }
        assert!(!refused.contains(&words(1, "promise_broken")), "{refused}");
        let rules = file(&of_one).unwrap();
        let rule = rules.in_force(URGENT_REPORT, day("2026-01-01")).unwrap();
        assert!(rule.tells_below() && rule.is_for(UrgentKind::ServiceFailure));
        assert!(!rule.is_for(UrgentKind::DangerToLife));
    }
}
