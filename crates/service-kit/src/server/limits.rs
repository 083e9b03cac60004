//! The limits that are the same everywhere. `docs/limits.md` lists them with those that are settings.

use std::time::Duration;

use crate::settings::Quota;

/// Bytes of the largest request taken. Services set it on each generated server.
pub const MAX_DECODE: usize = 4 * 1024 * 1024;
/// Bytes of the largest answer sent. Services set it on each generated server.
pub const MAX_ENCODE: usize = 16 * 1024 * 1024;
/// How long a call without a deadline of its own may take; streams have no such limit.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Bytes that a caller may ask with in one call that goes on asking: reflection.
pub(super) const MAX_ASKED: usize = 64 * 1024;
/// How long a request may take to arrive, from its first byte to its last.
pub(super) const ARRIVES_WITHIN: Duration = Duration::from_secs(10);
/// How long a caller may take to read an answer.
pub(super) const READ_WITHIN: Duration = Duration::from_secs(30);
/// How long a call waits for a place.
pub(super) const PLACE_WITHIN: Duration = Duration::from_secs(1);
/// Streams of one caller that are open at a time.
pub(super) const STREAMS_OF_ONE: usize = 256;

/// Calls on one connection at a time.
pub(super) const MAX_STREAMS: u32 = 128;
/// Largest sum of headers taken, in bytes.
pub(super) const MAX_HEADERS: u32 = 16 * 1024;
/// Largest HTTP/2 frame taken, in bytes.
pub(super) const MAX_FRAME: u32 = 64 * 1024;
/// Bytes a call may send before they are read.
pub(super) const STREAM_WINDOW: u32 = 256 * 1024;
/// Bytes a connection may send before they are read.
pub(super) const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Bytes of one answer that wait for a connection that does not read.
pub(super) const SEND_BUFFER: usize = 32 * 1024;
/// Resets a peer may cause before its connection is closed (CVE-2023-44487).
pub(super) const MAX_RESETS: usize = 64;

/// How often a silent connection is asked whether it lives, and how long that may take.
pub(super) const ALIVE_EVERY: Duration = Duration::from_secs(20);
pub(super) const ALIVE_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may be silent at its beginning.
pub(super) const BEGINS_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection lasts, and up to how much longer so that not all end at once: after it, keys that were replaced or
/// revoked have gone, and load is spread anew.
pub(super) const MAX_AGE: Duration = Duration::from_mins(9);
pub(super) const MAX_AGE_MORE: Duration = Duration::from_mins(1);
/// How long its calls may take after that; streams are resumed by their cursor.
pub(super) const MAX_AGE_GRACE: Duration = Duration::from_secs(30);
/// Connections that wait to be taken.
pub(super) const BACKLOG: u32 = 1024;

/// How often frames of a caller are read that carry no call and no data: pings, settings, resets, windows, empty frames.
pub(super) const FRAMES: Quota = Quota::of(2_000, 10_000);

/// How often calls of a caller are read: twice as often as they are answered. Those between are refused in words; beyond it its
/// connections are read more slowly.
pub(super) const fn pace(quota: Quota) -> Quota {
    Quota::of(
        quota.per_second.get().saturating_mul(2),
        quota.burst.get().saturating_mul(2),
    )
}
