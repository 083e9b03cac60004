//! Tables by channel, and the check that parts add up.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::vocabulary::{Channel, Unit};

/// Parts that do not add up to the printed total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the parts do not add up to the total: {difference} unclassified")]
pub struct Unclassified {
    /// Total less parts; negative when the parts are more than the total.
    pub difference: i128,
}

/// Checks that the parts add up to the total.
///
/// # Errors
/// The difference, to be printed as a warning beside the table.
pub fn check_parts(parts: &[u64], total: u64) -> Result<(), Unclassified> {
    let sum: i128 = parts.iter().map(|part| i128::from(*part)).sum();
    match i128::from(total) - sum {
        0 => Ok(()),
        difference => Err(Unclassified { difference }),
    }
}

/// One line of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The channel.
    pub channel: Channel,
    /// What is counted.
    pub unit: Unit,
    /// How many.
    pub count: u64,
}

/// Counts by channel, each with its unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The lines, in the order they are printed.
    pub rows: Vec<Row>,
}

impl Table {
    /// The sum of the lines of the unit. Units are never added to each other.
    #[must_use]
    pub fn total(&self, unit: Unit) -> u64 {
        self.rows
            .iter()
            .filter(|row| row.unit == unit)
            .fold(0, |sum, row| sum.saturating_add(row.count))
    }

    /// Checks the lines of the unit against a printed total.
    ///
    /// # Errors
    /// See [`check_parts`].
    pub fn check(&self, unit: Unit, printed: u64) -> Result<(), Unclassified> {
        let parts: Vec<_> = self
            .rows
            .iter()
            .filter(|row| row.unit == unit)
            .map(|row| row.count)
            .collect();
        check_parts(&parts, printed)
    }
}
