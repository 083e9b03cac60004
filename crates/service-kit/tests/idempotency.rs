//! One effect for one request id, however often and however many at once ask.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chrono::{DateTime, Utc};
use futures::future::join_all;
use huiyin_proto::feed::v1::{ListStreamsRequest, StreamHead};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::testing::TestDesk;
use sqlx::migrate::Migrator;
use tonic::metadata::MetadataMap;

static NO_TABLES: Migrator = Migrator::DEFAULT;

fn asked(request_id: &str, page_size: u32) -> Asked {
    let body = ListStreamsRequest {
        page_size,
        page_token: String::new(),
    };
    Asked::of(&MetadataMap::new(), request_id, &body)
}

async fn desk() -> TestDesk {
    let noon: DateTime<Utc> = "2025-06-02T04:00:00Z".parse().unwrap();
    let desk = TestDesk::new(ServiceName::Intake, &NO_TABLES, noon)
        .await
        .unwrap();
    sqlx::query("CREATE TABLE effect (number bigint GENERATED ALWAYS AS IDENTITY)")
        .execute(desk.database().pool())
        .await
        .unwrap();
    desk
}

async fn ask(desk: &TestDesk, asked: Asked) -> Result<StreamHead, Problem> {
    desk.database()
        .once("test", asked, |tx: &mut Tx| {
            Box::pin(async move {
                let number: i64 =
                    sqlx::query_scalar("INSERT INTO effect DEFAULT VALUES RETURNING number")
                        .fetch_one(tx.connection())
                        .await?;
                Ok(StreamHead {
                    stream: "answer".to_owned(),
                    epoch: 1,
                    seq: u64::try_from(number).unwrap(),
                })
            })
        })
        .await
}

async fn effects(desk: &TestDesk) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM effect")
        .fetch_one(desk.database().pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_hundred_equal_calls_at_once_have_one_effect_and_one_answer() {
    let desk = desk().await;
    let answers = join_all((0..100).map(|_| ask(&desk, asked("same", 1)))).await;
    let first = answers[0].as_ref().unwrap().clone();
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap() == &first)
    );
    assert_eq!(effects(&desk).await, 1);
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused_and_changes_nothing() {
    let desk = desk().await;
    ask(&desk, asked("same", 1)).await.unwrap();
    let refused = ask(&desk, asked("same", 2)).await.unwrap_err();
    assert!(matches!(refused, Problem::RequestIdReused { request_id } if request_id == "same"));
    assert_eq!(effects(&desk).await, 1);
}

#[tokio::test]
async fn work_that_is_refused_leaves_no_answer_behind() {
    let desk = desk().await;
    let refused: Result<StreamHead, Problem> = desk
        .database()
        .once("test", asked("again", 1), |_tx: &mut Tx| {
            Box::pin(async { Err(Problem::DevelopmentOnly) })
        })
        .await;
    assert!(matches!(refused, Err(Problem::DevelopmentOnly)));
    ask(&desk, asked("again", 1)).await.unwrap();
    assert_eq!(effects(&desk).await, 1);
}
