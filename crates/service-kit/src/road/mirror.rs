//! Step 3: copies the feed to Redis streams by compare-and-append. Only rows whose sequencing commit
//! returned success are published; entry id = sequence number; the stream takes an entry only if it
//! continues what is there, and otherwise says where it stands: lower means rewind (that is the
//! replay), higher means the database was restored to an earlier point: a new epoch.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::database::Database;
use crate::lifecycle::Stopper;
use crate::metrics;
use crate::road::sequencer::{Batch, Sequenced};
use crate::road::server::{Connection, StreamServer};
use crate::road::{feed, streams};

/// Entries a mirror keeps at least; older ones are read from the feed.
pub const KEEPS: i64 = 10_000;
/// How often every stream's mirror is compared with its head.
const COMPARE_EVERY: Duration = Duration::from_millis(500);
/// How long the stream server may take to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
/// Entries read from the feed for a replay.
const CHUNK: i64 = 500;
/// Bytes appended in one call, but one entry at least: a call holds up every other of the stream
/// server, and must be over long before its time limit.
const CALL_BYTES: usize = 1024 * 1024;

/// KEYS[1] the stream; ARGV[1] first sequence number; ARGV[2] "1" when an empty stream may begin here
/// (the floor); ARGV[3] entries to keep; then event id and payload of each entry. Answers the last
/// sequence number now in the stream. One that was trimmed to nothing remembers its last id and would
/// take none of those again, so it is begun anew.
static APPEND: LazyLock<redis::Script> = LazyLock::new(|| {
    redis::Script::new(
        "local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
         local last = 0
         if #tail > 0 then last = tonumber(string.match(tail[1][1], '^(%d+)')) end
         local first = tonumber(ARGV[1])
         if last ~= first - 1 and not (#tail == 0 and ARGV[2] == '1') then return last end
         if #tail == 0 then redis.call('DEL', KEYS[1]) end
         for i = 4, #ARGV, 2 do
             last = first + (i - 4) / 2
             redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], string.format('%.0f-0', last),
                        'id', ARGV[i], 'event', ARGV[i + 1])
         end
         return last",
    )
});

/// Copies every stream of one service until the process stops. The copy may fail at any time: the
/// feed is the truth.
pub async fn run(
    database: Database,
    server: StreamServer,
    mut batches: mpsc::Receiver<Batch>,
    stopper: Stopper,
) {
    let mut connection: Option<Connection> = None;
    let mut failing = false;
    let mut compare = tokio::time::interval(COMPARE_EVERY);
    compare.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let batch = tokio::select! {
            batch = batches.recv() => match batch { Some(batch) => Some(batch), None => break },
            _ = compare.tick() => None,
            () = stopper.drained() => break,
        };
        if connection.is_none() {
            connection = connect(&server).await;
        }
        let Some(open) = connection.as_mut() else {
            continue;
        };
        let compared = batch.is_none();
        let done = match batch {
            Some(batch) => publish(&database, open, batch).await,
            None => compare_all(&database, open).await,
        };
        let Err(error) = done else {
            failing &= !compared;
            continue;
        };
        if failing {
            tracing::debug!(%error, "a mirror cannot be written still");
        } else {
            tracing::warn!(%error, "a mirror could not be written; the feed is read instead");
        }
        failing = true;
        if !open.is_to_many() {
            connection = None;
        }
    }
}

/// Compares every stream's mirror with its head before anything is sequenced or read, so that whatever
/// comes after a restore to an earlier point comes in a new epoch: readers elsewhere stand behind what
/// was undone, and our own would read it from the mirror. Where the stream server does not answer nothing
/// is compared.
pub async fn settle(database: &Database, server: &StreamServer) {
    let Some(mut connection) = connect(server).await else {
        return;
    };
    if let Err(error) = compare_all(database, &mut connection).await {
        tracing::warn!(%error, "the mirrors could not be compared with the feed at the start");
    }
}

/// Connects for writing; `None` while the stream server does not answer.
pub async fn connect(server: &StreamServer) -> Option<Connection> {
    match server.connect(Some(ANSWERED_WITHIN)).await {
        Ok(connection) => Some(connection),
        Err(error) => {
            tracing::debug!(%error, "the stream server does not answer");
            None
        }
    }
}

/// Why the mirror was not written.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The stream server failed.
    #[error("stream server: {0}")]
    Stream(#[from] redis::RedisError),
    /// The feed could not be read.
    #[error("feed: {0}")]
    Feed(#[from] sqlx::Error),
}

/// Appends a batch that was just sequenced, or brings the mirror up to it.
///
/// # Errors
/// When Redis or the database fails.
pub async fn publish(
    database: &Database,
    connection: &mut Connection,
    batch: Batch,
) -> Result<(), MirrorError> {
    let Some(last) = batch.last() else {
        return Ok(());
    };
    let (stream, epoch, seq) = (last.stream.clone(), last.epoch, last.seq);
    let reached = append(connection, &batch, false).await?;
    if reached != seq {
        bring_up(
            database,
            connection,
            Place {
                stream: &stream,
                epoch,
                reached,
            },
        )
        .await?;
        return Ok(());
    }
    counted(database, &stream, batch.len());
    Ok(())
}

struct Place<'a> {
    stream: &'a str,
    epoch: i32,
    reached: i64,
}

/// Replays from the feed what the mirror lacks, or begins a new epoch when the mirror is ahead.
async fn bring_up(
    database: &Database,
    connection: &mut Connection,
    place: Place<'_>,
) -> Result<(), MirrorError> {
    let Some(head) = feed::head(database.pool(), place.stream).await? else {
        return Ok(());
    };
    if head.epoch != place.epoch {
        return Ok(()); // the next comparison sees the new epoch
    }
    if place.reached > head.seq {
        feed::begin_epoch(database.pool(), place.stream, head.epoch).await?;
        delete(connection, &place).await?;
        tracing::error!(
            stream = place.stream,
            mirror = place.reached,
            feed = head.seq,
            "the mirror is ahead of the database: a new epoch begins"
        );
        return Ok(());
    }
    let labels = [
        ("service", database.service().as_str()),
        ("stream", place.stream),
    ];
    metrics::count("huiyin_stream_rewinds", 1, &labels);
    let mut reached = floor(connection, &place, head.seq).await?;
    // what is lost while it is replayed is begun anew by the next comparison, not in its middle
    let mut may_begin = place.reached == 0 || reached != place.reached;
    while reached < head.seq {
        let rows = feed::read(database.pool(), place.stream, (head.epoch, reached), CHUNK).await?;
        let Some(last) = rows.last() else { break };
        let wanted = last.seq;
        let now_at = append(connection, &rows, may_begin).await?;
        may_begin = false;
        if now_at != wanted {
            break; // somebody else is appending: they, or the next comparison, go on
        }
        counted(database, place.stream, rows.len());
        reached = now_at;
    }
    Ok(())
}

/// Where a replay begins: a mirror that is lost or far behind starts anew at the floor, so that a
/// replay never copies more than a mirror keeps.
async fn floor(
    connection: &mut Connection,
    place: &Place<'_>,
    head: i64,
) -> Result<i64, redis::RedisError> {
    let floor = (head - KEEPS).max(0);
    if place.reached >= floor {
        return Ok(place.reached);
    }
    if place.reached > 0 {
        delete(connection, place).await?;
    }
    Ok(floor)
}

async fn delete(connection: &mut Connection, place: &Place<'_>) -> Result<(), redis::RedisError> {
    let key = streams::mirror_key(place.stream, place.epoch);
    redis::cmd("DEL").arg(key).query_async(connection).await
}

/// Appends the rows in calls of bounded length; answers the last sequence number now in the stream.
async fn append(
    connection: &mut Connection,
    mut rows: &[Sequenced],
    may_begin: bool,
) -> Result<i64, redis::RedisError> {
    let mut reached = 0;
    let mut may_begin = may_begin;
    while !rows.is_empty() {
        let (call, rest) = rows.split_at(fits(rows));
        reached = append_call(connection, call, may_begin).await?;
        if call.last().is_none_or(|last| last.seq != reached) {
            break; // the stream stands elsewhere
        }
        may_begin = false;
        rows = rest;
    }
    Ok(reached)
}

/// How many of the rows fit into one call.
fn fits(rows: &[Sequenced]) -> usize {
    let mut bytes = 0;
    rows.iter()
        .take_while(|row| {
            bytes += row.payload.len();
            bytes <= CALL_BYTES
        })
        .count()
        .max(1)
}

async fn append_call(
    connection: &mut Connection,
    rows: &[Sequenced],
    may_begin: bool,
) -> Result<i64, redis::RedisError> {
    let Some(first) = rows.first() else {
        return Ok(0);
    };
    let mut call = APPEND.prepare_invoke();
    call.key(streams::mirror_key(&first.stream, first.epoch))
        .arg(first.seq)
        .arg(if may_begin || first.seq == 1 {
            "1"
        } else {
            "0"
        })
        .arg(KEEPS);
    for row in rows {
        call.arg(row.event_id.to_string()).arg(&row.payload);
    }
    call.invoke_async(connection).await
}

/// Compares every stream's mirror with its head and brings it up; in a cluster those of other nodes too when one is away.
///
/// # Errors
/// When Redis or the database fails; the first that failed.
pub async fn compare_all(
    database: &Database,
    connection: &mut Connection,
) -> Result<(), MirrorError> {
    let mut done = Ok(());
    for head in feed::heads(database.pool()).await? {
        let compared = compare(database, connection, &head).await;
        if compared.is_err() && !connection.is_to_many() {
            return compared;
        }
        done = done.and(compared);
    }
    done
}

async fn compare(
    database: &Database,
    connection: &mut Connection,
    head: &feed::Head,
) -> Result<(), MirrorError> {
    let reached = last_of(connection, &streams::mirror_key(&head.stream, head.epoch)).await?;
    if reached == head.seq {
        return Ok(());
    }
    let place = Place {
        stream: &head.stream,
        epoch: head.epoch,
        reached,
    };
    bring_up(database, connection, place).await
}

/// Throws the mirror of a stream away and replays it from the feed; the head it was brought up to, none when the service has no such
/// stream. Whoever publishes meanwhile finds an empty stream, and replays too.
///
/// # Errors
/// When Redis or the database fails.
pub async fn rebuild(
    database: &Database,
    connection: &mut Connection,
    stream: &str,
) -> Result<Option<feed::Head>, MirrorError> {
    let Some(head) = feed::head(database.pool(), stream).await? else {
        return Ok(None);
    };
    let place = Place {
        stream,
        epoch: head.epoch,
        reached: 0,
    };
    delete(connection, &place).await?;
    bring_up(database, connection, place).await?;
    Ok(Some(head))
}

async fn last_of(connection: &mut Connection, key: &str) -> Result<i64, redis::RedisError> {
    let tail: redis::streams::StreamRangeReply = redis::cmd("XREVRANGE")
        .arg(key)
        .arg("+")
        .arg("-")
        .arg("COUNT")
        .arg(1)
        .query_async(connection)
        .await?;
    Ok(tail.ids.first().map_or(0, |entry| sequence_of(&entry.id)))
}

/// The sequence number of an entry id `seq-0`; 0 when it is not ours.
pub(crate) fn sequence_of(id: &str) -> i64 {
    id.split_once('-')
        .and_then(|(seq, _)| seq.parse().ok())
        .unwrap_or(0)
}

fn counted(database: &Database, stream: &str, entries: usize) {
    let labels = [("service", database.service().as_str()), ("stream", stream)];
    metrics::count("huiyin_stream_published", entries as u64, &labels);
}
