//! What the streams of intake and routing do to clocks and lines.

use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_service_kit::testing::event;

use crate::office::{
    Office, accepted, at, forwarded, matter, objected, objection_agreed, referred, registered,
    replied, withdrawn,
};

#[tokio::test]
async fn a_matter_answered_in_time_keeps_every_clock() {
    let office = Office::open("2026-03-12").await;
    office.accepted_matter().await;
    office.intake("2026-03-12", vec![replied(1, 1)]).await;
    let clocks = office.clocks(matter(1)).await;
    assert_eq!(
        clocks,
        [
            "register_and_forward/1 2026-01-20 kept",
            "acceptance/1 2026-01-22 kept",
            "objection/1 2026-01-14 lapsed",
            "opinion/1 2026-03-13 kept",
            "ask_review/1 2026-04-13 running",
        ]
    );
    let told = [
        "set register_and_forward/1 2026-01-20",
        "ended register_and_forward/1 kept",
        "set acceptance/1 2026-01-22",
        "set objection/1 2026-01-14",
        "ended acceptance/1 kept",
        "ended objection/1 lapsed",
        "set opinion/1 2026-03-13",
        "ended opinion/1 kept",
        "set ask_review/1 2026-04-13",
    ];
    assert_eq!(office.told().await, told);
    // the right to a review lapses; nobody failed
    assert_eq!(office.comes("2026-06-01").await, 1);
    assert_eq!(
        office.told().await[told.len()..],
        ["ended ask_review/1 lapsed"]
    );
    assert_eq!(office.comes("2027-06-01").await, 0);
}

#[tokio::test]
async fn a_clock_ended_on_its_due_day_is_kept_however_late_that_is_heard() {
    let office = Office::open("2026-02-10").await;
    office
        .intake("2026-01-05", vec![registered(1, "2026-01-05")])
        .await;
    office.routing("2026-01-20", vec![forwarded(1, 1, 1)]).await;
    let clocks = office.clocks(matter(1)).await;
    assert!(
        clocks.contains(&"register_and_forward/1 2026-01-20 kept".to_owned()),
        "{clocks:?}"
    );
    let told = office.told().await;
    assert!(
        !told
            .iter()
            .any(|words| words.starts_with("passed register")),
        "{told:?}"
    );
}

#[tokio::test]
async fn the_outcome_is_the_same_in_whatever_order_the_streams_are_read() {
    let intake: [(&str, Fact); 4] = [
        ("2026-01-05", registered(1, "2026-01-05")),
        ("2026-01-21", accepted(1, 2)),
        ("2026-02-02", registered(2, "2026-02-02")),
        ("2026-02-20", withdrawn(1)),
    ];
    let routing: [(&str, Fact); 5] = [
        ("2026-01-05", forwarded(1, 1, 1)),
        ("2026-01-08", objected(1, 1, 1)),
        ("2026-01-09", objection_agreed(1, 1, 1)),
        ("2026-01-09", forwarded(1, 2, 2)),
        ("2026-02-03", referred(2)),
    ];
    let mut outcomes = Vec::new();
    for intake_first in [true, false] {
        let office = Office::open("2026-02-25").await;
        for turn in [intake_first, !intake_first] {
            for (date, fact) in if turn { &intake[..] } else { &routing[..] } {
                if turn {
                    office.intake(date, vec![fact.clone()]).await;
                } else {
                    office.routing(date, vec![fact.clone()]).await;
                }
            }
        }
        outcomes.push((
            office.clocks(matter(1)).await,
            office.clocks(matter(2)).await,
        ));
    }
    let expected = [
        "register_and_forward/1 2026-01-20 kept",
        "acceptance/1 2026-01-20 lapsed",
        "objection/1 2026-01-12 kept",
        "acceptance/2 2026-01-26 kept",
        "objection/2 2026-01-16 lapsed",
        "opinion/2 2026-03-23 lapsed",
    ];
    assert_eq!(outcomes[0].0, expected);
    assert_eq!(outcomes[0].1, ["register_and_forward/1 2026-02-24 kept"]);
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test]
async fn an_event_read_twice_has_one_effect() {
    let office = Office::open("2026-01-07").await;
    let events: Vec<Event> = vec![event(at("2026-01-05"), registered(1, "2026-01-05"))];
    for _ in 0..2 {
        let (events, react) = (events.clone(), office.lists.reactions[0].react.clone());
        office
            .test
            .database()
            .transaction("test", move |tx| {
                let (events, react) = (events.clone(), react.clone());
                Box::pin(async move { react(tx, &events).await })
            })
            .await
            .unwrap();
    }
    assert_eq!(
        office.told().await,
        ["set register_and_forward/1 2026-01-20"]
    );
}

#[tokio::test]
async fn a_clock_counts_from_receipt_not_from_when_it_was_written_down() {
    let office = Office::open("2026-01-09").await;
    office
        .intake("2026-01-09", vec![registered(1, "2026-01-05")])
        .await;
    assert_eq!(
        office.clocks(matter(1)).await,
        ["register_and_forward/1 2026-01-20 running"]
    );
}

#[tokio::test]
async fn an_event_that_breaks_the_contract_is_refused_and_changes_nothing() {
    let office = Office::open("2026-01-09").await;
    let broken = Fact::MatterAccepted(huiyin_proto::events::v1::MatterAccepted {
        matter_id: matter(1),
        organ_id: "nobody".to_owned(),
    });
    let facts = vec![registered(1, "2026-01-05"), broken];
    let refused = office
        .test
        .react(&office.lists.reactions[0], at("2026-01-09"), facts)
        .await
        .unwrap_err();
    assert!(!refused.is_retryable(), "{refused}");
    assert!(office.told().await.is_empty());
}

#[tokio::test]
async fn five_hundred_events_of_one_run_are_followed_together() {
    let office = Office::open("2026-01-06").await;
    office
        .intake(
            "2026-01-05",
            (1..=250)
                .map(|number| registered(number, "2026-01-05"))
                .collect(),
        )
        .await;
    office
        .routing(
            "2026-01-06",
            (1..=250).map(|number| forwarded(number, 1, 1)).collect(),
        )
        .await;
    assert_eq!(office.told().await.len(), 250 + 250 * 3);
    let armed: i64 = sqlx::query_scalar("SELECT count(*) FROM timer WHERE kind = 'deadline'")
        .fetch_one(office.test.database().writing())
        .await
        .unwrap();
    assert_eq!(armed, 250);
}

#[tokio::test]
async fn two_streams_followed_at_once_lose_no_fact() {
    let office = Office::open("2026-01-12").await;
    let numbers = || 1..=60_u128;
    let intake = async {
        for number in numbers() {
            office
                .intake("2026-01-05", vec![registered(number, "2026-01-05")])
                .await;
            office.intake("2026-01-09", vec![accepted(number, 1)]).await;
        }
    };
    let routing = async {
        for number in numbers() {
            office
                .routing("2026-01-07", vec![forwarded(number, 1, 1)])
                .await;
        }
    };
    futures::join!(intake, routing);
    let expected = [
        "register_and_forward/1 2026-01-20 kept",
        "acceptance/1 2026-01-22 kept",
        "objection/1 2026-01-14 lapsed",
        "opinion/1 2026-03-10 running",
    ];
    for number in numbers() {
        assert_eq!(office.clocks(matter(number)).await, expected);
    }
    // each clock is told to be set once and, but for the opinion, ended once, whatever the turn
    assert_eq!(office.told().await.len(), 60 * 7);
}
