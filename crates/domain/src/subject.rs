//! 内容分类: the dated list of subjects.

use std::sync::LazyLock;

use serde::Deserialize;
use thiserror::Error;

use crate::{embedded, time::Date, vocabulary::StatutoryRoute};

static EMBEDDED: LazyLock<SubjectList> = LazyLock::new(|| {
    let subjects = SubjectList::parse(include_str!("../data/subjects.json"));
    embedded::checked("subjects.json", subjects)
});

/// What a matter is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The word that is stored and sent, such as `land_and_homestead`.
    pub code: String,
    /// The English name.
    pub name_en: String,
    /// The Chinese name.
    pub name_zh: String,
    /// The function of the organ that is competent for it.
    pub function: String,
    /// The route a claim on it takes (art. 31).
    pub route: StatutoryRoute,
}

/// The subjects in force, with the version of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectList {
    version: String,
    valid_from: Date,
    subjects: Vec<Subject>,
}

/// A code that is no subject.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{given:?} is no subject; allowed: {}", allowed.join(", "))]
pub struct UnknownSubject {
    /// What was given.
    pub given: String,
    /// Every code of the list.
    pub allowed: Vec<&'static str>,
}

/// Why texts are no list of subjects.
#[derive(Debug, Error)]
pub enum SubjectListError {
    /// Not JSON of the expected shape.
    #[error("the subjects are not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// A code is listed twice.
    #[error("the subject {0} is listed twice")]
    Twice(String),
}

#[derive(Deserialize)]
struct SubjectFile {
    version: String,
    valid_from: Date,
    subjects: Vec<SubjectRow>,
}

#[derive(Deserialize)]
struct SubjectRow {
    code: String,
    name_en: String,
    name_zh: String,
    function: String,
    route: StatutoryRoute,
}

impl SubjectList {
    /// The list this release was built with.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads `{"version", "valid_from", "subjects": [{"code", "name_en", "name_zh", "function", "route"}]}`.
    ///
    /// # Errors
    /// See [`SubjectListError`].
    pub fn parse(json: &str) -> Result<Self, SubjectListError> {
        let SubjectFile {
            version,
            valid_from,
            subjects: rows,
        } = serde_json::from_str(json)?;
        let mut subjects: Vec<Subject> = Vec::with_capacity(rows.len());
        for SubjectRow {
            code,
            name_en,
            name_zh,
            function,
            route,
        } in rows
        {
            if subjects.iter().any(|known| known.code == code) {
                return Err(SubjectListError::Twice(code));
            }
            subjects.push(Subject {
                code,
                name_en,
                name_zh,
                function,
                route,
            });
        }
        Ok(Self {
            version,
            valid_from,
            subjects,
        })
    }

    /// The version of the list of subjects.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The first day the list is in force.
    #[must_use]
    pub const fn valid_from(&self) -> Date {
        self.valid_from
    }

    /// Every subject.
    #[must_use]
    pub fn all(&self) -> &[Subject] {
        &self.subjects
    }
}

impl Subject {
    /// Every subject of the embedded list.
    #[must_use]
    pub fn all() -> &'static [Self] {
        SubjectList::embedded().all()
    }

    /// The subject with the code.
    ///
    /// # Errors
    /// An unknown code is answered with the known ones.
    pub fn from_code(code: &str) -> Result<&'static Self, UnknownSubject> {
        Self::all()
            .iter()
            .find(|subject| subject.code == code)
            .ok_or_else(|| UnknownSubject {
                given: code.to_owned(),
                allowed: Self::all()
                    .iter()
                    .map(|subject| subject.code.as_str())
                    .collect(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_of_the_handbook_is_on_the_list() {
        for code in [
            "land_and_homestead",
            "demolition_and_resettlement",
            "labour_and_social_security",
            "enterprise_restructuring",
            "housing_titles",
            "rural_finance",
            "environment",
            "medical",
            "veterans_benefits_policy",
            "reservoir_resettlement",
            "litigation_related",
        ] {
            assert_eq!(Subject::from_code(code).unwrap().code, code);
        }
        assert!(
            Subject::from_code("weather")
                .unwrap_err()
                .to_string()
                .contains("land_and_homestead")
        );
    }

    #[test]
    fn every_one_of_the_six_routes_has_a_subject() {
        for route in StatutoryRoute::all() {
            assert!(
                Subject::all().iter().any(|subject| subject.route == *route),
                "{route}"
            );
        }
    }

    #[test]
    fn a_subject_that_is_listed_twice_is_refused() {
        let twice = include_str!("../data/subjects.json")
            .replace("\"code\": \"medical\"", "\"code\": \"education\"");
        assert!(
            matches!(SubjectList::parse(&twice), Err(SubjectListError::Twice(code)) if code == "education")
        );
    }
}
