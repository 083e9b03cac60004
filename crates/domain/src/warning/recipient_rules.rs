//! By which rule an urgent report finds its recipients: dated data. An alert keeps the version it went out under, so that it
//! can always be said why it went where.

use std::{collections::BTreeSet, sync::LazyLock};

use serde::Deserialize;
use thiserror::Error;

use super::RecipientRole;
use crate::{embedded, local::FIRST_DAY, time::Date};

/// The rule of an urgent report that names none.
pub const URGENT_REPORT: &str = "urgent-report";

/// What the Regulations demand (art. 25) and no rule can leave out.
const OF_THE_LAW: [RecipientRole; 3] = [
    RecipientRole::OwnLeadership,
    RecipientRole::LevelAbove,
    RecipientRole::NationalOffice,
];

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
}

impl RecipientRule {
    /// Name and version in one word, as an alert keeps it: `urgent-report 2022-05-01`.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{} {}", self.name, self.valid_from)
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

/// Why a text is no set of recipient rules. Rules are counted from 0.
#[derive(Debug, Error)]
pub enum RecipientRuleError {
    /// Not JSON of the expected shape.
    #[error("the recipient rules are not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// A rule leaves out whom the Regulations name.
    #[error("rules[{rule}].roles must hold {role}: art. 25 demands it")]
    LeavesOut {
        /// The rule.
        rule: usize,
        /// Who is left out.
        role: RecipientRole,
    },
    /// A rule without a decision it rests on, or without a name.
    #[error("rules[{0}] must have a name of 1 to 50 and a source of 1 to 200 characters")]
    NoWords(usize),
    /// Two versions of one name begin on one day.
    #[error("rules[{0}] begins on the same day as another version of it")]
    Twice(usize),
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
        for (place, rule) in rules.iter().enumerate() {
            let named = (1..=50).contains(&rule.name.chars().count());
            if !named || !(1..=200).contains(&rule.source.chars().count()) {
                return Err(RecipientRuleError::NoWords(place));
            }
            if let Some(role) = OF_THE_LAW.iter().find(|role| !rule.roles.contains(role)) {
                return Err(RecipientRuleError::LeavesOut {
                    rule: place,
                    role: *role,
                });
            }
            let same = |other: &&RecipientRule| {
                (&other.name, other.valid_from) == (&rule.name, rule.valid_from)
            };
            if rules.iter().take(place).find(same).is_some() {
                return Err(RecipientRuleError::Twice(place));
            }
        }
        Ok(Self { rules })
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
        let without =
            file(&rule("2022-05-01", r#"["own_leadership", "level_above"]"#)).unwrap_err();
        assert_eq!(
            without.to_string(),
            "rules[0].roles must hold national_office: art. 25 demands it"
        );
        let twice = file(&[rule("2022-05-01", LAW), rule("2022-05-01", LAW)].join(","));
        assert!(matches!(twice, Err(RecipientRuleError::Twice(1))));
    }

    #[test]
    fn the_rules_of_this_release_hold_since_the_regulations() {
        let rules = RecipientRules::embedded();
        let rule = rules.in_force(URGENT_REPORT, day("2022-05-01")).unwrap();
        assert_eq!(rule.roles.len(), RecipientRole::all().len());
    }
}
