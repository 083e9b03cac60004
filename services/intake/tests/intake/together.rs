//! Registrations that arrive together are written together, and none suffers from another.

use huiyin_service_kit::database::begun;
use std::collections::BTreeMap;

use huiyin_proto::intake::v1::{Petitioner, RegisterMatterRequest, RegisterMatterResponse};
use tokio::task::JoinSet;
use tonic::Status;

use super::house::{House, office, petition};

type Outcome = (String, Result<RegisterMatterResponse, Status>);

async fn all_at_once(house: &House, requests: Vec<RegisterMatterRequest>) -> Vec<Outcome> {
    let mut calls = JoinSet::new();
    for request in requests {
        let mut intake = house.intake.clone();
        calls.spawn(async move {
            let id = request.request_id.clone();
            let answer = intake.register_matter(request).await;
            (id, answer.map(tonic::Response::into_inner))
        });
    }
    calls.join_all().await
}

fn by_phone(phone: u32, request_id: String) -> RegisterMatterRequest {
    RegisterMatterRequest {
        petitioner: Some(Petitioner {
            phone: format!("0745-{phone:07}"),
            ..Petitioner::default()
        }),
        representatives: vec![format!("代表{phone}"), "代表乙".to_owned()],
        ..petition(&request_id)
    }
}

#[tokio::test]
async fn a_hundred_raised_at_once_are_each_registered_and_every_repeat_is_linked() {
    let house = House::open().await;
    // ten petitioners, each with the same matter ten times
    let requests = (0..100)
        .map(|n| by_phone(n % 10, format!("together-{n}")))
        .collect();
    let mut repeats: BTreeMap<String, u32> = BTreeMap::new();
    let (mut numbers, mut matters) = (Vec::new(), Vec::new());
    for (_, answer) in all_at_once(&house, requests).await {
        let receipt = answer.expect("registered");
        numbers.push(receipt.number);
        matters.push(receipt.matter_id.clone());
        let first = if receipt.repeat_of.is_empty() {
            receipt.matter_id
        } else {
            receipt.repeat_of
        };
        *repeats.entry(first).or_default() += 1;
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 100);
    assert_eq!(repeats.into_values().collect::<Vec<_>>(), [10; 10]);
    for table in [
        "matter",
        "petition",
        "progress_step",
        "outbox",
        "idempotency",
    ] {
        assert_eq!(house.rows(table).await, 100, "{table}");
    }
    for matter in matters {
        let petition = house.read(&matter, office()).await;
        let phone = petition.petitioner.expect("a petitioner").phone;
        let number: u32 = phone.replace("0745-", "").parse().expect("a number");
        let representatives = [format!("代表{number}"), "代表乙".to_owned()];
        assert_eq!(
            petition.representatives, representatives,
            "representatives of another matter"
        );
    }
}

#[tokio::test]
async fn a_request_id_used_twice_in_one_moment_is_written_once() {
    let house = House::open().await;
    let requests = (0..60)
        .map(|n| petition(&format!("id-{}", n % 20)))
        .collect();
    let mut receipts: BTreeMap<String, RegisterMatterResponse> = BTreeMap::new();
    for (id, answer) in all_at_once(&house, requests).await {
        let receipt = answer.expect("answered");
        let first = receipts.entry(id).or_insert_with(|| receipt.clone());
        assert_eq!(*first, receipt);
    }
    assert_eq!(house.rows("matter").await, 20);
}

#[tokio::test]
async fn one_that_has_to_wait_holds_nobody_up() {
    let house = House::open().await;
    // somebody else is answering this request id and has not come to an end
    let mut other = begun(house.test.database().writing(), "BEGIN")
        .await
        .expect("a transaction");
    sqlx::query(
        "INSERT INTO idempotency (caller, request_id, body_hash, response) VALUES ('stranger', 'held', '', '')",
    )
    .execute(&mut *other)
    .await
    .expect("a row");
    let mut intake = house.intake.clone();
    let held = tokio::spawn(async move { intake.register_matter(petition("held")).await });
    while waiting_for_a_lock(&house).await == 0 {
        assert!(
            !held.is_finished(),
            "the registration did not meet the lock"
        );
        tokio::task::yield_now().await;
    }
    let requests = (0..20).map(|n| petition(&format!("free-{n}"))).collect();
    for (_, answer) in all_at_once(&house, requests).await {
        answer.expect("registered although another one waits");
    }
    assert!(!held.is_finished());
    other.rollback().await.expect("ended");
    held.await.expect("a call").expect("registered in the end");
    assert_eq!(house.rows("matter").await, 21);
}

async fn waiting_for_a_lock(house: &House) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    .fetch_one(house.test.database().writing())
    .await
    .expect("a count")
}
