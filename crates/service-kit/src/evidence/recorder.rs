//! Logs what the feed holds. Entries, cursors and heads are written by one transaction, so that a crash loses nothing and doubles
//! nothing; the events have long been sequenced and are on their way, and nobody waits for this.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Monotonic};

use chrono::SubsecRound as _;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::Event;
use prost::Message as _;
use sqlx::PgConnection;

use super::batch::Batch;
use super::digest::HashSuite;
use super::entry::Blind;
use super::head::{Head, LogName, Origin};
use super::key::LogKey;
use super::store::cursors::{self, Reached};
use super::store::heads::{self, LogState};
use super::store::{entries, sealed};
use crate::clock::of_the_machine;
use crate::database::{Database, begun};
use crate::lifecycle::Stopper;
use crate::metrics;
use crate::road::lease::{self, Lease};
use crate::road::sequencer::Sequenced;
use crate::status::Problem;

/// Rows of one stream logged in one transaction at most.
const BATCH: i64 = 1000;
/// Bytes read for one transaction, the row that reaches them included whole.
const BATCH_BYTES: i64 = 4 * 1024 * 1024;
/// How long it waits for more after it was woken: heads are signed in runs, and nobody waits.
const GATHERS: Duration = Duration::from_millis(100);
/// The pause between two full batches, which leaves the database to others.
const BREATHES: Duration = Duration::from_millis(20);
/// The longest pause: what another process sequenced waits at most this long.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);
/// How often the same trouble is told.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// The name of the lease.
pub const LEASE: &str = "log";

/// With what a service logs.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// The key that signs.
    pub key: Arc<LogKey>,
    /// Whose logs.
    pub origin: Origin,
    /// The hash function of logs that begin now.
    pub suite: HashSuite,
}

/// What one transaction logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// How many entries.
    pub entries: usize,
    /// Whether there is more to log at once.
    pub is_full: bool,
    /// Where the feed has a gap, behind which nothing is logged.
    pub gap: Option<Gap>,
}

/// A row of the feed that is not there although a later one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The stream.
    pub stream: String,
    /// Up to where it is logged.
    pub reached: (i32, i64),
    /// The row that comes next.
    pub next: (i32, i64),
}

/// Whether this process is the one that logs for its service, told to whoever hands in what is logged.
#[derive(Clone, Debug, Default)]
pub struct Leads(Arc<AtomicBool>);

impl Leads {
    /// Whether it is.
    #[must_use]
    pub fn is_leading(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Says whether it is.
    pub fn set(&self, leads: bool) {
        self.0.store(leads, Ordering::Release);
    }
}

/// Logs one batch under the fence of `lease`, signed at `now` by the clock of the machine.
///
/// # Errors
/// When the database does not answer, or a head does not stand as it was left; then nothing was logged.
pub async fn record(
    database: &Database,
    recorder: &Recorder,
    lease: &Lease,
    now: Instant,
) -> Result<Recorded, Problem> {
    let mut tx = begun(database.road(), "BEGIN").await?;
    let recorded = record_within(&mut tx, recorder, (lease, now)).await?;
    tx.commit().await?;
    Ok(recorded)
}

/// As [`record`], in a transaction of the caller.
///
/// # Errors
/// As [`record`].
pub async fn record_within(
    connection: &mut PgConnection,
    recorder: &Recorder,
    (lease, now): (&Lease, Instant),
) -> Result<Recorded, Problem> {
    // the fence: a holder that slept past its time logs nothing
    if !lease::is_held(connection, lease).await? {
        return Ok(Recorded::default());
    }
    let logs = ready(connection, recorder, now).await?;
    let waiting = cursors::waiting(connection, BATCH, BATCH_BYTES).await?;
    let is_full = fills(&waiting);
    let reached = cursors::all(connection).await?;
    let (rows, reached, gap) = contiguous(waiting, reached);
    let entries = rows.len();
    if entries > 0 {
        let batch = sorted(connection, logs, rows).await?;
        batch.write(connection, (recorder, now)).await?;
        cursors::advance(connection, &reached).await?;
    }
    Ok(Recorded {
        entries,
        is_full: is_full && entries > 0,
        gap,
    })
}

/// Whether so much waited that there may be more.
fn fills(waiting: &[Sequenced]) -> bool {
    let bytes: usize = waiting.iter().map(|row| row.payload.len()).sum();
    let reaches = |count: usize, most| i64::try_from(count).is_ok_and(|count| count >= most);
    reaches(waiting.len(), BATCH) || reaches(bytes, BATCH_BYTES)
}

/// The two logs, begun where they were not, and as they were left.
async fn ready(
    connection: &mut PgConnection,
    recorder: &Recorder,
    now: Instant,
) -> Result<Vec<LogState>, Problem> {
    let mut logs = heads::lock(connection).await?;
    let begun = |log| move |state: &LogState| state.signed.head.log == log;
    for log in LogName::ALL {
        if !logs.iter().any(begun(log)) {
            begin(connection, recorder, (log, now)).await?;
            logs = heads::lock(connection).await?;
        }
    }
    for state in &logs {
        as_it_was_left(state, recorder)?;
    }
    Ok(logs)
}

async fn begin(
    connection: &mut PgConnection,
    recorder: &Recorder,
    (log, now): (LogName, Instant),
) -> Result<(), Problem> {
    let blind = Blind::drawn().map_err(|error| Problem::Unexpected(error.to_string()))?;
    let head = Head {
        origin: recorder.origin.clone(),
        log,
        suite: recorder.suite,
        size: 0,
        root: recorder.suite.empty(),
        at: now.trunc_subsecs(6),
        kept: 0,
    };
    let signed = head.signed(&recorder.key);
    let is_first = heads::begin(connection, &signed, &blind).await?;
    if is_first && entries::are_there(connection, log).await? {
        return Err(broken(log, "its head is gone and its entries are there"));
    }
    Ok(())
}

/// Nothing is built on a head that somebody else wrote: its root is that of what the tree goes on from, and where it names our key,
/// our key has signed it.
fn as_it_was_left(state: &LogState, recorder: &Recorder) -> Result<(), Problem> {
    let signed = &state.signed;
    let head = &signed.head;
    if state.frontier.root(head.suite) != head.root {
        return Err(broken(head.log, "its root is not that of its subtrees"));
    }
    if signed.key == *recorder.key.public() && !signed.is_signed() {
        return Err(broken(
            head.log,
            "its head is not signed by the key it names",
        ));
    }
    Ok(())
}

fn broken(log: LogName, wrong: &str) -> Problem {
    Problem::Unexpected(format!(
        "the log {log} was changed by somebody else, and nothing is added to it: {wrong}; see huiyin verify log"
    ))
}

/// Of each stream the rows that follow each other without a gap, how far they reach, and the first gap.
fn contiguous(
    waiting: Vec<Sequenced>,
    mut reached: BTreeMap<String, Reached>,
) -> (Vec<Sequenced>, BTreeMap<String, Reached>, Option<Gap>) {
    let mut rows = Vec::with_capacity(waiting.len());
    let mut moved = BTreeMap::new();
    let mut gaps: BTreeMap<String, Gap> = BTreeMap::new();
    for row in waiting {
        let at = reached.get(&row.stream).copied().unwrap_or((0, 0));
        let next = (row.epoch, row.seq);
        let follows = next == (at.0, at.1 + 1) || (row.epoch > at.0 && row.seq == 1);
        if gaps.contains_key(&row.stream) || !follows {
            let stream = row.stream.clone();
            gaps.entry(stream).or_insert(Gap {
                stream: row.stream,
                reached: at,
                next,
            });
            continue;
        }
        reached.insert(row.stream.clone(), next);
        moved.insert(row.stream.clone(), next);
        rows.push(row);
    }
    (rows, moved, gaps.into_values().next())
}

/// The rows as entries of the logs they belong to.
async fn sorted(
    connection: &mut PgConnection,
    logs: Vec<LogState>,
    rows: Vec<Sequenced>,
) -> Result<Batch, Problem> {
    let mut matters = Vec::with_capacity(rows.len());
    let mut denounced = Vec::new();
    for row in &rows {
        // what cannot be read is evidence too, and about no matter
        let event = Event::decode(row.payload.as_slice()).unwrap_or_default();
        let fact = event.fact.as_ref();
        denounced.extend(fact.and_then(super::sealed::denounced));
        let of_event: Vec<_> = fact.into_iter().flat_map(super::sealed::matters).collect();
        matters.push(of_event);
    }
    // the service's own registrations pass nobody who would have noted them
    sealed::insert(connection, &denounced).await?;
    let all: Vec<_> = matters.iter().flatten().copied().collect();
    let are_sealed = sealed::among(connection, &all).await?;
    let mut batch = Batch::over(logs);
    for (row, matters) in rows.iter().zip(matters) {
        let is_sealed = matters.iter().any(|matter| are_sealed.contains(matter));
        let log = if is_sealed {
            LogName::Sealed
        } else {
            LogName::Open
        };
        batch.push(log, row);
    }
    Ok(batch)
}

/// Logs until the process stops.
pub async fn run(database: Database, recorder: Recorder, leads: Leads, stopper: Stopper) {
    let holder = crate::chance::new_uuid().to_string();
    let mut held: Option<(Lease, Monotonic)> = None;
    let mut watch = Watch::new(&database);
    loop {
        held = match lease::keep(database.road(), (LEASE, &holder), held).await {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(%error, "the recorder cannot reach its lease");
                None
            }
        };
        leads.set(held.is_some());
        let recorded = match &held {
            Some((lease, _)) => record(&database, &recorder, lease, of_the_machine()).await,
            None => Ok(Recorded::default()),
        };
        let is_full = watch.saw(held.is_some(), recorded);
        let pause = if is_full { BREATHES } else { LONGEST_PAUSE };
        tokio::select! {
            () = database.pokes().log().notified(), if !is_full => tokio::time::sleep(GATHERS).await,
            () = tokio::time::sleep(pause) => {}
            () = stopper.drained() => break,
        }
    }
    leads.set(false);
    if let Some((lease, _)) = held
        && let Err(error) = lease::give_back(database.road(), &lease).await
    {
        tracing::debug!(%error, "the lease was left to expire");
    }
}

/// What is told of the recorder's work.
struct Watch {
    service: &'static str,
    /// When everything there was had been logged.
    up_to_date: Monotonic,
    /// When trouble was told last.
    told: Option<Monotonic>,
}

impl Watch {
    fn new(database: &Database) -> Self {
        Self {
            service: database.service().as_str(),
            up_to_date: Monotonic::now(),
            told: None,
        }
    }

    /// Tells of an outcome; whether there is more to log at once.
    fn saw(&mut self, leads: bool, recorded: Result<Recorded, Problem>) -> bool {
        let (is_full, trouble) = match recorded {
            Ok(Recorded {
                entries,
                is_full,
                gap,
            }) => {
                if entries > 0 {
                    let labels = [("service", self.service)];
                    metrics::count("huiyin_log_entries", entries as u64, &labels);
                }
                (is_full, gap.map(|gap| gap.to_string()))
            }
            Err(problem) => (false, Some(problem.to_string())),
        };
        if trouble.is_none() && !is_full {
            self.up_to_date = Monotonic::now();
        }
        // the process that logs tells how far it is behind; the others are behind nothing
        let behind = if leads {
            self.up_to_date.elapsed()
        } else {
            Duration::ZERO
        };
        let labels = [("service", self.service)];
        metrics::gauge("huiyin_log_behind_seconds", behind.as_secs_f64(), &labels);
        self.tell(trouble);
        is_full
    }

    fn tell(&mut self, trouble: Option<String>) {
        let Some(trouble) = trouble else {
            self.told = None;
            return;
        };
        if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            tracing::error!(%trouble, "what happens is not logged");
            self.told = Some(Monotonic::now());
        }
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            stream,
            reached: (epoch, seq),
            next: (next_epoch, next_seq),
        } = self;
        write!(
            f,
            "the feed of {stream} has a gap behind entry {seq} of epoch {epoch}: next comes entry {next_seq} of epoch {next_epoch}"
        )
    }
}
