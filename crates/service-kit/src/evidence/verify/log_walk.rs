//! One log on the way from its first entry to its last: what is computed is compared with everything that was signed.

use std::collections::BTreeSet;

use huiyin_domain::time::Instant;

use super::VerifyError;
use super::copy::Rows;
use super::findings::{Finding, Findings, HeadAt};
use super::recomputed::Recomputed;
use super::tables::{EntryRow, FeedRow, HeadRow, NodeRow};
use crate::evidence::head::{LogName, Origin, SignedHead};
use crate::evidence::key::PublicKey;
use crate::evidence::store::heads::LogState;
use crate::evidence::tree::Subtree;

/// Which keys may have signed.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// Those that whoever checks knows; everything else is refused.
    pub(super) trusted: BTreeSet<PublicKey>,
    /// Those that the keeper of the heads has seen.
    pub(super) anchored: BTreeSet<PublicKey>,
    /// Those that the heads here name.
    pub(super) named: BTreeSet<PublicKey>,
}

/// One log.
pub(super) struct LogWalk {
    log: LogName,
    origin: Origin,
    state: Option<LogState>,
    tree: Recomputed,
    nodes: Rows<NodeRow>,
    history: Rows<HeadRow>,
    anchors: Rows<HeadRow>,
    /// The size at which heads are looked at next.
    heads_at: u64,
    kept: i64,
    anchored: u64,
    last_kept: Option<(i64, Instant)>,
    /// Whether a root was another one already: then every later one is.
    differs: bool,
}

/// What a log came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    /// The log.
    pub log: LogName,
    /// Its entries.
    pub entries: u64,
    /// The heads of its history that were compared.
    pub heads: i64,
    /// The heads kept elsewhere that were compared.
    pub anchors: u64,
    /// Its newest head.
    pub newest: Option<SignedHead>,
}

impl LogWalk {
    /// At the first entry.
    pub(super) fn new(
        (log, origin): (LogName, Origin),
        state: Option<LogState>,
        (nodes, history, anchors): (Rows<NodeRow>, Rows<HeadRow>, Rows<HeadRow>),
    ) -> Self {
        let suite = state.as_ref().map(|state| state.signed.head.suite);
        let blind = state.as_ref().map(|state| state.blind);
        Self {
            log,
            origin,
            tree: Recomputed::new(log, suite.unwrap_or_default(), blind),
            state,
            nodes,
            history,
            anchors,
            heads_at: 0,
            kept: 0,
            anchored: 0,
            last_kept: None,
            differs: false,
        }
    }

    /// Which log.
    pub(super) const fn log(&self) -> LogName {
        self.log
    }

    /// Takes the next entry with its event.
    pub(super) async fn take(
        &mut self,
        (entry, row): (&EntryRow, Option<&FeedRow>),
        (keys, findings): (&mut Keys, &mut Findings),
    ) -> Result<(), VerifyError> {
        self.tree.take(entry, row, findings);
        if self.tree.has_made() {
            for (subtree, hash) in self.tree.take_made() {
                self.compare_node(subtree, &hash.0, findings).await?;
            }
        }
        if self.tree.frontier().size() >= self.heads_at {
            self.compare_heads(keys, findings).await?;
        }
        Ok(())
    }

    async fn compare_node(
        &mut self,
        made: Subtree,
        hash: &[u8],
        findings: &mut Findings,
    ) -> Result<(), VerifyError> {
        let (level, index) = (i16::from(made.level), signed(made.index));
        while let Some(node) = self.nodes.peek().await? {
            let is_same = (node.level, node.index) == (level, index);
            if !is_same && completed(node) > completed_by(level, index) {
                break;
            }
            let is_right = node.hash == hash;
            let found = (node.level, node.index);
            self.nodes.next().await?;
            if is_same {
                if !is_right {
                    findings.add(Finding::NodeDiffers(self.log, level, index));
                }
                return Ok(());
            }
            findings.add(Finding::NodeUnknown(self.log, found.0, found.1));
        }
        findings.add(Finding::NodeGone(self.log, level, index));
        Ok(())
    }

    /// Compares the heads of the size that is reached, and says at which size there are more.
    pub(super) async fn compare_heads(
        &mut self,
        keys: &mut Keys,
        findings: &mut Findings,
    ) -> Result<(), VerifyError> {
        let size = signed(self.tree.frontier().size());
        while self
            .history
            .peek()
            .await?
            .is_some_and(|head| head.size <= size)
        {
            if let Some(head) = self.history.next().await? {
                self.compare_kept(&head, keys, findings);
            }
        }
        while self
            .anchors
            .peek()
            .await?
            .is_some_and(|head| head.size <= size)
        {
            if let Some(head) = self.anchors.next().await? {
                self.compare_anchor(&head, keys, findings);
            }
        }
        let next = |head: Option<&HeadRow>| head.and_then(|head| u64::try_from(head.size).ok());
        let kept = next(self.history.peek().await?);
        let anchored = next(self.anchors.peek().await?);
        self.heads_at = kept.into_iter().chain(anchored).min().unwrap_or(u64::MAX);
        Ok(())
    }

    fn compare_kept(&mut self, head: &HeadRow, keys: &mut Keys, findings: &mut Findings) {
        let at = HeadAt::Kept {
            log: self.log,
            number: head.number,
            size: head.size,
        };
        self.number(head.number, findings);
        if self
            .last_kept
            .is_some_and(|(size, signed_at)| head.size < size || head.at < signed_at)
        {
            findings.add(Finding::HeadsOutOfOrder(at.clone()));
        }
        self.last_kept = Some((head.size, head.at));
        self.compare(head, at, (keys, findings));
    }

    fn number(&mut self, found: i64, findings: &mut Findings) {
        let expected = self.kept + 1;
        if found != expected {
            let log = self.log;
            findings.add(Finding::HistoryDiffers {
                log,
                expected,
                found,
            });
        }
        self.kept = found;
    }

    fn compare_anchor(&mut self, head: &HeadRow, keys: &mut Keys, findings: &mut Findings) {
        self.anchored += 1;
        keys.anchored.extend(PublicKey::of_slice(&head.key));
        let at = HeadAt::Anchor {
            log: self.log,
            size: head.size,
        };
        self.compare(head, at, (keys, findings));
    }

    /// Compares a head of the size that is reached; of a smaller one, that came too late, only its signature.
    fn compare(
        &mut self,
        head: &HeadRow,
        at: HeadAt,
        (keys, findings): (&mut Keys, &mut Findings),
    ) {
        let Some(head) = head.signed(self.log, self.tree.suite()) else {
            findings.add(Finding::HeadUnsigned(at));
            return;
        };
        self.is_genuine(&head, &at, (keys, findings));
        let is_here = head.head.size == self.tree.frontier().size();
        if is_here && head.head.root != self.tree.root() && !self.differs {
            self.differs = true;
            findings.add(Finding::HeadDiffers(at));
        }
    }

    /// Whether a head is signed, by a key that may, for this service.
    fn is_genuine(
        &self,
        head: &SignedHead,
        at: &HeadAt,
        (keys, findings): (&mut Keys, &mut Findings),
    ) {
        if !head.is_signed() {
            findings.add(Finding::HeadUnsigned(at.clone()));
            return;
        }
        if head.head.origin.parts().1 != self.origin.parts().1 {
            findings.add(Finding::HeadOfOther(at.clone()));
        }
        keys.named.insert(head.key);
        if !keys.trusted.is_empty() && !keys.trusted.contains(&head.key) {
            findings.add(Finding::HeadByUnknownKey(at.clone(), head.key));
        }
    }

    /// Behind the last entry: nothing may be left, and the newest head must be that of what was computed.
    pub(super) async fn finish(
        mut self,
        (keys, findings): (&mut Keys, &mut Findings),
    ) -> Result<LogReport, VerifyError> {
        self.compare_heads(keys, findings).await?;
        while let Some(node) = self.nodes.next().await? {
            findings.add(Finding::NodeUnknown(self.log, node.level, node.index));
        }
        let entries = self.tree.frontier().size();
        while let Some(head) = self.history.next().await? {
            let at = HeadAt::Kept {
                log: self.log,
                number: head.number,
                size: head.size,
            };
            self.number(head.number, findings);
            self.compare(&head, at.clone(), (keys, findings));
            findings.add(Finding::CutBack(at, entries));
        }
        while let Some(head) = self.anchors.next().await? {
            let at = HeadAt::Anchor {
                log: self.log,
                size: head.size,
            };
            self.compare_anchor(&head, keys, findings);
            findings.add(Finding::CutBack(at, entries));
        }
        self.compare_newest((keys, findings));
        Ok(LogReport {
            log: self.log,
            entries,
            heads: self.kept,
            anchors: self.anchored,
            newest: self.state.map(|state| state.signed),
        })
    }

    fn compare_newest(&mut self, (keys, findings): (&mut Keys, &mut Findings)) {
        let Some(state) = self.state.clone() else {
            findings.add(Finding::HeadGone(self.log));
            return;
        };
        let head = &state.signed.head;
        let (size, entries) = (signed(head.size), self.tree.frontier().size());
        let at = HeadAt::Newest {
            log: self.log,
            size,
        };
        self.is_genuine(&state.signed, &at, (keys, findings));
        if head.size > entries {
            findings.add(Finding::CutBack(at.clone(), entries));
        } else if head.size < entries {
            findings.add(Finding::EntriesUnsigned(self.log, entries, size));
        } else if head.root != self.tree.root() && !self.differs {
            findings.add(Finding::HeadDiffers(at.clone()));
        }
        if state.frontier != *self.tree.frontier() && !self.differs {
            findings.add(Finding::FrontierDiffers(self.log));
        }
        let kept = signed(head.kept);
        if kept != self.kept {
            findings.add(Finding::HistoryDiffers {
                log: self.log,
                expected: kept,
                found: self.kept,
            });
        }
        if self
            .last_kept
            .is_some_and(|(last, signed_at)| last > size || signed_at > head.at)
        {
            findings.add(Finding::HeadsOutOfOrder(at));
        }
    }
}

/// How many entries there are when a hash above them is made.
fn completed(node: &NodeRow) -> (i128, i16) {
    completed_by(node.level, node.index)
}

fn completed_by(level: i16, index: i64) -> (i128, i16) {
    let level_bits = u32::try_from(level).unwrap_or(0).min(63);
    ((i128::from(index) + 1) << level_bits, level)
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
