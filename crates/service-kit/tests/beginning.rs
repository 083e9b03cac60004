//! Whoever stops waiting for a transaction to begin leaves none open.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::future::Future;
use std::task::{Context, Waker};

use huiyin_service_kit::database::begun;
use huiyin_service_kit::testing::postgres_url;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

async fn pool(name: &str) -> PgPool {
    let url = postgres_url().unwrap();
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool.connect(&url).await.unwrap();
    for table in [
        format!("DROP TABLE IF EXISTS {name}"),
        format!("CREATE TABLE {name} (number int)"),
    ] {
        let made = sqlx::query(sqlx::AssertSqlSafe(table)).execute(&pool);
        made.await.unwrap();
    }
    pool
}

/// Waits for it no longer than it takes to be asked this often.
async fn left_after<F: Future>(asked: u32, beginning: F) {
    let mut beginning = Box::pin(beginning);
    for _ in 0..asked {
        let mut context = Context::from_waker(Waker::noop());
        if beginning.as_mut().poll(&mut context).is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_written_after_somebody_left_is_committed() {
    let pool = pool("written_after_somebody_left").await;
    let looker = PgPool::connect(&postgres_url().unwrap()).await.unwrap();
    let count = "SELECT count(*) FROM written_after_somebody_left WHERE number = $1";
    for asked in 0..200 {
        left_after(asked % 20, begun(&pool, "BEGIN")).await;
        sqlx::query("INSERT INTO written_after_somebody_left VALUES ($1)")
            .bind(asked.cast_signed())
            .execute(&pool)
            .await
            .unwrap();
        let kept: i64 = sqlx::query_scalar(count)
            .bind(asked.cast_signed())
            .fetch_one(&looker)
            .await
            .unwrap();
        assert_eq!(kept, 1, "left after {} questions", asked % 20);
    }
    sqlx::query("DROP TABLE written_after_somebody_left")
        .execute(&pool)
        .await
        .unwrap();
}
