//! A stream is read again from any place that was given out, and a mirror made anew.

use std::time::Duration;

use futures::StreamExt as _;
use huiyin_proto::feed::v1::*;
use huiyin_service_kit::road::server::StreamServer;
use huiyin_service_kit::road::{feed, mirror, streams};
use huiyin_service_kit::testing::streams_url;
use redis::streams::StreamRangeReply;
use tonic::{Code, Status, Streaming};

use super::care::{House, by, county, ordinary};

fn wanted(epoch: u32, after_seq: u64) -> ReplayFeedRequest {
    ReplayFeedRequest {
        stream: county(),
        epoch,
        after_seq,
        until_head: true,
    }
}

async fn replay(
    house: &House,
    caller: &str,
    request: ReplayFeedRequest,
) -> Result<Streaming<ReplayFeedResponse>, Status> {
    let mut client = house.client(Vec::new());
    Ok(client.replay_feed(by(caller, request)).await?.into_inner())
}

/// What is read, as epoch and number, and whether the last said that it is the head.
async fn all(house: &House, request: ReplayFeedRequest) -> (Vec<(u32, u64)>, bool) {
    let mut answers = replay(house, "operator/platform", request).await.unwrap();
    let (mut places, mut at_head) = (Vec::new(), false);
    while let Some(answer) = answers.next().await {
        let answer = answer.unwrap();
        at_head = answer.at_head;
        places.extend(answer.entries.iter().map(|entry| (answer.epoch, entry.seq)));
    }
    (places, at_head)
}

/// A house with three alerts in a first epoch, none in a second and two in a third.
async fn three_epochs() -> House {
    let house = House::new().await;
    house.alert(0..3).await;
    for epoch in [1, 2] {
        let pool = house.desk.database().pool();
        feed::begin_epoch(pool, &county(), epoch).await.unwrap();
    }
    house.alert(3..5).await;
    house
}

#[tokio::test]
async fn a_stream_is_read_again_over_all_its_epochs_to_the_head() {
    let house = three_epochs().await;
    let whole = vec![(1, 1), (1, 2), (1, 3), (3, 1), (3, 2)];
    assert_eq!(all(&house, wanted(0, 0)).await, (whole.clone(), true));
    assert_eq!(all(&house, wanted(1, 2)).await, (whole[2..].to_vec(), true));
    assert_eq!(all(&house, wanted(1, 3)).await, (whole[3..].to_vec(), true));
    assert_eq!(all(&house, wanted(2, 0)).await, (whole[3..].to_vec(), true));
    assert_eq!(
        all(&house, wanted(3, 2)).await,
        (Vec::new(), true),
        "the end is said all the same"
    );
}

#[tokio::test]
async fn a_cursor_that_was_never_given_out_is_refused() {
    let house = three_epochs().await;
    for (epoch, after_seq) in [(4, 0), (u32::MAX >> 1, 0), (3, 3), (1, 4), (2, 1)] {
        let refused = replay(&house, "operator/platform", wanted(epoch, after_seq)).await;
        let code = refused.unwrap_err().code();
        assert_eq!(code, Code::OutOfRange, "{epoch} {after_seq}");
    }
    let refused = replay(&house, "operator/platform", wanted(0, 1))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let elsewhere = ReplayFeedRequest {
        stream: "alerts:{moon:0}".to_owned(),
        ..wanted(0, 0)
    };
    let refused = replay(&house, "operator/platform", elsewhere)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn a_reader_that_stays_gets_what_comes_and_ends_with_the_service() {
    let house = three_epochs().await;
    let staying = ReplayFeedRequest {
        until_head: false,
        ..wanted(3, 1)
    };
    let mut answers = replay(&house, "service/routing", staying).await.unwrap();
    let first = answers.next().await.unwrap().unwrap();
    assert_eq!(
        (first.entries.len(), first.entries[0].seq, first.at_head),
        (1, 2, true)
    );
    house.alert(5..6).await;
    let next = answers.next().await.unwrap().unwrap();
    assert_eq!(
        (next.entries.len(), next.entries[0].seq, next.at_head),
        (1, 3, true)
    );
    house.desk.desk.stopper.stop();
    let ended = tokio::time::timeout(Duration::from_secs(5), answers.next());
    assert!(ended.await.unwrap().is_none());
}

#[tokio::test]
async fn operators_read_streams_of_alerts_and_services_all_of_them() {
    let house = House::new().await;
    house.tell(0..1).await;
    house.alert(0..1).await;
    for (caller, stream, is_read) in [
        ("operator/platform", county(), true),
        ("operator/platform", ordinary(), false),
        ("service/routing", county(), true),
        ("service/routing", ordinary(), true),
        (
            "organ/organ_00000000000000000000000000000001/post/duty-desk",
            county(),
            false,
        ),
    ] {
        let request = ReplayFeedRequest {
            stream: stream.clone(),
            ..wanted(0, 0)
        };
        let read = replay(&house, caller, request).await;
        assert_eq!(read.is_ok(), is_read, "{caller} {stream}");
    }
}

#[tokio::test]
async fn a_mirror_that_says_something_else_is_made_anew_from_the_feed() {
    let url = streams_url().await.unwrap();
    let client = StreamServer::open(&url).unwrap();
    let mut house = House::new().await;
    let request = || {
        by(
            "operator/platform",
            RebuildMirrorRequest { stream: county() },
        )
    };
    let without = house.client(Vec::new()).rebuild_mirror(request()).await;
    assert_eq!(without.unwrap_err().code(), Code::Unavailable);
    house.streams = Some(client.clone());
    let told = house.alert(0..4).await;
    let mut connection = mirror::connect(&client).await.unwrap();
    let key = streams::mirror_key(&county(), 1);
    for number in 1..=4 {
        let mut forged = redis::cmd("XADD");
        let forged = forged.arg(&key).arg(format!("{number}-0"));
        let forged = forged.arg("id").arg("x").arg("event").arg("forged");
        forged.query_async::<()>(&mut connection).await.unwrap();
    }
    let rebuilt = house.client(Vec::new()).rebuild_mirror(request()).await;
    let rebuilt = rebuilt.unwrap().into_inner();
    assert_eq!((rebuilt.epoch, rebuilt.seq), (1, 4));
    let mut range = redis::cmd("XRANGE");
    let range = range.arg(&key).arg("-").arg("+");
    let kept: StreamRangeReply = range.query_async(&mut connection).await.unwrap();
    let kept: Vec<Vec<u8>> = kept
        .ids
        .iter()
        .map(|entry| entry.get("event").unwrap())
        .collect();
    let expected: Vec<Vec<u8>> = told.into_iter().map(|entry| entry.payload).collect();
    assert_eq!(kept, expected);
    let nothing = by(
        "operator/platform",
        RebuildMirrorRequest {
            stream: "alerts:{moon:0}".to_owned(),
        },
    );
    let refused = house.client(Vec::new()).rebuild_mirror(nothing).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
}
