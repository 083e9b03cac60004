//! Prometheus Alertmanager beside us in the same run: as many alerts a second to as many receivers, in its memory, without a
//! database, a log or a wait.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::routing::post;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::alert::{RATE, latencies, now, ours};
use super::measure::{histogram, milliseconds};
use super::{BenchArgs, Found, over_constellation};
use crate::constellation::Constellation;

/// Turns of each side.
const PAIRS: u64 = 4;
/// Receivers of each alert.
const RECEIVERS: usize = 6;

pub(super) async fn run(args: &BenchArgs) -> Result<Found> {
    let program = std::env::var_os("ALERTMANAGER").map(PathBuf::from);
    let program = program.context("set ALERTMANAGER to the program of Prometheus Alertmanager")?;
    over_constellation(args, async |constellation| {
        measure(args, constellation, &program).await
    })
    .await
}

async fn measure(args: &BenchArgs, constellation: &Constellation, program: &Path) -> Result<Found> {
    let clients = constellation.clients()?;
    let turn = Duration::from_secs((args.seconds / (2 * PAIRS)).max(2));
    let folder = constellation
        .settings
        .parent()
        .context("the folder of the bench")?;
    let mut theirs = Theirs::start(program, folder).await?;
    let mut times = histogram()?;
    ours(&clients, "warm", Duration::from_secs(2)).await?;
    theirs.turn("warm", Duration::from_secs(2)).await?;
    let begin = now(constellation).await?;
    for pair in 0..PAIRS {
        ours(&clients, &format!("pair{pair}"), turn).await?;
        times.add(theirs.turn(&format!("pair{pair}"), turn).await?)?;
    }
    let ours = latencies(constellation, begin).await?;
    let (p50, their_p50) = (milliseconds(&ours, 0.5), milliseconds(&times, 0.5));
    Ok(Found {
        ratio: p50 / their_p50.max(0.001),
        goal: "ratio<=5".to_owned(),
        p50,
        p99: milliseconds(&ours, 0.99),
        more: json!({
            "alerts": ours.len(), "receivers_each": RECEIVERS, "per_second": RATE,
            "alertmanager_p50_ms": their_p50, "alertmanager_p99_ms": milliseconds(&times, 0.99),
        }),
    })
}

/// An Alertmanager of our own, and what it told its receivers.
struct Theirs {
    _process: Child,
    to: SendRequest<Full<Bytes>>,
    heard: Arc<Mutex<HashMap<String, Instant>>>,
}

#[derive(Deserialize)]
struct Notification {
    alerts: Vec<Notified>,
}

#[derive(Deserialize)]
struct Notified {
    labels: HashMap<String, String>,
}

impl Theirs {
    async fn start(program: &Path, folder: &Path) -> Result<Self> {
        let heard: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let receivers = listener.local_addr()?;
        let first = Arc::clone(&heard);
        let hear = move |body: Bytes| {
            let first = Arc::clone(&first);
            async move {
                let arrived = Instant::now();
                let told: Notification =
                    serde_json::from_slice(&body).unwrap_or(Notification { alerts: Vec::new() });
                let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                for alert in told.alerts {
                    let name = alert.labels.get("alertname").cloned().unwrap_or_default();
                    first.entry(name).or_insert(arrived);
                }
            }
        };
        // the first receiver is the next level; the others are there to be told as well
        let pages = Router::new().route("/0", post(hear)).fallback(|| async {});
        tokio::spawn(async move { axum::serve(listener, pages).await });
        let settings = folder.join("alertmanager.yml");
        tokio::fs::write(&settings, written(receivers)).await?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await?
            .local_addr()?;
        let log = folder.join("alertmanager.log");
        let said = std::fs::File::create(&log)?;
        let process = Command::new(program)
            .arg(format!("--config.file={}", settings.display()))
            .arg(format!(
                "--storage.path={}",
                folder.join("alertmanager").display()
            ))
            .arg(format!("--web.listen-address={free}"))
            .arg("--cluster.listen-address=")
            .stdout(said.try_clone()?)
            .stderr(said)
            .kill_on_drop(true)
            .spawn()
            .context("Alertmanager does not start")?;
        Ok(Self {
            _process: process,
            to: connected(free)
                .await
                .with_context(|| format!("what it said is in {}", log.display()))?,
            heard,
        })
    }

    /// Sends alerts open loop; from the moment each is sent to the moment the first receiver has it.
    async fn turn(&mut self, name: &str, turn: Duration) -> Result<hdrhistogram::Histogram<u64>> {
        let begin = Instant::now();
        let count = u32::try_from(turn.as_secs()).unwrap_or(1) * RATE;
        let mut sent = HashMap::new();
        for number in 0..count {
            tokio::time::sleep_until((begin + Duration::from_secs(1) / RATE * number).into()).await;
            let name = format!("{name}-{number}");
            let alert = json!([{
                "labels": {"alertname": &name, "place": "431202001000", "kind": "danger_to_life"},
                "annotations": {"facts": "Generated for a bench."},
            }]);
            sent.insert(name, Instant::now());
            self.post(&alert).await?;
        }
        let mut times = histogram()?;
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let missing = {
                let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
                sent.keys()
                    .filter(|name| !heard.contains_key(*name))
                    .count()
            };
            if missing == 0 {
                break;
            }
            if Instant::now() > until {
                bail!("Alertmanager did not tell of {missing} alerts");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, sent) in &sent {
            if let Some(arrived) = heard.get(name) {
                let micros = arrived.duration_since(*sent).as_micros();
                times.saturating_record(u64::try_from(micros).unwrap_or(u64::MAX).max(1));
            }
        }
        Ok(times)
    }

    async fn post(&mut self, alert: &serde_json::Value) -> Result<()> {
        let request = http::Request::post("/api/v2/alerts")
            .header("host", "alertmanager")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(alert.to_string())))?;
        self.to.ready().await?;
        let answer = self.to.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        anyhow::ensure!(status.is_success(), "Alertmanager answered {status}");
        Ok(())
    }
}

/// Its settings: every alert is a group of its own, told at once to every receiver.
fn written(receivers: SocketAddr) -> String {
    let routes: String = (0..RECEIVERS)
        .map(|number| format!("    - receiver: r{number}\n      continue: true\n"))
        .collect();
    let names: String = (0..RECEIVERS)
        .map(|number| {
            format!(
                "  - name: r{number}\n    webhook_configs:\n      - url: http://{receivers}/{number}\n        send_resolved: false\n"
            )
        })
        .collect();
    format!(
        "route:\n  receiver: r0\n  group_by: ['...']\n  group_wait: 0s\n  group_interval: 1m\n  repeat_interval: 4h\n  routes:\n{routes}\
         receivers:\n{names}"
    )
}

/// A connection, as soon as it listens.
async fn connected(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let until = Instant::now() + Duration::from_secs(20);
    let stream = loop {
        match TcpStream::connect(address).await {
            Ok(stream) => break stream,
            Err(_) if Instant::now() < until => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(error) => return Err(error).context("Alertmanager does not listen"),
        }
    };
    stream.set_nodelay(true)?;
    let (to, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(to)
}
