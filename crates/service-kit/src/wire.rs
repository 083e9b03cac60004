//! Instants and the words that every service reads between protobuf and our types.

use chrono::DateTime;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Category, Level};
use huiyin_proto::vocabulary::v1 as words;
use prost_types::Timestamp;

use crate::violations::Violations;

/// An instant on the wire.
#[must_use]
pub fn timestamp(instant: Instant) -> Timestamp {
    Timestamp {
        seconds: instant.timestamp(),
        nanos: i32::try_from(instant.timestamp_subsec_nanos()).unwrap_or(0),
    }
}

/// An instant from the wire; `None` when it is outside what a calendar can hold.
#[must_use]
pub fn instant(timestamp: &Timestamp) -> Option<Instant> {
    DateTime::from_timestamp(timestamp.seconds, u32::try_from(timestamp.nanos).ok()?)
}

/// A level that must be given.
pub fn level(violations: &mut Violations, field: &str, given: i32) -> Option<Level> {
    level_of(violations.choice(field, given, words::Level::as_str_name)?)
}

/// A level from the wire; none where it is not given.
pub(crate) const fn level_of(word: words::Level) -> Option<Level> {
    match word {
        words::Level::Village => Some(Level::Village),
        words::Level::Township => Some(Level::Township),
        words::Level::County => Some(Level::County),
        words::Level::City => Some(Level::City),
        words::Level::Province => Some(Level::Province),
        words::Level::Nation => Some(Level::Nation),
        words::Level::Unspecified => None,
    }
}

/// A level on the wire.
#[must_use]
pub fn level_word(level: Level) -> words::Level {
    match level {
        Level::Village => words::Level::Village,
        Level::Township => words::Level::Township,
        Level::County => words::Level::County,
        Level::City => words::Level::City,
        Level::Province => words::Level::Province,
        Level::Nation => words::Level::Nation,
    }
}

/// A category that must be given.
pub fn category(violations: &mut Violations, field: &str, given: i32) -> Option<Category> {
    match violations.choice(field, given, words::Category::as_str_name)? {
        words::Category::Suggestion => Some(Category::Suggestion),
        words::Category::Denunciation => Some(Category::Denunciation),
        words::Category::Claim => Some(Category::Claim),
        words::Category::Unspecified => None,
    }
}
