//! Who is called after whom, and how soon: ladders of the escalation as dated data, by place and kind of the report. A recipient
//! keeps the version it was addressed under and goes on climbing that one.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use serde::Deserialize;
use thiserror::Error;

use super::{Escalation, Step};
use crate::{
    embedded,
    local::FIRST_DAY,
    territory::TerritoryCode,
    time::Date,
    vocabulary::{Level, UrgentKind},
    word::words,
};

/// The longest a rung or a repetition can wait; minutes. A day.
const LONGEST: u32 = 1440;
/// The longest that a rung of a ladder for danger to life can wait: the acknowledgement limit that the whole nation has; minutes.
const LONGEST_IN_DANGER: u32 = 30;

static EMBEDDED: LazyLock<EscalationLadders> = LazyLock::new(|| {
    let ladders = EscalationLadders::parse(include_str!("../../data/escalation_ladders.json"));
    embedded::checked("escalation_ladders.json", ladders)
});

words! {
    /// Whom a rung calls. The post on duty is called at once and stands on no rung. Ordered.
    Called {
        /// The deputy of the post on duty.
        Deputy = "deputy",
        /// The leader on duty.
        Leader = "leader",
        /// The level above.
        LevelAbove = "level_above",
        /// Everybody again.
        Everybody = "everybody",
    }
}

/// How long is waited before a rung is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Wait {
    /// What the local rules say.
    Named(NamedWait),
    /// So many minutes, 1 to 1440.
    Minutes(u32),
}

words! {
    /// A wait that is set elsewhere.
    NamedWait {
        /// The acknowledgement limit of the place, level and kind.
        AcknowledgementLimit = "acknowledgement_limit",
        /// The time between two reminders that the service is set to.
        RepeatInterval = "repeat_interval",
    }
}

/// A rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Whom it calls.
    pub calls: Called,
    /// How long after the call before it.
    pub after: Wait,
}

/// One version of a ladder, as it is written in a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationLadder {
    /// Its name.
    #[serde(rename = "ladder")]
    pub name: String,
    /// For all that happens in this place; the nation when the file names none.
    #[serde(default = "nation")]
    pub place: TerritoryCode,
    /// Only for urgent reports of this kind.
    #[serde(default)]
    pub kind: Option<UrgentKind>,
    /// The first day on which it holds, until the next version for the same place and kind.
    pub valid_from: Date,
    /// The decision it rests on, 1 to 200 characters.
    pub source: String,
    /// Whom it calls, in order; the last calls everybody.
    pub rungs: Vec<Rung>,
    /// How often everybody is called after that, without end.
    pub again_every: Wait,
}

const fn nation() -> TerritoryCode {
    TerritoryCode::NATION
}

/// Why a text is no set of ladders. Ladders are counted from 0.
#[derive(Debug, Error)]
pub enum LadderError {
    /// Not JSON of the expected shape.
    #[error("the escalation ladders are not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// A ladder without a decision it rests on, or without a name.
    #[error("ladders[{0}] must have a name of 1 to 50 and a source of 1 to 200 characters")]
    NoWords(usize),
    /// Two versions of one name, or for one place and kind, begin on one day.
    #[error("ladders[{0}] begins on the same day as another of its name, or of its place and kind")]
    Twice(usize),
    /// Nobody is called for the second time.
    #[error("ladders[{0}].rungs must end with everybody: an escalation never stops")]
    Ends(usize),
    /// The level above is left out.
    #[error(
        "ladders[{0}].rungs must hold level_above: no ladder keeps an alert from the level above"
    )]
    SkipsTheLevelAbove(usize),
    /// Rungs that go down, or call somebody twice.
    #[error(
        "ladders[{0}].rungs must go upward: deputy, leader, level_above, everybody, each at most once"
    )]
    Falls(usize),
    /// The first rung does not wait for the acknowledgement limit.
    #[error(
        "ladders[{0}].rungs[0].after must be acknowledgement_limit: what is late is called at that instant, and not before"
    )]
    FirstRung(usize),
    /// A wait that no ladder can have.
    #[error("ladders[{ladder}].{field} is {minutes} minutes; 1 to {most} is allowed")]
    Minutes {
        /// The ladder.
        ladder: usize,
        /// Where.
        field: String,
        /// What it says.
        minutes: u32,
        /// What it may say.
        most: u32,
    },
    /// No ladder for the whole nation and every kind from the first day on.
    #[error("no ladder is for the whole nation and every kind from {FIRST_DAY} on")]
    NoDefault,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LadderFile {
    #[serde(rename = "version")]
    _version: String,
    ladders: Vec<EscalationLadder>,
}

/// All ladders in all versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationLadders {
    ladders: Vec<EscalationLadder>,
    /// That of the whole nation and every kind since the first day.
    default: EscalationLadder,
}

impl EscalationLadders {
    /// The ladders this release was built with.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// The ladders of the text; those of this release when none is given.
    ///
    /// # Errors
    /// See [`LadderError`].
    pub fn given(text: Option<&str>) -> Result<Arc<Self>, LadderError> {
        let ladders = text.map_or_else(|| Ok(Self::embedded().clone()), Self::parse)?;
        Ok(Arc::new(ladders))
    }

    /// Reads `{"version", "ladders": [..]}`; the fields of a ladder are those of [`EscalationLadder`].
    ///
    /// # Errors
    /// See [`LadderError`].
    pub fn parse(json: &str) -> Result<Self, LadderError> {
        let LadderFile { ladders, .. } = serde_json::from_str(json)?;
        let (mut names, mut whose) = (BTreeSet::new(), BTreeSet::new());
        for (place, ladder) in ladders.iter().enumerate() {
            ladder.check(place)?;
            let about = (ladder.place, ladder.kind, ladder.valid_from);
            if !names.insert(ladder.version()) || !whose.insert(about) {
                return Err(LadderError::Twice(place));
            }
        }
        let is_default = |ladder: &&EscalationLadder| {
            ladder.place == TerritoryCode::NATION
                && ladder.kind.is_none()
                && ladder.valid_from <= FIRST_DAY
        };
        let default = ladders.iter().find(is_default).cloned();
        let default = default.ok_or(LadderError::NoDefault)?;
        Ok(Self { ladders, default })
    }

    /// The ladder that holds: of the nearest place, there of the kind before the general one. On days before the Regulations that
    /// of their first day.
    #[must_use]
    pub fn in_force(&self, place: TerritoryCode, kind: UrgentKind, on: Date) -> &EscalationLadder {
        let on = on.max(FIRST_DAY);
        let newest = |place, kind| {
            let of = self.ladders.iter().filter(move |ladder| {
                (ladder.place, ladder.kind) == (place, kind) && ladder.valid_from <= on
            });
            of.max_by_key(|ladder| ladder.valid_from)
        };
        let found = place
            .chain()
            .find_map(|place| newest(place, Some(kind)).or_else(|| newest(place, None)));
        found.unwrap_or(&self.default)
    }

    /// The ladder of a version that a recipient keeps; none when no release of it is here any more.
    #[must_use]
    pub fn kept(&self, version: &str) -> Option<&EscalationLadder> {
        self.ladders
            .iter()
            .find(|ladder| ladder.version() == version)
    }
}

impl EscalationLadder {
    /// Name and version in one word, as a recipient keeps it: `urgent-report 2022-05-01`.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{} {}", self.name, self.valid_from)
    }

    /// What follows the step of a recipient at the level. There is always something: above the nation there is no level, and
    /// everybody is called instead; after that again and again.
    #[must_use]
    pub fn next(&self, step: Step, level: Level) -> Escalation {
        let (step, added_level) = match (self.rung_after(step, level), step) {
            (Some(rung), _) => match (rung.calls, level.above()) {
                (Called::Deputy, _) => (Step::Deputy, None),
                (Called::Leader, _) => (Step::Leader, None),
                (Called::LevelAbove, Some(above)) => (Step::LevelAbove, Some(above)),
                (Called::LevelAbove, None) | (Called::Everybody, _) => (Step::Repeat(1), None),
            },
            (None, Step::Repeat(n)) => (Step::Repeat(n.saturating_add(1)), None),
            (None, Step::Duty | Step::Deputy | Step::Leader | Step::LevelAbove) => {
                (Step::Repeat(1), None)
            }
        };
        Escalation { step, added_level }
    }

    /// How long is waited after the step of a recipient at the level before the next is taken.
    #[must_use]
    pub fn wait(&self, step: Step, level: Level) -> Wait {
        self.rung_after(step, level)
            .map_or(self.again_every, |rung| rung.after)
    }

    /// The rung that is taken after a step; none when everybody was called.
    fn rung_after(&self, step: Step, level: Level) -> Option<&Rung> {
        let reached = match step {
            Step::Duty => None,
            Step::Deputy => Some(Called::Deputy),
            Step::Leader => Some(Called::Leader),
            Step::LevelAbove => Some(Called::LevelAbove),
            Step::Repeat(_) => Some(Called::Everybody),
        };
        let there = |called| called != Called::LevelAbove || level.above().is_some();
        let mut rungs = self.rungs.iter();
        rungs.find(|rung| Some(rung.calls) > reached && there(rung.calls))
    }

    fn check(&self, place: usize) -> Result<(), LadderError> {
        let named = (1..=50).contains(&self.name.chars().count());
        if !named || !(1..=200).contains(&self.source.chars().count()) {
            return Err(LadderError::NoWords(place));
        }
        let calls: Vec<Called> = self.rungs.iter().map(|rung| rung.calls).collect();
        if !calls.is_sorted_by(|before, after| before < after) {
            return Err(LadderError::Falls(place));
        }
        if calls.last() != Some(&Called::Everybody) {
            return Err(LadderError::Ends(place));
        }
        if !calls.contains(&Called::LevelAbove) {
            return Err(LadderError::SkipsTheLevelAbove(place));
        }
        let limit = Wait::Named(NamedWait::AcknowledgementLimit);
        if self.rungs.first().is_none_or(|rung| rung.after != limit) {
            return Err(LadderError::FirstRung(place));
        }
        self.check_waits(place)
    }

    /// Danger to life is never slower than what the whole nation has.
    fn check_waits(&self, ladder: usize) -> Result<(), LadderError> {
        let in_danger = self
            .kind
            .is_none_or(|kind| kind == UrgentKind::DangerToLife);
        let most = if in_danger {
            LONGEST_IN_DANGER
        } else {
            LONGEST
        };
        let rungs = self.rungs.iter().enumerate();
        let waits = rungs.map(|(rung, at)| (format!("rungs[{rung}].after"), at.after));
        let again = ("again_every".to_owned(), self.again_every);
        for (field, wait) in waits.chain([again]) {
            match wait {
                Wait::Minutes(minutes) if !(1..=most).contains(&minutes) => {
                    return Err(LadderError::Minutes {
                        ladder,
                        field,
                        minutes,
                        most,
                    });
                }
                Wait::Minutes(_) | Wait::Named(_) => {}
            }
        }
        Ok(())
    }
}
