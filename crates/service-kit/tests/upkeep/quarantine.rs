//! An entry that was set aside is applied once, when what was wrong has been mended.

use std::time::Duration;

use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::feed::v1::*;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::{self, Reaction, Roads};
use huiyin_service_kit::status::Problem;
use tonic::Code;

use super::care::{House, by, matter, ordinary};

/// Writes down the matters it hears of; an earlier version understands not all of them.
fn seen(not_understood: &'static [usize], words: &'static str) -> Reaction {
    Reaction::to(ServiceName::Intake, move |tx, events| {
        Box::pin(async move {
            for event in events {
                if let Some(Fact::MatterWithdrawn(fact)) = &event.fact {
                    sqlx::query("INSERT INTO seen (matter_id) VALUES ($1)")
                        .bind(&fact.matter_id)
                        .execute(tx.connection())
                        .await?;
                    if not_understood
                        .iter()
                        .any(|number| fact.matter_id == matter(*number))
                    {
                        return Err(Problem::Unexpected(words.to_owned()));
                    }
                }
            }
            Ok(())
        })
    })
}

/// A house that has set these aside, of ten.
async fn with_poison(not_understood: &'static [usize]) -> House {
    let house = House::new().await;
    house.run("CREATE TABLE seen (matter_id text)").await;
    house.tell(0..10).await;
    let (told, mut commits) = tokio::sync::watch::channel(());
    let reaction = seen(not_understood, "the word is not known");
    let reaction = reaction.then(std::sync::Arc::new(move || told.send_modify(|()| ())));
    let roads = Roads {
        streams: None,
        feed: None,
    };
    let stopper = huiyin_service_kit::lifecycle::Stopper::new();
    let database = house.desk.database().clone();
    let consuming = tokio::spawn(consumer::run(database, reaction, roads, stopper.clone()));
    let applied = async {
        while house
            .count("SELECT coalesce(max(seq), 0) FROM cursor")
            .await
            < 10
        {
            commits.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), applied)
        .await
        .unwrap();
    stopper.stop();
    consuming.await.unwrap();
    house
}

async fn list(house: &House) -> Vec<QuarantinedEntry> {
    let request = by("operator/platform", ListQuarantineRequest::default());
    let answer = house.client(Vec::new()).list_quarantine(request).await;
    answer.unwrap().into_inner().entries
}

async fn redrive(house: &House, reaction: Reaction, events: &[String]) -> Vec<RedrivenEntry> {
    let request = RedriveQuarantinedRequest {
        event_ids: events.to_vec(),
    };
    let mut client = house.client(vec![reaction]);
    let answer = client
        .redrive_quarantined(by("operator/platform", request))
        .await;
    answer.unwrap().into_inner().entries
}

#[tokio::test]
async fn an_entry_that_a_later_version_understands_has_one_effect() {
    let house = with_poison(&[4]).await;
    let listed = list(&house).await;
    let entry = &listed[0];
    assert_eq!(
        (
            listed.len(),
            entry.seq,
            entry.epoch,
            &*entry.stream,
            &*entry.consumer
        ),
        (1, 5, 1, &*ordinary(), "intake")
    );
    assert!(
        entry.reason.contains("the word is not known"),
        "{}",
        entry.reason
    );
    let event = [entry.event_id.clone()];
    let (one, two) = tokio::join!(
        redrive(&house, seen(&[], ""), &event),
        redrive(&house, seen(&[], ""), &event),
    );
    let applied: Vec<RedrivenEntry> = one.into_iter().chain(two).collect();
    assert_eq!(applied.len(), 1, "whoever comes second finds it gone");
    assert!(applied[0].applied);
    assert_eq!(redrive(&house, seen(&[], ""), &event).await, []);
    assert_eq!(house.count("SELECT count(*) FROM seen").await, 10);
    assert_eq!(
        house
            .count("SELECT count(DISTINCT matter_id) FROM seen")
            .await,
        10
    );
    assert_eq!(list(&house).await, []);
    assert_eq!(
        house.count("SELECT count(*) FROM inbox").await,
        10,
        "as before"
    );
    assert_eq!(
        house.count("SELECT seq FROM cursor").await,
        10,
        "and behind the last"
    );
}

#[tokio::test]
async fn one_that_fails_again_stays_with_its_new_reason_and_without_an_effect() {
    let house = with_poison(&[4]).await;
    let event = [list(&house).await[0].event_id.clone()];
    let failed = redrive(&house, seen(&[4], "nor the sentence"), &event).await;
    assert!(!failed[0].applied && failed[0].reason.contains("nor the sentence"));
    let kept = list(&house).await;
    assert!(
        kept[0].reason.contains("nor the sentence"),
        "{}",
        kept[0].reason
    );
    assert_eq!(house.count("SELECT count(*) FROM seen").await, 9);
    let nobody = house.client(Vec::new());
    let request = RedriveQuarantinedRequest {
        event_ids: event.to_vec(),
    };
    let answer = { nobody }
        .redrive_quarantined(by("operator/platform", request))
        .await;
    let answer = answer.unwrap().into_inner();
    assert!(
        !answer.entries[0].applied,
        "nobody here reacts to the stream"
    );
}

#[tokio::test]
async fn what_was_set_aside_is_listed_in_pages_for_operators_alone() {
    let house = with_poison(&[2, 4, 6]).await;
    let mut client = house.client(Vec::new());
    let mut request = ListQuarantineRequest {
        page_size: 2,
        page_token: String::new(),
    };
    let first = client
        .list_quarantine(by("operator/platform", request.clone()))
        .await;
    let first = first.unwrap().into_inner();
    request.page_token = first.next_page_token;
    let second = client
        .list_quarantine(by("operator/platform", request))
        .await;
    let second = second.unwrap().into_inner();
    let entries = first.entries.iter().chain(&second.entries);
    assert_eq!(
        entries.map(|entry| entry.seq).collect::<Vec<_>>(),
        [3, 5, 7]
    );
    assert_eq!(second.next_page_token, "");
    for caller in ["service/routing", "nobody"] {
        let list = by(caller, ListQuarantineRequest::default());
        let refused = client.list_quarantine(list).await.unwrap_err();
        let redrive = RedriveQuarantinedRequest {
            event_ids: vec![first.entries[0].event_id.clone()],
        };
        let also = client
            .redrive_quarantined(by(caller, redrive))
            .await
            .unwrap_err();
        for refused in [refused, also] {
            let codes = [Code::PermissionDenied, Code::Unauthenticated];
            assert!(codes.contains(&refused.code()), "{caller}: {refused}");
        }
    }
    for wrong in [vec![], vec!["x".to_owned()], vec![String::new(); 101]] {
        let request = RedriveQuarantinedRequest { event_ids: wrong };
        let refused = client
            .redrive_quarantined(by("operator/platform", request))
            .await;
        assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
    }
}
