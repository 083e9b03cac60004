//! The five processes, each started again when it dies unasked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use huiyin_service_kit::names::ServiceName;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Ports;

/// A process that dies this often before it ever served is not started again.
const STARTS: u32 = 3;

/// The processes of a constellation.
#[derive(Clone)]
pub struct Processes {
    stop: CancellationToken,
    tasks: TaskTracker,
    deaths: Arc<Mutex<BTreeMap<ServiceName, u32>>>,
    only: watch::Sender<Option<ServiceName>>,
    ended: watch::Sender<usize>,
}

impl Processes {
    /// Starts the five processes; their logs and process ids are files in `folder`.
    pub(super) fn start(folder: &Path, settings: &Path, ports: Ports) -> Result<Self> {
        let processes = Self {
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            deaths: Arc::default(),
            only: watch::Sender::new(None),
            ended: watch::Sender::new(0),
        };
        for service in ServiceName::ALL {
            let (folder, settings) = (folder.to_owned(), settings.to_owned());
            let start = Start {
                service,
                folder,
                settings,
                metrics: ports.metrics(service),
            };
            let running = start.spawn()?;
            processes
                .tasks
                .spawn(processes.clone().keep(start, running));
        }
        processes.tasks.close();
        Ok(processes)
    }

    /// How often a process died unasked.
    #[must_use]
    pub fn deaths(&self) -> u32 {
        self.deaths.lock().map_or(0, |deaths| deaths.values().sum())
    }

    /// Whether a process died so often that it was given up.
    #[must_use]
    pub fn ended_early(&self, service: ServiceName) -> bool {
        self.deaths
            .lock()
            .is_ok_and(|deaths| deaths.get(&service).is_some_and(|deaths| *deaths >= STARTS))
    }

    /// Ends the processes: SIGTERM, and after ten seconds SIGKILL.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }

    /// Ends every process but one, for measuring that one.
    pub async fn keep_only(&self, service: ServiceName) {
        self.only.send_replace(Some(service));
        let mut ended = self.ended.subscribe();
        let others = ServiceName::ALL.len() - 1;
        if ended.wait_for(|ended| *ended >= others).await.is_err() {
            tracing::warn!("the other services could not be ended");
        }
    }

    async fn keep(self, start: Start, (mut child, mut input): Running) {
        let mut started = std::time::Instant::now();
        loop {
            tokio::select! {
                _ = child.wait() => {
                    // a process that ran for a while and was killed starts afresh
                    if let Ok(mut deaths) = self.deaths.lock() {
                        *deaths.entry(start.service).or_default() += 1;
                    }
                    if started.elapsed() < Duration::from_secs(1) && self.ended_early(start.service) {
                        return;
                    }
                    tracing::info!(service = start.service.as_str(), "a service ended unasked and is started again");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    started = std::time::Instant::now();
                    match start.spawn() {
                        Ok(again) => (child, input) = again,
                        Err(_) => return,
                    }
                }
                () = self.stop.cancelled() => break,
                () = unwanted(self.only.subscribe(), start.service) => break,
            }
        }
        end(&mut child).await;
        drop(input);
        self.ended.send_modify(|ended| *ended += 1);
    }
}

/// Waits until only another service is wanted.
async fn unwanted(mut only: watch::Receiver<Option<ServiceName>>, service: ServiceName) {
    if only
        .wait_for(|only| only.is_some_and(|only| only != service))
        .await
        .is_err()
    {
        std::future::pending::<()>().await;
    }
}

async fn end(child: &mut Child) {
    let Some(id) = child.id() else { return };
    let asked = Command::new("kill")
        .args(["-TERM", &id.to_string()])
        .status()
        .await;
    let ended = tokio::time::timeout(Duration::from_secs(10), child.wait()).await;
    if (asked.is_err() || ended.is_err())
        && let Err(error) = child.kill().await
    {
        tracing::warn!(%error, "a process could not be ended");
    }
}

/// A process, and its standard input: it ends when that does, so it ends with us even when we are killed.
type Running = (Child, Option<ChildStdin>);

struct Start {
    service: ServiceName,
    folder: PathBuf,
    settings: PathBuf,
    metrics: SocketAddr,
}

impl Start {
    fn spawn(&self) -> Result<Running> {
        let own = std::env::current_exe().context("our own program cannot be found")?;
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("{}.log", self.service)))
            .context("a log file cannot be made")?;
        let mut child = Command::new(own)
            .args(["serve", self.service.as_str(), "--until-input-ends"])
            .arg("--settings")
            .arg(&self.settings)
            .env(
                "HUIYIN__TELEMETRY__METRICS_LISTEN",
                self.metrics.to_string(),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.service))?;
        let id = child.id().unwrap_or_default().to_string();
        self.keep("pid", &id)
            .context("a pid file cannot be written")?;
        self.keep("metrics", &self.metrics.to_string())
            .context("the address of the metrics cannot be written")?;
        let input = child.stdin.take();
        Ok((child, input))
    }

    /// Writes a file of the service, which nobody finds half-written.
    fn keep(&self, kind: &str, words: &str) -> std::io::Result<()> {
        let file = self.folder.join(format!("{}.{kind}", self.service));
        let new = file.with_extension(format!("{kind}.new"));
        std::fs::write(&new, words)?;
        std::fs::rename(new, file)
    }
}
