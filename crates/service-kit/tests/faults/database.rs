//! A private PostgreSQL of a test, and the databases of one run in it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use huiyin_service_kit::database::Database;
use huiyin_service_kit::local::postgres::PrivatePostgres;
use huiyin_service_kit::local::prepare::prepare;
use huiyin_service_kit::local::vault_section;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::run::migrate;
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::testing::postgres_programs;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};
use tempfile::TempDir;

static NO_TABLES: Migrator = Migrator::DEFAULT;
/// The database that every run copies.
const TEMPLATE: &str = "road";
/// What the clock of decisions says at first.
const NOON: &str = "2025-06-02T04:00:00Z";
/// What a confirmed commit survives: the end of every process, not a loss of power.
const SETTINGS: [(&str, &str); 4] = [
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "on"),
    ("restart_after_crash", "on"),
];

/// The server; it ends with this value.
pub(crate) struct Server {
    pub(crate) postgres: PrivatePostgres,
    /// Where its files are; those of one that was promoted lie in another's folder, which must outlive it.
    folder: Arc<TempDir>,
}

impl Server {
    /// Starts one, with the tables of the road in the database that runs copy.
    pub(crate) async fn start() -> Self {
        let folder = folder();
        let programs = postgres_programs().unwrap();
        let data = folder.path().join("postgres");
        let postgres = PrivatePostgres::start(&programs, &data, &SETTINGS)
            .await
            .unwrap();
        let server = Self {
            postgres,
            folder: Arc::new(folder),
        };
        server.trust().await;
        server.lay_template().await;
        server
    }

    /// Asks nobody for a password: hundreds of connections are made, and a debug build takes long over each.
    async fn trust(&self) {
        let rules = "host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n";
        std::fs::write(self.postgres.folder().join("data/pg_hba.conf"), rules).unwrap();
        self.say("SELECT pg_reload_conf()").await;
    }

    async fn lay_template(&self) {
        let url = self.postgres.url("postgres");
        let clock = Some(NOON.parse().unwrap());
        prepare(&url, TEMPLATE, clock).await.unwrap();
        for service in [ServiceName::Intake, ServiceName::Statistics] {
            let database = connect(service, self.postgres.port(), TEMPLATE).await;
            let database = database.unwrap();
            migrate(&database, &NO_TABLES).await.unwrap();
            sqlx::raw_sql(
                "CREATE TABLE applied (
                     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream text NOT NULL, number bigint NOT NULL);
                 CREATE TABLE unrelated (number bigint)",
            )
            .execute(database.writing())
            .await
            .unwrap();
            database.writing().close().await;
            database.pool().close().await;
        }
        // the connections of the sequencers are not ours to close
        self.say("ALTER DATABASE road WITH ALLOW_CONNECTIONS false")
            .await;
        self.disconnect(TEMPLATE).await;
    }

    /// Copies the template, or a database that nobody may enter meanwhile.
    pub(crate) async fn copy(&self, from: Option<&str>, name: &str) {
        let from = from.unwrap_or(TEMPLATE);
        self.disconnect(from).await;
        self.say(&format!("CREATE DATABASE {name} TEMPLATE {from}"))
            .await;
    }

    /// Puts a copy in the place of a database.
    pub(crate) async fn replace(&self, database: &str, by: &str) {
        self.say(&format!("DROP DATABASE {database} WITH (FORCE)"))
            .await;
        self.disconnect(by).await;
        self.say(&format!("ALTER DATABASE {by} RENAME TO {database}"))
            .await;
    }

    async fn disconnect(&self, database: &str) {
        self.say(&format!(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
             WHERE datname = '{database}' AND backend_type = 'client backend'"
        ))
        .await;
    }

    /// A statement of the superuser.
    pub(crate) async fn say(&self, statement: &str) {
        let pool = self.pool("postgres");
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
    }

    /// The superuser's connections to a database, past every link.
    pub(crate) fn pool(&self, database: &str) -> PgPool {
        PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(20))
            .connect_lazy(&self.postgres.url(database))
            .unwrap()
    }

    /// Kills a process that serves somebody: the server cuts every connection and recovers from its log.
    pub(crate) async fn kill_a_backend(&self, database: &str) {
        let pool = self.pool("postgres");
        let id: i32 = sqlx::query_scalar(
            "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend' LIMIT 1",
        )
        .bind(database)
        .fetch_one(&pool)
        .await
        .unwrap();
        let killing = tokio::process::Command::new("kill")
            .args(["-KILL", &id.to_string()])
            .status();
        assert!(killing.await.unwrap().success());
    }

    /// A synchronous standby of it.
    pub(crate) async fn standby(&self) -> Self {
        let folder = self.folder.path().join("standby");
        let postgres = self.postgres.standby(&folder).await.unwrap();
        self.say("ALTER SYSTEM SET synchronous_standby_names = '*'")
            .await;
        self.say("SELECT pg_reload_conf()").await;
        Self {
            postgres,
            folder: Arc::clone(&self.folder),
        }
    }

    /// Ends it at once, whatever it does.
    pub(crate) fn end(&self) {
        let file = self.postgres.folder().join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if let Some(id) = text.lines().next() {
            let ended = std::process::Command::new("kill")
                .args(["-QUIT", id])
                .status();
            drop(ended);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// A service's database behind a port of this machine.
pub(crate) async fn connect(
    service: ServiceName,
    port: u16,
    database: &str,
) -> Result<Database, Problem> {
    let key = service.key();
    let vaults = vault_section(service, Path::new("/nowhere"));
    let settings = Settings::from_toml(&format!(
        "profile = \"development\"\n[{key}]\nlisten = \"127.0.0.1:0\"\ndatabase_connections = 9\n
         database_url = \"postgres://{key}:{key}@127.0.0.1:{port}/{database}\"\n{vaults}"
    ))
    .unwrap();
    Database::connect(
        service,
        settings.profile,
        settings.service(service).unwrap(),
    )
    .await
}

/// A folder in memory that the server's account may enter.
fn folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let base = Path::new("/dev/shm");
    let base = if base.is_dir() {
        base.to_owned()
    } else {
        std::env::temp_dir()
    };
    let folder = tempfile::Builder::new()
        .prefix("huiyin-faults-")
        .tempdir_in(base)
        .unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}
