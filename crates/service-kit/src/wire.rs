//! Instants between protobuf and our types.

use chrono::DateTime;
use huiyin_domain::time::Instant;
use prost_types::Timestamp;

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
