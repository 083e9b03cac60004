//! The road over a cluster whose three nodes have one stream each: each test fails when its guard is removed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use huiyin_service_kit::database::{Database, Tx};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::{self, Reaction, Roads};
use huiyin_service_kit::road::server::{Connection, StreamServer};
use huiyin_service_kit::road::streams::mirror_key;
use huiyin_service_kit::road::{Lane, lease, mirror, sequencer};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::testing::TestDesk;
use redis::streams::StreamReadReply;
use sqlx::migrate::Migrator;
use tokio::sync::watch;

use crate::cluster::Cluster;
use crate::left::rows;
use crate::process::{LEVELS, number_of, stream_of, tell};

static NO_TABLES: Migrator = Migrator::DEFAULT;
const WITHIN: Duration = Duration::from_secs(20);
const ALL: [Option<huiyin_domain::vocabulary::Level>; 3] = [None, Some(LEVELS[0]), Some(LEVELS[1])];

async fn desk() -> TestDesk {
    let noon = "2025-06-02T04:00:00Z".parse().unwrap();
    TestDesk::new(ServiceName::Intake, &NO_TABLES, noon)
        .await
        .unwrap()
}

/// Tells these numbers on every stream, and sequences them; gives a batch for each stream.
async fn told(
    database: &Database,
    numbers: std::ops::RangeInclusive<i64>,
) -> Vec<sequencer::Batch> {
    let telling = database.transaction("tell", move |tx: &mut Tx| {
        for number in numbers.clone() {
            for level in ALL {
                tell(tx, level, number);
            }
        }
        Box::pin(async move { Ok::<(), Problem>(()) })
    });
    telling.await.unwrap();
    let mut batches = Vec::new();
    for lane in Lane::ALL {
        let held = lease::take(database.pool(), sequencer::lease_name(lane), "one").await;
        let moved = sequencer::sequence(database, lane, &held.unwrap().unwrap()).await;
        let moved = moved.unwrap();
        let by_stream = moved.chunk_by(|one, next| one.stream == next.stream);
        batches.extend(by_stream.map(<[_]>::to_vec));
    }
    assert_eq!(batches.len(), ALL.len());
    batches
}

async fn publish(database: &Database, connection: &mut Connection, batches: Vec<sequencer::Batch>) {
    for batch in batches {
        mirror::publish(database, connection, batch).await.unwrap();
    }
}

/// Whether the cluster has what the feed has.
async fn is_mirrored(cluster: &Cluster, database: &Database) -> bool {
    let feed = "SELECT stream, epoch, seq, event_id::text FROM feed ORDER BY stream, seq";
    cluster.beyond(&rows(database.pool(), feed).await).await == Some(0)
}

async fn open(cluster: &Cluster) -> (StreamServer, Connection) {
    let server = StreamServer::open(&cluster.url()).unwrap();
    let connection = mirror::connect(&server).await.unwrap();
    (server, connection)
}

/// Reads behind a place, and waits for it if need be.
async fn read(connection: &mut Connection, key: &str, after: i64) -> Vec<String> {
    let mut command = redis::cmd("XREAD");
    let command = command.arg("BLOCK").arg(10_000).arg("STREAMS").arg(key);
    let reading = command.arg(format!("{after}-0")).query_async(connection);
    let reply: Option<StreamReadReply> = tokio::time::timeout(WITHIN, reading)
        .await
        .unwrap()
        .unwrap();
    let keys = reply.unwrap_or_default().keys.into_iter();
    keys.flat_map(|key| key.ids).map(|entry| entry.id).collect()
}

#[tokio::test]
async fn each_stream_is_mirrored_at_its_own_node_and_read_there_in_order() {
    let (desk, cluster) = tokio::join!(desk(), Cluster::start());
    let database = desk.database();
    let (server, mut connection) = open(&cluster).await;
    let mut owners = Vec::new();
    for level in ALL {
        let stream = stream_of(level);
        owners.push(cluster.owner(&mirror_key(&stream, 1)).await);
        let of_next_epoch = cluster.owner(&mirror_key(&stream, 2)).await;
        assert_eq!(Some(&of_next_epoch), owners.last(), "{stream}");
    }
    owners.sort_unstable();
    assert_eq!(owners, [0, 1, 2]);
    let batches = told(database, 1..=40).await;
    publish(database, &mut connection, batches).await;
    assert!(is_mirrored(&cluster, database).await);
    // whatever is applied now was read at the nodes
    sqlx::query("DELETE FROM feed")
        .execute(database.writing())
        .await
        .unwrap();
    let applied: [Arc<Mutex<Vec<i64>>>; 3] = Default::default();
    let (progress, mut progressed) = watch::channel(());
    for (level, applied) in ALL.into_iter().zip(&applied) {
        let (applied, progress) = (Arc::clone(applied), progress.clone());
        let react = move |_: &mut Tx, events: &[huiyin_proto::events::v1::Event]| {
            applied.lock().unwrap().extend(events.iter().map(number_of));
            let done: futures::future::BoxFuture<'static, Result<(), Problem>> =
                Box::pin(async { Ok(()) });
            done
        };
        let reaction = match level {
            None => Reaction::to(ServiceName::Intake, move |tx, events| react(tx, events)),
            Some(level) => Reaction::to_alerts(level, ServiceName::Intake, move |tx, events| {
                react(tx, events)
            }),
        };
        let reaction = reaction.then(Arc::new(move || progress.send_replace(())));
        let roads = Roads {
            streams: Some(server.clone()),
            feed: None,
        };
        let stopper = desk.desk.stopper.clone();
        tokio::spawn(consumer::run(database.clone(), reaction, roads, stopper));
    }
    let all: Vec<i64> = (1..=40).collect();
    tokio::time::timeout(WITHIN, async {
        while applied
            .iter()
            .any(|applied| applied.lock().unwrap().len() < all.len())
        {
            progressed.changed().await.unwrap();
        }
    })
    .await
    .unwrap();
    desk.desk.stopper.stop();
    for applied in &applied {
        assert_eq!(*applied.lock().unwrap(), all);
    }
}

#[tokio::test]
async fn a_read_that_waits_follows_its_stream_to_another_node() {
    let cluster = Cluster::start().await;
    let (server, mut connection) = open(&cluster).await;
    let key = mirror_key(&stream_of(ALL[1]), 1);
    let mut reading = server.connect(None).await.unwrap();
    let waiting = {
        let key = key.clone();
        tokio::spawn(async move { read(&mut reading, &key, 0).await })
    };
    let owner = cluster.owner(&key).await;
    let waits = "blocked_clients:1";
    cluster.nodes[owner].says(&["INFO", "clients"], waits).await;
    let moving = cluster.begin_to_move(&key, (owner + 1) % 3).await;
    cluster.end_move(moving).await;
    let there = &cluster.nodes[(owner + 1) % 3];
    there.says(&["INFO", "clients"], waits).await;
    let mut append = redis::cmd("XADD");
    let append = append.arg(&key).arg("1-0").arg("id").arg("x");
    append.query_async::<()>(&mut connection).await.unwrap();
    assert_eq!(waiting.await.unwrap(), ["1-0"]);
}

#[tokio::test]
async fn what_is_published_while_a_slot_is_on_its_way_goes_where_the_stream_goes() {
    let (desk, cluster) = tokio::join!(desk(), Cluster::start());
    let database = desk.database();
    let (server, mut connection) = open(&cluster).await;
    let mut reading = server.connect(None).await.unwrap();
    let key = mirror_key(&stream_of(ALL[2]), 1);
    let from = cluster.owner(&key).await;
    let to = (from + 1) % 3;
    let mut moving = None;
    for next in 1..=4 {
        match next {
            1 => {}
            2 => moving = Some(cluster.begin_to_move(&key, to).await),
            // the new node has never seen the script, and serves only whoever was sent there
            3 => cluster.carry(moving.as_ref().unwrap()).await,
            _ => cluster.end_move(moving.take().unwrap()).await,
        }
        let batches = told(database, next..=next).await;
        publish(database, &mut connection, batches).await;
        let read = read(&mut reading, &key, next - 1).await;
        assert_eq!(read, [format!("{next}-0")]);
    }
    assert_eq!(cluster.owner(&key).await, to);
    assert!(is_mirrored(&cluster, database).await);
}

#[tokio::test]
async fn a_node_that_is_away_holds_up_no_stream_of_another_and_is_written_again_when_it_is_back() {
    let (desk, mut cluster) = tokio::join!(desk(), Cluster::start());
    let database = desk.database();
    let (_, mut connection) = open(&cluster).await;
    let batches = told(database, 1..=5).await;
    publish(database, &mut connection, batches).await;
    // the first that is compared
    let key = mirror_key(&stream_of(ALL[2]), 1);
    let away = cluster.owner(&key).await;
    cluster.nodes[away].signal("-STOP").await;
    told(database, 6..=10).await;
    let compared = mirror::compare_all(database, &mut connection).await;
    assert!(compared.is_err());
    let began = std::time::Instant::now();
    let again = mirror::compare_all(database, &mut connection).await;
    let took = began.elapsed();
    assert!(
        again.is_err() && took < Duration::from_millis(500),
        "{took:?}"
    );
    for level in [ALL[0], ALL[1]] {
        let key = mirror_key(&stream_of(level), 1);
        let read = read(&mut connection, &key, 5).await;
        assert_eq!(read, ["6-0", "7-0", "8-0", "9-0", "10-0"], "{key}");
    }
    let node = &mut cluster.nodes[away];
    node.kill().await;
    node.delete_streams();
    node.again().await;
    let comparing = async {
        while mirror::compare_all(database, &mut connection)
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WITHIN, comparing).await.unwrap();
    assert!(is_mirrored(&cluster, database).await);
}
