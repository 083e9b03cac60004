//! Everything that is wrong with a request, collected before it is refused. Nothing here repeats what
//! was given in a text: it may be a petitioner's.

use std::fmt;
use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use huiyin_domain::ids::{Id, Kind};
use huiyin_domain::territory::{CODE_FORM, TerritoryCode};
use prost_types::Timestamp;

use crate::status::Problem;

/// Violations named in one answer; more are only counted, so that the answer fits into its headers.
const NAMED_AT_MOST: usize = 32;
/// Enum numbers looked at when the allowed ones are listed.
const CHOICES_AT_MOST: i32 = 100;
/// Years an instant or a day may lie in; the first year of the present state of petition work to far ahead.
const YEARS: RangeInclusive<i32> = 1949..=2200;

/// One thing wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, as the contract writes it: `subjects[0].code`.
    pub field: String,
    /// What is wrong and what is allowed.
    pub description: String,
}

/// Everything that is wrong with a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    found: Vec<Violation>,
    unnamed: usize,
}

impl Violations {
    /// Adds one violation.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        if self.found.len() < NAMED_AT_MOST {
            self.found.push(Violation {
                field: field.into(),
                description: description.into(),
            });
        } else {
            self.unnamed += 1;
        }
    }

    /// Adds a violation unless `holds`; gives `holds` back.
    pub fn check(&mut self, field: &str, holds: bool, description: impl Into<String>) -> bool {
        if !holds {
            self.add(field, description);
        }
        holds
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What is wrong, in the order it was found.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.found.iter()
    }

    /// Refuses the request when anything is wrong with it.
    ///
    /// # Errors
    /// [`Problem::InvalidFields`] with all violations.
    pub fn finish(self) -> Result<(), Problem> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Problem::InvalidFields(self))
        }
    }

    /// Refuses the request when anything is wrong with it, otherwise gives the parsed value:
    /// `violations.finish_with(matter.zip(organ))?`.
    ///
    /// # Errors
    /// [`Problem::InvalidFields`] with all violations.
    pub fn finish_with<T>(self, parsed: Option<T>) -> Result<T, Problem> {
        match parsed {
            Some(parsed) if self.is_empty() => Ok(parsed),
            None if self.is_empty() => Err(Problem::Unexpected(
                "a field was not parsed and no violation says why".to_owned(),
            )),
            Some(_) | None => Err(Problem::InvalidFields(self)),
        }
    }

    /// A text of `min` to `max` characters after surrounding space is cut off; no control characters but
    /// line breaks and tabs. Gives the text without surrounding space.
    pub fn text(&mut self, field: &str, value: &str, min: usize, max: usize) -> String {
        let text = value.trim();
        let length = text.chars().count();
        if length < min && length == 0 {
            self.add(
                field,
                format!("is empty; {min} to {max} characters are wanted"),
            );
        } else if length < min || length > max {
            self.add(
                field,
                format!("has {length} characters; {min} to {max} are allowed"),
            );
        }
        let control = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
        self.check(
            field,
            !text.chars().any(control),
            "holds control characters",
        );
        text.to_owned()
    }

    /// The id of a thing of kind `K`.
    pub fn id<K: Kind>(&mut self, field: &str, value: &str) -> Option<Id<K>> {
        let id = value.parse().ok();
        let prefix = K::PREFIX;
        self.check(
            field,
            id.is_some(),
            format!("is no {prefix} id; {prefix}_ followed by 32 hexadecimal digits is expected"),
        );
        id
    }

    /// A territory code.
    pub fn territory_code(&mut self, field: &str, value: &str) -> Option<TerritoryCode> {
        let code = value.parse().ok();
        self.check(
            field,
            code.is_some(),
            format!("is no territory code; {CODE_FORM}"),
        );
        code
    }

    /// An instant between 1949 and 2200; required.
    pub fn time(&mut self, field: &str, value: Option<&Timestamp>) -> Option<DateTime<Utc>> {
        let Some(timestamp) = value else {
            self.add(field, "is missing");
            return None;
        };
        let time = u32::try_from(timestamp.nanos)
            .ok()
            .and_then(|nanos| DateTime::from_timestamp(timestamp.seconds, nanos))
            .filter(|time| YEARS.contains(&time.year()));
        self.check(
            field,
            time.is_some(),
            format!(
                "lies outside the years {} to {}",
                YEARS.start(),
                YEARS.end()
            ),
        );
        time
    }

    /// A day written `2026-01-31`, between 1949 and 2200; required.
    pub fn date(&mut self, field: &str, value: &str) -> Option<NaiveDate> {
        let date = NaiveDate::parse_from_str(value, "%Y-%m-%d")
            .ok()
            .filter(|date| YEARS.contains(&date.year()));
        self.check(
            field,
            date.is_some(),
            format!(
                "is no day written like 2026-01-31 in the years {} to {}",
                YEARS.start(),
                YEARS.end()
            ),
        );
        date
    }

    /// A number within bounds; gives it back.
    pub fn within<T: PartialOrd + fmt::Display + Copy>(
        &mut self,
        field: &str,
        value: T,
        bounds: RangeInclusive<T>,
    ) -> T {
        let (from, to) = (bounds.start(), bounds.end());
        self.check(
            field,
            bounds.contains(&value),
            format!("is {value}; {from} to {to} is allowed"),
        );
        value
    }

    /// The `request_id` of a create: 1 to 64 visible ASCII characters.
    pub fn request_id(&mut self, value: &str) -> String {
        let fits = (1..=64).contains(&value.len())
            && value.bytes().all(|letter| letter.is_ascii_graphic());
        self.check(
            "request_id",
            fits,
            "must have 1 to 64 visible ASCII characters, chosen by the caller and the same on every retry",
        );
        value.to_owned()
    }

    /// A value of an enum of the contract, which must be given. `name` is the enum's own
    /// `as_str_name`; it says which enum is meant and lists what is allowed.
    pub fn choice<E: TryFrom<i32>>(
        &mut self,
        field: &str,
        value: i32,
        name: impl Fn(&E) -> &'static str,
    ) -> Option<E> {
        let known = E::try_from(value).ok();
        if value != 0
            && let Some(known) = known
        {
            return Some(known);
        }
        let allowed: Vec<&str> = (1..CHOICES_AT_MOST)
            .filter_map(|number| E::try_from(number).ok())
            .map(|known| name(&known))
            .collect();
        let what = if value == 0 {
            "is not given".to_owned()
        } else {
            format!("has the unknown value {value}")
        };
        self.add(field, format!("{what}; allowed are {}", allowed.join(", ")));
        None
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.found.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(
                f,
                "{separator}{} {}",
                violation.field, violation.description
            )?;
        }
        if self.unnamed > 0 {
            write!(f, "; and {} more", self.unnamed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use huiyin_domain::ids::{MatterId, kind};
    use huiyin_proto::vocabulary::v1::Level;

    use super::*;

    fn fields(violations: &Violations) -> Vec<&str> {
        violations
            .iter()
            .map(|violation| violation.field.as_str())
            .collect()
    }

    #[test]
    fn every_wrong_field_is_named() {
        let mut violations = Violations::default();
        violations.text("content", "  \n ", 1, 10);
        violations.text("title", "a\0b", 1, 10);
        violations.id::<kind::Matter>("matter_id", "organ_1");
        violations.time("at_time", None);
        violations.time(
            "to_time",
            Some(&Timestamp {
                seconds: i64::MAX,
                nanos: 0,
            }),
        );
        violations.date("day", "2026-02-30");
        violations.within("limit", 1001, 0..=1000);
        violations.request_id("two words");
        violations.choice("level", 0, Level::as_str_name);
        violations.choice("above", 99, Level::as_str_name);
        let expected = [
            "content",
            "title",
            "matter_id",
            "at_time",
            "to_time",
            "day",
            "limit",
            "request_id",
            "level",
            "above",
        ];
        assert_eq!(fields(&violations), expected);
        assert!(matches!(
            violations.finish(),
            Err(Problem::InvalidFields(_))
        ));
    }

    #[test]
    fn what_is_right_comes_back_parsed() {
        let mut violations = Violations::default();
        let id = MatterId::from_uuid(uuid::Uuid::from_u128(7));
        assert_eq!(violations.text("content", " 水费 ", 1, 2), "水费");
        assert_eq!(violations.id("matter_id", &id.to_string()), Some(id));
        assert_eq!(
            violations
                .time(
                    "at_time",
                    Some(&Timestamp {
                        seconds: 0,
                        nanos: 5
                    })
                )
                .unwrap()
                .year(),
            1970
        );
        assert_eq!(violations.date("day", "2026-01-31").unwrap().day(), 31);
        assert_eq!(violations.within("limit", 3, 1..=3), 3);
        assert_eq!(violations.request_id("r-1"), "r-1");
        assert_eq!(
            violations.choice("level", Level::County as i32, Level::as_str_name),
            Some(Level::County)
        );
        assert_eq!(violations.finish_with(Some(3)).unwrap(), 3);
    }

    #[test]
    fn an_unknown_choice_is_answered_with_the_allowed_ones() {
        let mut violations = Violations::default();
        violations.choice("level", 99, Level::as_str_name);
        let text = violations.to_string();
        assert!(
            text.contains("unknown value 99") && text.contains(Level::County.as_str_name()),
            "{text}"
        );
        assert!(!text.contains("UNSPECIFIED"), "{text}");
    }

    #[test]
    fn a_given_text_is_never_repeated() {
        let mut violations = Violations::default();
        let secret = "张三";
        violations.text("title", &secret.repeat(9), 1, 3);
        violations.id::<kind::Matter>("matter_id", secret);
        violations.date("day", secret);
        violations.request_id(secret);
        assert!(!violations.to_string().contains(secret));
    }

    #[test]
    fn a_thousand_violations_still_fit_into_an_answer() {
        let mut violations = Violations::default();
        (0..1000).for_each(|index| violations.add(format!("subjects[{index}]"), "is empty"));
        assert_eq!(violations.iter().count(), NAMED_AT_MOST);
        assert!(violations.to_string().ends_with("and 968 more"));
    }
}
