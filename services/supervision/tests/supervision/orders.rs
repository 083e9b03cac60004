//! Due days that pass, and the orders they become.

use huiyin_proto::supervision::v1::{AnswerOrderRequest, OrderState};
use huiyin_service_kit::database::begun;
use tonic::Code;

use crate::office::{Office, REGISTERING, accepted, failure, forwarded, matter, organ, registered};

#[tokio::test]
async fn a_passed_due_day_becomes_one_order_to_the_organ_that_failed() {
    let office = Office::open("2026-01-20").await;
    office
        .intake("2026-01-05", vec![registered(1, "2026-01-05")])
        .await;
    assert_eq!(office.comes("2026-01-20").await, 0);
    assert_eq!(office.comes("2026-01-21").await, 1);
    assert_eq!(office.comes("2026-01-22").await, 0);
    let told = [
        "set register_and_forward/1 2026-01-20",
        "passed register_and_forward/1 2026-01-20",
        "ordered not_forwarded by 2026-02-04",
    ];
    assert_eq!(office.told().await, told);
    let orders = office.orders().await;
    assert_eq!(orders.len(), 1);
    assert_eq!(
        (orders[0].organ_id.clone(), failure(orders[0].failure)),
        (organ(REGISTERING), "not_forwarded".into())
    );
    assert_eq!(orders[0].state(), OrderState::Open);
    assert!(
        orders[0].words.contains("article 22") && orders[0].words.contains("2026-02-04"),
        "{}",
        orders[0].words
    );
    assert_eq!(
        office.clocks(matter(1)).await,
        ["register_and_forward/1 2026-01-20 running"]
    );
}

#[tokio::test]
async fn a_duty_done_late_is_ordered_whether_the_sweep_or_the_event_comes_first() {
    let mut outcomes = Vec::new();
    for sweep_first in [true, false] {
        let office = Office::open("2026-01-21").await;
        office
            .intake("2026-01-05", vec![registered(1, "2026-01-05")])
            .await;
        if sweep_first {
            office.comes("2026-01-21").await;
        }
        office.routing("2026-01-21", vec![forwarded(1, 1, 1)]).await;
        office.comes("2026-01-21").await;
        let mut told = office.told().await;
        told.sort();
        outcomes.push((office.clocks(matter(1)).await, told));
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(
        outcomes[0].0[0],
        "register_and_forward/1 2026-01-20 overrun"
    );
    assert!(
        outcomes[0]
            .1
            .contains(&"ordered not_forwarded by 2026-02-04".to_owned()),
        "{:?}",
        outcomes[0].1
    );
}

#[tokio::test]
async fn a_right_to_object_that_was_not_used_lapses_and_nobody_failed() {
    let mut outcomes = Vec::new();
    for sweep_first in [true, false] {
        let office = Office::open("2026-01-19").await;
        office
            .intake("2026-01-05", vec![registered(1, "2026-01-05")])
            .await;
        office.routing("2026-01-07", vec![forwarded(1, 1, 1)]).await;
        if sweep_first {
            assert_eq!(office.comes("2026-01-19").await, 1);
        }
        office.intake("2026-01-19", vec![accepted(1, 1)]).await;
        office.comes("2026-01-19").await;
        assert!(office.orders().await.is_empty());
        let mut told = office.told().await;
        told.sort();
        outcomes.push((office.clocks(matter(1)).await, told));
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert!(
        outcomes[0]
            .0
            .contains(&"objection/1 2026-01-14 lapsed".to_owned()),
        "{:?}",
        outcomes[0].0
    );
    let lapses = outcomes[0]
        .1
        .iter()
        .filter(|words| *words == "ended objection/1 lapsed")
        .count();
    assert_eq!(lapses, 1, "{:?}", outcomes[0].1);
}

#[tokio::test]
async fn a_matter_is_watched_clock_by_clock_with_one_timer() {
    let office = Office::open("2026-01-07").await;
    office.accepted_matter().await;
    let fire_at: chrono::DateTime<chrono::Utc> = sqlx::query_scalar("SELECT fire_at FROM timer")
        .fetch_one(office.test.database().writing())
        .await
        .unwrap();
    // the end of 13 March in Asia/Shanghai
    assert_eq!(fire_at.to_rfc3339(), "2026-03-13T16:00:00+00:00");
    assert_eq!(office.comes("2026-03-14").await, 1);
    assert_eq!(
        office.told().await.last().unwrap(),
        "ordered not_finished_in_time by 2026-03-27"
    );
}

#[tokio::test]
async fn a_line_that_somebody_holds_is_left_for_the_next_look() {
    let office = Office::open("2026-01-21").await;
    office
        .intake("2026-01-05", vec![registered(1, "2026-01-05")])
        .await;
    let mut holder = begun(office.test.database().writing(), "BEGIN")
        .await
        .unwrap();
    sqlx::query("SELECT 1 FROM register_line FOR UPDATE")
        .execute(&mut *holder)
        .await
        .unwrap();
    office.comes("2026-01-21").await;
    assert!(office.orders().await.is_empty());
    holder.rollback().await.unwrap();
    office.comes("2026-01-21").await;
    assert_eq!(office.orders().await.len(), 1);
}

#[tokio::test]
async fn an_order_is_answered_once_and_by_its_organ_only() {
    let office = Office::open("2026-01-05").await;
    office
        .intake("2026-01-05", vec![registered(1, "2026-01-05")])
        .await;
    office.comes("2026-01-21").await;
    let order_id = office.orders().await[0].order_id.clone();
    let answer = AnswerOrderRequest {
        request_id: "answer-1".to_owned(),
        order_id: order_id.clone(),
        organ_id: organ(REGISTERING),
        answer: "Forwarded today; the section was understaffed.".to_owned(),
    };
    let mut client = office.client.clone();
    let other = AnswerOrderRequest {
        organ_id: organ(5),
        request_id: "answer-0".to_owned(),
        ..answer.clone()
    };
    assert_eq!(
        client.answer_order(other).await.unwrap_err().code(),
        Code::PermissionDenied
    );
    for _ in 0..2 {
        let answered = client
            .answer_order(answer.clone())
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap();
        assert_eq!(
            (answered.order_id.clone(), answered.state()),
            (order_id.clone(), OrderState::Answered)
        );
    }
    let again = AnswerOrderRequest {
        request_id: "answer-2".to_owned(),
        ..answer
    };
    assert_eq!(
        client.answer_order(again).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    let told = office.told().await;
    assert_eq!(
        told.iter()
            .filter(|words| words.starts_with("answered"))
            .count(),
        1,
        "{told:?}"
    );
}
