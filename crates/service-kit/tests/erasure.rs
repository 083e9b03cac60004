//! An erased record is gone everywhere: from the live database, from a standby however far it lags behind, and from a base
//! backup that is restored. Over real servers of PostgreSQL, each started by the test.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use futures::FutureExt as _;
use huiyin_service_kit::local::postgres::PrivatePostgres;
use huiyin_service_kit::testing::postgres_programs;
use huiyin_service_kit::vault::{
    Change, Context, FileMaster, Leaf, Master, MasterError, SealedState, SealedText, StateCopy,
    Suite, Vault, VaultError, WrappedKey,
};
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection, Row as _};
use tempfile::TempDir;

const RECORDS: i64 = 20;
/// The record that is erased.
const ERASED: i64 = 7;

const TABLES: [&str; 2] = [
    "CREATE TABLE sealed_record (id bigint PRIMARY KEY, wrapped_key bytea NOT NULL, story bytea NOT NULL)",
    "CREATE TABLE vault_state (
         one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL, sealed bytea NOT NULL)",
];

/// Which records of a database open, and which were erased.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    opened: BTreeSet<i64>,
    erased: BTreeSet<i64>,
}

impl Seen {
    fn all() -> Self {
        Self {
            opened: (1..=RECORDS).collect(),
            erased: BTreeSet::new(),
        }
    }

    fn all_but_the_erased() -> Self {
        let mut seen = Self::all();
        seen.opened.remove(&ERASED);
        seen.erased.insert(ERASED);
        seen
    }
}

/// The servers, and the folder of the master key beside them.
struct Places {
    folder: TempDir,
    servers: Vec<PrivatePostgres>,
}

impl Places {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        // the account of the servers must get in
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        Self {
            folder,
            servers: Vec::new(),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn master(&self) -> Arc<dyn Master> {
        Arc::new(FileMaster::open(&self.path().join("keys")).unwrap())
    }

    /// The copy of the newest state, which outlives the database.
    fn copy(&self) -> StateCopy {
        StateCopy::at(&self.path().join("state"))
    }

    /// The vault of a state, as whoever has all master keys that are left opens it.
    fn vault(&self, sealed: &SealedState) -> Result<Vault, VaultError> {
        Vault::look_into(self.master(), sealed)
    }
}

async fn connect(server: &PrivatePostgres) -> PgConnection {
    PgConnection::connect(&server.url("postgres"))
        .await
        .unwrap()
}

fn story(id: i64) -> String {
    format!("what record {id} tells")
}

fn context(id: i64) -> Context {
    Context::of(&[b"record", &id.to_be_bytes()])
}

/// Makes the tables, the vault and the records.
async fn fill(database: &mut PgConnection, master: Arc<dyn Master>) -> Vault {
    for table in TABLES {
        sqlx::query(table).execute(&mut *database).await.unwrap();
    }
    let change = Vault::create(master, Suite::Sm4Sm3).unwrap();
    store(database, &change).await;
    change.finish().unwrap();
    let vault = change.vault().clone();
    for id in 1..=RECORDS {
        let (key, wrapped) = vault
            .new_key(Leaf::try_from(id).unwrap(), &context(id))
            .unwrap();
        let sealed = key.seal(&[b"story"], story(id).as_bytes()).unwrap();
        sqlx::query("INSERT INTO sealed_record (id, wrapped_key, story) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(wrapped.to_bytes())
            .bind(sealed.as_bytes())
            .execute(&mut *database)
            .await
            .unwrap();
    }
    vault
}

/// Stores the state of a change over the one it replaces, and over no other.
async fn store(database: &mut PgConnection, change: &Change) {
    let number = |version: u64| i64::try_from(version).unwrap();
    let stored = sqlx::query(
        "INSERT INTO vault_state (version, sealed) VALUES ($1, $2)
         ON CONFLICT (one) DO UPDATE SET version = excluded.version, sealed = excluded.sealed
         WHERE vault_state.version = $3",
    )
    .bind(number(change.sealed_state().version().number()))
    .bind(change.sealed_state().as_bytes())
    .bind(change.replaces().map(|version| number(version.number())))
    .execute(&mut *database)
    .await
    .unwrap();
    assert_eq!(stored.rows_affected(), 1);
}

/// The state that a database holds.
async fn state(database: &mut PgConnection) -> SealedState {
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM vault_state")
        .fetch_one(database)
        .await
        .unwrap();
    SealedState::parse(&sealed).unwrap()
}

/// What a vault opens of a database.
async fn seen(database: &mut PgConnection, vault: &Vault) -> Seen {
    let rows = sqlx::query("SELECT id, wrapped_key, story FROM sealed_record LIMIT 100")
        .fetch_all(database)
        .await
        .unwrap();
    let (mut opened, mut erased) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        let id: i64 = row.get("id");
        let wrapped = WrappedKey::parse(row.get("wrapped_key")).unwrap();
        let sealed = SealedText::parse(row.get("story")).unwrap();
        match vault.open_key(&wrapped, &context(id)) {
            Ok(key) => {
                let text = key.open(&[b"story"], &sealed).unwrap();
                assert_eq!(text.expose_secret(), story(id).as_bytes());
                opened.insert(id);
            }
            Err(VaultError::Erased) => drop(erased.insert(id)),
            Err(other) => panic!("record {id}: {other}"),
        }
    }
    Seen { opened, erased }
}

/// Waits until a standby has replayed all that the live database has written so far.
async fn catch_up(live: &mut PgConnection, standby: &mut PgConnection) {
    let written: String = sqlx::query_scalar("SELECT pg_current_wal_lsn()::text")
        .fetch_one(live)
        .await
        .unwrap();
    for _ in 0..600 {
        // the database waits, not the test
        let there: bool = sqlx::query_scalar(
            "SELECT coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false) FROM pg_sleep(0.05)",
        )
        .bind(&written)
        .fetch_one(&mut *standby)
        .await
        .unwrap();
        if there {
            return;
        }
    }
    panic!("the standby has not replayed {written} in half a minute");
}

async fn say(database: &mut PgConnection, statement: &'static str) {
    sqlx::query(statement).execute(database).await.unwrap();
}

fn is_closed(vault: Result<Vault, VaultError>) -> bool {
    matches!(vault, Err(VaultError::Master(MasterError::Gone(_))))
}

/// Lays out a live database with its standby, and a backup that was restored; then erases a record.
async fn erase(places: &mut Places) {
    let programs = postgres_programs().unwrap();
    let path = places.path().to_owned();
    let settings = [("fsync", "off")];
    let live = PrivatePostgres::start(&programs, &path.join("live"), &settings)
        .await
        .unwrap();
    places.servers.push(live.clone());
    let mut live_database = connect(&live).await;
    let vault = fill(&mut live_database, places.master()).await;

    let standby = live.standby(&path.join("standby")).await.unwrap();
    places.servers.push(standby.clone());
    let mut standby = connect(&standby).await;
    catch_up(&mut live_database, &mut standby).await;
    say(&mut standby, "SELECT pg_wal_replay_pause()").await;

    let backup = live.back_up(&path.join("backup")).await.unwrap();
    let restored = backup.restore().await.unwrap();
    places.servers.push(restored.clone());
    let mut restored = connect(&restored).await;

    let change = vault.puncture(&[Leaf::try_from(ERASED).unwrap()]).unwrap();
    places.copy().keep(change.sealed_state()).unwrap();
    store(&mut live_database, &change).await;

    // until the change is finished, whoever has the master keys reads the record from the copies
    for copy in [&mut standby, &mut restored] {
        let old = places.vault(&state(copy).await).unwrap();
        assert_eq!(seen(copy, &old).await, Seen::all());
    }
    change.finish().unwrap();

    let newest = places.copy().read().unwrap().unwrap();
    assert_eq!(state(&mut live_database).await, newest);
    let vault = places.vault(&newest).unwrap();
    assert_eq!(
        seen(&mut live_database, &vault).await,
        Seen::all_but_the_erased()
    );
    // their own states are closed for good; the newest opens all the others
    for copy in [&mut standby, &mut restored] {
        let old = state(copy).await;
        assert_ne!(old, newest);
        assert!(is_closed(places.vault(&old)));
        assert_eq!(seen(copy, &vault).await, Seen::all_but_the_erased());
    }
    // the standby, once it has caught up, is as the live database is
    say(&mut standby, "SELECT pg_wal_replay_resume()").await;
    catch_up(&mut live_database, &mut standby).await;
    assert_eq!(state(&mut standby).await, newest);
    assert_eq!(seen(&mut standby, &vault).await, Seen::all_but_the_erased());
}

#[tokio::test]
async fn an_erased_record_is_gone_from_the_live_database_its_standby_and_a_restored_backup() {
    let mut places = Places::new();
    let erased = std::panic::AssertUnwindSafe(erase(&mut places))
        .catch_unwind()
        .await;
    for server in places.servers.iter().rev() {
        server.stop().await.ok();
    }
    if let Err(failed) = erased {
        std::panic::resume_unwind(failed);
    }
}
