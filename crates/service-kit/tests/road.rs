//! The guards of the event road, each on a real PostgreSQL and a real stream server: each test fails
//! when its guard is removed.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{AlertDelivered, MatterWithdrawn};
use huiyin_proto::feed::v1::ReadFeedRequest;
use huiyin_proto::feed::v1::feed_service_server::FeedService as _;
use huiyin_service_kit::database::{Database, Tx, begun};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::{self, Reaction, Roads};
use huiyin_service_kit::road::lease::{self, Lease};
use huiyin_service_kit::road::server::StreamServer;
use huiyin_service_kit::road::{Lane, feed, mirror, sequencer, streams};
use huiyin_service_kit::server::MAX_ENCODE;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::testing::{TestDesk, streams_url};
use prost::Message as _;
use sqlx::migrate::Migrator;
use tokio::sync::watch;

static NO_TABLES: Migrator = Migrator::DEFAULT;
const WITHIN: Duration = Duration::from_secs(20);

fn noon() -> DateTime<Utc> {
    "2025-06-02T04:00:00Z".parse().unwrap()
}

fn withdrawn(number: usize) -> Fact {
    Fact::MatterWithdrawn(MatterWithdrawn {
        matter_id: format!("matter_{number:032}"),
    })
}

async fn desk() -> TestDesk {
    TestDesk::new(ServiceName::Intake, &NO_TABLES, noon())
        .await
        .unwrap()
}

async fn tell(database: &Database, numbers: std::ops::Range<usize>) {
    database
        .transaction("tell", move |tx: &mut Tx| {
            let numbers = numbers.clone();
            Box::pin(async move {
                for number in numbers {
                    tx.tell(withdrawn(number));
                }
                Ok::<(), Problem>(())
            })
        })
        .await
        .unwrap();
}

async fn lease_of(database: &Database, holder: &str) -> Lease {
    lease::take(
        database.pool(),
        sequencer::lease_name(Lane::Ordinary),
        holder,
    )
    .await
    .unwrap()
    .unwrap()
}

async fn sequence_all(database: &Database, lease: &Lease) -> Vec<sequencer::Sequenced> {
    let mut all = Vec::new();
    loop {
        let moved = sequencer::sequence(database, Lane::Ordinary, lease)
            .await
            .unwrap();
        if moved.is_empty() {
            return all;
        }
        all.extend(moved);
    }
}

fn stream() -> String {
    streams::ordinary(ServiceName::Intake)
}

async fn mirrored(url: &str, epoch: i32) -> Vec<i64> {
    // the harness is patient: ten thousand entries on a busy machine take longer than the client's half a second
    let patient = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(20)))
        .set_response_timeout(Some(Duration::from_secs(20)));
    let mut connection = redis::Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection_with_config(&patient)
        .await
        .unwrap();
    let reply: redis::streams::StreamRangeReply = redis::cmd("XRANGE")
        .arg(streams::mirror_key(&stream(), epoch))
        .arg("-")
        .arg("+")
        .query_async(&mut connection)
        .await
        .unwrap();
    reply
        .ids
        .iter()
        .map(|entry| entry.id.split_once('-').unwrap().0.parse().unwrap())
        .collect()
}

#[tokio::test]
async fn the_feed_is_dense_and_complete_under_concurrent_writers() {
    let desk = desk().await;
    let writers = (0..8).map(|writer| {
        let database = desk.database().clone();
        async move {
            for step in 0..25 {
                tell(&database, (writer * 100 + step)..(writer * 100 + step + 1)).await;
            }
        }
    });
    let lease = lease_of(desk.database(), "one").await;
    let (_, early) = tokio::join!(join_all(writers), sequence_all(desk.database(), &lease));
    let late = sequence_all(desk.database(), &lease).await;
    let mut seqs: Vec<i64> = early.iter().chain(&late).map(|row| row.seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
    assert_eq!(
        feed::head(desk.database().pool(), &stream())
            .await
            .unwrap()
            .unwrap()
            .seq,
        200
    );
}

#[tokio::test]
async fn a_writer_that_commits_late_is_not_missed() {
    let desk = desk().await;
    let database = desk.database().clone();
    let lease = lease_of(&database, "one").await;
    let (opened, may_commit) = (
        Arc::new(tokio::sync::Notify::new()),
        Arc::new(tokio::sync::Notify::new()),
    );
    let slow = {
        let (database, opened, may_commit) = (
            database.clone(),
            Arc::clone(&opened),
            Arc::clone(&may_commit),
        );
        tokio::spawn(async move {
            database
                .transaction("slow", move |tx: &mut Tx| {
                    let (opened, may_commit) = (Arc::clone(&opened), Arc::clone(&may_commit));
                    Box::pin(async move {
                        // takes its outbox id now, commits last
                        sqlx::query("INSERT INTO outbox (stream, event_id, payload) VALUES ($1, gen_random_uuid(), '')")
                            .bind(stream())
                            .execute(tx.connection())
                            .await?;
                        opened.notify_one();
                        may_commit.notified().await;
                        Ok::<(), Problem>(())
                    })
                })
                .await
                .unwrap();
        })
    };
    opened.notified().await;
    tell(&database, 0..3).await;
    assert_eq!(sequence_all(&database, &lease).await.len(), 3);
    may_commit.notify_one();
    slow.await.unwrap();
    assert_eq!(
        sequence_all(&database, &lease).await.len(),
        1,
        "the slow writer's row has a smaller id and is still found"
    );
}

#[tokio::test]
async fn a_holder_that_slept_past_its_lease_moves_nothing() {
    let desk = desk().await;
    let sleeper = lease_of(desk.database(), "sleeper").await;
    assert!(
        lease::take(desk.database().pool(), sleeper.name, "other")
            .await
            .unwrap()
            .is_none()
    );
    lease::give_back(desk.database().pool(), &sleeper)
        .await
        .unwrap();
    let successor = lease_of(desk.database(), "successor").await;
    assert_eq!(successor.term, sleeper.term + 1);
    tell(desk.database(), 0..2).await;
    assert!(sequence_all(desk.database(), &sleeper).await.is_empty());
    assert_eq!(sequence_all(desk.database(), &successor).await.len(), 2);
}

#[tokio::test]
async fn a_lease_written_by_a_clock_that_has_gone_back_since_is_taken_over() {
    let desk = desk().await;
    let dead = lease_of(desk.database(), "dead").await;
    sqlx::query("UPDATE lease SET expires_at = clock_timestamp() + interval '1 day'")
        .execute(desk.database().pool())
        .await
        .unwrap();
    let successor = lease_of(desk.database(), "successor").await;
    assert_eq!(successor.term, dead.term + 1);
    let early = lease::take(desk.database().pool(), dead.name, "dead").await;
    assert!(early.unwrap().is_none(), "a lease as long as any is held");
}

#[tokio::test]
async fn the_mirror_takes_only_what_continues_it_and_is_rebuilt_when_lost() {
    let desk = desk().await;
    let url = streams_url().await.unwrap();
    let client = StreamServer::open(&url).unwrap();
    let mut connection = mirror::connect(&client).await.unwrap();
    let lease = lease_of(desk.database(), "one").await;
    tell(desk.database(), 0..3).await;
    let first = sequence_all(desk.database(), &lease).await;
    tell(desk.database(), 3..5).await;
    let second = sequence_all(desk.database(), &lease).await;
    mirror::publish(desk.database(), &mut connection, second.clone())
        .await
        .unwrap();
    assert_eq!(
        mirrored(&url, 1).await,
        [1, 2, 3, 4, 5],
        "a gap is filled from the feed"
    );
    mirror::publish(desk.database(), &mut connection, first)
        .await
        .unwrap();
    mirror::publish(desk.database(), &mut connection, second)
        .await
        .unwrap();
    assert_eq!(
        mirrored(&url, 1).await,
        [1, 2, 3, 4, 5],
        "what is there is not appended twice"
    );
    redis::cmd("FLUSHDB")
        .query_async::<()>(&mut connection)
        .await
        .unwrap();
    mirror::compare_all(desk.database(), &mut connection)
        .await
        .unwrap();
    assert_eq!(
        mirrored(&url, 1).await,
        [1, 2, 3, 4, 5],
        "a lost mirror is replayed"
    );
}

#[tokio::test]
async fn a_mirror_that_was_trimmed_to_nothing_is_rebuilt() {
    let desk = desk().await;
    let url = streams_url().await.unwrap();
    let client = StreamServer::open(&url).unwrap();
    let mut connection = mirror::connect(&client).await.unwrap();
    let lease = lease_of(desk.database(), "one").await;
    tell(desk.database(), 0..3).await;
    let rows = sequence_all(desk.database(), &lease).await;
    mirror::publish(desk.database(), &mut connection, rows)
        .await
        .unwrap();
    redis::cmd("XTRIM")
        .arg(streams::mirror_key(&stream(), 1))
        .arg("MAXLEN")
        .arg(0)
        .query_async::<()>(&mut connection)
        .await
        .unwrap();
    mirror::compare_all(desk.database(), &mut connection)
        .await
        .unwrap();
    assert_eq!(mirrored(&url, 1).await, [1, 2, 3]);
}

/// Writes rows into the outbox of ordinary facts.
async fn write_many(database: &Database, count: i64) {
    sqlx::query(
        "INSERT INTO outbox (stream, event_id, payload)
         SELECT 'events:{intake:0}', gen_random_uuid(), convert_to(repeat('x', 300), 'UTF8')
         FROM generate_series(1, $1)",
    )
    .bind(count)
    .execute(database.writing())
    .await
    .unwrap();
}

#[tokio::test]
async fn beside_an_open_transaction_thirty_thousand_facts_are_sequenced_within_ten_seconds() {
    let desk = desk().await;
    let database = desk.database();
    let mut somebody = begun(database.writing(), "BEGIN").await.unwrap();
    sqlx::query("CREATE TABLE unrelated (number bigint)")
        .execute(&mut *somebody)
        .await
        .unwrap();
    let lease = lease_of(database, "one").await;
    let (mut looks, mut moved, mut looked) = (sequencer::Looks::default(), 0, 0);
    let began = std::time::Instant::now();
    for _ in 0..30 {
        write_many(database, 1000).await;
        loop {
            let lane = (Lane::Ordinary, &mut looks);
            let run = sequencer::look(database, lane, &lease).await.unwrap().len();
            looked += 1;
            moved += run;
            if run == 0 {
                break;
            }
        }
        // the outbox is thought to be empty now, however many rows cannot be removed from it
        sqlx::raw_sql("VACUUM (ANALYZE, TRUNCATE off) outbox")
            .execute(database.writing())
            .await
            .unwrap();
    }
    let took = began.elapsed();
    println!("{moved} facts sequenced in {looked} looks within {took:?}");
    assert_eq!(moved, 30_000);
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn whoever_commits_after_thousands_of_later_numbers_is_found_within_a_second() {
    let desk = desk().await;
    let database = desk.database();
    let lease = lease_of(database, "one").await;
    let mut slow = begun(database.writing(), "BEGIN").await.unwrap();
    sqlx::query("INSERT INTO outbox (stream, event_id, payload) VALUES ('events:{intake:0}', gen_random_uuid(), 'slow')")
        .execute(&mut *slow)
        .await
        .unwrap();
    write_many(database, 5000).await;
    let mut looks = sequencer::Looks::default();
    let mut moved = Vec::new();
    while moved.len() < 5000 {
        let lane = (Lane::Ordinary, &mut looks);
        moved.extend(sequencer::look(database, lane, &lease).await.unwrap());
    }
    slow.commit().await.unwrap();
    let committed = std::time::Instant::now();
    let found = loop {
        let lane = (Lane::Ordinary, &mut looks);
        if let Some(row) = sequencer::look(database, lane, &lease).await.unwrap().pop() {
            break row;
        }
    };
    let took = committed.elapsed();
    assert_eq!((found.seq, &*found.payload), (5001, &b"slow"[..]));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn what_a_sequencer_gives_stands_in_the_feed() {
    let desk = desk().await;
    let lease = lease_of(desk.database(), "one").await;
    tell(desk.database(), 0..3).await;
    let given = sequencer::sequence(desk.database(), Lane::Ordinary, &lease)
        .await
        .unwrap();
    let fed = feed::read(desk.database().pool(), &stream(), (1, 0), 10)
        .await
        .unwrap();
    let ids = |rows: &[sequencer::Sequenced]| -> Vec<_> {
        rows.iter().map(|row| (row.seq, row.event_id)).collect()
    };
    assert_eq!(given.len(), 3);
    assert_eq!(ids(&given), ids(&fed));
}

#[tokio::test]
async fn a_gap_in_the_mirror_is_read_from_the_feed() {
    let desk = desk().await;
    seen_table(desk.database()).await;
    let url = streams_url().await.unwrap();
    let client = StreamServer::open(&url).unwrap();
    let mut connection = mirror::connect(&client).await.unwrap();
    let lease = lease_of(desk.database(), "one").await;
    tell(desk.database(), 0..5).await;
    let rows_of_feed = sequence_all(desk.database(), &lease).await;
    mirror::publish(desk.database(), &mut connection, rows_of_feed)
        .await
        .unwrap();
    redis::cmd("XDEL")
        .arg(streams::mirror_key(&stream(), 1))
        .arg("3-0")
        .query_async::<()>(&mut connection)
        .await
        .unwrap();
    let Seen {
        reaction,
        mut commits,
    } = seen(None);
    let roads = Roads {
        streams: Some(client),
        feed: None,
    };
    let stopper = desk.desk.stopper.clone();
    let consumer = tokio::spawn(consumer::run(
        desk.database().clone(),
        reaction,
        roads,
        stopper.clone(),
    ));
    until(&mut commits, desk.database(), 5).await;
    stopper.stop();
    consumer.await.unwrap();
    assert_eq!(rows(desk.database(), "SELECT count(*) FROM seen").await, 5);
}

#[tokio::test]
async fn a_lost_mirror_of_ten_thousand_unread_entries_is_rebuilt_from_its_floor_within_five_seconds()
 {
    let desk = desk().await;
    let url = streams_url().await.unwrap();
    let client = StreamServer::open(&url).unwrap();
    let mut connection = mirror::connect(&client).await.unwrap();
    for statement in [
        "INSERT INTO stream_head (stream, seq) VALUES ('events:{intake:0}', 10050)",
        "INSERT INTO feed (stream, epoch, seq, event_id, payload)
         SELECT 'events:{intake:0}', 1, seq, gen_random_uuid(), convert_to(repeat('x', 300), 'UTF8')
         FROM generate_series(1, 10050) AS seq",
    ] {
        sqlx::query(statement)
            .execute(desk.database().pool())
            .await
            .unwrap();
    }
    let began = std::time::Instant::now();
    mirror::compare_all(desk.database(), &mut connection)
        .await
        .unwrap();
    let took = began.elapsed();
    println!("{} entries rebuilt within {took:?}", mirror::KEEPS);
    assert_eq!(mirrored(&url, 1).await, (51..=10_050).collect::<Vec<_>>());
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// Facts of almost a mebibyte each.
async fn tell_long(database: &Database, count: usize) {
    for number in 0..count {
        let fact = Fact::MatterWithdrawn(MatterWithdrawn {
            matter_id: format!("{number:02}").repeat(450_000),
        });
        database
            .transaction("tell", move |tx: &mut Tx| {
                tx.tell(fact.clone());
                Box::pin(async { Ok::<(), Problem>(()) })
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn long_events_travel_in_runs_that_fit_an_answer_and_a_call() {
    const EVENTS: usize = 24;
    let desk = desk().await;
    let url = streams_url().await.unwrap();
    let client = StreamServer::open(&url).unwrap();
    let mut connection = mirror::connect(&client).await.unwrap();
    let lease = lease_of(desk.database(), "one").await;
    tell_long(desk.database(), EVENTS).await;
    let first = sequencer::sequence(desk.database(), Lane::Ordinary, &lease)
        .await
        .unwrap();
    assert_eq!(first.len(), 5, "a batch is bounded by its bytes");
    assert_eq!(
        first.len() + sequence_all(desk.database(), &lease).await.len(),
        EVENTS
    );
    mirror::publish(desk.database(), &mut connection, first)
        .await
        .unwrap();
    mirror::compare_all(desk.database(), &mut connection)
        .await
        .unwrap();
    let all: Vec<i64> = (1..=24).collect();
    assert_eq!(mirrored(&url, 1).await, all);
    let rpc = feed::FeedRpc {
        database: desk.database().clone(),
    };
    let mut after_seq = 0;
    while after_seq < 24 {
        let request = ReadFeedRequest {
            stream: stream(),
            epoch: 1,
            after_seq,
            limit: 500,
        };
        let answer = rpc
            .read_feed(tonic::Request::new(request))
            .await
            .unwrap()
            .into_inner();
        assert!(answer.encoded_len() < MAX_ENCODE);
        after_seq = answer.entries.last().unwrap().seq;
    }
}

#[tokio::test]
async fn a_mirror_ahead_of_a_restored_database_begins_a_new_epoch() {
    let desk = desk().await;
    let url = streams_url().await.unwrap();
    let client = StreamServer::open(&url).unwrap();
    let mut connection = mirror::connect(&client).await.unwrap();
    let lease = lease_of(desk.database(), "one").await;
    tell(desk.database(), 0..4).await;
    let rows = sequence_all(desk.database(), &lease).await;
    mirror::publish(desk.database(), &mut connection, rows)
        .await
        .unwrap();
    // the database is restored to an earlier point
    sqlx::query("DELETE FROM feed WHERE seq > 2")
        .execute(desk.database().pool())
        .await
        .unwrap();
    sqlx::query("UPDATE stream_head SET seq = 2")
        .execute(desk.database().pool())
        .await
        .unwrap();
    mirror::compare_all(desk.database(), &mut connection)
        .await
        .unwrap();
    let head = feed::head(desk.database().pool(), &stream())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((head.epoch, head.seq), (2, 0));
    assert_eq!(
        mirrored(&url, 1).await,
        [0_i64; 0],
        "nobody reads any more what the restore undid"
    );
    tell(desk.database(), 4..5).await;
    let rows = sequence_all(desk.database(), &lease).await;
    mirror::publish(desk.database(), &mut connection, rows)
        .await
        .unwrap();
    assert_eq!(mirrored(&url, 2).await, [1]);
}

/// A reaction that writes down the matters it saw and can be told to fail.
struct Seen {
    reaction: Reaction,
    commits: watch::Receiver<usize>,
}

async fn seen_table(database: &Database) {
    sqlx::query("CREATE TABLE seen (number bigint GENERATED ALWAYS AS IDENTITY, matter_id text)")
        .execute(database.pool())
        .await
        .unwrap();
}

fn seen(poison: Option<usize>) -> Seen {
    let (told, commits) = watch::channel(0);
    let reaction = Reaction::to(ServiceName::Intake, move |tx, events| {
        Box::pin(async move {
            for event in events {
                if let Some(Fact::MatterWithdrawn(fact)) = &event.fact {
                    if poison.is_some_and(|number| fact.matter_id == format!("matter_{number:032}"))
                    {
                        return Err(Problem::Unexpected("poison".to_owned()));
                    }
                    sqlx::query("INSERT INTO seen (matter_id) VALUES ($1)")
                        .bind(&fact.matter_id)
                        .execute(tx.connection())
                        .await?;
                }
            }
            Ok(())
        })
    });
    let commits_so_far = AtomicUsize::new(0);
    let reaction = reaction.then(Arc::new(move || {
        let commits = commits_so_far.fetch_add(1, Ordering::SeqCst) + 1;
        told.send_replace(commits);
    }));
    Seen { reaction, commits }
}

async fn rows(database: &Database, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement)
        .fetch_one(database.pool())
        .await
        .unwrap()
}

async fn until(commits: &mut watch::Receiver<usize>, database: &Database, wanted: i64) {
    tokio::time::timeout(WITHIN, async {
        while rows(database, "SELECT coalesce(max(seq), 0) FROM cursor").await < wanted {
            commits.changed().await.unwrap();
        }
    })
    .await
    .expect("the consumer did not come to the end");
}

#[tokio::test]
async fn everything_arrives_in_order_when_the_stream_server_was_never_there() {
    let desk = desk().await;
    seen_table(desk.database()).await;
    let lease = lease_of(desk.database(), "one").await;
    tell(desk.database(), 0..700).await;
    sequence_all(desk.database(), &lease).await;
    let Seen {
        reaction,
        mut commits,
    } = seen(None);
    let roads = Roads {
        streams: None,
        feed: None,
    };
    let stopper = desk.desk.stopper.clone();
    let consumer = tokio::spawn(consumer::run(
        desk.database().clone(),
        reaction,
        roads,
        stopper.clone(),
    ));
    until(&mut commits, desk.database(), 700).await;
    stopper.stop();
    consumer.await.unwrap();
    let in_order: i64 = rows(desk.database(), "SELECT count(*) FROM seen WHERE matter_id = 'matter_' || lpad((number - 1)::text, 32, '0')").await;
    assert_eq!(in_order, 700);
    assert_eq!(
        rows(desk.database(), "SELECT count(*) FROM inbox").await,
        700
    );
}

/// Puts an event of the feed back into the outbox, as a restore to the instant between its commit and its sequencing does.
async fn restore_before(database: &Database, seq: i64) {
    sqlx::query(
        "WITH undone AS (DELETE FROM feed WHERE seq >= $1 RETURNING seq, stream, event_id, payload),
              head AS (UPDATE stream_head SET epoch = epoch + 1, seq = 0)
         INSERT INTO outbox (stream, event_id, payload) SELECT stream, event_id, payload FROM undone ORDER BY seq",
    )
    .bind(seq)
    .execute(database.writing())
    .await
    .unwrap();
}

#[tokio::test]
async fn what_a_restored_database_tells_again_has_its_effect_once() {
    let desk = desk().await;
    seen_table(desk.database()).await;
    let lease = lease_of(desk.database(), "one").await;
    tell(desk.database(), 0..5).await;
    sequence_all(desk.database(), &lease).await;
    let Seen {
        reaction,
        mut commits,
    } = seen(None);
    let roads = Roads {
        streams: None,
        feed: None,
    };
    let stopper = desk.desk.stopper.clone();
    let consumer = tokio::spawn(consumer::run(
        desk.database().clone(),
        reaction,
        roads,
        stopper.clone(),
    ));
    until(&mut commits, desk.database(), 5).await;
    restore_before(desk.database(), 4).await;
    tell(desk.database(), 5..9).await;
    sequence_all(desk.database(), &lease).await;
    until(&mut commits, desk.database(), 6).await;
    stopper.stop();
    consumer.await.unwrap();
    let places = "SELECT epoch::bigint * 1000 + seq FROM cursor";
    assert_eq!(rows(desk.database(), places).await, 2006);
    let in_order: i64 = rows(desk.database(), "SELECT count(*) FROM seen WHERE matter_id = 'matter_' || lpad((number - 1)::text, 32, '0')").await;
    assert_eq!(
        (
            in_order,
            rows(desk.database(), "SELECT count(*) FROM seen").await
        ),
        (9, 9)
    );
}

#[tokio::test]
async fn without_a_stream_server_everything_arrives_within_a_second_and_a_half() {
    const EVENTS: usize = 24;
    let desk = desk().await;
    seen_table(desk.database()).await;
    let Seen {
        reaction,
        mut commits,
    } = seen(None);
    let roads = Roads {
        streams: None,
        feed: None,
    };
    let stopper = desk.desk.stopper.clone();
    let (batches, _) = tokio::sync::mpsc::channel(1);
    let running = [
        tokio::spawn(sequencer::run(
            desk.database().clone(),
            Lane::Ordinary,
            batches,
            stopper.clone(),
        )),
        tokio::spawn(consumer::run(
            desk.database().clone(),
            reaction,
            roads,
            stopper.clone(),
        )),
    ];
    let mut took = Vec::new();
    for number in 0..EVENTS {
        let began = std::time::Instant::now();
        tell(desk.database(), number..number + 1).await;
        let wanted = i64::try_from(number).unwrap() + 1;
        until(&mut commits, desk.database(), wanted).await;
        took.push(began.elapsed());
    }
    stopper.stop();
    join_all(running).await;
    took.sort_unstable();
    let (middle, last) = (took[EVENTS / 2], took[EVENTS - 1]);
    println!("without a stream server: p50 {middle:?}, the slowest of {EVENTS} {last:?}");
    assert!(last < Duration::from_millis(1500), "{last:?}");
}

#[tokio::test]
async fn a_poison_entry_is_set_aside_and_blocks_nothing() {
    let desk = desk().await;
    seen_table(desk.database()).await;
    let lease = lease_of(desk.database(), "one").await;
    tell(desk.database(), 0..10).await;
    sequence_all(desk.database(), &lease).await;
    let Seen {
        reaction,
        mut commits,
    } = seen(Some(4));
    let stopper = desk.desk.stopper.clone();
    let roads = Roads {
        streams: None,
        feed: None,
    };
    let consumer = tokio::spawn(consumer::run(
        desk.database().clone(),
        reaction,
        roads,
        stopper.clone(),
    ));
    until(&mut commits, desk.database(), 10).await;
    stopper.stop();
    consumer.await.unwrap();
    assert_eq!(rows(desk.database(), "SELECT count(*) FROM seen").await, 9);
    assert_eq!(rows(desk.database(), "SELECT seq FROM quarantine").await, 5);
}

#[tokio::test]
async fn a_poison_entry_in_a_long_run_costs_a_few_transactions_and_not_one_for_each_entry() {
    let desk = desk().await;
    seen_table(desk.database()).await;
    let lease = lease_of(desk.database(), "one").await;
    tell(desk.database(), 0..500).await;
    sequence_all(desk.database(), &lease).await;
    let Seen {
        reaction,
        mut commits,
    } = seen(Some(123));
    let roads = Roads {
        streams: None,
        feed: None,
    };
    let stopper = desk.desk.stopper.clone();
    let consumer = tokio::spawn(consumer::run(
        desk.database().clone(),
        reaction,
        roads,
        stopper.clone(),
    ));
    until(&mut commits, desk.database(), 500).await;
    stopper.stop();
    consumer.await.unwrap();
    assert_eq!(
        rows(desk.database(), "SELECT count(*) FROM seen").await,
        499
    );
    let commits = *commits.borrow();
    assert!(commits <= 10, "{commits} transactions for one poison entry");
}

#[tokio::test]
async fn two_consumers_of_one_stream_have_one_effect() {
    let desk = desk().await;
    seen_table(desk.database()).await;
    let url = streams_url().await.unwrap();
    let client = StreamServer::open(&url).unwrap();
    let mut connection = mirror::connect(&client).await.unwrap();
    let lease = lease_of(desk.database(), "one").await;
    let stopper = desk.desk.stopper.clone();
    let (first, second) = (seen(None), seen(None));
    let mut commits = first.commits;
    let mut consumers = Vec::new();
    for reaction in [first.reaction, second.reaction] {
        let roads = Roads {
            streams: Some(client.clone()),
            feed: None,
        };
        consumers.push(tokio::spawn(consumer::run(
            desk.database().clone(),
            reaction,
            roads,
            stopper.clone(),
        )));
    }
    for step in 0..50 {
        tell(desk.database(), step * 4..step * 4 + 4).await;
        let moved = sequence_all(desk.database(), &lease).await;
        mirror::publish(desk.database(), &mut connection, moved)
            .await
            .unwrap();
    }
    let mut other = second.commits;
    tokio::time::timeout(WITHIN, async {
        while rows(desk.database(), "SELECT coalesce(max(seq), 0) FROM cursor").await < 200 {
            tokio::select! { _ = commits.changed() => {}, _ = other.changed() => {} }
        }
    })
    .await
    .unwrap();
    stopper.stop();
    for consumer in consumers {
        consumer.await.unwrap();
    }
    assert_eq!(
        rows(desk.database(), "SELECT count(*) FROM seen").await,
        200
    );
    assert_eq!(
        rows(
            desk.database(),
            "SELECT count(DISTINCT matter_id) FROM seen"
        )
        .await,
        200
    );
}

#[tokio::test]
async fn an_import_on_the_ordinary_lane_does_not_stand_before_an_alert() {
    let desk = desk().await;
    tell(desk.database(), 0..2000).await;
    desk.database()
        .transaction("alert", |tx: &mut Tx| {
            Box::pin(async move {
                tx.tell_urgent(
                    Level::County,
                    Fact::AlertDelivered(AlertDelivered::default()),
                );
                Ok::<(), Problem>(())
            })
        })
        .await
        .unwrap();
    let lease = lease::take(
        desk.database().pool(),
        sequencer::lease_name(Lane::Urgent),
        "one",
    )
    .await
    .unwrap()
    .unwrap();
    let moved = sequencer::sequence(desk.database(), Lane::Urgent, &lease)
        .await
        .unwrap();
    assert_eq!(moved.len(), 1);
    assert_eq!(moved[0].stream, "alerts:{county:0}");
    assert_eq!(
        rows(desk.database(), "SELECT count(*) FROM outbox").await,
        2000
    );
}
