//! Local rules: what the law leaves to a place, as dated data. A place, or a level or kind within it, may have its own value;
//! the most particular one holds. Every value has its default for the whole nation on every day.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    embedded,
    territory::TerritoryCode,
    time::Date,
    vocabulary::{Level, UrgentKind},
    word::words,
};

static EMBEDDED: LazyLock<LocalRules> = LazyLock::new(|| {
    let rules = LocalRules::parse(include_str!("../data/local_rules.json"));
    embedded::checked("local_rules.json", rules)
});

words! {
    /// What a place can set.
    LocalRuleId {
        /// Forwardings without acceptance after which a matter goes to arbitration; times.
        BounceLimit = "bounce_limit",
        /// Simplified procedure: for each level the matter passes; working days.
        SimplifiedPassing = "simplified_passing",
        /// Simplified procedure: acceptance; working days.
        SimplifiedAcceptance = "simplified_acceptance",
        /// Simplified procedure: opinion; working days.
        SimplifiedOpinion = "simplified_opinion",
        /// Answer to a recommendation (art. 40); days.
        RecommendationAnswer = "recommendation_answer",
        /// From knowing of an urgent problem to its report, for one kind or all; minutes.
        UrgentLateness = "urgent_lateness",
        /// Acknowledgement of an alert before it escalates, for one level or kind or all; minutes.
        AcknowledgementLimit = "acknowledgement_limit",
        /// Posts of a recipient that must acknowledge an alert, for one level or kind or all; posts.
        AcknowledgementQuorum = "acknowledgement_quorum",
        /// From an acknowledgement, or the last report, to the next report on an urgent problem, for one level or kind or
        /// all; minutes.
        ReportingOnLimit = "reporting_on_limit",
        /// Notices that ring at an organ's duty desk within ten minutes, danger to life apart, for one level or all; notices.
        DeskNotices = "desk_notices",
        /// From how many on a visit is collective; persons.
        CollectiveVisit = "collective_visit",
        /// From how many on a collective visit is urgent; persons.
        CollectiveUrgent = "collective_urgent",
        /// How far ahead hours in which nobody is on duty are looked for; days.
        DutyGapDays = "duty_gap_days",
    }
}

/// The first day on which every rule has a value: that of the Regulations.
pub const FIRST_DAY: Date = match Date::from_ymd_opt(2022, 5, 1) {
    Some(day) => day,
    None => Date::MIN,
};

/// One value, as it is written in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalRule {
    /// What it sets.
    pub rule: LocalRuleId,
    /// For all that lies in this place; the nation when the file names none.
    #[serde(default = "nation")]
    pub place: TerritoryCode,
    /// Only for organs of this level.
    #[serde(default)]
    pub level: Option<Level>,
    /// Only for urgent reports of this kind.
    #[serde(default)]
    pub kind: Option<UrgentKind>,
    /// The value, from 1, in the unit of the rule.
    pub value: u32,
    /// The first day on which it holds.
    pub valid_from: Date,
    /// The last day on which it holds; none while it is in force.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// The decision it rests on, 1 to 200 characters.
    pub source: String,
}

/// What the value is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Where.
    pub place: TerritoryCode,
    /// On which day.
    pub on: Date,
    /// The level of the organ, where it matters.
    pub level: Option<Level>,
    /// The kind of the report, where it matters.
    pub kind: Option<UrgentKind>,
}

impl Asked {
    /// A value that depends on place and day only.
    #[must_use]
    pub const fn of(place: TerritoryCode, on: Date) -> Self {
        Self {
            place,
            on,
            level: None,
            kind: None,
        }
    }
}

/// The local rules of all places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalRules {
    version: String,
    rules: Vec<LocalRule>,
    /// By rule and place, the places of the rules in the file.
    index: BTreeMap<(LocalRuleId, TerritoryCode), Vec<usize>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LocalRuleFile {
    version: String,
    rules: Vec<LocalRule>,
}

/// What is wrong with local rules. Rules are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocalRuleFault {
    /// A value of nothing.
    #[error("rules[{0}].value must be at least 1")]
    NoValue(usize),
    /// A rule without a decision it rests on.
    #[error("rules[{0}].source must have 1 to 200 characters")]
    NoSource(usize),
    /// A rule that ends before it begins.
    #[error("rules[{0}] ends before it begins")]
    Backwards(usize),
    /// A level or kind is given where the rule knows none.
    #[error("rules[{rule}].{field}: {id} does not depend on it")]
    NotParticular {
        /// The rule.
        rule: usize,
        /// The field.
        field: &'static str,
        /// What it sets.
        id: LocalRuleId,
    },
    /// Two values in force on one day for the same place, level and kind.
    #[error("rules[{rule}]: {id} has two values for {place} on {day}, the other in rules[{other}]")]
    Overlap {
        /// The later one.
        rule: usize,
        /// The earlier one.
        other: usize,
        /// What they set.
        id: LocalRuleId,
        /// For which place.
        place: TerritoryCode,
        /// The first such day.
        day: Date,
    },
    /// A day without a value for the whole nation.
    #[error("{id} has no value for the whole nation on {day}")]
    Gap {
        /// What is not set.
        id: LocalRuleId,
        /// The first such day.
        day: Date,
    },
}

/// Why a text is no set of local rules.
#[derive(Debug, Error)]
pub enum LocalRuleError {
    /// Not JSON of the expected shape; says line, column and what is allowed.
    #[error("the local rules are not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// The rules contradict themselves.
    #[error("the local rules are wrong: {}", words(.0))]
    Faults(Vec<LocalRuleFault>),
}

fn words(faults: &[LocalRuleFault]) -> String {
    let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
    words.join("; ")
}

const fn nation() -> TerritoryCode {
    TerritoryCode::NATION
}

impl LocalRuleId {
    /// Whether the value can be set for one level of organs.
    const fn knows_levels(self) -> bool {
        matches!(
            self,
            Self::AcknowledgementLimit
                | Self::AcknowledgementQuorum
                | Self::ReportingOnLimit
                | Self::DeskNotices
        )
    }

    /// Whether the value can be set for one kind of urgent report.
    const fn knows_kinds(self) -> bool {
        match self {
            Self::UrgentLateness
            | Self::AcknowledgementLimit
            | Self::AcknowledgementQuorum
            | Self::ReportingOnLimit => true,
            Self::BounceLimit
            | Self::SimplifiedPassing
            | Self::SimplifiedAcceptance
            | Self::SimplifiedOpinion
            | Self::RecommendationAnswer
            | Self::DeskNotices
            | Self::CollectiveVisit
            | Self::CollectiveUrgent
            | Self::DutyGapDays => false,
        }
    }
}

impl LocalRule {
    fn in_force(&self, on: Date) -> bool {
        self.valid_from <= on && self.valid_to.is_none_or(|last| on <= last)
    }

    /// How particular the rule is among those of one place; none when it is not about this.
    fn fits(&self, asked: &Asked) -> Option<u8> {
        let level = self.level.is_none_or(|level| asked.level == Some(level));
        let kind = self.kind.is_none_or(|kind| asked.kind == Some(kind));
        let particular = u8::from(self.level.is_some()) + 2 * u8::from(self.kind.is_some());
        (level && kind && self.in_force(asked.on)).then_some(particular)
    }

    fn is_for_the_whole_nation(&self) -> bool {
        self.place == TerritoryCode::NATION && self.level.is_none() && self.kind.is_none()
    }
}

impl LocalRules {
    /// The rules this release was built with: a default for every value.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// The rules of the text; those of this release when none is given.
    ///
    /// # Errors
    /// See [`LocalRuleError`].
    pub fn given(text: Option<&str>) -> Result<Arc<Self>, LocalRuleError> {
        let rules = text.map_or_else(|| Ok(Self::embedded().clone()), Self::parse)?;
        Ok(Arc::new(rules))
    }

    /// Reads `{"version", "rules": [..]}`; the fields of a rule are those of [`LocalRule`].
    ///
    /// # Errors
    /// See [`LocalRuleError`].
    pub fn parse(json: &str) -> Result<Self, LocalRuleError> {
        let LocalRuleFile { version, rules } = serde_json::from_str(json)?;
        let mut faults: Vec<LocalRuleFault> = Vec::new();
        for (place, rule) in rules.iter().enumerate() {
            faults.extend(faults_of(place, rule));
        }
        faults.extend(overlaps(&rules));
        faults.extend(LocalRuleId::all().iter().filter_map(|id| gap(*id, &rules)));
        if !faults.is_empty() {
            return Err(LocalRuleError::Faults(faults));
        }
        let mut index: BTreeMap<(LocalRuleId, TerritoryCode), Vec<usize>> = BTreeMap::new();
        for (place, rule) in rules.iter().enumerate() {
            index
                .entry((rule.rule, rule.place))
                .or_default()
                .push(place);
        }
        Ok(Self {
            version,
            rules,
            index,
        })
    }

    /// The version of the whole set.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The rule that holds: of the nearest place, there of the kind before that of the level before the general one. On
    /// days before the Regulations that of their first day.
    #[must_use]
    pub fn rule(&self, id: LocalRuleId, asked: Asked) -> Option<&LocalRule> {
        let asked = Asked {
            on: asked.on.max(FIRST_DAY),
            ..asked
        };
        asked.place.chain().find_map(|place| {
            let rules = self.index.get(&(id, place))?.iter();
            let fitting = rules.filter_map(|place| {
                let rule = self.rules.get(*place)?;
                Some((rule.fits(&asked)?, rule))
            });
            fitting
                .max_by_key(|(particular, _)| *particular)
                .map(|(_, rule)| rule)
        })
    }

    /// The value that holds, in the unit of the rule.
    #[must_use]
    pub fn value(&self, id: LocalRuleId, asked: Asked) -> u32 {
        self.rule(id, asked).map_or(1, |rule| rule.value)
    }
}

fn faults_of(place: usize, rule: &LocalRule) -> Vec<LocalRuleFault> {
    let id = rule.rule;
    let particular = |field| LocalRuleFault::NotParticular {
        rule: place,
        field,
        id,
    };
    let checks = [
        (rule.value == 0, LocalRuleFault::NoValue(place)),
        (
            !(1..=200).contains(&rule.source.chars().count()),
            LocalRuleFault::NoSource(place),
        ),
        (
            rule.valid_to.is_some_and(|last| last < rule.valid_from),
            LocalRuleFault::Backwards(place),
        ),
        (
            rule.level.is_some() && !id.knows_levels(),
            particular("level"),
        ),
        (rule.kind.is_some() && !id.knows_kinds(), particular("kind")),
    ];
    let wrong = checks.into_iter().filter(|(wrong, _)| *wrong);
    wrong.map(|(_, fault)| fault).collect()
}

fn overlaps(rules: &[LocalRule]) -> Vec<LocalRuleFault> {
    let mut faults = Vec::new();
    let about = |rule: &LocalRule| (rule.rule, rule.place, rule.level, rule.kind);
    for (place, rule) in rules.iter().enumerate() {
        for (other, earlier) in rules.iter().enumerate().take(place) {
            let day = rule.valid_from.max(earlier.valid_from);
            if about(rule) == about(earlier) && rule.in_force(day) && earlier.in_force(day) {
                faults.push(LocalRuleFault::Overlap {
                    rule: place,
                    other,
                    id: rule.rule,
                    place: rule.place,
                    day,
                });
            }
        }
    }
    faults
}

/// The first day on which the whole nation has no value.
fn gap(id: LocalRuleId, rules: &[LocalRule]) -> Option<LocalRuleFault> {
    let general = rules.iter().filter(|rule| rule.rule == id);
    let general: Vec<&LocalRule> = general
        .filter(|rule| rule.is_for_the_whole_nation())
        .collect();
    let mut day = FIRST_DAY;
    while let Some(rule) = general.iter().find(|rule| rule.in_force(day)) {
        day = rule.valid_to?.succ_opt()?;
    }
    Some(LocalRuleFault::Gap { id, day })
}

#[cfg(test)]
mod tests;
