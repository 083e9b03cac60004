//! One function a statement.

pub(crate) mod chain;
pub(crate) mod competence_rules;
pub(crate) mod forwarding;
pub(crate) mod opinion;
pub(crate) mod organ;
pub(crate) mod organ_edition;
pub(crate) mod routed_matter;
pub(crate) mod territory;
pub(crate) mod territory_change;
pub(crate) mod territory_edition;
pub(crate) mod territory_past;

use std::fmt::Display;
use std::str::FromStr;

use huiyin_service_kit::status::Problem;

/// Reads a word of ours out of a column.
fn word<W: FromStr<Err: Display>>(column: &'static str, stored: &str) -> Result<W, Problem> {
    stored
        .parse()
        .map_err(|error| Problem::Unexpected(format!("column {column}: {error}")))
}

/// Reads a count out of a column that a constraint keeps from being negative.
fn count(column: &'static str, stored: i32) -> Result<u32, Problem> {
    u32::try_from(stored).map_err(|error| Problem::Unexpected(format!("column {column}: {error}")))
}

/// Writes a count into a column.
fn integer(count: u32) -> Result<i32, Problem> {
    i32::try_from(count).map_err(|error| Problem::Unexpected(format!("{count}: {error}")))
}
