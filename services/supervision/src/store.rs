//! The tables. One function a statement.

pub(crate) mod clock;
pub(crate) mod clock_fact;
pub(crate) mod deadline_extension;
pub(crate) mod deadline_pause;
pub(crate) mod due_day_set;
pub(crate) mod known_organ;
pub(crate) mod recommendation;
pub(crate) mod register_line;
pub(crate) mod remedy;
pub(crate) mod reprojection;
pub(crate) mod supervise_order;

use std::fmt::Display;
use std::str::FromStr;

use huiyin_service_kit::status::Problem;

/// Where a page of a list goes on, and how many rows it has at most.
#[derive(Clone, Debug)]
pub(crate) struct Page<K> {
    /// Only rows after this key.
    pub(crate) after: Option<K>,
    /// At most this many.
    pub(crate) limit: i64,
}

/// A word of ours read back from a column.
fn word<T: FromStr<Err: Display>>(stored: &str) -> Result<T, Problem> {
    stored
        .parse()
        .map_err(|error| Problem::Unexpected(format!("a stored word cannot be read: {error}")))
}

/// A number of ours read back from a column.
fn number(stored: i32) -> u32 {
    u32::try_from(stored).unwrap_or(0)
}

/// A number of ours as a column holds it.
fn column(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
