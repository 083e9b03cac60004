//! A log computed anew from the feed, entry by entry.

use super::findings::{EventAt, Finding, Findings};
use super::tables::{EntryRow, FeedRow};
use crate::evidence::digest::{Digest, HashSuite};
use crate::evidence::entry::{Blind, Place, leaf};
use crate::evidence::head::LogName;
use crate::evidence::tree::{Frontier, STORED_EVERY, Subtree};

/// A log as far as it was computed.
#[derive(Clone, Debug)]
pub struct Recomputed {
    log: LogName,
    suite: HashSuite,
    blind: Option<Blind>,
    frontier: Frontier,
    next: i64,
    made: Vec<(Subtree, Digest)>,
}

impl Recomputed {
    /// Nothing yet, of a log with this hash function and secret.
    #[must_use]
    pub fn new(log: LogName, suite: HashSuite, blind: Option<Blind>) -> Self {
        Self {
            log,
            suite,
            blind,
            frontier: Frontier::default(),
            next: 0,
            made: Vec::new(),
        }
    }

    /// The tree as it has grown.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Its hash function.
    #[must_use]
    pub const fn suite(&self) -> HashSuite {
        self.suite
    }

    /// The hash of the tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.frontier.root(self.suite)
    }

    /// The hashes above the entries that were made since this was asked last.
    pub(super) fn take_made(&mut self) -> Vec<(Subtree, Digest)> {
        std::mem::take(&mut self.made)
    }

    /// Whether there are such hashes.
    pub(super) const fn has_made(&self) -> bool {
        !self.made.is_empty()
    }

    /// Takes the next entry and its event; what cannot be computed anew is taken as it is.
    pub fn take(&mut self, entry: &EntryRow, row: Option<&FeedRow>, findings: &mut Findings) {
        if entry.index != self.next {
            findings.add(Finding::EntriesMissing {
                log: self.log,
                expected: self.next,
                found: entry.index,
            });
        }
        self.next = entry.index.saturating_add(1);
        let stored = Digest::of_slice(&entry.leaf_hash);
        let leaf = match (row, &self.blind) {
            (Some(row), Some(blind)) => {
                let leaf = self.leaf(entry, (row, blind), findings);
                if Some(leaf) != stored {
                    let event = event(entry);
                    findings.add(Finding::LeafDiffers(self.log, entry.index, event));
                }
                leaf
            }
            _ => stored.unwrap_or_else(|| self.suite.empty()),
        };
        let made = &mut self.made;
        self.frontier.push(self.suite, leaf, |subtree, hash| {
            if subtree.level.is_multiple_of(STORED_EVERY) {
                made.push((subtree, hash));
            }
        });
    }

    fn leaf(
        &self,
        entry: &EntryRow,
        (row, blind): (&FeedRow, &Blind),
        findings: &mut Findings,
    ) -> Digest {
        let payload = self.suite.hash(&[&row.payload]);
        let sha256 = match self.suite {
            HashSuite::Sha256 => payload,
            HashSuite::Sm3 => HashSuite::Sha256.hash(&[&row.payload]),
        };
        if row.sha256.as_deref() != Some(sha256.0.as_slice()) {
            findings.add(Finding::PayloadHashDiffers(event(entry)));
        }
        if row.event_id != entry.event_id {
            findings.add(Finding::EventDiffers(self.log, entry.index, event(entry)));
        }
        let place = Place {
            stream: &entry.stream,
            epoch: entry.at.0,
            seq: entry.at.1,
        };
        leaf(
            self.suite,
            &place.hashed(self.suite, blind),
            row.event_id,
            &payload,
        )
    }
}

/// The event of an entry.
pub(super) fn event(entry: &EntryRow) -> EventAt {
    EventAt {
        stream: std::sync::Arc::clone(&entry.stream),
        at: entry.at,
    }
}
