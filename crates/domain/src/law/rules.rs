//! The rules themselves and the set they come in.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::PauseCause;
use crate::{embedded, time::Date, word::words};

static EMBEDDED: LazyLock<RuleSet> = LazyLock::new(|| {
    embedded::checked(
        "law.json",
        RuleSet::parse(include_str!("../../data/law.json")),
    )
});

/// The rules this release was built with.
#[must_use]
pub fn rules() -> &'static RuleSet {
    &EMBEDDED
}

words! {
    /// The clocks of a matter.
    ClockId {
        /// The petition office registers and forwards (art. 22).
        RegisterAndForward = "register_and_forward",
        /// The organ accepts or declines in writing (art. 23).
        Acceptance = "acceptance",
        /// The organ may object to a forwarding (art. 23(3)); its passing is a lapsed right, no failure.
        Objection = "objection",
        /// The organ delivers its opinion (art. 31, 32, 34).
        Opinion = "opinion",
        /// The limit set with an assignment (art. 22).
        AssignedLimit = "assigned_limit",
        /// Acceptance under the simplified procedure (local).
        SimplifiedAcceptance = "simplified_acceptance",
        /// Opinion under the simplified procedure (local).
        SimplifiedOpinion = "simplified_opinion",
        /// The petitioner may ask for review (art. 35); its passing is a lapsed right.
        AskReview = "ask_review",
        /// The next-higher organ gives the review opinion (art. 35).
        ReviewOpinion = "review_opinion",
        /// The petitioner may ask for re-examination (art. 36); its passing is a lapsed right.
        AskReexamination = "ask_reexamination",
        /// The organ above gives the final opinion (art. 36).
        ReexaminationOpinion = "reexamination_opinion",
        /// The organ answers a recommendation (art. 40, limit local).
        RecommendationAnswer = "recommendation_answer",
    }
}

/// How long a clock runs. The day of receipt is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "unit", rename_all = "snake_case")]
pub enum Limit {
    /// Calendar days.
    Days {
        /// How many, at least 1.
        n: u32,
    },
    /// Working days of the calendar.
    WorkingDays {
        /// How many, at least 1.
        n: u32,
    },
}

impl Limit {
    /// How many days, of whichever kind.
    #[must_use]
    pub const fn n(self) -> u32 {
        match self {
            Self::Days { n } | Self::WorkingDays { n } => n,
        }
    }

    /// The limit prolonged by days of its own kind.
    #[must_use]
    pub const fn plus(self, days: u32) -> Self {
        match self {
            Self::Days { n } => Self::Days {
                n: n.saturating_add(days),
            },
            Self::WorkingDays { n } => Self::WorkingDays {
                n: n.saturating_add(days),
            },
        }
    }
}

/// One version of the rule of one clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRule {
    /// The clock.
    pub id: ClockId,
    /// The articles it rests on.
    pub article: String,
    /// The version of the rule; a matter keeps the one it started under.
    pub version: String,
    /// The first day on which a clock can start under this version.
    pub valid_from: Date,
    /// How long the clock runs.
    pub limit: Limit,
    /// By how many days the clock can be prolonged in all; 0 when it cannot.
    pub extension_max_days: u32,
    /// Whether whoever starts the clock may set another limit; `limit` is then the default.
    pub as_set: bool,
    /// What the clock can stand still for; nothing when it cannot.
    pub pauses: Vec<PauseCause>,
    /// What starts the clock.
    pub starts: String,
    /// What ends it.
    pub ends: String,
    /// Whether the rule is local practice, not law.
    pub local: bool,
}

/// Why a text is no rule set.
#[derive(Debug, Error)]
pub enum LawError {
    /// Not JSON of the expected shape.
    #[error("the rules are not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// A clock has no rule.
    #[error("the clock {0} has no rule")]
    Missing(ClockId),
    /// Two rules of a clock start on the same day.
    #[error("the clock {0} has two rules from the same day")]
    Ambiguous(ClockId),
    /// A limit of no days.
    #[error("the clock {0} has a limit of no days")]
    NoDays(ClockId),
}

#[derive(Deserialize)]
struct RuleFile {
    version: String,
    source: String,
    rules: Vec<ClockRule>,
}

/// The rules of every clock, each in one or more versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    version: String,
    source: String,
    /// By clock in the order of `ClockId::all`, each non-empty and newest last.
    by_clock: Vec<Vec<ClockRule>>,
}

impl RuleSet {
    /// Reads `{"version", "source", "rules": [..]}`; the fields of a rule are those of [`ClockRule`].
    ///
    /// # Errors
    /// A set that lacks a clock or is ambiguous is refused; see [`LawError`].
    pub fn parse(json: &str) -> Result<Self, LawError> {
        let RuleFile {
            version,
            source,
            mut rules,
        } = serde_json::from_str(json)?;
        rules.sort_by_key(|rule| (rule.id, rule.valid_from));
        if let Some(rule) = rules.iter().find(|rule| rule.limit.n() == 0) {
            return Err(LawError::NoDays(rule.id));
        }
        if let Some(pair) = rules
            .windows(2)
            .find(|pair| (pair[0].id, pair[0].valid_from) == (pair[1].id, pair[1].valid_from))
        {
            return Err(LawError::Ambiguous(pair[0].id));
        }
        let versions_of = |clock: &ClockId| {
            let versions: Vec<_> = rules
                .iter()
                .filter(|rule| rule.id == *clock)
                .cloned()
                .collect();
            if versions.is_empty() {
                Err(LawError::Missing(*clock))
            } else {
                Ok(versions)
            }
        };
        let by_clock = ClockId::all()
            .iter()
            .map(versions_of)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            version,
            source,
            by_clock,
        })
    }

    /// The version of the whole set.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The law the rules are taken from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Every version of every rule, by clock, oldest version first.
    pub fn iter(&self) -> impl Iterator<Item = &ClockRule> {
        self.by_clock.iter().flatten()
    }

    /// The rule under which a clock starts on the day: the newest valid one, or the oldest known when
    /// the day lies before every version.
    #[must_use]
    pub fn rule_on(&self, clock: ClockId, day: Date) -> &ClockRule {
        let versions = &self.by_clock[clock as usize];
        let newest_valid = versions.iter().rposition(|rule| rule.valid_from <= day);
        &versions[newest_valid.unwrap_or(0)]
    }

    /// The newest rule of the clock.
    #[must_use]
    pub fn rule(&self, clock: ClockId) -> &ClockRule {
        self.rule_on(clock, Date::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
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
        let json = include_str!("../../data/law.json").replace(
            "\"rules\": [",
            r#""rules": [{"id": "opinion", "article": "34", "version": "2027", "valid_from": "2027-01-01",
            "limit": {"unit": "days", "n": 45}, "extension_max_days": 0, "as_set": false, "pauses": [], "starts": "", "ends": "", "local": false},"#,
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

    #[test]
    fn a_set_without_a_clock_or_with_an_ambiguous_one_is_refused() {
        let without = include_str!("../../data/law.json")
            .replace("\"id\": \"objection\"", "\"id\": \"opinion\"");
        assert!(matches!(
            RuleSet::parse(&without),
            Err(LawError::Ambiguous(ClockId::Opinion))
        ));
        assert!(matches!(
            RuleSet::parse(r#"{"version":"","source":"","rules":[]}"#),
            Err(LawError::Missing(_))
        ));
        let no_days = include_str!("../../data/law.json").replace("\"n\": 5}", "\"n\": 0}");
        assert!(matches!(
            RuleSet::parse(&no_days),
            Err(LawError::NoDays(ClockId::Objection))
        ));
    }
}
