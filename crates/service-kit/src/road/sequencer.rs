//! Step 2: moves committed outbox rows into the dense feed. Reading what is there, never "greater than
//! my last", so a slow writer's row is found whenever it commits.

use std::collections::HashMap;
use std::time::{Duration, Instant as Monotonic};

use sqlx::AssertSqlSafe;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::database::Database;
use crate::lifecycle::Stopper;
use crate::metrics;
use crate::road::Lane;
use crate::road::lease::{self, Lease};

/// Rows moved in one transaction at most.
const BATCH: i64 = 500;
/// Bytes moved in one transaction, the row that reaches them included whole.
const BATCH_BYTES: i64 = 4 * 1024 * 1024;
/// Rows after which an outbox is swept of what was moved out of it; a busy one would wait too long for
/// the database to do it.
const SWEEP_AFTER: usize = 10_000;
/// How far below the highest number moved a look begins.
const NEWEST: i64 = 1000;
/// How long the whole outbox is not looked at, at the longest. Below what an alarm calls old (2 s).
const LONGEST_REST: Duration = Duration::from_secs(1);
/// The shortest pause between two looks.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// A row of the feed whose commit returned success.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Sequenced {
    /// Stream.
    pub stream: String,
    /// Epoch.
    pub epoch: i32,
    /// Place, dense from 1.
    pub seq: i64,
    /// Event.
    pub event_id: Uuid,
    /// Encoded event.
    pub payload: Vec<u8>,
}

/// A row that was moved, and the highest number in the outbox of those moved with it.
#[derive(sqlx::FromRow)]
struct Moved {
    #[sqlx(flatten)]
    row: Sequenced,
    highest: i64,
}

/// Rows in order, stream by stream.
pub type Batch = Vec<Sequenced>;

/// The longest pause of a lane: a row written by another process waits at most this long.
fn longest_pause(lane: Lane) -> Duration {
    match lane {
        Lane::Urgent => Duration::from_millis(20),
        Lane::Ordinary => Duration::from_millis(100),
    }
}

/// How long a lane gathers after it moved so many facts, so that they travel in runs: longer where more are told, since every reader takes
/// a run in one transaction. The first fact after a silence never waits; an alert never waits at all.
fn gathers(lane: Lane, moved: usize) -> Duration {
    match (lane, moved) {
        (Lane::Urgent, _) | (Lane::Ordinary, 0) => Duration::ZERO,
        (Lane::Ordinary, 1..12) => Duration::from_millis(8),
        (Lane::Ordinary, _) => Duration::from_millis(20),
    }
}

fn outbox_of(lane: Lane) -> &'static str {
    match lane {
        Lane::Urgent => "outbox_urgent",
        Lane::Ordinary => "outbox",
    }
}

fn statement(lane: Lane) -> String {
    let outbox = outbox_of(lane);
    // The fence comes first: without the term locked nothing is moved. With nothing to move nothing is locked. What is moved is
    // found once and taken by where it lies: as a join, planned when the outbox was thought to be empty, it was found anew for each row.
    format!(
        "WITH fence AS (
             SELECT 1 FROM lease
             WHERE name = $1 AND holder = $2 AND term = $3 AND EXISTS (SELECT FROM {outbox} WHERE id > $6)
             FOR UPDATE
         ), moved AS (
             DELETE FROM {outbox} WHERE ctid = ANY (ARRAY(
                 SELECT place FROM (
                     SELECT ctid AS place, sum(octet_length(payload)) OVER (ORDER BY id) - octet_length(payload) AS before
                     FROM {outbox} WHERE id > $6 ORDER BY id LIMIT $4
                 ) run WHERE before < $5
             )) AND EXISTS (SELECT 1 FROM fence)
             RETURNING id, stream, event_id, payload
         ), counted AS (
             SELECT stream, count(*) AS rows FROM moved GROUP BY stream
         ), heads AS (
             INSERT INTO stream_head AS head (stream, seq) SELECT stream, rows FROM counted
             ON CONFLICT (stream) DO UPDATE SET seq = head.seq + excluded.seq
             RETURNING stream, epoch, seq
         )
         INSERT INTO feed (stream, epoch, seq, event_id, payload)
         SELECT moved.stream, heads.epoch,
                heads.seq - counted.rows + row_number() OVER (PARTITION BY moved.stream ORDER BY moved.id),
                moved.event_id, moved.payload
         FROM moved JOIN counted USING (stream) JOIN heads USING (stream)
         RETURNING stream, epoch, seq, event_id, payload, (SELECT max(id) FROM moved) AS highest"
    )
}

/// Where a lane is looked at.
///
/// While anybody holds an old snapshot, rows that were moved cannot be removed, and each look from the beginning goes over all of them.
/// So most looks begin a little below the highest number that was moved: whoever commits late within the newest numbers is found there.
/// The whole is looked at as well, as often as that is cheap: it finds whoever was slower, and whatever a restored database numbers anew.
#[derive(Debug, Default)]
pub struct Looks {
    /// The highest number that was moved.
    highest: Option<i64>,
    /// When the whole was looked at, and how long that took.
    whole: Option<(Monotonic, Duration)>,
}

impl Looks {
    /// The number above which the next look begins.
    fn above(&self) -> i64 {
        match (self.highest, self.whole) {
            (Some(highest), Some((at, took))) if at.elapsed() < rests(took) => {
                highest.saturating_sub(NEWEST)
            }
            _ => i64::MIN,
        }
    }
}

/// How long the whole is not looked at again after a look that took so long.
fn rests(took: Duration) -> Duration {
    (took * 20).min(LONGEST_REST)
}

/// Moves one batch, under the fence of `lease`, wherever it lies in the outbox.
///
/// # Errors
/// When the database does not answer; then nothing was moved.
pub async fn sequence(
    database: &Database,
    lane: Lane,
    lease: &Lease,
) -> Result<Batch, sqlx::Error> {
    look(database, (lane, &mut Looks::default()), lease).await
}

/// As [`sequence`], by somebody who looks again and again.
///
/// # Errors
/// When the database does not answer; then nothing was moved.
pub async fn look(
    database: &Database,
    (lane, looks): (Lane, &mut Looks),
    lease: &Lease,
) -> Result<Batch, sqlx::Error> {
    let (above, began) = (looks.above(), Monotonic::now());
    let moved: Vec<Moved> = sqlx::query_as(AssertSqlSafe(statement(lane)))
        .bind(lease.name)
        .bind(&lease.holder)
        .bind(lease.term)
        .bind(BATCH)
        .bind(BATCH_BYTES)
        .bind(above)
        .fetch_all(database.road())
        .await?;
    if above == i64::MIN {
        looks.whole = Some((Monotonic::now(), began.elapsed()));
    }
    looks.highest = looks.highest.max(moved.first().map(|moved| moved.highest));
    let mut rows: Batch = moved.into_iter().map(|moved| moved.row).collect();
    rows.sort_by(|a, b| (&a.stream, a.seq).cmp(&(&b.stream, b.seq)));
    Ok(rows)
}

/// The name of a lane's lease.
#[must_use]
pub fn lease_name(lane: Lane) -> &'static str {
    match lane {
        Lane::Urgent => "sequencer:urgent",
        Lane::Ordinary => "sequencer:ordinary",
    }
}

/// Sequences one lane until the process stops.
pub async fn run(database: Database, lane: Lane, mirror: mpsc::Sender<Batch>, stopper: Stopper) {
    let holder = crate::chance::new_uuid().to_string();
    let mut held: Option<(Lease, Monotonic)> = None;
    let mut pause = SHORTEST_PAUSE;
    let mut unswept = 0;
    let mut looks = Looks::default();
    loop {
        held = match lease::keep(database.road(), (lease_name(lane), &holder), held).await {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(lane = lane.as_str(), %error, "the sequencer cannot reach its lease");
                None
            }
        };
        let moved = match &held {
            Some((lease, _)) => step(&database, (lane, &mut looks), lease, &mirror).await,
            None => 0,
        };
        pause = if moved > 0 {
            SHORTEST_PAUSE
        } else {
            (pause * 2).min(longest_pause(lane))
        };
        unswept += moved;
        if unswept >= SWEEP_AFTER {
            sweep(&database, lane).await;
            unswept = 0;
        }
        if moved >= usize::try_from(BATCH).unwrap_or(usize::MAX) {
            continue;
        }
        let gathers = gathers(lane, moved);
        if !gathers.is_zero() {
            tokio::time::sleep(gathers).await;
        }
        tokio::select! {
            () = database.pokes().lane(lane).notified() => {}
            () = tokio::time::sleep(pause) => {}
            () = stopper.drained() => break,
        }
    }
    if let Some((lease, _)) = held
        && let Err(error) = lease::give_back(database.road(), &lease).await
    {
        tracing::debug!(%error, "the lease was left to expire");
    }
}

/// Frees the room of moved rows. TRUNCATE off: nobody who writes into the outbox waits for this.
async fn sweep(database: &Database, lane: Lane) {
    let statement = format!("VACUUM (TRUNCATE off) {}", outbox_of(lane));
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(database.road())
        .await
    {
        tracing::debug!(lane = lane.as_str(), %error, "the outbox was not swept");
    }
}

async fn step(
    database: &Database,
    (lane, looks): (Lane, &mut Looks),
    lease: &Lease,
    mirror: &mpsc::Sender<Batch>,
) -> usize {
    let rows = match look(database, (lane, looks), lease).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::warn!(lane = lane.as_str(), %error, "the outbox could not be sequenced");
            return 0;
        }
    };
    let moved = rows.len();
    if moved > 0 {
        database.pokes().poke_log();
    }
    let mut by_stream: HashMap<String, Batch> = HashMap::new();
    for row in rows {
        by_stream.entry(row.stream.clone()).or_default().push(row);
    }
    for (stream, batch) in by_stream {
        let labels = [
            ("service", database.service().as_str()),
            ("stream", stream.as_str()),
        ];
        metrics::count("huiyin_feed_sequenced", batch.len() as u64, &labels);
        // A full channel loses nothing: the mirror reads what it missed from the feed.
        if mirror.try_send(batch).is_err() {
            tracing::debug!(stream, "the mirror is behind");
        }
    }
    moved
}
