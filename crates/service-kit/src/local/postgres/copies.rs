//! Copies of a private PostgreSQL: standbys that follow it, and backups that are restored.

use std::path::Path;

use crate::local::postgres::{PrivatePostgres, emptied, there};
use crate::local::{LocalError, free_port, run};

/// A base backup of a private server, at rest.
#[derive(Clone, Debug)]
pub struct BaseBackup(PrivatePostgres);

impl PrivatePostgres {
    /// Starts a standby in `folder`, which is emptied; it streams from this server. It has the databases, the superuser and
    /// the password of this one.
    ///
    /// # Errors
    /// When a program is missing or fails.
    pub async fn standby(&self, folder: &Path) -> Result<Self, LocalError> {
        let standby = self.copied(folder, &["-R"]).await?;
        standby.up().await?;
        Ok(standby)
    }

    /// Takes a base backup into `folder`, which is emptied.
    ///
    /// # Errors
    /// When a program is missing or fails.
    pub async fn back_up(&self, folder: &Path) -> Result<BaseBackup, LocalError> {
        self.copied(folder, &[]).await.map(BaseBackup)
    }

    async fn copied(&self, folder: &Path, options: &[&str]) -> Result<Self, LocalError> {
        let program = there(&self.programs, "pg_basebackup")?;
        let folder = emptied(&self.programs, &self.account, folder).await?;
        let mut copy = self.account.command(&program, &folder).await;
        copy.args(["-X", "stream", "-c", "fast", "--no-sync"])
            .args(options)
            .arg("-D")
            .arg(folder.join("data"))
            .args(["-h", "127.0.0.1", "-U", "huiyin", "-p"])
            .arg(self.port.to_string())
            .env("PGPASSWORD", &self.password);
        run(&mut copy, "pg_basebackup").await?;
        Ok(Self {
            folder,
            port: free_port()?,
            ..self.clone()
        })
    }
}

impl BaseBackup {
    /// Starts a server of its own on the backup.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restore(self) -> Result<PrivatePostgres, LocalError> {
        self.0.up().await?;
        Ok(self.0)
    }
}
