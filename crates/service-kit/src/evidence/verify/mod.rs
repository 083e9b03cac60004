//! Computes a log anew from the feed and compares it with everything that was signed: in one pass over the tables, in bounded
//! memory. What a superuser of the database has deleted, changed, added, reordered or cut off is found, and where.

mod copy;
mod findings;
mod log_walk;
mod merge;
mod recomputed;
mod tables;

use sqlx::PgPool;
use tokio::sync::mpsc;

pub use copy::Rows;
pub use findings::{EventAt, Finding, Findings, HeadAt};
pub use log_walk::LogReport;
pub use recomputed::Recomputed;
pub use tables::{EntryRow, FeedRow};

use super::head::{LogName, Origin, SignedHead};
use super::key::PublicKey;
use super::store::heads::{self, LogState};
use crate::status::Problem;
use copy::Snapshot;
use log_walk::{Keys, LogWalk};
use merge::Merge;
use tables::HeadRow;

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database does not answer.
    #[error("the database cannot be read: {0}")]
    Database(#[from] sqlx::Error),
    /// A table holds something that cannot be read.
    #[error("a table cannot be read: {0}")]
    Copy(&'static str),
    /// There are more streams than a service has.
    #[error("the feed has {0} streams, far more than any service tells: some were put there")]
    Streams(usize),
    /// The keeper of the heads does not answer.
    #[error("the keeper of the heads: {0}")]
    Keeper(String),
}

/// Where the heads that others keep for this log are.
pub enum Keeper {
    /// Nobody is asked.
    Nobody,
    /// In the database of another service.
    Database(PgPool),
    /// Somebody sends them, the smallest first: of the open log, and of the sealed one where whoever checks may see those.
    Sent {
        /// Of the open log.
        open: Sent,
        /// Of the sealed log.
        sealed: Option<Sent>,
    },
}

/// Heads that somebody sends.
pub type Sent = mpsc::Receiver<Result<Vec<SignedHead>, VerifyError>>;

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose logs.
    pub origin: Origin,
    /// Each log.
    pub logs: Vec<LogReport>,
    /// Rows of the feed that wait to be logged.
    pub waiting: u64,
    /// The keys that the heads name.
    pub keys: Vec<PublicKey>,
    /// Whether it is known from elsewhere whose keys these are.
    pub keys_are_known: bool,
    /// What is wrong.
    pub findings: Findings,
}

/// Checks the logs of a service in its database. `trusted` are its public keys; when none are given, those that the keeper of its heads
/// has seen.
///
/// # Errors
/// When the database or the keeper cannot be read.
pub async fn verify(
    pool: &PgPool,
    origin: Origin,
    (keeper, trusted): (Keeper, &[PublicKey]),
) -> Result<Report, VerifyError> {
    let mut findings = Findings::default();
    let mut keys = Keys {
        trusted: trusted.iter().copied().collect(),
        ..Keys::default()
    };
    let mut snapshot = Snapshot::of(pool).await?;
    let (mut anchors, at_keeper) = anchors(&origin, keeper).await?;
    let mut logs = Vec::new();
    for log in LogName::ALL {
        let state = state(&mut snapshot, log, &mut findings).await?;
        let rows = (
            snapshot.rows(&tables::nodes(log)),
            snapshot.rows(&tables::history(log)),
            anchors.remove(0),
        );
        let walk = LogWalk::new((log, origin.clone()), state, rows);
        logs.push((walk, snapshot.rows(&tables::entries(log))));
    }
    let merge = Merge::over(&mut snapshot, logs).await?;
    let (logs, waiting) = merge.run((&mut keys, &mut findings)).await?;
    snapshot.end().await?;
    if let Some(at_keeper) = at_keeper {
        at_keeper.end().await?;
    }
    let keys_are_known = !trusted.is_empty() || !keys.anchored.is_empty();
    if trusted.is_empty() && !keys.anchored.is_empty() {
        unknown_keys(&logs, &keys, &mut findings);
    }
    Ok(Report {
        origin,
        logs,
        waiting,
        keys: keys.named.into_iter().collect(),
        keys_are_known,
        findings,
    })
}

/// The log as its table has it; what cannot be read is a finding.
async fn state(
    snapshot: &mut Snapshot,
    log: LogName,
    findings: &mut Findings,
) -> Result<Option<LogState>, VerifyError> {
    match heads::find(snapshot.connection(), log).await {
        Ok(state) => Ok(state),
        Err(Problem::Database(error)) => Err(error.into()),
        Err(problem) => {
            findings.add(Finding::HeadUnreadable(problem.to_string()));
            Ok(None)
        }
    }
}

/// The heads that are kept of each log.
async fn anchors(
    origin: &Origin,
    keeper: Keeper,
) -> Result<(Vec<Rows<HeadRow>>, Option<Snapshot>), VerifyError> {
    Ok(match keeper {
        Keeper::Nobody => (vec![Rows::none(), Rows::none()], None),
        Keeper::Database(pool) => {
            let mut snapshot = Snapshot::of(&pool).await?;
            let rows = LogName::ALL.map(|log| snapshot.rows(&tables::anchors(origin, log)));
            (rows.into(), Some(snapshot))
        }
        Keeper::Sent { open, sealed } => {
            let sealed = sealed.map_or_else(Rows::none, sent);
            (vec![sent(open), sealed], None)
        }
    })
}

fn sent(mut heads: Sent) -> Rows<HeadRow> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(batch) = heads.recv().await {
            let batch = batch.map(|batch| batch.iter().map(HeadRow::of).collect());
            if sender.send(batch).await.is_err() {
                return;
            }
        }
    });
    Rows::of(receiver)
}

/// The keeper of the heads has seen every key that ever signed; a head by another one was made by somebody else.
fn unknown_keys(logs: &[LogReport], keys: &Keys, findings: &mut Findings) {
    for head in logs.iter().filter_map(|log| log.newest.as_ref()) {
        if !keys.anchored.contains(&head.key) {
            let at = HeadAt::Newest {
                log: head.head.log,
                size: i64::try_from(head.head.size).unwrap_or(i64::MAX),
            };
            findings.add(Finding::HeadByUnknownKey(at, head.key));
        }
    }
}
