//! Private servers, keys and vaults for the demo, for `huiyin up` and for tests: a PostgreSQL and a stream server of our
//! own in a folder of the project, never the machine's.

pub mod authority;
pub mod issuer;
pub mod postgres;
pub mod prepare;
pub mod streams;

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use tokio::process::Command;

use crate::names::ServiceName;

/// What the section of a service needs for its vaults, all in a folder; nothing when it has none.
#[must_use]
pub fn vault_section(service: ServiceName, folder: &Path) -> String {
    let folder = folder.display();
    let keys = match service {
        ServiceName::Intake => format!(
            "vault_key = \"file:{folder}/open\"\nvault_sealed_key = \"file:{folder}/sealed\"\n"
        ),
        // two vaults under one key would take it away from each other
        ServiceName::Routing | ServiceName::Supervision => {
            format!("vault_key = \"file:{folder}/{service}\"\n")
        }
        ServiceName::StabilityEarlyWarning | ServiceName::Statistics => return String::new(),
    };
    format!("{keys}vault_copies = \"{folder}/copies\"\n")
}

/// Why a private server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A program is missing.
    #[error("{program} was not found in {folder}; set {variable} to the folder or program to use")]
    Missing {
        /// What is missing.
        program: String,
        /// Where it was looked for.
        folder: String,
        /// The variable that names it.
        variable: &'static str,
    },
    /// A file or process could not be handled.
    #[error("{what}: {error}")]
    Io {
        /// What was being done.
        what: String,
        /// Why not.
        error: io::Error,
    },
    /// A program ended with an error.
    #[error("{program} failed: {words}")]
    Failed {
        /// Which program.
        program: String,
        /// What it said last.
        words: String,
    },
    /// A statement failed.
    #[error("{what}: {error}")]
    Sql {
        /// What was being done.
        what: &'static str,
        /// Why not.
        error: sqlx::Error,
    },
}

impl LocalError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}

/// Ports this process has drawn. Each is locked for as long as the process lives.
static DRAWN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A free port on the loopback address, below those from which a machine takes the ports of outgoing
/// connections. Until this process ends no other that asks here is given the same, nor is this one.
///
/// # Errors
/// When a hundred drawn ports are all taken.
pub fn free_port() -> Result<u16, LocalError> {
    let locks = std::env::temp_dir().join("huiyin-ports");
    std::fs::create_dir_all(&locks).map_err(LocalError::io("a folder for locks of ports"))?;
    for _ in 0..100 {
        let [.., high, low] = *crate::chance::new_uuid().as_bytes();
        let port = 12_000 + u16::from_be_bytes([high, low]) % 18_000;
        // where another account made the locks, the port alone must do
        let lock = File::create(locks.join(port.to_string())).ok();
        if lock.as_ref().is_some_and(|lock| lock.try_lock().is_err()) {
            continue;
        }
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
            drawn.extend(lock);
            return Ok(port);
        }
    }
    let error = io::Error::from(io::ErrorKind::AddrInUse);
    Err(LocalError::Io {
        what: "no free port was found".to_owned(),
        error,
    })
}

/// The account that runs servers when we are root, which PostgreSQL refuses to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// We are an ordinary user: run as ourselves.
    Ourselves,
    /// We are root: run as this user.
    Other(String),
}

impl Account {
    pub(crate) async fn find() -> Self {
        if said("id", &["-u"]).await.as_deref() != Some("0") {
            return Self::Ourselves;
        }
        for user in ["postgres", "nobody"] {
            if said("id", &["-u", user]).await.is_some() {
                return Self::Other(user.to_owned());
            }
        }
        Self::Ourselves
    }

    /// A command that runs `program` under this account, in `folder`.
    pub(crate) async fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = match self {
            Self::Ourselves => Command::new(program),
            Self::Other(user) => {
                let group = said("id", &["-g", user])
                    .await
                    .unwrap_or_else(|| "65534".to_owned());
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={user}"))
                    .arg(format!("--regid={group}"))
                    .args(["--clear-groups", "--no-new-privs"])
                    .arg(program);
                command
            }
        };
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .kill_on_drop(false);
        command
            .env("LC_ALL", "C.UTF-8")
            .env_remove("PGDATA")
            .env_remove("PGHOST")
            .env_remove("PGPORT");
        command
    }

    /// Gives a folder to this account.
    pub(crate) async fn own(&self, folder: &Path) -> Result<(), LocalError> {
        std::fs::create_dir_all(folder).map_err(LocalError::io(format!(
            "{} cannot be made",
            folder.display()
        )))?;
        if let Self::Other(user) = self {
            run(
                Command::new("chown").arg("-R").arg(user).arg(folder),
                "chown",
            )
            .await?;
        }
        Ok(())
    }

    /// A folder this account can reach: the wanted one or, when a folder above it is closed to the
    /// account, one of the same name under the machine's folder for files that outlive a restart.
    pub(crate) async fn reachable(&self, wanted: &Path) -> Result<PathBuf, LocalError> {
        let wanted = &std::path::absolute(wanted)
            .map_err(LocalError::io("a folder has no absolute path"))?;
        self.own(wanted).await?;
        let mut probe = self.command(Path::new("test"), Path::new("/")).await;
        probe.arg("-w").arg(wanted);
        let reached = probe.status().await.is_ok_and(|status| status.success());
        if reached {
            return Ok(wanted.to_owned());
        }
        let name: String = wanted
            .display()
            .to_string()
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '-'
                }
            })
            .collect();
        let other = PathBuf::from(format!("/var/tmp/huiyin{name}"));
        self.own(&other).await?;
        Ok(other)
    }
}

async fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().await.ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a program to its end; an error holds the last lines it printed.
pub(crate) async fn run(command: &mut Command, program: &str) -> Result<(), LocalError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(LocalError::io(format!("{program} cannot be started")))?;
    if output.status.success() {
        return Ok(());
    }
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let lines: Vec<&str> = printed.lines().rev().take(5).collect();
    let words = lines.into_iter().rev().collect::<Vec<_>>().join(" | ");
    Err(LocalError::Failed {
        program: program.to_owned(),
        words,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let ports: BTreeSet<u16> = (0..300).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 300);
    }
}
