//! One function a statement.

pub(crate) mod alert;
pub(crate) mod alert_exclusion;
pub(crate) mod alert_recipient;
pub(crate) mod alert_report;
pub(crate) mod counted_matter;
pub(crate) mod daily_count;
pub(crate) mod desk;
pub(crate) mod desk_call;
pub(crate) mod desk_notice;
pub(crate) mod desk_place;
pub(crate) mod dispute;
pub(crate) mod duty_desk;
pub(crate) mod duty_gap;
pub(crate) mod duty_hand_over;
pub(crate) mod duty_roster;
pub(crate) mod duty_shift;
pub(crate) mod duty_substitution;
pub(crate) mod escalation_order;
pub(crate) mod hot_spot;
pub(crate) mod hot_spot_answer;
pub(crate) mod hot_spot_watch;
pub(crate) mod matter_about;
pub(crate) mod office;
pub(crate) mod office_edition;
pub(crate) mod organ_report;
pub(crate) mod recipient_act;
pub(crate) mod report_order;
pub(crate) mod report_schedule;
pub(crate) mod report_version;
pub(crate) mod risk_assessment;
pub(crate) mod special_period;
pub(crate) mod warned_place;
pub(crate) mod webhook;
pub(crate) mod webhook_attempt;
pub(crate) mod webhook_delivery;

use std::fmt::Display;
use std::str::FromStr;

use huiyin_domain::time::Instant;
use huiyin_domain::warning::duty::Stretch;
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

/// A place in an array, as a column counts it.
fn place(place: usize) -> Result<i32, Problem> {
    i32::try_from(place).map_err(|_| Problem::Unexpected("an array is too long".to_owned()))
}

/// Writes a count into a column.
fn integer(count: u32) -> Result<i32, Problem> {
    i32::try_from(count).map_err(|error| Problem::Unexpected(format!("{count}: {error}")))
}

/// Reads a stretch of time out of two columns that a constraint keeps in order.
fn stretch(table: &'static str, (from, to): (Instant, Instant)) -> Result<Stretch, Problem> {
    Stretch::new(from, to)
        .ok_or_else(|| Problem::Unexpected(format!("table {table}: {from} is not before {to}")))
}

/// The limit of a statement that asks for given keys.
fn most<T>(keys: &[T]) -> i64 {
    i64::try_from(keys.len()).unwrap_or(i64::MAX)
}
