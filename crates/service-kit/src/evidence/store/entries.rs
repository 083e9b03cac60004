//! The entries of the logs, and the hashes above them.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{counted, hash, read, stored};
use crate::evidence::digest::Digest;
use crate::evidence::head::LogName;
use crate::evidence::tree::{Run, Span, Stored, Subtree, wanted};
use crate::road::sequencer::Sequenced;
use crate::status::Problem;

/// Entries on their way into a log, as columns.
#[derive(Debug, Default)]
pub(in crate::evidence) struct Columns {
    indexes: Vec<i64>,
    streams: Vec<String>,
    epochs: Vec<i32>,
    seqs: Vec<i64>,
    event_ids: Vec<Uuid>,
    leaves: Vec<Vec<u8>>,
}

impl Columns {
    /// Adds an entry.
    pub(in crate::evidence) fn push(&mut self, index: u64, row: &Sequenced, leaf: &Digest) {
        self.indexes.push(stored(index));
        self.streams.push(row.stream.clone());
        self.epochs.push(row.epoch);
        self.seqs.push(row.seq);
        self.event_ids.push(row.event_id);
        self.leaves.push(leaf.0.to_vec());
    }

    /// Whether there are none.
    pub(in crate::evidence) fn is_empty(&self) -> bool {
        self.indexes.is_empty()
    }
}

/// Adds entries to a log.
pub(in crate::evidence) async fn insert(
    connection: &mut PgConnection,
    log: LogName,
    entries: &Columns,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO log_entry (log, index, stream, epoch, seq, event_id, leaf_hash)
         SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::integer[], $5::bigint[], $6::uuid[], $7::bytea[])",
        log.as_str(),
        &entries.indexes,
        &entries.streams,
        &entries.epochs,
        &entries.seqs,
        &entries.event_ids,
        &entries.leaves,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds the hashes of subtrees.
pub(in crate::evidence) async fn insert_nodes(
    connection: &mut PgConnection,
    log: LogName,
    nodes: &[(Subtree, Digest)],
) -> Result<(), sqlx::Error> {
    if nodes.is_empty() {
        return Ok(());
    }
    let levels: Vec<i16> = nodes
        .iter()
        .map(|(node, _)| i16::from(node.level))
        .collect();
    let indexes: Vec<i64> = nodes.iter().map(|(node, _)| stored(node.index)).collect();
    let hashes: Vec<Vec<u8>> = nodes.iter().map(|(_, hash)| hash.0.to_vec()).collect();
    sqlx::query!(
        "INSERT INTO log_node (log, level, index, hash)
         SELECT $1, * FROM unnest($2::smallint[], $3::bigint[], $4::bytea[])",
        log.as_str(),
        &levels,
        &indexes,
        &hashes,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a log has entries.
pub(in crate::evidence) async fn are_there(
    connection: &mut PgConnection,
    log: LogName,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM log_entry WHERE log = $1) AS "there!""#,
        log.as_str()
    )
    .fetch_one(connection)
    .await
}

/// An entry as it is stored.
#[derive(Clone, Debug)]
pub(in crate::evidence) struct Entry {
    /// Its log.
    pub(in crate::evidence) log: LogName,
    /// Its place there.
    pub(in crate::evidence) index: u64,
    /// Its place in the stream.
    pub(in crate::evidence) reached: (i32, i64),
    /// The event.
    pub(in crate::evidence) payload: Vec<u8>,
}

/// The entry of an event; none when it is not logged yet.
pub(in crate::evidence) async fn of_event(
    connection: &mut PgConnection,
    stream: &str,
    event_id: Uuid,
) -> Result<Option<Entry>, Problem> {
    let row = sqlx::query!(
        "SELECT e.log, e.index, e.epoch, e.seq, f.payload
         FROM log_entry e JOIN feed f ON f.stream = e.stream AND f.epoch = e.epoch AND f.seq = e.seq
         WHERE e.event_id = $1 AND e.stream = $2",
        event_id,
        stream,
    )
    .fetch_optional(connection)
    .await?;
    let entry = row.map(|row| {
        Ok(Entry {
            log: read("log_entry.log", row.log.parse())?,
            index: counted(row.index),
            reached: (row.epoch, row.seq),
            payload: row.payload,
        })
    });
    entry.transpose()
}

/// Whether an event was told on a stream, sequenced or not.
pub(in crate::evidence) async fn is_told(
    connection: &mut PgConnection,
    stream: &str,
    event_id: Uuid,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM feed WHERE stream = $1 AND event_id = $2)
               OR EXISTS (SELECT FROM outbox WHERE stream = $1 AND event_id = $2) AS "told!""#,
        stream,
        event_id,
    )
    .fetch_one(connection)
    .await
}

/// The roots of spans of a log, read out of what is stored.
///
/// # Errors
/// When something that should be stored is not.
pub(in crate::evidence) async fn roots(
    connection: &mut PgConnection,
    (log, suite): (LogName, crate::evidence::digest::HashSuite),
    spans: &[Span],
) -> Result<Vec<Digest>, Problem> {
    let (leaves, nodes): (Vec<Run>, Vec<Run>) =
        wanted(spans).into_iter().partition(|run| run.level == 0);
    let mut read = Stored::default();
    read_leaves(connection, log, &leaves, &mut read).await?;
    read_nodes(connection, log, &nodes, &mut read).await?;
    let roots = spans.iter().map(|span| {
        read.root(suite, *span).ok_or_else(|| {
            let Span { from, to } = span;
            Problem::Unexpected(format!(
                "the log {log} lacks hashes of the entries {from} to {to}"
            ))
        })
    });
    roots.collect()
}

async fn read_leaves(
    connection: &mut PgConnection,
    log: LogName,
    runs: &[Run],
    into: &mut Stored,
) -> Result<(), Problem> {
    if runs.is_empty() {
        return Ok(());
    }
    let (from, to): (Vec<i64>, Vec<i64>) = runs
        .iter()
        .map(|run| (stored(run.from), stored(run.to)))
        .unzip();
    let rows = sqlx::query!(
        r#"SELECT e.index, e.leaf_hash FROM unnest($2::bigint[], $3::bigint[]) AS run (first, behind)
           JOIN log_entry e ON e.log = $1 AND e.index >= run.first AND e.index < run.behind"#,
        log.as_str(),
        &from,
        &to,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let leaf = hash("log_entry.leaf_hash", &row.leaf_hash)?;
        into.insert(0, counted(row.index), leaf);
    }
    Ok(())
}

async fn read_nodes(
    connection: &mut PgConnection,
    log: LogName,
    runs: &[Run],
    into: &mut Stored,
) -> Result<(), Problem> {
    if runs.is_empty() {
        return Ok(());
    }
    let levels: Vec<i16> = runs.iter().map(|run| i16::from(run.level)).collect();
    let (from, to): (Vec<i64>, Vec<i64>) = runs
        .iter()
        .map(|run| (stored(run.from), stored(run.to)))
        .unzip();
    let rows = sqlx::query!(
        r#"SELECT n.level, n.index, n.hash
           FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS run (level, first, behind)
           JOIN log_node n ON n.log = $1 AND n.level = run.level AND n.index >= run.first AND n.index < run.behind"#,
        log.as_str(),
        &levels,
        &from,
        &to,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let level = read("log_node.level", u8::try_from(row.level))?;
        into.insert(level, counted(row.index), hash("log_node.hash", &row.hash)?);
    }
    Ok(())
}
