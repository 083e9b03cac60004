//! Databases for tests that are laid out once and then copied, each with the vaults of its intake.

use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;

use huiyin_domain::time::Instant;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use super::{Broken, postgres_url};
use crate::chance;
use crate::local::prepare::{Addresses, address, auditor_address, prepare};
use crate::names::ServiceName;

/// A database with the roles and schemas of the five services and a clock moved by hand, and the folder of the vaults.
#[derive(Clone, Debug)]
pub struct TestDatabase {
    name: String,
    addresses: Addresses,
    /// Keys and copies of a vault, as long as the test runs.
    vault: Arc<TempDir>,
}

impl TestDatabase {
    /// A new one, whose clock stands at `clock`.
    ///
    /// # Errors
    /// When the private server is not there.
    pub async fn new(clock: Instant) -> Result<Self, Broken> {
        let name = new_name();
        Ok(Self {
            addresses: prepare(&postgres_url()?, &name, Some(clock)).await?,
            name,
            vault: Arc::new(tempfile::tempdir()?),
        })
    }

    /// Another one that holds the same, the keys of the vaults included. Nobody may be connected to this one.
    ///
    /// # Errors
    /// When somebody is, or the private server is not there.
    pub async fn copy(&self) -> Result<Self, Broken> {
        let (name, template) = (new_name(), &self.name);
        say(None, format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        let vault = tempfile::tempdir()?;
        copy_folder(self.vault.path(), vault.path())?;
        let server = PgConnectOptions::from_str(&postgres_url()?)?;
        let addresses = ServiceName::ALL.map(|service| (service, address(&server, &name, service)));
        Ok(Self {
            addresses: addresses.into(),
            name,
            vault: Arc::new(vault),
        })
    }

    /// Ends it, and whatever connection to it is left.
    ///
    /// # Errors
    /// When the private server is not there.
    pub async fn remove(self) -> Result<(), Broken> {
        say(None, format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }

    /// Changes it by the hand of the server's superuser: to show what a test finds when a guard is missing.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn change(&self, statement: &str) -> Result<(), Broken> {
        say(Some(&self.name), statement.to_owned()).await
    }

    /// The address of a service's role in it.
    pub(super) fn address(&self, service: ServiceName) -> Result<&str, Broken> {
        let address = self.addresses.get(&service);
        Ok(address.ok_or("no address")?)
    }

    /// The address of the auditor's role in it.
    ///
    /// # Errors
    /// When the private server is not there.
    pub fn auditor_address(&self) -> Result<String, Broken> {
        Ok(auditor_address(&postgres_url()?, &self.name)?)
    }

    /// The folder of its vaults.
    pub(super) fn vault(&self) -> &Path {
        self.vault.path()
    }
}

fn new_name() -> String {
    format!("test_{}", chance::new_uuid().simple())
}

async fn say(database: Option<&str>, statement: String) -> Result<(), Broken> {
    let mut options = PgConnectOptions::from_str(&postgres_url()?)?;
    if let Some(database) = database {
        options = options.database(database);
    }
    let mut connection = options.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &copy)?;
        } else {
            std::fs::copy(entry.path(), copy)?;
        }
    }
    Ok(())
}
