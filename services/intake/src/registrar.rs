//! Writes registrations. Those that arrive while others are being written wait for each other and are
//! written together, in one statement and one commit: a busy morning costs the database a fraction of
//! what single statements would, and a lone registration waits for nothing.
//!
//! What concerns one of them only (a repeat raised at the same moment, a value the database refuses)
//! never reaches the others: a run that fails is taken apart, and each is written alone.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

use huiyin_service_kit::database::Database;
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::metrics;
use huiyin_service_kit::road::Lanes;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use crate::store;
use crate::store::register::Entry;

/// Registrations written together at most.
const RUN: usize = 64;
/// Runs written at a time at most. One at a time is the fastest, as the next run gathers meanwhile.
const WRITERS: usize = 4;
/// How long the others wait for a run before the next is written beside it: one that meets a lock, or a
/// slow disk, holds nobody up.
const PATIENCE: Duration = Duration::from_millis(50);

/// Takes registrations to be written.
#[derive(Clone, Debug)]
pub(crate) struct Registrar {
    database: Database,
    queue: mpsc::Sender<Waiting>,
}

struct Waiting {
    entry: Entry,
    answer: oneshot::Sender<Outcome>,
}

enum Outcome {
    Registered,
    /// The request id was used before; nothing was written.
    UsedBefore,
    /// Written with others it failed; to be written alone.
    Alone(Box<Entry>),
}

impl Registrar {
    /// Starts the writers; they end when the servers have.
    pub(crate) fn start(database: &Database, stopper: &Stopper) -> Self {
        let (queue, waiting) = mpsc::channel(2 * RUN);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..WRITERS {
            let (database, waiting) = (database.clone(), Arc::clone(&waiting));
            let stopper_of_writer = stopper.clone();
            stopper.spawn("registrar", async move {
                tokio::select! {
                    () = write_runs(&database, &waiting) => {}
                    () = stopper_of_writer.drained() => {}
                }
            });
        }
        Self {
            database: database.clone(),
            queue,
        }
    }

    /// Writes a registration; false when its request id was used before, and then nothing is written.
    /// A caller that stops waiting may have been written all the same: asked again, it is answered.
    ///
    /// # Errors
    /// What the database says about this registration.
    pub(crate) async fn register(&self, entry: Entry) -> Result<bool, sqlx::Error> {
        let (answer, answered) = oneshot::channel();
        let stopped = || sqlx::Error::PoolClosed;
        let waiting = Waiting { entry, answer };
        self.queue.send(waiting).await.map_err(|_| stopped())?;
        match answered.await.map_err(|_| stopped())? {
            Outcome::Registered => Ok(true),
            Outcome::UsedBefore => Ok(false),
            Outcome::Alone(entry) => {
                let alone = std::slice::from_ref(&*entry);
                let written = store::register::register(self.database.writing(), alone).await?;
                poke(&self.database);
                Ok(!written.is_empty())
            }
        }
    }
}

/// Never returns: the writers share the queue, and whoever holds it writes.
async fn write_runs(database: &Database, waiting: &Mutex<mpsc::Receiver<Waiting>>) {
    loop {
        let mut queue = waiting.lock().await;
        let mut run = Vec::with_capacity(RUN);
        if queue.recv_many(&mut run, RUN).await == 0 {
            return std::future::pending().await;
        }
        let mut writing = pin!(write_run(database, run));
        if timeout(PATIENCE, &mut writing).await.is_err() {
            drop(queue);
            writing.await;
        }
    }
}

/// Writes a run and tells each of those who wait what became of theirs. Nobody listens when the caller's
/// deadline has passed; what was written stays written.
async fn write_run(database: &Database, run: Vec<Waiting>) {
    let (entries, answers): (Vec<_>, Vec<_>) = run
        .into_iter()
        .map(|waiting| (waiting.entry, waiting.answer))
        .unzip();
    for (outcome, answer) in write(database, entries).await.into_iter().zip(answers) {
        drop(answer.send(outcome));
    }
}

/// What became of each entry, in their order.
async fn write(database: &Database, entries: Vec<Entry>) -> Vec<Outcome> {
    let started = Monotonic::now();
    let written = store::register::register(database.writing(), &entries).await;
    metrics::observe(
        "huiyin_transaction_duration_seconds",
        started.elapsed().as_secs_f64(),
        &[
            ("service", database.service().as_str()),
            ("name", "register"),
        ],
    );
    match written {
        Ok(written) => {
            poke(database);
            let outcome = |entry: Entry| match written.contains(&entry.id.uuid()) {
                true => Outcome::Registered,
                false => Outcome::UsedBefore,
            };
            entries.into_iter().map(outcome).collect()
        }
        Err(error) => {
            tracing::debug!(%error, registrations = entries.len(), "a run is taken apart");
            entries
                .into_iter()
                .map(Box::new)
                .map(Outcome::Alone)
                .collect()
        }
    }
}

fn poke(database: &Database) {
    database.pokes().poke(Lanes {
        urgent: false,
        ordinary: true,
    });
}
