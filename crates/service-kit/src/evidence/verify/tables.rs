//! The rows that are compared with each other.

use std::sync::Arc;

use huiyin_domain::time::Instant;
use prost::bytes::Bytes;
use uuid::Uuid;

use super::VerifyError;
use super::copy::{Fields, Names, Row};
use crate::evidence::digest::{Digest, HashSuite};
use crate::evidence::head::{Head, LogName, Origin, SignedHead};
use crate::evidence::key::PublicKey;

/// Epoch and sequence number.
pub(super) type At = (i32, i64);

/// An entry of a log.
#[derive(Clone, Debug)]
pub struct EntryRow {
    /// Its place in the log.
    pub index: i64,
    /// Its stream.
    pub stream: Arc<str>,
    /// Epoch and sequence number of its event.
    pub at: (i32, i64),
    /// Its event.
    pub event_id: Uuid,
    /// Its hash.
    pub leaf_hash: Bytes,
}

/// A row of the feed.
#[derive(Clone, Debug)]
pub struct FeedRow {
    /// Epoch and sequence number.
    pub at: (i32, i64),
    /// Id of the event.
    pub event_id: Uuid,
    /// The event.
    pub payload: Bytes,
    /// SHA-256 of it, as the database has it.
    pub sha256: Option<Bytes>,
}

/// A hash above the entries.
#[derive(Clone, Debug)]
pub(super) struct NodeRow {
    pub(super) level: i16,
    pub(super) index: i64,
    pub(super) hash: Bytes,
}

/// A head of the history, or one that is kept elsewhere.
#[derive(Clone, Debug)]
pub(super) struct HeadRow {
    /// Its number in the history; of an anchor, what it says that number is.
    pub(super) number: i64,
    pub(super) origin: Arc<str>,
    pub(super) size: i64,
    pub(super) root: Bytes,
    pub(super) at: Instant,
    pub(super) key: Bytes,
    pub(super) signature: Bytes,
}

impl Row for EntryRow {
    fn read(mut fields: Fields, names: &mut Names) -> Result<Self, VerifyError> {
        Ok(Self {
            index: fields.big()?,
            stream: fields.name(names)?,
            at: (fields.integer()?, fields.big()?),
            event_id: fields.uuid()?,
            leaf_hash: fields.bytea()?,
        })
    }
}

impl Row for FeedRow {
    fn read(mut fields: Fields, _: &mut Names) -> Result<Self, VerifyError> {
        Ok(Self {
            at: (fields.integer()?, fields.big()?),
            event_id: fields.uuid()?,
            payload: fields.bytea()?,
            sha256: fields.bytes()?,
        })
    }
}

impl Row for NodeRow {
    fn read(mut fields: Fields, _: &mut Names) -> Result<Self, VerifyError> {
        Ok(Self {
            level: fields.small()?,
            index: fields.big()?,
            hash: fields.bytea()?,
        })
    }
}

impl Row for HeadRow {
    fn read(mut fields: Fields, names: &mut Names) -> Result<Self, VerifyError> {
        Ok(Self {
            number: fields.big()?,
            origin: fields.name(names)?,
            size: fields.big()?,
            root: fields.bytea()?,
            at: fields.instant()?,
            key: fields.bytea()?,
            signature: fields.bytea()?,
        })
    }
}

impl HeadRow {
    /// A head as its keeper sent it.
    pub(super) fn of(signed: &SignedHead) -> Self {
        let head = &signed.head;
        let stored = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            number: stored(head.kept),
            origin: Arc::from(head.origin.as_str()),
            size: stored(head.size),
            root: Bytes::copy_from_slice(&head.root.0),
            at: head.at,
            key: Bytes::copy_from_slice(signed.key.as_bytes()),
            signature: Bytes::copy_from_slice(&signed.signature),
        }
    }

    /// The head that the row holds; none when some of it is no head at all.
    pub(super) fn signed(&self, log: LogName, suite: HashSuite) -> Option<SignedHead> {
        let origin: Origin = self.origin.parse().ok()?;
        Some(SignedHead {
            head: Head {
                origin,
                log,
                suite,
                size: u64::try_from(self.size).ok()?,
                root: Digest::of_slice(&self.root)?,
                at: self.at,
                kept: u64::try_from(self.number).ok()?,
            },
            key: PublicKey::of_slice(&self.key)?,
            signature: self.signature.as_ref().try_into().ok()?,
        })
    }
}

/// The entries of a log.
pub(super) fn entries(log: LogName) -> String {
    format!(
        "SELECT index, stream, epoch, seq, event_id, leaf_hash FROM log_entry WHERE log = '{log}' ORDER BY index"
    )
}

/// The hashes above the entries, in the order in which a growing tree makes them.
pub(super) fn nodes(log: LogName) -> String {
    format!(
        "SELECT level, index, hash FROM log_node WHERE log = '{log}' ORDER BY (index + 1) << level::integer, level"
    )
}

/// The history of the heads of a log.
pub(super) fn history(log: LogName) -> String {
    format!(
        "SELECT number, origin, size, root, signed_at, public_key, signature FROM log_head_history \
         WHERE log = '{log}' ORDER BY number"
    )
}

/// The heads of a log that are kept here for another.
pub(super) fn anchors(origin: &Origin, log: LogName) -> String {
    // an origin is made of letters, digits, dots, hyphens, underscores and a slash
    format!(
        "SELECT kept, origin, size, root, signed_at, public_key, signature FROM anchor \
         WHERE origin = '{origin}' AND log = '{log}' ORDER BY size, public_key"
    )
}

/// The feed of a stream.
pub(super) fn feed(stream: &str) -> String {
    let quoted = stream.replace('\'', "''");
    format!(
        "SELECT epoch, seq, event_id, payload, sha256 FROM feed WHERE stream = '{quoted}' ORDER BY epoch, seq"
    )
}
