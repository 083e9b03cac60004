use std::sync::Arc;

use futures::future::join_all;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::vocabulary::v1::Category;
use huiyin_service_kit::database::begun;
use huiyin_service_kit::evidence::digest::HashSuite;
use huiyin_service_kit::evidence::key::LogKey;
use huiyin_service_kit::evidence::recorder::{Gap, LEASE, Recorder, record, record_within};
use huiyin_service_kit::evidence::verify::{Keeper, verify};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::road::outbox::Outgoing;
use huiyin_service_kit::road::{Lane, feed, lease, streams};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::house::{House, delivered, morning, registered, withdrawn};

fn claims(numbers: std::ops::Range<u128>) -> Vec<huiyin_proto::events::v1::event::Fact> {
    numbers.map(withdrawn).collect()
}

#[tokio::test]
async fn everything_that_is_sequenced_is_logged_once_on_every_stream() {
    for suite in HashSuite::ALL {
        let house = House::with(ServiceName::StabilityEarlyWarning, suite).await;
        house.tell(claims(0..700)).await;
        house
            .tell_urgent(Level::County, vec![delivered(1), delivered(2)])
            .await;
        house.tell_urgent(Level::City, vec![delivered(1)]).await;
        house.record_all(0).await;
        house.tell(claims(700..1300)).await;
        house.tell_urgent(Level::County, vec![delivered(3)]).await;
        house.record_all(2000).await;
        assert_eq!(house.record(3000).await.unwrap().entries, 0);
        house.is_sound([1304, 0]).await;
    }
}

#[tokio::test]
async fn a_crash_before_the_commit_loses_nothing_and_doubles_nothing() {
    let house = House::open(ServiceName::Intake).await;
    house.tell(claims(0..300)).await;
    house.record_all(0).await;
    house.tell(claims(300..600)).await;
    let mut tx = begun(house.database().writing(), "BEGIN").await.unwrap();
    let by = (&house.lease, morning(10));
    let recorded = record_within(&mut tx, &house.recorder, by).await.unwrap();
    assert_eq!(recorded.entries, 300);
    drop(tx);
    assert_eq!(house.count("SELECT count(*) FROM log_entry").await, 300);
    house.is_sound([300, 0]).await;
    house.record_all(20).await;
    house.is_sound([600, 0]).await;
}

#[tokio::test]
async fn two_recorders_that_both_believe_they_hold_the_lease_log_everything_once() {
    let house = House::open(ServiceName::Intake).await;
    for batch in 0..6 {
        house.tell(claims(batch * 50..batch * 50 + 50)).await;
        let both = (0..3).map(|_| house.record(i64::try_from(batch).unwrap() * 100));
        let entries = join_all(both)
            .await
            .into_iter()
            .map(|recorded| recorded.unwrap().entries);
        assert_eq!(entries.sum::<usize>(), 50);
    }
    house.is_sound([300, 0]).await;
}

#[tokio::test]
async fn a_recorder_that_slept_past_its_lease_logs_nothing() {
    let house = House::open(ServiceName::Intake).await;
    let pool = house.database().pool();
    assert!(lease::take(pool, LEASE, "other").await.unwrap().is_none());
    lease::give_back(pool, &house.lease).await.unwrap();
    let successor = lease::take(pool, LEASE, "other").await.unwrap().unwrap();
    house.tell(claims(0..2)).await;
    assert_eq!(house.record(0).await.unwrap().entries, 0);
    let recorded = record(house.database(), &house.recorder, &successor, morning(0)).await;
    assert_eq!(recorded.unwrap().entries, 2);
    house.is_sound([2, 0]).await;
}

#[tokio::test]
async fn what_is_told_of_a_denunciation_goes_to_the_sealed_log() {
    let house = House::open(ServiceName::Intake).await;
    // as intake registers: past the transaction that would have noted it
    let stream = streams::ordinary(ServiceName::Intake);
    let fact = registered(1, Category::Denunciation);
    let told = Outgoing::new(Lane::Ordinary, stream, morning(0), fact);
    sqlx::query("INSERT INTO outbox (stream, event_id, payload) VALUES ($1, $2, $3)")
        .bind(told.stream)
        .bind(told.event_id)
        .bind(told.payload)
        .execute(house.database().writing())
        .await
        .unwrap();
    house.sequence(Lane::Ordinary).await;
    house
        .tell(vec![
            registered(2, Category::Claim),
            withdrawn(1),
            withdrawn(2),
        ])
        .await;
    // and as every other transaction tells
    house
        .tell(vec![registered(3, Category::Denunciation), withdrawn(3)])
        .await;
    house.record_all(0).await;
    house.is_sound([2, 4]).await;
    house.tell(vec![withdrawn(1), withdrawn(2)]).await;
    house.record_all(10).await;
    house.is_sound([3, 5]).await;
}

#[tokio::test]
async fn a_service_that_heard_of_a_denunciation_seals_what_it_tells_of_it() {
    let house = House::open(ServiceName::Supervision).await;
    let reaction = Reaction::to(ServiceName::Intake, |tx, _| {
        tx.tell(withdrawn(1));
        tx.tell(withdrawn(2));
        Box::pin(async { Ok(()) })
    });
    let heard = vec![
        registered(1, Category::Denunciation),
        registered(2, Category::Claim),
    ];
    house
        .desk
        .react(&reaction, morning(0), heard)
        .await
        .unwrap();
    house.sequence(Lane::Ordinary).await;
    house.record_all(0).await;
    house.is_sound([1, 1]).await;
}

#[tokio::test]
async fn a_gap_in_the_feed_stops_its_stream_and_no_other() {
    let house = House::open(ServiceName::StabilityEarlyWarning).await;
    house.tell(claims(0..5)).await;
    house.tell_urgent(Level::City, vec![delivered(1)]).await;
    house
        .by_force("DELETE FROM feed WHERE seq = 3 AND stream LIKE 'events%'")
        .await;
    let recorded = house.record(0).await.unwrap();
    let gap = Gap {
        stream: streams::ordinary(ServiceName::StabilityEarlyWarning),
        reached: (1, 2),
        next: (1, 4),
    };
    assert_eq!((recorded.entries, recorded.gap), (3, Some(gap)));
    house.tell_urgent(Level::City, vec![delivered(2)]).await;
    assert_eq!(house.record(10).await.unwrap().entries, 1);
}

#[tokio::test]
async fn a_new_epoch_of_a_stream_goes_on_in_the_same_log() {
    let house = House::open(ServiceName::Intake).await;
    house.tell(claims(0..3)).await;
    house.record_all(0).await;
    let stream = streams::ordinary(ServiceName::Intake);
    feed::begin_epoch(house.database().writing(), &stream, 1)
        .await
        .unwrap();
    house.is_sound([3, 0]).await;
    house.tell(claims(3..5)).await;
    house.record_all(10).await;
    house.is_sound([5, 0]).await;
}

#[tokio::test]
async fn nothing_is_built_on_a_log_that_somebody_else_changed() {
    for change in [
        "UPDATE log_head SET root = sha256('another') WHERE log = 'open'",
        "UPDATE log_head SET frontier = sha256('another'), root = sha256('another') WHERE log = 'open'",
        "UPDATE log_head SET kept = kept + 1 WHERE log = 'open'",
        "DELETE FROM log_head WHERE log = 'open'",
    ] {
        let house = House::open(ServiceName::Intake).await;
        house.tell(claims(0..4)).await;
        house.record_all(0).await;
        house.by_force(change).await;
        house.tell(claims(4..5)).await;
        let refused = house.record(10).await.unwrap_err().to_string();
        assert!(
            refused.contains("changed by somebody else"),
            "{change}: {refused}"
        );
        assert_eq!(house.count("SELECT count(*) FROM log_entry").await, 4);
    }
}

#[tokio::test]
async fn heads_are_kept_once_a_second_and_never_signed_before_the_one_before() {
    let house = House::open(ServiceName::Intake).await;
    for (number, milliseconds) in [(0, 0), (1, 400), (2, 999), (3, 1000), (4, 500), (5, 2500)] {
        house.tell(claims(number..number + 1)).await;
        house.record_all(milliseconds).await;
    }
    let kept: Vec<(i64, i64, f64)> = sqlx::query_as(
        "SELECT number, size, extract(epoch FROM signed_at - '2026-01-05T08:00:00Z')::float8
         FROM log_head_history WHERE log = 'open' ORDER BY number",
    )
    .fetch_all(house.database().pool())
    .await
    .unwrap();
    assert_eq!(kept, [(1, 1, 0.0), (2, 4, 1.0), (3, 6, 2.5)]);
    house.is_sound([6, 0]).await;
}

#[tokio::test]
async fn a_new_key_signs_on_and_whoever_knows_only_the_old_one_is_told() {
    let mut house = House::open(ServiceName::Intake).await;
    house.tell(claims(0..2)).await;
    house.record_all(0).await;
    let old = *house.recorder.key.public();
    house.recorder = Recorder {
        key: Arc::new(LogKey::drawn().unwrap()),
        ..house.recorder
    };
    let new = *house.recorder.key.public();
    house.tell(claims(2..4)).await;
    house.record_all(2000).await;
    let pool = house.superuser(12).await;
    for (keys, is_sound) in [
        (vec![old, new], true),
        (vec![old], false),
        (vec![new], false),
    ] {
        let origin = house.recorder.origin.clone();
        let report = verify(&pool, origin, (Keeper::Nobody, &keys))
            .await
            .unwrap();
        assert_eq!(report.findings.is_empty(), is_sound, "{keys:?}");
    }
}

#[tokio::test]
async fn the_tables_of_evidence_are_only_added_to() {
    let house = House::open(ServiceName::Intake).await;
    house.tell(claims(0..2)).await;
    house.record_all(0).await;
    for change in [
        "DELETE FROM log_entry",
        "UPDATE log_entry SET leaf_hash = ''",
        "TRUNCATE log_entry",
        "DELETE FROM log_head_history",
        "UPDATE log_node SET hash = ''",
        "DELETE FROM anchor",
    ] {
        let refused = sqlx::query(change)
            .execute(house.database().writing())
            .await;
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("only ever added to"),
            "{change}"
        );
    }
}

/// What happens to a recorder.
#[derive(Clone, Debug)]
enum Step {
    Tell(u8),
    Denounce,
    Record,
    Crash,
    Race,
    TakeOver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1_u8..40).prop_map(Step::Tell),
        Just(Step::Denounce),
        Just(Step::Record),
        Just(Step::Crash),
        Just(Step::Race),
        Just(Step::TakeOver),
    ]
}

/// Whatever happens, at the end every event is in exactly one log, in its order, and everything that was signed holds.
#[test]
fn whatever_happens_to_recorders_every_event_is_logged_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 6,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    });
    let histories = prop::collection::vec(step(), 5..30);
    let outcome = runner.run(&histories, |steps| {
        runtime.block_on(live(steps));
        Ok(())
    });
    outcome.unwrap();
}

async fn live(steps: Vec<Step>) {
    let mut house = House::open(ServiceName::Intake).await;
    let (mut next, mut told, mut sealed) = (0_u128, 0, 0);
    for (time, step) in (0..).zip(steps) {
        let milliseconds = time * 300;
        match step {
            Step::Tell(count) => {
                house.tell(claims(next..next + u128::from(count))).await;
                next += u128::from(count);
                told += u64::from(count);
            }
            Step::Denounce => {
                house
                    .tell(vec![
                        registered(next, Category::Denunciation),
                        withdrawn(next),
                    ])
                    .await;
                next += 1;
                sealed += 2;
            }
            Step::Record => house.record_all(milliseconds).await,
            Step::Crash => {
                let mut tx = begun(house.database().writing(), "BEGIN").await.unwrap();
                let by = (&house.lease, morning(milliseconds));
                record_within(&mut tx, &house.recorder, by).await.unwrap();
            }
            Step::Race => {
                join_all((0..2).map(|_| house.record(milliseconds))).await;
            }
            Step::TakeOver => {
                let pool = house.database().pool();
                lease::give_back(pool, &house.lease).await.unwrap();
                let holder = format!("holder {time}");
                let taken = lease::take(pool, LEASE, &holder).await.unwrap();
                house.lease = taken.unwrap();
            }
        }
    }
    house.record_all(60_000).await;
    house.is_sound([told, sealed]).await;
}
