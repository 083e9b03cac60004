//! Entries that are added to the two logs by one transaction.

use chrono::{SubsecRound as _, TimeDelta};
use huiyin_domain::time::Instant;
use sqlx::PgConnection;

use super::digest::Digest;
use super::entry::{Place, leaf};
use super::head::{Head, LogName, SignedHead};
use super::recorder::Recorder;
use super::store::entries::{self, Columns};
use super::store::heads::{self, LogState};
use super::tree::{Frontier, STORED_EVERY, Subtree};
use crate::road::sequencer::Sequenced;
use crate::status::Problem;

/// How far apart two heads of the history are at least.
const KEPT_EVERY: TimeDelta = TimeDelta::seconds(1);

/// What is added to the logs.
pub(super) struct Batch(Vec<Growing>);

/// A log while it grows.
struct Growing {
    before: LogState,
    frontier: Frontier,
    entries: Columns,
    nodes: Vec<(Subtree, Digest)>,
}

impl Batch {
    /// Nothing yet, over these logs.
    pub(super) fn over(logs: Vec<LogState>) -> Self {
        let growing = |before: LogState| Growing {
            frontier: before.frontier.clone(),
            before,
            entries: Columns::default(),
            nodes: Vec::new(),
        };
        Self(logs.into_iter().map(growing).collect())
    }

    /// Adds an event to a log.
    pub(super) fn push(&mut self, log: LogName, row: &Sequenced) {
        let mut logs = self.0.iter_mut();
        if let Some(growing) = logs.find(|growing| growing.before.signed.head.log == log) {
            growing.push(row);
        }
    }

    /// Writes the entries, the hashes above them and the heads.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        (recorder, now): (&Recorder, Instant),
    ) -> Result<(), Problem> {
        for growing in self.0.iter().filter(|growing| !growing.entries.is_empty()) {
            growing.write(connection, (recorder, now)).await?;
        }
        Ok(())
    }
}

impl Growing {
    fn push(&mut self, row: &Sequenced) {
        let suite = self.before.signed.head.suite;
        let place = Place {
            stream: &row.stream,
            epoch: row.epoch,
            seq: row.seq,
        };
        let place = place.hashed(suite, &self.before.blind);
        let leaf = leaf(suite, &place, row.event_id, &suite.hash(&[&row.payload]));
        self.entries.push(self.frontier.size(), row, &leaf);
        let nodes = &mut self.nodes;
        self.frontier.push(suite, leaf, |subtree, hash| {
            if subtree.level.is_multiple_of(STORED_EVERY) {
                nodes.push((subtree, hash));
            }
        });
    }

    async fn write(
        &self,
        connection: &mut PgConnection,
        (recorder, now): (&Recorder, Instant),
    ) -> Result<(), Problem> {
        let last = &self.before.signed.head;
        entries::insert(connection, last.log, &self.entries).await?;
        entries::insert_nodes(connection, last.log, &self.nodes).await?;
        let (signed, is_kept) = self.head(recorder, now);
        heads::advance(connection, (last.size, &signed), &self.frontier).await?;
        if is_kept {
            heads::keep(connection, &signed).await?;
        }
        Ok(())
    }

    /// The head of the log as it has grown, signed no earlier than the one before; and whether the history keeps it.
    fn head(&self, recorder: &Recorder, now: Instant) -> (SignedHead, bool) {
        let last = &self.before.signed.head;
        let at = now.trunc_subsecs(6).max(last.at);
        let kept_at = self.before.kept_at;
        let is_kept = kept_at.is_none_or(|kept_at| at - kept_at >= KEPT_EVERY);
        let head = Head {
            origin: recorder.origin.clone(),
            log: last.log,
            suite: last.suite,
            size: self.frontier.size(),
            root: self.frontier.root(last.suite),
            at,
            kept: last.kept + u64::from(is_kept),
        };
        (head.signed(&recorder.key), is_kept)
    }
}
