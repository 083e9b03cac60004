//! The rules themselves and the set they come in.

use std::sync::{LazyLock, OnceLock};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::PauseCause;
use crate::{embedded, time::Date, word::words};

/// The rules this release was built with, as a file.
pub const EMBEDDED_TEXT: &str = include_str!("../../data/law.json");

static EMBEDDED: LazyLock<RuleSet> =
    LazyLock::new(|| embedded::checked("law.json", RuleSet::parse(EMBEDDED_TEXT)));

/// Those that were given at the start of the process.
static INSTALLED: OnceLock<RuleSet> = OnceLock::new();

/// The rules of the process: those that [`install`] was given, else those this release was built with.
#[must_use]
pub fn rules() -> &'static RuleSet {
    INSTALLED.get().unwrap_or(&EMBEDDED)
}

/// Lets the process go by these rules, once and before it judges anything. They go on from those of this release: every
/// version of these is among them.
///
/// # Errors
/// [`LawError::Rewritten`] when a version is left out or changed, [`LawError::Installed`] the second time.
pub fn install(rules: RuleSet) -> Result<(), LawError> {
    rules.goes_on_from(&EMBEDDED)?;
    INSTALLED
        .set(rules)
        .map_err(|rules| LawError::Installed(rules.version))
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

words! {
    /// What happens to a matter, as rules name it: what starts a clock and what it waits for.
    LawEvent {
        /// A petition office received the matter (art. 22).
        ReceivedByOffice = "received_by_office",
        /// The petition office transferred or assigned it, or reported it (art. 22).
        Forwarded = "forwarded",
        /// The petition office answered it itself (art. 22).
        AnsweredByOffice = "answered_by_office",
        /// An organ received it, directly or forwarded (art. 23).
        ReceivedByOrgan = "received_by_organ",
        /// The organ objected to the forwarding (art. 23(3)).
        Objected = "objected",
        /// The organ accepted in writing (art. 23).
        Accepted = "accepted",
        /// The organ declined in writing, with the right channel (art. 23).
        Declined = "declined",
        /// It was assigned with a limit (art. 22).
        Assigned = "assigned",
        /// The assigning organ accepted the report of completion (art. 22).
        CompletionAccepted = "completion_accepted",
        /// The opinion was delivered to the petitioner (art. 31, 32).
        OpinionDelivered = "opinion_delivered",
        /// The petitioner asked for review (art. 35).
        ReviewRequested = "review_requested",
        /// The review opinion was delivered (art. 35).
        ReviewOpinionDelivered = "review_opinion_delivered",
        /// The petitioner asked for re-examination (art. 36).
        ReexaminationRequested = "reexamination_requested",
        /// The final opinion was delivered (art. 36).
        FinalOpinionDelivered = "final_opinion_delivered",
        /// The petition office recommended something to the organ (art. 40).
        Recommended = "recommended",
        /// The organ answered on adoption in writing (art. 40).
        AdoptionAnswered = "adoption_answered",
    }
}

words! {
    /// Who approves an extension.
    Approver {
        /// The person in charge of the organ (art. 34); the petitioner is told why.
        OrganHead = "organ_head",
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
    /// The last day on which a clock can start under this version; none when it is still in force.
    #[serde(default)]
    pub valid_to: Option<Date>,
    /// How long the clock runs.
    pub limit: Limit,
    /// By how many days the clock can be prolonged in all; 0 when it cannot.
    pub extension_max_days: u32,
    /// Who approves an extension; none when there is none.
    #[serde(default)]
    pub extension_approved_by: Option<Approver>,
    /// Whether whoever starts the clock may set another limit; `limit` is then the default.
    pub as_set: bool,
    /// What the clock can stand still for; nothing when it cannot.
    pub pauses: Vec<PauseCause>,
    /// What starts the clock; at least one.
    pub starts: Vec<LawEvent>,
    /// What it waits for; at least one.
    pub ends: Vec<LawEvent>,
    /// Whether the rule is local practice, not law.
    pub local: bool,
}

/// Why a text is no rule set. Every refusal names the clock, and the version where there are several.
#[derive(Debug, Error)]
pub enum LawError {
    /// Not JSON of the expected shape, or a word the law does not know; says line, column and what is allowed.
    #[error("the rules are not JSON of the expected shape: {0}")]
    Shape(String),
    /// A clock has no rule.
    #[error("the clock {0} has no rule")]
    Missing(ClockId),
    /// A limit of no days.
    #[error("the clock {clock}, version {version}, has a limit of no days")]
    NoDays {
        /// The clock.
        clock: ClockId,
        /// The version of its rule.
        version: String,
    },
    /// Two versions of a rule are in force on one day.
    #[error("the clock {clock} has two rules in force on {day}: versions {versions}")]
    Overlap {
        /// The clock.
        clock: ClockId,
        /// The first such day.
        day: Date,
        /// The two versions.
        versions: String,
    },
    /// Between two versions no rule is in force, or after the last.
    #[error("the clock {clock} has no rule in force on {day}")]
    Gap {
        /// The clock.
        clock: ClockId,
        /// The first such day.
        day: Date,
    },
    /// A version that ends before it begins.
    #[error("the clock {clock}, version {version}, ends before it begins")]
    Backwards {
        /// The clock.
        clock: ClockId,
        /// The version of its rule.
        version: String,
    },
    /// An extension that nobody approves, or an approver of none.
    #[error(
        "the clock {clock}, version {version}: an extension and who approves it (extension_approved_by) go together"
    )]
    Approval {
        /// The clock.
        clock: ClockId,
        /// The version of its rule.
        version: String,
    },
    /// A rule that was in force is left out or changed.
    #[error(
        "the clock {clock}, version {version}, was in force and is left out or changed: matters that started under it keep \
         it; only its last day may be set"
    )]
    Rewritten {
        /// The clock.
        clock: ClockId,
        /// The version of its rule.
        version: String,
    },
    /// The process goes by other rules already.
    #[error("the process goes by rules of version {0} already")]
    Installed(String),
    /// Nothing starts the clock.
    #[error("nothing starts the clock {clock}, version {version}")]
    NothingStarts {
        /// The clock.
        clock: ClockId,
        /// The version of its rule.
        version: String,
    },
    /// Nothing ends the clock.
    #[error("nothing ends the clock {clock}, version {version}")]
    NothingEnds {
        /// The clock.
        clock: ClockId,
        /// The version of its rule.
        version: String,
    },
    /// What ends a clock starts it again, directly or through others: a matter would never come to its end.
    #[error("the clocks start each other for ever: {}", ring.iter().map(|clock| clock.as_str()).collect::<Vec<_>>().join(", then "))]
    Cycle {
        /// The clocks in turn; the first one stands again at the end.
        ring: Vec<ClockId>,
    },
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
        } = serde_json::from_str(json).map_err(|error| LawError::Shape(error.to_string()))?;
        rules.sort_by_key(|rule| (rule.id, rule.valid_from));
        rules.iter().try_for_each(check_rule)?;
        let versions_of = |clock: &ClockId| {
            let versions = rules.iter().filter(|rule| rule.id == *clock).cloned();
            check_versions(*clock, versions.collect())
        };
        let by_clock: Vec<Vec<ClockRule>> = ClockId::all()
            .iter()
            .map(versions_of)
            .collect::<Result<_, _>>()?;
        check_rings(&by_clock)?;
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

    /// Whether every rule of the earlier set is in this one, as it was but for its last day.
    ///
    /// # Errors
    /// The first rule that is not.
    pub fn goes_on_from(&self, earlier: &Self) -> Result<(), LawError> {
        let lasting = |rule: &ClockRule| ClockRule {
            valid_to: None,
            ..rule.clone()
        };
        for rule in earlier.iter() {
            let mut known = self.by_clock[rule.id as usize].iter();
            if !known.any(|known| lasting(known) == lasting(rule)) {
                let (clock, version) = (rule.id, rule.version.clone());
                return Err(LawError::Rewritten { clock, version });
            }
        }
        Ok(())
    }

    /// The rule under which a clock starts on the day: the newest valid one, or the oldest known when
    /// the day lies before every version.
    #[must_use]
    pub fn rule_on(&self, clock: ClockId, day: Date) -> &ClockRule {
        let versions = &self.by_clock[clock as usize];
        let newest_valid = versions.iter().rposition(|rule| rule.valid_from <= day);
        &versions[newest_valid.unwrap_or(0)]
    }

    /// The rules in force on the day whose clocks are started by what happened.
    pub fn started_by(&self, event: LawEvent, day: Date) -> impl Iterator<Item = &ClockRule> {
        let in_force = ClockId::all()
            .iter()
            .map(move |clock| self.rule_on(*clock, day));
        in_force.filter(move |rule| rule.starts.contains(&event))
    }

    /// The newest rule of the clock.
    #[must_use]
    pub fn rule(&self, clock: ClockId) -> &ClockRule {
        self.rule_on(clock, Date::MAX)
    }
}

fn check_rule(rule: &ClockRule) -> Result<(), LawError> {
    let (clock, version) = (rule.id, rule.version.clone());
    if rule.limit.n() == 0 {
        return Err(LawError::NoDays { clock, version });
    }
    if rule.valid_to.is_some_and(|last| last < rule.valid_from) {
        return Err(LawError::Backwards { clock, version });
    }
    if (rule.extension_max_days > 0) != rule.extension_approved_by.is_some() {
        return Err(LawError::Approval { clock, version });
    }
    if rule.starts.is_empty() {
        return Err(LawError::NothingStarts { clock, version });
    }
    if rule.ends.is_empty() {
        return Err(LawError::NothingEnds { clock, version });
    }
    Ok(())
}

/// The versions of one clock, oldest first: each follows the one before without gap or overlap. One
/// without a last day ends when the next begins.
fn check_versions(clock: ClockId, versions: Vec<ClockRule>) -> Result<Vec<ClockRule>, LawError> {
    let Some(newest) = versions.last() else {
        return Err(LawError::Missing(clock));
    };
    if let Some(day) = newest.valid_to.and_then(|last| last.succ_opt()) {
        return Err(LawError::Gap { clock, day });
    }
    for pair in versions.windows(2) {
        let [before, after] = pair else { continue };
        let two = || format!("{} and {}", before.version, after.version);
        let next = before.valid_to.and_then(|last| last.succ_opt());
        match next {
            Some(day) if day < after.valid_from => return Err(LawError::Gap { clock, day }),
            Some(day) if day > after.valid_from => {
                let (day, versions) = (after.valid_from, two());
                return Err(LawError::Overlap {
                    clock,
                    day,
                    versions,
                });
            }
            None if before.valid_from == after.valid_from => {
                let (day, versions) = (after.valid_from, two());
                return Err(LawError::Overlap {
                    clock,
                    day,
                    versions,
                });
            }
            Some(_) | None => {}
        }
    }
    Ok(versions)
}

/// A clock leads to those that its end starts. Following them must come to an end.
fn check_rings(by_clock: &[Vec<ClockRule>]) -> Result<(), LawError> {
    let newest: Vec<&ClockRule> = by_clock
        .iter()
        .filter_map(|versions| versions.last())
        .collect();
    let mut done = Vec::new();
    for rule in &newest {
        follow(rule, &newest, &mut Vec::new(), &mut done)?;
    }
    Ok(())
}

fn follow(
    rule: &ClockRule,
    all: &[&ClockRule],
    way: &mut Vec<ClockId>,
    done: &mut Vec<ClockId>,
) -> Result<(), LawError> {
    if let Some(place) = way.iter().position(|clock| *clock == rule.id) {
        let mut ring = way.split_off(place);
        ring.push(rule.id);
        return Err(LawError::Cycle { ring });
    }
    if done.contains(&rule.id) {
        return Ok(());
    }
    way.push(rule.id);
    let led_to = |next: &&&ClockRule| next.starts.iter().any(|event| rule.ends.contains(event));
    for next in all.iter().filter(led_to) {
        follow(next, all, way, done)?;
    }
    way.pop();
    done.push(rule.id);
    Ok(())
}

#[cfg(test)]
mod tests;
