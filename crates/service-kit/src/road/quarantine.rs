//! Entries that were set aside: listed without what they say, and applied once when what was wrong has been mended.

use std::sync::Arc;

use huiyin_domain::ids::EventId;
use huiyin_domain::time::Instant;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::database::{Database, Tx};
use crate::metrics;
use crate::road::consumer::{Reaction, decode};
use crate::road::sequencer::Sequenced;
use crate::status::Problem;
use crate::wire;

/// Characters of the longest reason that is shown and kept.
const LONGEST_REASON: usize = 500;
/// Entries of one event at most: a stream has it once.
const STREAMS: i64 = 100;

/// An entry that was set aside, without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Who could not apply it.
    pub consumer: String,
    /// Stream.
    pub stream: String,
    /// Epoch.
    pub epoch: i32,
    /// Sequence number.
    pub seq: i64,
    /// Event.
    pub event_id: Uuid,
    /// Why; the newest reason.
    pub reason: String,
    /// When.
    pub set_aside_at: Instant,
}

/// What came of an entry that was to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redriven {
    /// Event.
    pub event: EventId,
    /// Stream.
    pub stream: String,
    /// Its effect, or why there was none.
    pub outcome: Result<(), String>,
}

/// The place of an entry in a list: when it was set aside, its stream, epoch and number.
pub type Behind = (Instant, String, i32, i64);

/// Entries that were set aside, oldest first, behind one of them.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    pool: &PgPool,
    after: Option<Behind>,
    limit: i64,
) -> Result<Vec<SetAside>, sqlx::Error> {
    let (at, stream, epoch, seq) = match after {
        Some((at, stream, epoch, seq)) => (Some(at), Some(stream), Some(epoch), Some(seq)),
        None => (None, None, None, None),
    };
    sqlx::query_as!(
        SetAside,
        r#"SELECT consumer, stream, epoch, seq, event_id, left(reason, $6) AS "reason!", set_aside_at FROM quarantine
         WHERE $1::timestamptz IS NULL OR (set_aside_at, stream, epoch, seq) > ($1, $2, $3, $4)
         ORDER BY set_aside_at, stream, epoch, seq LIMIT $5"#,
        at,
        stream,
        epoch,
        seq,
        limit,
        i32::try_from(LONGEST_REASON).unwrap_or(i32::MAX),
    )
    .fetch_all(pool)
    .await
}

/// How many entries are set aside.
///
/// # Errors
/// When the database does not answer.
pub async fn count(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM quarantine"#)
        .fetch_one(pool)
        .await
}

/// Applies every entry of an event that was set aside, through the reactions of its service: the effect and the release are one
/// transaction, so that whoever asks twice, or at the same time, has one effect. One that fails stays, with its new reason.
///
/// # Errors
/// When the database does not answer; refusals of the reaction are answers.
pub async fn redrive(
    database: &Database,
    reactions: &[Reaction],
    event: EventId,
) -> Result<Vec<Redriven>, Problem> {
    let mut redriven = Vec::new();
    for entry in entries_of(database.pool(), event).await? {
        let stream = entry.stream.clone();
        let outcome = match reactions
            .iter()
            .find(|reaction| reaction.stream == entry.stream)
        {
            Some(reaction) => apply(database, reaction, &entry).await,
            None => Err(Problem::Unexpected(
                "this service does nothing about the stream any more".to_owned(),
            )),
        };
        let outcome = match outcome {
            // somebody else has released it
            Ok(false) => continue,
            Ok(true) => Ok(()),
            Err(problem) if problem.is_retryable() => return Err(problem),
            Err(problem) => Err(keep_reason(database, &entry, &problem).await?),
        };
        count_outcome(database, &stream, outcome.is_ok());
        redriven.push(Redriven {
            event,
            stream,
            outcome,
        });
    }
    Ok(redriven)
}

async fn entries_of(pool: &PgPool, event: EventId) -> Result<Vec<Sequenced>, sqlx::Error> {
    sqlx::query_as!(
        Sequenced,
        "SELECT stream, epoch, seq, event_id, payload FROM quarantine WHERE event_id = $1
         ORDER BY stream, epoch, seq LIMIT $2",
        event.uuid(),
        STREAMS,
    )
    .fetch_all(pool)
    .await
}

/// The effect of one entry; false when it was not set aside any more. Its inbox row was written when it was set aside, and the cursor
/// is behind it: neither moves.
async fn apply(
    database: &Database,
    reaction: &Reaction,
    entry: &Sequenced,
) -> Result<bool, Problem> {
    let events: Arc<[_]> = decode(std::slice::from_ref(entry))?.into();
    for at in events
        .iter()
        .filter_map(|event| event.occurred_time.as_ref())
    {
        if let Some(at) = wire::instant(at) {
            database.clock().move_to(at);
        }
    }
    let consumer = database.service().as_str();
    let (wanted, react) = (entry.clone(), Arc::clone(&reaction.react));
    let applied = database
        .transaction("redrive", move |tx: &mut Tx| {
            let (entry, events, react) = (wanted.clone(), Arc::clone(&events), Arc::clone(&react));
            Box::pin(async move {
                if !release(tx.connection(), consumer, &entry).await? {
                    return Ok::<bool, Problem>(false);
                }
                react(tx, &events).await?;
                Ok(true)
            })
        })
        .await?;
    if applied && let Some(after_commit) = &reaction.after_commit {
        after_commit();
    }
    Ok(applied)
}

/// Takes an entry out of quarantine; whoever comes second waits and finds it gone.
async fn release(
    connection: &mut PgConnection,
    consumer: &str,
    entry: &Sequenced,
) -> Result<bool, sqlx::Error> {
    let released = sqlx::query!(
        "DELETE FROM quarantine WHERE consumer = $1 AND stream = $2 AND epoch = $3 AND seq = $4",
        consumer,
        entry.stream,
        entry.epoch,
        entry.seq,
    )
    .execute(connection)
    .await?;
    Ok(released.rows_affected() > 0)
}

async fn keep_reason(
    database: &Database,
    entry: &Sequenced,
    problem: &Problem,
) -> Result<String, sqlx::Error> {
    let reason: String = problem.to_string().chars().take(LONGEST_REASON).collect();
    sqlx::query!(
        "UPDATE quarantine SET reason = $5 WHERE consumer = $1 AND stream = $2 AND epoch = $3 AND seq = $4",
        database.service().as_str(),
        entry.stream,
        entry.epoch,
        entry.seq,
        reason,
    )
    .execute(database.writing())
    .await?;
    Ok(reason)
}

fn count_outcome(database: &Database, stream: &str, applied: bool) {
    let outcome = if applied {
        "redriven"
    } else {
        "redrive_failed"
    };
    let labels = [
        ("service", database.service().as_str()),
        ("stream", stream),
        ("outcome", outcome),
    ];
    metrics::count("huiyin_consumer_effects", 1, &labels);
}
