use huiyin_proto::log::v1::log_service_server::LogService as _;
use huiyin_proto::log::v1::{GetConsistencyRequest, LogName as Word};
use huiyin_proto::vocabulary::v1::Category;
use huiyin_service_kit::evidence::digest::{Digest, HashSuite};
use huiyin_service_kit::evidence::head::LogName;
use huiyin_service_kit::evidence::proof;
use huiyin_service_kit::evidence::receipt::{Document, Receipt, ReceiptError};
use huiyin_service_kit::evidence::rpc::LogRpc;
use huiyin_service_kit::evidence::tree::is_beginning;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::streams;
use uuid::Uuid;

use super::house::{House, registered, withdrawn};

async fn event_ids(house: &House) -> Vec<Uuid> {
    sqlx::query_scalar("SELECT event_id FROM feed ORDER BY stream, epoch, seq")
        .fetch_all(house.database().pool())
        .await
        .unwrap()
}

async fn receipt(house: &House, event_id: Uuid) -> Receipt {
    let stream = streams::ordinary(house.database().service());
    let mut reading = house.database().reading().await.unwrap();
    let receipt = proof::receipt(&mut reading, &stream, event_id).await;
    receipt.unwrap().unwrap()
}

#[tokio::test]
async fn every_event_has_a_receipt_that_is_believed_without_the_service() {
    for suite in HashSuite::ALL {
        let house = House::with(ServiceName::Intake, suite).await;
        house
            .tell(vec![registered(0, Category::Denunciation)])
            .await;
        house
            .tell((0..600).map(|number| withdrawn(number % 9)).collect())
            .await;
        house.record_all(0).await;
        let mut logs = [0, 0];
        for event_id in event_ids(&house).await {
            let receipt = receipt(&house, event_id).await;
            let json = Document::from(&receipt).to_json();
            let read = Document::read(&json).unwrap();
            let proved = read.check(Some(house.recorder.key.public())).unwrap();
            assert!(proved.by_known_key && proved.event.is_some());
            logs[usize::from(receipt.head.head.log == LogName::Sealed)] += 1;
        }
        assert_eq!(logs, [533, 68]);
    }
}

#[tokio::test]
async fn a_receipt_tells_nothing_of_what_is_sealed() {
    let house = House::open(ServiceName::Intake).await;
    house
        .tell(vec![
            withdrawn(1),
            registered(2, Category::Denunciation),
            withdrawn(3),
        ])
        .await;
    house.record_all(0).await;
    let ids = event_ids(&house).await;
    let (first, third) = (receipt(&house, ids[0]).await, receipt(&house, ids[2]).await);
    assert_eq!((first.index, third.index), (0, 1));
    // the same events without the denunciation between them look no different
    let other = House::open(ServiceName::Intake).await;
    other.tell(vec![withdrawn(1), withdrawn(3)]).await;
    other.record_all(0).await;
    let ids = event_ids(&other).await;
    let (one, two) = (receipt(&other, ids[0]).await, receipt(&other, ids[1]).await);
    assert_eq!((one.index, two.index), (0, 1));
    assert_eq!(third.head.head.size, two.head.head.size);
    // and the place in the stream is hidden by a secret that each log has for itself
    assert_ne!(first.place, one.place);
}

#[tokio::test]
async fn the_receipt_of_an_event_that_was_changed_is_not_believed() {
    let house = House::open(ServiceName::Intake).await;
    house.tell(vec![withdrawn(1), withdrawn(2)]).await;
    house.record_all(0).await;
    house
        .by_force("UPDATE feed SET payload = payload || '\\x00'::bytea WHERE seq = 1")
        .await;
    let receipt = receipt(&house, event_ids(&house).await[0]).await;
    assert_eq!(receipt.without_event().check(None), Err(ReceiptError::Path));
}

#[tokio::test]
async fn a_log_of_one_size_is_shown_to_be_the_beginning_of_a_larger_one() {
    let house = House::open(ServiceName::Intake).await;
    let (mut roots, mut number) = (Vec::new(), 0);
    for count in [1, 2, 61, 200, 300] {
        house
            .tell((number..number + count).map(withdrawn).collect())
            .await;
        house.record_all(0).await;
        number += count;
        let mut reading = house.database().reading().await.unwrap();
        let head = proof::newest(&mut reading, LogName::Open)
            .await
            .unwrap()
            .head;
        roots.push((head.size, head.root));
    }
    let rpc = LogRpc {
        database: house.database().clone(),
        domain: None,
    };
    let mut reading = house.database().reading().await.unwrap();
    let newest = proof::newest(&mut reading, LogName::Open).await.unwrap();
    for (place, from) in roots.iter().enumerate() {
        for to in &roots[place..] {
            let path = proof::grown(&mut reading, &newest, (from.0, to.0))
                .await
                .unwrap();
            let (smaller, larger) = ((from.0, &from.1), (to.0, &to.1));
            assert!(is_beginning(HashSuite::Sha256, smaller, larger, &path));
            let other = Digest([7; 32]);
            assert!(!is_beginning(
                HashSuite::Sha256,
                (from.0, &other),
                larger,
                &path
            ));
        }
    }
    // outside of a call nobody asks, and nothing is answered
    let request = GetConsistencyRequest {
        log: Word::Open.into(),
        from_size: 1,
        to_size: 0,
    };
    let refused = rpc.get_consistency(tonic::Request::new(request)).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied);
}
