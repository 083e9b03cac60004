//! Graded responsibility as data: at which level, and by the holder of which function, each subject is handled. A place
//! may have its own rule for a subject; it holds for all that lies in it.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{embedded, subject::Subject, territory::TerritoryCode, time::Date, vocabulary::Level};

static EMBEDDED: LazyLock<CompetenceRules> = LazyLock::new(|| {
    let rules = CompetenceRules::parse(include_str!("../../data/competence.json"));
    embedded::checked("competence.json", rules)
});

/// Who handles a subject, as a rule says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompetenceRule {
    /// Code of the subject.
    pub subject: String,
    /// For all that lies in this place; the nation when the file names none.
    #[serde(default = "nation")]
    pub place: TerritoryCode,
    /// The level at which the subject is handled first.
    pub level: Level,
    /// The function of the organ; that of the subject when the file names none.
    #[serde(default)]
    pub function: Option<String>,
}

/// One version of the competence rules, as it is written in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompetenceFile {
    /// The name of the version, 1 to 64 characters.
    pub version: String,
    /// The first day on which it decides.
    pub valid_from: Date,
    /// The decision it rests on, 1 to 200 characters.
    pub source: String,
    /// The rules.
    pub rules: Vec<CompetenceRule>,
}

/// One version of the competence rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompetenceRules {
    file: CompetenceFile,
    /// By subject and place, the place of the rule in the file.
    index: BTreeMap<&'static str, HashMap<TerritoryCode, usize>>,
}

/// The rule that holds for a subject in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Competence<'a> {
    /// The level at which the subject is handled first.
    pub handled_at: Level,
    /// The function of the organ.
    pub function: &'a str,
    /// The place the rule was made for.
    pub place: TerritoryCode,
}

/// What is wrong with competence rules.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CompetenceFault {
    /// A text is empty or too long.
    #[error("{field} must have 1 to {most} characters")]
    Text {
        /// Which.
        field: &'static str,
        /// How many characters are allowed.
        most: usize,
    },
    /// A rule names a subject that is not on the list.
    #[error("rules[{rule}].subject: {words}")]
    UnknownSubject {
        /// Its place in the file, from 0.
        rule: usize,
        /// What was given and what is allowed.
        words: String,
    },
    /// Two rules for one subject in one place.
    #[error("rules[{rule}]: {subject} has a rule for {place} already, rules[{before}]")]
    Twice {
        /// The place of the second one in the file, from 0.
        rule: usize,
        /// The place of the first one.
        before: usize,
        /// The subject.
        subject: String,
        /// For which place.
        place: TerritoryCode,
    },
    /// A function that nobody could be given.
    #[error(
        "rules[{rule}].function: {given:?} is no function; expected 1 to 64 lower-case letters, digits and underscores"
    )]
    NoFunction {
        /// Its place in the file, from 0.
        rule: usize,
        /// What was given.
        given: String,
    },
    /// A subject without a rule for the whole nation: somewhere nobody would be competent.
    #[error("the subject {subject} has no rule for the whole nation")]
    Gap {
        /// The subject.
        subject: &'static str,
    },
}

/// Why a text is no set of competence rules.
#[derive(Debug, Error)]
pub enum CompetenceError {
    /// Not JSON of the expected shape; says line, column and what is allowed.
    #[error("the competence rules are not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// The rules contradict themselves.
    #[error("the competence rules are wrong: {}", words(.0))]
    Faults(Vec<CompetenceFault>),
}

fn words(faults: &[CompetenceFault]) -> String {
    let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
    words.join("; ")
}

const fn nation() -> TerritoryCode {
    TerritoryCode::NATION
}

/// Whether the text can be the code of a function.
#[must_use]
pub fn is_function(code: &str) -> bool {
    let letter =
        |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
    (1..=64).contains(&code.len()) && code.bytes().all(letter)
}

impl CompetenceRules {
    /// The rules this release was built with.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads `{"version", "valid_from", "source", "rules": [{"subject", "place", "level", "function"}]}`.
    ///
    /// # Errors
    /// See [`CompetenceError`].
    pub fn parse(json: &str) -> Result<Self, CompetenceError> {
        Self::new(serde_json::from_str(json)?).map_err(CompetenceError::Faults)
    }

    /// Checks the rules.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn new(file: CompetenceFile) -> Result<Self, Vec<CompetenceFault>> {
        let mut faults = Vec::new();
        for (field, text, most) in [
            ("version", &file.version, 64),
            ("source", &file.source, 200),
        ] {
            if !(1..=most).contains(&text.chars().count()) {
                faults.push(CompetenceFault::Text { field, most });
            }
        }
        let mut index: BTreeMap<&'static str, HashMap<TerritoryCode, usize>> = BTreeMap::new();
        for (rule, row) in file.rules.iter().enumerate() {
            if let Some(given) = row.function.as_ref().filter(|given| !is_function(given)) {
                let given = given.clone();
                faults.push(CompetenceFault::NoFunction { rule, given });
            }
            match Subject::from_code(&row.subject) {
                Err(unknown) => faults.push(CompetenceFault::UnknownSubject {
                    rule,
                    words: unknown.to_string(),
                }),
                Ok(subject) => {
                    let places = index.entry(&subject.code).or_default();
                    if let Some(before) = places.insert(row.place, rule) {
                        faults.push(CompetenceFault::Twice {
                            rule,
                            before,
                            subject: row.subject.clone(),
                            place: row.place,
                        });
                    }
                }
            }
        }
        let gaps = Subject::all().iter().filter(|subject| {
            let places = index.get(subject.code.as_str());
            places.is_none_or(|places| !places.contains_key(&TerritoryCode::NATION))
        });
        faults.extend(gaps.map(|subject| CompetenceFault::Gap {
            subject: &subject.code,
        }));
        if faults.is_empty() {
            Ok(Self { file, index })
        } else {
            Err(faults)
        }
    }

    /// The rules as they are written.
    #[must_use]
    pub const fn file(&self) -> &CompetenceFile {
        &self.file
    }

    /// The name of the version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.file.version
    }

    /// The first day on which the version decides.
    #[must_use]
    pub const fn valid_from(&self) -> Date {
        self.file.valid_from
    }

    /// Who handles the subject in the place: the rule of the place, else of the nearest above it that has one.
    #[must_use]
    pub fn of(&self, subject: &'static Subject, place: TerritoryCode) -> Competence<'_> {
        let places = self.index.get(subject.code.as_str());
        let rule = places.and_then(|places| {
            let mut above = place.chain();
            above.find_map(|place| self.file.rules.get(*places.get(&place)?))
        });
        Competence {
            handled_at: rule.map_or(Level::County, |rule| rule.level),
            function: rule
                .and_then(|rule| rule.function.as_deref())
                .unwrap_or(&subject.function),
            place: rule.map_or(TerritoryCode::NATION, |rule| rule.place),
        }
    }

    /// The version of these that decides on the day: the one that came into force last. The first one when the day
    /// lies before all of them.
    #[must_use]
    pub fn in_force<R: Borrow<Self>>(versions: &[R], on: Date) -> Option<&R> {
        let first_day = |rules: &&R| -> Date { <R as Borrow<Self>>::borrow(*rules).valid_from() };
        let begun = versions.iter().filter(|rules| first_day(rules) <= on);
        begun
            .max_by_key(first_day)
            .or_else(|| versions.iter().min_by_key(first_day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(
        change: impl FnOnce(&mut CompetenceFile),
    ) -> Result<CompetenceRules, Vec<CompetenceFault>> {
        let mut file = CompetenceRules::embedded().file().clone();
        change(&mut file);
        CompetenceRules::new(file)
    }

    fn rule(subject: &str, place: &str, level: Level, function: Option<&str>) -> CompetenceRule {
        CompetenceRule {
            subject: subject.to_owned(),
            place: place.parse().unwrap(),
            level,
            function: function.map(str::to_owned),
        }
    }

    #[test]
    fn the_rule_of_the_nearest_place_holds() {
        let rules = with(|file| {
            file.rules
                .push(rule("environment", "4312", Level::City, None));
            file.rules.push(rule(
                "environment",
                "431202",
                Level::Township,
                Some("township_government"),
            ));
        })
        .unwrap();
        let subject = Subject::from_code("environment").unwrap();
        let of = |place: &str| {
            let found = rules.of(subject, place.parse().unwrap());
            (
                found.handled_at,
                found.function.to_owned(),
                found.place.short().to_owned(),
            )
        };
        assert_eq!(
            of("431202001"),
            (
                Level::Township,
                "township_government".to_owned(),
                "431202".to_owned()
            )
        );
        assert_eq!(
            of("431221001"),
            (Level::City, "ecology".to_owned(), "4312".to_owned())
        );
        assert_eq!(
            of("430102001"),
            (Level::County, "ecology".to_owned(), "00".to_owned())
        );
    }

    #[test]
    fn everything_that_is_wrong_is_said_with_its_place() {
        let faults = with(|file| {
            file.version = String::new();
            file.source = "x".repeat(201);
            file.rules.retain(|rule| rule.subject != "medical");
            file.rules
                .insert(0, rule("weather", "00", Level::County, None));
            file.rules.insert(
                1,
                rule("education", "00", Level::County, Some("The School")),
            );
        })
        .unwrap_err();
        let shown: Vec<String> = faults
            .iter()
            .map(|fault| fault.to_string().chars().take(60).collect())
            .collect();
        assert_eq!(
            shown,
            [
                "version must have 1 to 64 characters",
                "source must have 1 to 200 characters",
                "rules[0].subject: \"weather\" is no subject; allowed: land_and",
                "rules[1].function: \"The School\" is no function; expected 1 t",
                "rules[18]: education has a rule for 000000000000 already, ru",
                "the subject medical has no rule for the whole nation",
            ]
        );
    }

    #[test]
    fn a_text_that_is_no_file_is_refused_with_its_place() {
        let refused = CompetenceRules::parse(
            "{\"version\": \"1\",\n \"rules\": [{\"subject\": \"x\", \"level\": \"galaxy\"}]}",
        );
        let words = refused.unwrap_err().to_string();
        assert!(
            words.contains("unknown variant `galaxy`") && words.contains("line 2"),
            "{words}"
        );
    }

    #[test]
    fn the_version_that_came_into_force_last_decides() {
        let from = |version: &str, day: &str| {
            with(|file| {
                file.version = version.to_owned();
                file.valid_from = day.parse().unwrap();
            })
            .unwrap()
        };
        let versions = [
            from("b", "2026-03-01"),
            from("a", "2022-05-01"),
            from("c", "2027-01-01"),
        ];
        let on = |day: &str| {
            let rules = CompetenceRules::in_force(&versions, day.parse().unwrap());
            rules.map(|rules| rules.version().to_owned())
        };
        assert_eq!(
            [
                "2020-01-01",
                "2026-02-28",
                "2026-03-01",
                "2026-12-31",
                "2027-01-01"
            ]
            .map(|day| on(day).unwrap()),
            ["a", "a", "b", "b", "c"]
        );
        assert_eq!(
            CompetenceRules::in_force::<CompetenceRules>(&[], "2026-01-01".parse().unwrap()),
            None
        );
    }
}
