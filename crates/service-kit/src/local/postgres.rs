//! A private PostgreSQL.

use std::path::{Path, PathBuf};

use crate::local::{Account, LocalError, free_port, run};

mod copies;

pub use copies::BaseBackup;

/// A private PostgreSQL server in a folder. It goes on when this value is dropped; [`Self::stop`] ends it.
#[derive(Clone, Debug)]
pub struct PrivatePostgres {
    programs: PathBuf,
    folder: PathBuf,
    account: Account,
    port: u16,
    password: String,
    options: String,
}

impl PrivatePostgres {
    /// Starts a new server in `folder`, which is emptied. `programs` holds `initdb` and `pg_ctl`;
    /// `settings` are server settings such as `("fsync", "off")`.
    ///
    /// # Errors
    /// When a program is missing or fails.
    pub async fn start(
        programs: &Path,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self, LocalError> {
        for program in ["initdb", "pg_ctl", "postgres"] {
            there(programs, program)?;
        }
        let account = Account::find().await;
        let folder = emptied(programs, &account, folder).await?;
        let mut options = String::new();
        for (key, value) in settings {
            options.push_str(&format!(" -c {key}={value}"));
        }
        let password = crate::chance::new_uuid().simple().to_string();
        let server = Self {
            programs: programs.to_owned(),
            folder,
            account,
            port: free_port()?,
            password,
            options,
        };
        server.make().await?;
        server.up().await?;
        Ok(server)
    }

    async fn make(&self) -> Result<(), LocalError> {
        let data = self.folder.join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data).map_err(LocalError::io(format!(
                "{} cannot be emptied",
                data.display()
            )))?;
        }
        let secret = self.folder.join("password");
        std::fs::write(&secret, &self.password)
            .map_err(LocalError::io("the password file cannot be written"))?;
        self.account.own(&self.folder).await?;
        let mut initdb = self
            .account
            .command(&self.programs.join("initdb"), &self.folder)
            .await;
        initdb
            .args([
                "--username=huiyin",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .arg(format!("--pwfile={}", secret.display()))
            .arg("-D")
            .arg(&data);
        run(&mut initdb, "initdb").await
    }

    async fn up(&self) -> Result<(), LocalError> {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300{}",
            self.port, self.options
        );
        let mut start = self.control().await;
        start
            .args(["start", "-w", "-t", "60", "-o"])
            .arg(options)
            .arg("-l")
            .arg(self.folder.join("server.log"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        // pg_ctl's child keeps the pipes open, so nothing is captured; the log file has the reason
        let status = start
            .status()
            .await
            .map_err(LocalError::io("pg_ctl cannot be started"))?;
        if status.success() {
            return Ok(());
        }
        let log = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        let words = log
            .lines()
            .last()
            .unwrap_or("no log was written")
            .to_owned();
        Err(LocalError::Failed {
            program: "postgres".to_owned(),
            words,
        })
    }

    async fn control(&self) -> tokio::process::Command {
        let mut control = self
            .account
            .command(&self.programs.join("pg_ctl"), &self.folder)
            .await;
        control.arg("-D").arg(self.folder.join("data"));
        control
    }

    /// The address of a database on this server, as its superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://huiyin:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// The folder of its data and log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The port on which it answers.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it where it stands, as a crash of all its processes does; [`Self::again`] starts it.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn crash(&self) -> Result<(), LocalError> {
        let mut stop = self.control().await;
        let arguments = ["stop", "-m", "immediate", "-w", "-t", "20"];
        run(stop.args(arguments), "pg_ctl stop").await
    }

    /// Starts it again on what it has written.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn again(&self) -> Result<(), LocalError> {
        self.up().await
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn stop(&self) -> Result<(), LocalError> {
        let mut stop = self.control().await;
        run(
            stop.args(["stop", "-m", "fast", "-w", "-t", "20"]),
            "pg_ctl stop",
        )
        .await
    }
}

/// A program must be there.
fn there(programs: &Path, program: &str) -> Result<PathBuf, LocalError> {
    let path = programs.join(program);
    if path.exists() {
        return Ok(path);
    }
    Err(LocalError::Missing {
        program: program.to_owned(),
        folder: programs.display().to_string(),
        variable: "HUIYIN_POSTGRES_BIN",
    })
}

/// An empty folder for a server; one that still runs there is ended.
async fn emptied(programs: &Path, account: &Account, folder: &Path) -> Result<PathBuf, LocalError> {
    if folder.join("data").join("postmaster.pid").exists() {
        // left behind by a program that was killed
        let mut stop = account
            .command(&programs.join("pg_ctl"), Path::new("/"))
            .await;
        stop.args(["stop", "-w", "-t", "10", "-m", "immediate", "-D"]);
        run(stop.arg(folder.join("data")), "pg_ctl stop").await.ok();
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(LocalError::io(format!(
            "{} cannot be emptied",
            folder.display()
        )))?;
    }
    account.reachable(folder).await
}
