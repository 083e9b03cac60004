//! What evidence costs: rows of the log that are checked in a second, in memory and over a database, rows that are logged in a second,
//! and the time of a proof. Over a database when HUIYIN_TEST_POSTGRES_URL names a server (./dev db starts one); on one thread, so
//! that the figures are those of one core and of the server beside it.
#![expect(clippy::unwrap_used, reason = "a bench whose ground is missing fails")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use huiyin_service_kit::database::Database;
use huiyin_service_kit::evidence::digest::HashSuite;
use huiyin_service_kit::evidence::entry::{Blind, Place, leaf};
use huiyin_service_kit::evidence::head::{LogName, Origin};
use huiyin_service_kit::evidence::key::LogKey;
use huiyin_service_kit::evidence::proof;
use huiyin_service_kit::evidence::recorder::{LEASE, Recorder, record};
use huiyin_service_kit::evidence::verify::{
    EntryRow, FeedRow, Findings, Keeper, Recomputed, verify,
};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::{lease, streams};
use huiyin_service_kit::testing::{TestDesk, postgres_url};
use prost::bytes::Bytes;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

static NO_TABLES: Migrator = Migrator::DEFAULT;

/// Bytes of an event: a registration has about as many.
const EVENT: usize = 300;
/// Rows in memory.
const IN_MEMORY: i64 = 300_000;
/// Rows in the database.
const IN_DATABASE: i64 = 300_000;
/// Times that everything is measured; the best and the middle are told.
const TIMES: usize = 5;

fn main() {
    for suite in HashSuite::ALL {
        in_memory(suite);
    }
    if postgres_url().is_err() {
        println!("over a database: not measured, HUIYIN_TEST_POSTGRES_URL is not set");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(over_a_database());
}

fn rows(suite: HashSuite, blind: &Blind) -> Vec<(EntryRow, FeedRow)> {
    let stream: Arc<str> = Arc::from(streams::ordinary(ServiceName::Intake));
    let row = |index: i64| {
        let event_id = Uuid::from_u128(u128::try_from(index).unwrap());
        let mut payload = vec![b'x'; EVENT];
        payload[..8].copy_from_slice(&index.to_be_bytes());
        let place = Place {
            stream: &stream,
            epoch: 1,
            seq: index + 1,
        };
        let hash = suite.hash(&[&payload]);
        let leaf = leaf(suite, &place.hashed(suite, blind), event_id, &hash);
        let entry = EntryRow {
            index,
            stream: Arc::clone(&stream),
            at: (1, index + 1),
            event_id,
            leaf_hash: Bytes::copy_from_slice(&leaf.0),
        };
        let sha256 = HashSuite::Sha256.hash(&[&payload]);
        let feed = FeedRow {
            at: entry.at,
            event_id,
            payload: payload.into(),
            sha256: Some(Bytes::copy_from_slice(&sha256.0)),
        };
        (entry, feed)
    };
    (0..IN_MEMORY).map(row).collect()
}

fn in_memory(suite: HashSuite) {
    let blind = Blind::of_slice(&[7; 16]).unwrap();
    let rows = rows(suite, &blind);
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        let (mut tree, mut findings) = (
            Recomputed::new(LogName::Open, suite, Some(blind)),
            Findings::default(),
        );
        for (entry, row) in &rows {
            tree.take(entry, Some(row), &mut findings);
        }
        black_box(tree.root());
        times.push(begun.elapsed());
        assert!(findings.is_empty());
    }
    tell(
        &format!("checked in memory, {}", suite.as_str()),
        IN_MEMORY,
        times,
    );
}

/// Rows a second, the best and the middle of the times.
fn tell(what: &str, rows: i64, mut times: Vec<Duration>) {
    times.sort();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = |time: Duration| rows as f64 / time.as_secs_f64();
    let (best, middle) = (times[0], times[times.len() / 2]);
    println!(
        "{what}: {:.0} rows/s at best, {:.0} in the middle of {}",
        rate(best),
        rate(middle),
        times.len()
    );
}

async fn over_a_database() {
    let now = "2026-01-05T08:00:00Z".parse().unwrap();
    let desk = TestDesk::new(ServiceName::Intake, &NO_TABLES, now)
        .await
        .unwrap();
    let database = desk.database();
    fill(database).await;
    let recorder = Recorder {
        key: Arc::new(LogKey::drawn().unwrap()),
        origin: Origin::of(None, ServiceName::Intake),
        suite: HashSuite::Sha256,
    };
    let begun = Instant::now();
    let mut logged = 0;
    while let entries @ 1.. = step(database, &recorder).await {
        logged += entries;
    }
    tell(
        "logged over a database",
        i64::try_from(logged).unwrap(),
        vec![begun.elapsed()],
    );
    sqlx::query("VACUUM ANALYZE")
        .execute(database.writing())
        .await
        .unwrap();
    let pool = pool(database).await;
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        let keys = [*recorder.key.public()];
        let report = verify(&pool, recorder.origin.clone(), (Keeper::Nobody, &keys)).await;
        times.push(begun.elapsed());
        assert!(report.unwrap().findings.is_empty());
    }
    tell("checked over a database, sha-256", IN_DATABASE, times);
    proofs(database).await;
}

async fn step(database: &Database, recorder: &Recorder) -> usize {
    let lease = lease::take(database.pool(), LEASE, "bench")
        .await
        .unwrap()
        .unwrap();
    let now = "2026-01-05T08:00:00Z".parse().unwrap();
    record(database, recorder, &lease, now)
        .await
        .unwrap()
        .entries
}

/// A feed as the sequencer leaves it.
async fn fill(database: &Database) {
    let stream = streams::ordinary(ServiceName::Intake);
    for statement in [
        "INSERT INTO feed (stream, epoch, seq, event_id, payload)
         SELECT $1, 1, seq, gen_random_uuid(), convert_to(rpad(seq::text, $3::int, 'x'), 'UTF8') FROM generate_series(1, $2) AS seq",
        "INSERT INTO stream_head (stream, epoch, seq) SELECT $1, 1, $2 WHERE $3 > 0",
    ] {
        sqlx::query(statement)
            .bind(&stream)
            .bind(IN_DATABASE)
            .bind(i32::try_from(EVENT).unwrap())
            .execute(database.writing())
            .await
            .unwrap();
    }
}

async fn pool(database: &Database) -> sqlx::PgPool {
    let name: String = sqlx::query_scalar("SELECT current_database()")
        .fetch_one(database.pool())
        .await
        .unwrap();
    let options: PgConnectOptions = postgres_url().unwrap().parse().unwrap();
    let options = options.database(&name).options([("search_path", "intake")]);
    let pool = PgPoolOptions::new().max_connections(16);
    pool.connect_with(options).await.unwrap()
}

async fn proofs(database: &Database) {
    let ids: Vec<Uuid> =
        sqlx::query_scalar("SELECT event_id FROM log_entry WHERE index % 3001 = 0")
            .fetch_all(database.pool())
            .await
            .unwrap();
    let stream = streams::ordinary(ServiceName::Intake);
    let mut times = Vec::new();
    for id in &ids {
        let begun = Instant::now();
        let mut reading = database.reading().await.unwrap();
        let receipt = proof::receipt(&mut reading, &stream, *id)
            .await
            .unwrap()
            .unwrap();
        times.push(begun.elapsed());
        // the bytes of a bench are no event
        receipt.without_event().check(None).unwrap();
    }
    times.sort();
    let (middle, last) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "a receipt out of {IN_DATABASE} entries: {middle:.1?} in the middle of {}, {last:.1?} at most",
        times.len()
    );
}
