//! What is wrong, and where.

use std::fmt;
use std::sync::Arc;

use super::tables::At;
use crate::evidence::head::LogName;
use crate::evidence::key::PublicKey;

/// Findings that are told; more are only counted.
const TOLD_AT_MOST: usize = 50;

/// Everything that is wrong with a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The first of them.
    pub first: Vec<Finding>,
    /// How many there are in all.
    pub count: u64,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.first.len() < TOLD_AT_MOST {
            self.first.push(finding);
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// An event, by its place in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventAt {
    /// The stream.
    pub stream: Arc<str>,
    /// Epoch and sequence number.
    pub at: At,
}

/// A head, by where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadAt {
    /// The newest one.
    Newest {
        /// The log.
        log: LogName,
        /// Its entries.
        size: i64,
    },
    /// One of the history.
    Kept {
        /// The log.
        log: LogName,
        /// Its number.
        number: i64,
        /// Its entries.
        size: i64,
    },
    /// One that is kept elsewhere.
    Anchor {
        /// The log.
        log: LogName,
        /// Its entries.
        size: i64,
    },
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The event of an entry is not in the feed.
    #[error("entry {1} of the log {0}: its event, {2}, is gone from the feed, or stands elsewhere")]
    EventGone(LogName, i64, EventAt),
    /// A row of the feed stands where everything was logged, and is in no log.
    #[error(
        "{0} of the feed is in no log: it was put there afterwards, or its entry was taken away"
    )]
    EventUnlogged(EventAt),
    /// The feed has another event than the entry.
    #[error("entry {1} of the log {0}: {2} of the feed is another event")]
    EventDiffers(LogName, i64, EventAt),
    /// The hash of an entry is not that of its event.
    #[error("entry {1} of the log {0}: {2} of the feed, or the entry, was changed")]
    LeafDiffers(LogName, i64, EventAt),
    /// The database's own hash of an event is not its hash.
    #[error("{0} of the feed: its column sha256 was changed")]
    PayloadHashDiffers(EventAt),
    /// The events before an event are missing.
    #[error("{next} of the feed does not follow what stands before it, {}", place(*before))]
    EventsMissing {
        /// The one before.
        before: Option<At>,
        /// The next that is there.
        next: EventAt,
    },
    /// Entries are missing, or are there twice.
    #[error("{}", entries_missing(*log, *expected, *found))]
    EntriesMissing {
        /// The log.
        log: LogName,
        /// The place that comes next.
        expected: i64,
        /// The place that is there.
        found: i64,
    },
    /// A hash above the entries is missing.
    #[error("the hash {2} of level {1} of the log {0} is gone")]
    NodeGone(LogName, i16, i64),
    /// A hash above the entries is another one.
    #[error("the hash {2} of level {1} of the log {0} is not that of the entries below it")]
    NodeDiffers(LogName, i16, i64),
    /// There is a hash above no entries.
    #[error("the log {0} has a hash {2} of level {1}, below which are no such entries")]
    NodeUnknown(LogName, i16, i64),
    /// A log has no head.
    #[error("the log {0} has no head")]
    HeadGone(LogName),
    /// A head cannot be read.
    #[error("a head cannot be read: {0}")]
    HeadUnreadable(String),
    /// A head is not signed by the key that it names.
    #[error("{0} was not signed by the key that it names: it was forged or changed")]
    HeadUnsigned(HeadAt),
    /// A head is signed by a key that nobody knows.
    #[error("{0} was signed by the key {1}, which is none of the service's")]
    HeadByUnknownKey(HeadAt, PublicKey),
    /// A head is of somebody else's log.
    #[error("{0} is that of another service")]
    HeadOfOther(HeadAt),
    /// The root of a head is not that of the entries.
    #[error(
        "{0} has another root than the entries that are there: the log was changed before it, or it was forged"
    )]
    HeadDiffers(HeadAt),
    /// A head has more entries than are there.
    #[error("{0} says that there was more: the log has only {1} entries and was cut back")]
    CutBack(HeadAt, u64),
    /// There are more entries than the newest head has.
    #[error("the log {0} has {1} entries, and its newest head only {2}")]
    EntriesUnsigned(LogName, u64, i64),
    /// A head does not come after the one before it.
    #[error("{0} does not come after the one before it")]
    HeadsOutOfOrder(HeadAt),
    /// A number of the history is missing, or is there although it should not be.
    #[error(
        "the history of the heads of the log {log} has number {found} where {expected} is expected"
    )]
    HistoryDiffers {
        /// The log.
        log: LogName,
        /// The number that comes next, or last.
        expected: i64,
        /// The number that is there.
        found: i64,
    },
    /// What the tree goes on from is not what it has come to.
    #[error("what the tree of the log {0} goes on from is not what it has come to")]
    FrontierDiffers(LogName),
    /// The cursor of a stream does not stand behind what was logged.
    #[error("the log has come to {} of {stream}, and its cursor stands at {}", place(*logged), place(*cursor))]
    CursorDiffers {
        /// The stream.
        stream: Arc<str>,
        /// Where it stands.
        cursor: Option<At>,
        /// What was logged.
        logged: Option<At>,
    },
    /// The head of a stream is not its last row.
    #[error("the last row of {stream} is {}, and its head says {}", place(*last), place(*head))]
    StreamDiffers {
        /// The stream.
        stream: Arc<str>,
        /// What its head says.
        head: Option<At>,
        /// The last row.
        last: Option<At>,
    },
}

impl fmt::Display for EventAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "row {} of epoch {} of {}",
            self.at.1, self.at.0, self.stream
        )
    }
}

impl fmt::Display for HeadAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest { log, size } => {
                write!(f, "the newest head of the log {log}, over {size} entries,")
            }
            Self::Kept { log, number, size } => {
                write!(
                    f,
                    "head {number} of the history of the log {log}, over {size} entries,"
                )
            }
            Self::Anchor { log, size } => {
                write!(
                    f,
                    "the head of the log {log} over {size} entries that its keeper has"
                )
            }
        }
    }
}

fn place(at: Option<At>) -> String {
    at.map_or_else(
        || "nowhere".to_owned(),
        |(epoch, seq)| format!("row {seq} of epoch {epoch}"),
    )
}

fn entries_missing(log: LogName, expected: i64, found: i64) -> String {
    if found > expected {
        let last = found - 1;
        format!("the entries {expected} to {last} of the log {log} are gone")
    } else {
        format!("the log {log} has an entry {found} where entry {expected} is expected")
    }
}
