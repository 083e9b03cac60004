//! What is said of input that cannot be used: every bad field, what was given and what is allowed.

use std::fmt;

use thiserror::Error;

/// One field that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field} is {given}; allowed: {allowed}")]
pub struct BadField {
    /// The field, by its name in the settings or arguments.
    pub field: &'static str,
    /// What was given.
    pub given: String,
    /// What is allowed.
    pub allowed: String,
}

/// Every field that cannot be used; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct BadFields(Vec<BadField>);

impl BadFields {
    /// One bad field alone.
    pub(super) fn one(field: &'static str, given: impl fmt::Display, allowed: &str) -> Self {
        Self(vec![BadField {
            field,
            given: given.to_string(),
            allowed: allowed.to_owned(),
        }])
    }

    /// The fields, in the order in which they were looked at.
    #[must_use]
    pub fn fields(&self) -> &[BadField] {
        &self.0
    }
}

impl fmt::Display for BadFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, field) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{field}")?;
        }
        Ok(())
    }
}

/// Looks at fields one after the other and keeps those that are bad.
#[derive(Debug, Default)]
pub(super) struct Check(Vec<BadField>);

impl Check {
    /// Notes the field as bad unless `good`.
    pub(super) fn that(
        &mut self,
        good: bool,
        field: &'static str,
        given: impl fmt::Display,
        allowed: &str,
    ) {
        if !good {
            self.0.extend(BadFields::one(field, given, allowed).0);
        }
    }

    /// A probability that is neither certain nor impossible.
    pub(super) fn probability(&mut self, field: &'static str, given: f64) {
        let good = given > 0.0 && given < 1.0;
        self.that(good, field, given, "above 0 and below 1");
    }

    /// A number above zero.
    pub(super) fn positive(&mut self, field: &'static str, given: f64) {
        let good = given > 0.0 && given.is_finite();
        self.that(good, field, given, "a finite number above 0");
    }

    /// A number from zero.
    pub(super) fn not_negative(&mut self, field: &'static str, given: f64) {
        let good = given >= 0.0 && given.is_finite();
        self.that(good, field, given, "a finite number from 0");
    }

    /// A whole number from the least one on.
    pub(super) fn at_least(&mut self, field: &'static str, given: usize, least: usize) {
        self.that(
            given >= least,
            field,
            given,
            &format!("a whole number from {least}"),
        );
    }

    /// The fewest matters a warning may rest on.
    pub(super) fn minimum_matters(&mut self, given: u64) {
        self.that(given > 0, "minimum_matters", given, "a whole number from 1");
    }

    /// What was found.
    pub(super) fn finish(self) -> Result<(), BadFields> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(BadFields(self.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_field_is_named_with_what_is_allowed() {
        let mut check = Check::default();
        check.probability("alpha", f64::NAN);
        check.positive("rise", 2.0);
        check.at_least("baseline", 2, 3);
        check.not_negative("minimum_sigma", f64::INFINITY);
        let bad = check.finish().unwrap_err();
        assert_eq!(
            bad.to_string(),
            "alpha is NaN; allowed: above 0 and below 1; \
             baseline is 2; allowed: a whole number from 3; \
             minimum_sigma is inf; allowed: a finite number from 0"
        );
        assert_eq!(bad.fields().len(), 3);
    }
}
