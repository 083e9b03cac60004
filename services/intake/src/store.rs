//! One function a statement.

pub(crate) mod decline_notice;
pub(crate) mod evaluation;
pub(crate) mod matter;
pub(crate) mod petition;
pub(crate) mod petition_reading;
pub(crate) mod petition_text;
pub(crate) mod place;
pub(crate) mod progress_step;
pub(crate) mod register;
pub(crate) mod remedy_step;
pub(crate) mod rules_known;
pub(crate) mod stage;

use std::fmt::Display;
use std::str::FromStr;

use huiyin_service_kit::status::Problem;

/// Reads a word of ours out of a column.
fn word<W: FromStr<Err: Display>>(column: &'static str, stored: &str) -> Result<W, Problem> {
    stored
        .parse()
        .map_err(|error| Problem::Unexpected(format!("column {column}: {error}")))
}

/// How many rows a statement about these keys gives at most.
fn most<K>(keys: &[K]) -> i64 {
    i64::try_from(keys.len()).unwrap_or(i64::MAX)
}
