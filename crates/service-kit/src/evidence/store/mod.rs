//! The tables of evidence.

pub(super) mod anchors;
pub(super) mod cursors;
pub(super) mod entries;
pub(super) mod heads;
pub(super) mod sealed;

use std::fmt::Display;

use super::digest::Digest;
use super::key::{PublicKey, SIGNATURE_BYTES};
use crate::status::Problem;

/// A count as the database keeps it.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count out of the database, where a constraint keeps it from being negative.
pub(super) fn counted(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// What a column holds; one that holds something else was written by somebody else.
pub(super) fn read<T, E: Display>(column: &str, parsed: Result<T, E>) -> Result<T, Problem> {
    parsed.map_err(|error| Problem::Unexpected(format!("column {column}: {error}")))
}

/// A hash in a column.
pub(super) fn hash(column: &str, bytes: &[u8]) -> Result<Digest, Problem> {
    read(column, Digest::of_slice(bytes).ok_or("no hash of 32 bytes"))
}

/// A public key in a column.
pub(super) fn key(column: &str, bytes: &[u8]) -> Result<PublicKey, Problem> {
    let key = PublicKey::of_slice(bytes);
    read(column, key.ok_or("no key of 32 bytes"))
}

/// A signature in a column.
pub(super) fn signature(column: &str, bytes: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Problem> {
    let signature = bytes.try_into();
    read(column, signature.map_err(|_| "no signature of 64 bytes"))
}
