//! The end of a process: the first signal drains, the second ends, and nothing runs untracked.
//!
//! Three moments: *stopping* (take no new work), *drained* (the servers have finished theirs, so what
//! carries their work on may end too), *stopped hard* (everything is dropped where it stands).

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Ends everything that was given a clone of it.
#[derive(Clone, Debug)]
pub struct Stopper {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    running: Mutex<BTreeMap<u64, &'static str>>,
    started: watch::Sender<u64>,
    held: watch::Sender<usize>,
    fatal: watch::Sender<Option<Fatal>>,
    readiness: Readiness,
}

/// A worker that ended although nothing had been stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {reason}")]
pub struct Fatal {
    /// Which worker.
    pub name: String,
    /// How it ended.
    pub reason: String,
}

/// Workers that did not end in time and were dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} did not end in time and was dropped", names.join(", "))]
pub struct Undrained {
    /// Which.
    pub names: Vec<&'static str>,
}

/// Keeps [`Stopper::drained`] waiting until it is dropped.
#[derive(Debug)]
pub struct Held(Arc<Shared>);

/// Which gRPC services of this process are serving.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<String, bool>>>);

impl Default for Stopper {
    fn default() -> Self {
        Self::new()
    }
}

impl Stopper {
    /// A stopper that is stopped by hand only.
    #[must_use]
    pub fn new() -> Self {
        let soft = CancellationToken::new();
        let shared = Shared {
            running: Mutex::default(),
            started: watch::Sender::new(0),
            held: watch::Sender::new(0),
            fatal: watch::Sender::new(None),
            readiness: Readiness::default(),
        };
        Self {
            soft,
            hard: CancellationToken::new(),
            tasks: TaskTracker::new(),
            shared: Arc::new(shared),
        }
    }

    /// A stopper that SIGTERM and SIGINT stop: the first drains, the second ends everything at once.
    ///
    /// # Errors
    /// When the signals cannot be listened to.
    pub fn on_signals() -> std::io::Result<Self> {
        let stopper = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let listening = stopper.clone();
        // ends with the process: it must hear the second signal while everything else is drained
        tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                if listening.is_stopping() {
                    tracing::warn!(signal = name, "ending now; calls in flight are dropped");
                    listening.stop_hard();
                    break;
                }
                tracing::info!(
                    signal = name,
                    "draining; the same signal again ends at once"
                );
                listening.stop();
            }
        });
        Ok(stopper)
    }

    /// Begins to stop: no new work is taken.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Ends everything where it stands.
    pub fn stop_hard(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Waits until no new work is to be taken.
    pub async fn stopping(&self) {
        self.soft.cancelled().await;
    }

    /// Waits until everything is to end at once.
    pub async fn stopped_hard(&self) {
        self.hard.cancelled().await;
    }

    /// Waits until stopping has begun and the servers have finished what they had begun.
    pub async fn drained(&self) {
        self.stopping().await;
        let mut held = self.shared.held.subscribe();
        tokio::select! {
            _ = held.wait_for(|held| *held == 0) => {}
            () = self.stopped_hard() => {}
        }
    }

    /// Whether stopping has begun.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Keeps [`Stopper::drained`] waiting until the returned value is dropped.
    #[must_use]
    pub fn hold(&self) -> Held {
        self.shared.held.send_modify(|held| *held += 1);
        Held(Arc::clone(&self.shared))
    }

    /// Which gRPC services of this process are serving.
    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.shared.readiness
    }

    /// Runs a worker. One that ends before stopping has begun, or panics, is fatal to the process.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let number = self.number();
        lock(&self.shared.running).insert(number, name);
        let stopper = self.clone();
        self.tasks.spawn(async move {
            let ended = tokio::select! {
                ended = AssertUnwindSafe(work).catch_unwind() => ended,
                () = stopper.stopped_hard() => Ok(()),
            };
            lock(&stopper.shared.running).remove(&number);
            match ended {
                Ok(()) if stopper.is_stopping() => {}
                Ok(()) => stopper.fail(name, "ended although nothing had been stopped"),
                Err(panic) => {
                    stopper.fail(name, &format!("panicked: {}", panic_words(panic.as_ref())))
                }
            }
        });
    }

    /// Reports that the process cannot go on.
    pub fn fail(&self, name: &str, reason: &str) {
        tracing::error!(worker = name, reason, "the process cannot go on");
        let fatal = Fatal {
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        self.shared.fatal.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(fatal);
            is_first
        });
    }

    /// Waits for the first worker that failed; for ever when none does.
    pub async fn fatal(&self) -> Fatal {
        let mut fatal = self.shared.fatal.subscribe();
        match fatal
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|fatal| fatal.clone())
        {
            Some(fatal) => fatal,
            None => std::future::pending().await,
        }
    }

    /// Stops, waits for every worker, and drops those that have not ended within the given time.
    ///
    /// # Errors
    /// Names the workers that were dropped.
    pub async fn drain(&self, within: Duration) -> Result<(), Undrained> {
        self.stop();
        self.tasks.close();
        let in_time = tokio::select! {
            () = self.tasks.wait() => true,
            () = tokio::time::sleep(within) => false,
            () = self.stopped_hard() => false,
        };
        if in_time {
            return Ok(());
        }
        let names = lock(&self.shared.running).values().copied().collect();
        self.stop_hard();
        self.tasks.wait().await;
        Err(Undrained { names })
    }

    fn number(&self) -> u64 {
        let mut number = 0;
        self.shared.started.send_modify(|started| {
            *started += 1;
            number = *started;
        });
        number
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0
            .held
            .send_modify(|held| *held = held.saturating_sub(1));
    }
}

impl Readiness {
    /// Notes whether a gRPC service is serving.
    pub fn set(&self, name: &str, serving: bool) {
        lock(&self.0).insert(name.to_owned(), serving);
    }

    /// The gRPC services that are not serving.
    #[must_use]
    pub fn not_serving(&self) -> Vec<String> {
        lock(&self.0)
            .iter()
            .filter(|(_, serving)| !**serving)
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Whether there is a gRPC service and all of them are serving.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let services = lock(&self.0);
        !services.is_empty() && services.values().all(|serving| *serving)
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, serving) in &*lock(&self.0) {
            writeln!(
                f,
                "{name} {}",
                if *serving { "serving" } else { "not serving" }
            )?;
        }
        Ok(())
    }
}

/// What a panic said.
pub(crate) fn panic_words(panic: &(dyn std::any::Any + Send)) -> &str {
    if let Some(words) = panic.downcast_ref::<&str>() {
        words
    } else if let Some(words) = panic.downcast_ref::<String>() {
        words
    } else {
        "without words"
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_worker_that_waits_for_stopping_is_drained() {
        let stopper = Stopper::new();
        let waiting = stopper.clone();
        stopper.spawn("waiting", async move { waiting.stopping().await });
        assert!(!stopper.is_stopping());
        assert_eq!(stopper.drain(SOON).await, Ok(()));
        assert!(stopper.is_stopping());
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_does_not_end_is_dropped_and_named() {
        let stopper = Stopper::new();
        stopper.spawn("deaf", std::future::pending());
        let undrained = stopper.drain(SOON).await.unwrap_err();
        assert_eq!(undrained.names, ["deaf"]);
    }

    #[tokio::test]
    async fn a_worker_that_ends_early_is_fatal() {
        let stopper = Stopper::new();
        stopper.spawn("short", async {});
        assert_eq!(
            stopper.fatal().await.to_string(),
            "short ended although nothing had been stopped"
        );
    }

    #[tokio::test]
    async fn a_worker_that_panics_is_fatal_even_while_stopping() {
        let stopper = Stopper::new();
        stopper.stop();
        stopper.spawn("clumsy", async { panic!("slipped") });
        assert_eq!(
            stopper.fatal().await.to_string(),
            "clumsy panicked: slipped"
        );
    }

    #[tokio::test]
    async fn drained_waits_for_what_is_held() {
        let stopper = Stopper::new();
        let held = stopper.hold();
        stopper.stop();
        assert!(stopper.drained().now_or_never().is_none());
        drop(held);
        stopper.drained().await;
    }

    #[tokio::test]
    async fn a_hard_stop_waits_for_nothing() {
        let stopper = Stopper::new();
        let _held = stopper.hold();
        stopper.spawn("deaf", std::future::pending());
        stopper.stop_hard();
        stopper.drained().await;
        stopper.stopped_hard().await;
        stopper.drain(SOON).await.ok();
        assert!(stopper.fatal().now_or_never().is_none());
    }

    #[tokio::test]
    async fn the_first_signal_drains_and_the_second_ends() {
        let stopper = Stopper::on_signals().unwrap();
        let terminate = || {
            std::process::Command::new("kill")
                .arg(std::process::id().to_string())
                .status()
                .unwrap()
        };
        assert!(!stopper.is_stopping());
        assert!(terminate().success());
        stopper.stopping().await;
        assert!(stopper.stopped_hard().now_or_never().is_none());
        assert!(terminate().success());
        stopper.stopped_hard().await;
    }

    #[test]
    fn a_process_is_ready_when_all_its_services_are_serving() {
        let readiness = Readiness::default();
        assert!(!readiness.is_ready());
        readiness.set("a", true);
        readiness.set("b", false);
        assert_eq!(
            (readiness.is_ready(), readiness.not_serving()),
            (false, vec!["b".to_owned()])
        );
        readiness.set("b", true);
        assert!(readiness.is_ready());
    }
}
