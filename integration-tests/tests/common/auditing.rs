//! A running auditor, and what it shows.

use std::process::Stdio;

use huiyin_service_kit::local::free_port;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::{Up, WITHIN, program, until};

/// Short intervals, so that the test takes seconds; for the five services and for the auditor.
pub fn quick() -> Vec<(&'static str, String)> {
    let seconds = |name, seconds: u32| (name, seconds.to_string());
    vec![
        seconds("HUIYIN__AUDIT__EVERY_SECONDS", 1),
        seconds("HUIYIN__AUDIT__BEATS_EVERY_SECONDS", 1),
        seconds("HUIYIN__AUDIT__SILENT_AFTER_SECONDS", 4),
    ]
}

/// A running `huiyin audit` over a running `huiyin up`.
pub struct Audit {
    child: Child,
    port: u16,
}

impl Audit {
    pub fn start(up: &Up, more: &[(&'static str, String)]) -> Self {
        let port = free_port().unwrap();
        let child = Command::new(program())
            .envs(quick())
            .envs(more.iter().cloned())
            .env(
                "HUIYIN__TELEMETRY__METRICS_LISTEN",
                format!("127.0.0.1:{port}"),
            )
            .arg("--settings")
            .arg(up.folder.path().join("settings.toml"))
            .arg("audit")
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child, port }
    }

    /// A line of its page of metrics, as a number; `None` as long as it is not there.
    pub async fn measured(&self, series: &str) -> Option<f64> {
        let page = self.page("/metrics").await?;
        let lines = page.lines();
        let mut values = lines.filter_map(|line| line.strip_prefix(series)?.trim().parse().ok());
        values.next()
    }

    pub async fn page(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await.ok()?;
        Some(page)
    }

    pub async fn until_measured(&self, series: &str, wanted: f64) {
        until(&format!("{series} {wanted}"), || async {
            let measured = self.measured(series).await?;
            ((measured - wanted).abs() < f64::EPSILON).then_some(())
        })
        .await;
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Whether a signal ends it in order.
    pub async fn ended_by(mut self, signal: &str) -> bool {
        kill(self.child.id().unwrap(), signal);
        let ended = tokio::time::timeout(WITHIN, self.child.wait()).await;
        ended.unwrap().unwrap().success()
    }
}

pub fn kill(id: u32, signal: &str) {
    let status = std::process::Command::new("kill")
        .args([signal, &id.to_string()])
        .status();
    assert!(status.unwrap().success());
}
