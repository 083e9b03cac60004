//! One file for each rpc.

pub(crate) mod get_indicators;
pub(crate) mod get_overview;
pub(crate) mod get_report;
pub(crate) mod get_table;
pub(crate) mod list_reports;
pub(crate) mod publish_report;

/// A count of the database as the contract has it.
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
