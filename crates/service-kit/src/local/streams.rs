//! A private stream server: Redis or Valkey.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Child;

use crate::local::{Account, LocalError, free_port};

/// A private stream server in a folder; it ends with this value.
#[derive(Debug)]
pub struct PrivateStreams {
    port: u16,
    child: Child,
}

impl PrivateStreams {
    /// Starts a new server in `folder`. Nothing is written to disk: it is only a mirror.
    ///
    /// # Errors
    /// When the program is missing or does not answer within ten seconds.
    pub async fn start(program: &Path, folder: &Path) -> Result<Self, LocalError> {
        if !program.exists() {
            let folder = program.display().to_string();
            return Err(LocalError::Missing {
                program: "redis-server or valkey-server".to_owned(),
                folder,
                variable: "HUIYIN_STREAM_SERVER",
            });
        }
        let folder = Account::find().await.reachable(folder).await?;
        let port = free_port()?;
        let child = spawn(program, &folder, port).await?;
        let server = Self { port, child };
        server.answers().await?;
        Ok(server)
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn stop(&mut self) -> Result<(), LocalError> {
        self.child
            .kill()
            .await
            .map_err(LocalError::io("the stream server cannot be stopped"))
    }

    async fn answers(&self) -> Result<(), LocalError> {
        let failed = |words: String| LocalError::Failed {
            program: "the stream server".to_owned(),
            words,
        };
        let client = redis::Client::open(self.url()).map_err(|error| failed(error.to_string()))?;
        for _ in 0..200 {
            if client.get_multiplexed_async_connection().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(failed("it does not answer within ten seconds".to_owned()))
    }
}

async fn spawn(program: &Path, folder: &Path, port: u16) -> Result<Child, LocalError> {
    let log = std::fs::File::create(folder.join("server.log"))
        .map_err(LocalError::io("the stream server's log cannot be made"))?;
    let mut command = Account::find().await.command(program, folder).await;
    command
        .args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--daemonize",
            "no",
            "--databases",
            "4096",
        ])
        .args(["--port", &port.to_string(), "--protected-mode", "yes"])
        .stdout(Stdio::from(log))
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
        .spawn()
        .map_err(LocalError::io("the stream server cannot be started"))
}
