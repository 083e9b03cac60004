//! Processes say that they are alive, take their row with them when they end in order, and are forgotten when they never come back.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use huiyin_service_kit::heartbeat::{beat, say};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::testing::TestDesk;
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;

static NO_TABLES: Migrator = Migrator::DEFAULT;
const WITHIN: Duration = Duration::from_secs(20);

async fn desk() -> TestDesk {
    let noon = "2025-06-02T04:00:00Z".parse().unwrap();
    TestDesk::new(ServiceName::Routing, &NO_TABLES, noon)
        .await
        .unwrap()
}

/// Who says that it is alive, since when, and when last.
async fn alive(desk: &TestDesk) -> Vec<(String, DateTime<Utc>, DateTime<Utc>)> {
    sqlx::query_as("SELECT process, started_at, at FROM heartbeat ORDER BY process")
        .fetch_all(desk.database().pool())
        .await
        .unwrap()
}

async fn change(desk: &TestDesk, statement: &'static str) {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(desk.database().pool())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_process_says_so_again_and_again_and_leaves_nothing_behind() {
    let desk = desk().await;
    let (database, stopper) = (desk.database().clone(), desk.desk.stopper.clone());
    let every = Duration::from_millis(20);
    let beating = tokio::spawn(beat(database, "a:1".to_owned(), every, stopper.clone()));
    let beaten = async {
        loop {
            if let [(process, started, at)] = alive(&desk).await.as_slice()
                && at > started
            {
                return process.clone();
            }
        }
    };
    let process = tokio::time::timeout(WITHIN, beaten).await.unwrap();
    assert_eq!(process, "a:1");
    stopper.stop();
    tokio::time::timeout(WITHIN, beating)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(alive(&desk).await, []);
}

#[tokio::test]
async fn one_that_is_silent_for_minutes_is_kept_and_one_for_hours_is_forgotten() {
    let desk = desk().await;
    change(
        &desk,
        "INSERT INTO heartbeat VALUES
             ('minutes', now() - interval '1 day', clock_timestamp() - interval '50 minutes'),
             ('hours', now() - interval '1 day', clock_timestamp() - interval '61 minutes'),
             ('back', now() - interval '1 day', clock_timestamp() - interval '9 hours')",
    )
    .await;
    say(desk.database(), "back").await.unwrap();
    let alive = alive(&desk).await;
    let names: Vec<&str> = alive.iter().map(|(process, ..)| process.as_str()).collect();
    assert_eq!(names, ["back", "minutes"]);
}
