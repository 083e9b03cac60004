//! The faults, and how each is done to a running house.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::house::House;
use crate::link::{Gate, Link, Moment, Trap};
use crate::strike_cluster::strike_cluster;

/// How long a trap waits for what it is laid for.
const SPRUNG_WITHIN: Duration = Duration::from_secs(10);

/// What can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nothing: what an unharmed run takes.
    Nothing,
    /// Some effects fail for good.
    PoisonEntries,
    /// A process of the teller ends where it stands.
    TellerCrashes,
    /// The reader ends where it stands, and stays away for a while.
    ReaderOffline,
    /// A writer's commit never arrives.
    WriterCutBeforeCommit,
    /// A writer's commit is done, and its answer lost.
    WriterCutAfterCommit,
    /// A sequencer's statement never arrives.
    SequencerCutBefore,
    /// A sequencer's statement is committed, and its answer lost: it is never published by whoever sequenced it.
    SequencerCutAfter,
    /// An append never arrives.
    PublisherCutBefore,
    /// An append is done, and its answer lost.
    PublisherCutAfter,
    /// The commit of an effect never arrives.
    EffectCutBefore,
    /// The commit of an effect is done, and its answer lost.
    EffectCutAfter,
    /// What was read from the stream is lost.
    ReadingCutAfter,
    /// Each process of the teller in its turn hears nothing of its database for longer than its lease.
    SequencerPausedPastItsLease,
    /// FLUSHALL.
    StreamsEmptied,
    /// The stream server is killed and its files are deleted.
    StreamsDeleted,
    /// The stream server is killed and loses the end of its log of appends.
    StreamsCutBack,
    /// A replica that is behind takes the stream server's place.
    StaleReplicaPromoted,
    /// The stream server dies, and its sentinel puts the replica in its place.
    SentinelFailsOver,
    /// The stream server is a cluster, and one of its nodes is killed and started again on what it left behind.
    ClusterNodeDies,
    /// The same, and the node's files are deleted: it comes back with its slots and without a stream.
    ClusterNodeForgets,
    /// A node of a cluster is stopped for a while, without ending.
    ClusterNodeFrozen,
    /// A stream is moved from one node of a cluster to another while everybody goes on.
    ClusterSlotMoves,
    /// A node of a cluster dies, and the other nodes put its replica in its place.
    ClusterFailsOver,
    /// The stream server's memory is full.
    StreamsFull,
    /// The stream server is stopped for a while, without ending.
    StreamsFrozen,
    /// Nobody reaches the stream server for a while.
    StreamsUnreachable,
    /// Everything is trimmed away while the reader is slow.
    TrimmedBeforeASlowReader,
    /// The reader reaches neither the stream server nor the feed for a while.
    ReaderCutOff,
    /// Every way is slow.
    SlowWays,
    /// The clock of decisions goes a day ahead.
    ClockJumps,
    /// The database's clock went back a day: the lease of a dead holder ends tomorrow.
    DatabaseClockSetBack,
    /// A write transaction that has nothing to do with it stays open.
    LongTransaction,
    /// Somebody holds an old snapshot.
    OldSnapshot,
    /// The teller's database is restored to a point in time; its processes are stopped for that.
    RestoredToAPoint,
    /// The same, and the stream server has lost everything too: new epochs are begun by hand, as docs/operations.md says.
    RestoredWithoutStreams,
    /// A process of PostgreSQL is killed: it cuts everybody and recovers.
    BackendKilled,
    /// PostgreSQL stops at once and is started again.
    DatabaseCrashes,
    /// PostgreSQL dies and its synchronous standby takes its place.
    DatabaseFailsOver,
}

impl Fault {
    /// Those that leave the database server as it is.
    pub(crate) const GENTLE: [Self; 36] = [
        Self::Nothing,
        Self::PoisonEntries,
        Self::TellerCrashes,
        Self::ReaderOffline,
        Self::WriterCutBeforeCommit,
        Self::WriterCutAfterCommit,
        Self::SequencerCutBefore,
        Self::SequencerCutAfter,
        Self::PublisherCutBefore,
        Self::PublisherCutAfter,
        Self::EffectCutBefore,
        Self::EffectCutAfter,
        Self::ReadingCutAfter,
        Self::SequencerPausedPastItsLease,
        Self::StreamsEmptied,
        Self::StreamsDeleted,
        Self::StreamsCutBack,
        Self::StaleReplicaPromoted,
        Self::SentinelFailsOver,
        Self::ClusterNodeDies,
        Self::ClusterNodeForgets,
        Self::ClusterNodeFrozen,
        Self::ClusterSlotMoves,
        Self::ClusterFailsOver,
        Self::StreamsFull,
        Self::StreamsFrozen,
        Self::StreamsUnreachable,
        Self::TrimmedBeforeASlowReader,
        Self::ReaderCutOff,
        Self::SlowWays,
        Self::ClockJumps,
        Self::DatabaseClockSetBack,
        Self::LongTransaction,
        Self::OldSnapshot,
        Self::RestoredToAPoint,
        Self::RestoredWithoutStreams,
    ];
    /// Those that need a database server of their own.
    pub(crate) const OF_THE_SERVER: [Self; 3] = [
        Self::BackendKilled,
        Self::DatabaseCrashes,
        Self::DatabaseFailsOver,
    ];
}

/// Does it; gives how long after its end everybody had applied what was confirmed by then. What is held while others go on
/// is measured while it is held.
pub(crate) async fn strike(house: &mut House, fault: Fault) -> Duration {
    match fault {
        Fault::Nothing | Fault::PoisonEntries => house.meanwhile(500).await,
        Fault::TellerCrashes => crash_a_teller(house).await,
        Fault::ReaderOffline => take_the_reader_away(house).await,
        Fault::WriterCutBeforeCommit
        | Fault::WriterCutAfterCommit
        | Fault::SequencerCutBefore
        | Fault::SequencerCutAfter
        | Fault::PublisherCutBefore
        | Fault::PublisherCutAfter
        | Fault::EffectCutBefore
        | Fault::EffectCutAfter
        | Fault::ReadingCutAfter => lay_traps(house, fault).await,
        Fault::SequencerPausedPastItsLease => {
            for link in &house.links.tellers {
                link.set(Gate::Stalled);
                house.meanwhile(1700).await;
                link.set(Gate::Open);
            }
        }
        Fault::StreamsEmptied
        | Fault::StreamsDeleted
        | Fault::StreamsCutBack
        | Fault::StaleReplicaPromoted
        | Fault::SentinelFailsOver
        | Fault::StreamsFull
        | Fault::StreamsFrozen
        | Fault::StreamsUnreachable => strike_streams(house, fault).await,
        Fault::ClusterNodeDies
        | Fault::ClusterNodeForgets
        | Fault::ClusterNodeFrozen
        | Fault::ClusterSlotMoves
        | Fault::ClusterFailsOver => return strike_cluster(house, fault).await,
        Fault::TrimmedBeforeASlowReader => trim(house).await,
        Fault::ReaderCutOff => cut_the_reader_off(house).await,
        Fault::SlowWays => slow(house).await,
        Fault::ClockJumps => {
            house.move_clocks(chrono::TimeDelta::days(1));
            house.meanwhile(300).await;
        }
        Fault::DatabaseClockSetBack => set_clock_back(house).await,
        Fault::LongTransaction => {
            return held(house, "BEGIN; INSERT INTO intake.unrelated VALUES (1)").await;
        }
        Fault::OldSnapshot => {
            return held(
                house,
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM intake.feed",
            )
            .await;
        }
        Fault::RestoredToAPoint | Fault::RestoredWithoutStreams => restore(house, fault).await,
        Fault::BackendKilled => house.server.kill_a_backend(&house.names[0]).await,
        Fault::DatabaseCrashes => crash_the_database(house).await,
        Fault::DatabaseFailsOver => fail_over(house).await,
    }
    house.caught_up().await
}

/// Does it to the stream server, or to the ways to it.
async fn strike_streams(house: &mut House, fault: Fault) {
    match fault {
        Fault::StreamsEmptied => drop(house.streams.ask(&["FLUSHALL"]).await),
        Fault::StreamsDeleted | Fault::StreamsCutBack => kill_streams(house, fault).await,
        Fault::StaleReplicaPromoted => promote_a_stale_replica(house).await,
        Fault::SentinelFailsOver => fail_streams_over(house).await,
        Fault::StreamsFull => {
            house
                .streams
                .ask(&["CONFIG", "SET", "maxmemory", "1"])
                .await;
            wait(house, 300..1500).await;
            house
                .streams
                .ask(&["CONFIG", "SET", "maxmemory", "0"])
                .await;
        }
        Fault::StreamsFrozen => {
            house.streams.signal("-STOP").await;
            wait(house, 500..3000).await;
            house.streams.signal("-CONT").await;
        }
        Fault::StreamsUnreachable => {
            gates(house.links.to_streams(), Gate::Shut);
            wait(house, 300..2500).await;
            gates(house.links.to_streams(), Gate::Open);
        }
        _ => {}
    }
}

async fn crash_the_database(house: &mut House) {
    house.server.postgres.crash().await.unwrap();
    wait(house, 0..1000).await;
    house.server.postgres.again().await.unwrap();
}

pub(crate) async fn wait(house: &mut House, milliseconds: std::ops::Range<u64>) {
    let drawn = house.chance.random_range(milliseconds);
    house.meanwhile(drawn).await;
}

fn gates<'a>(links: impl IntoIterator<Item = &'a Link>, gate: Gate) {
    for link in links {
        link.set(gate);
    }
}

async fn crash_a_teller(house: &mut House) {
    let which = house.chance.random_range(0..2);
    house.crash_teller(which);
    wait(house, 0..2000).await;
    house.start_teller(which).await;
}

async fn take_the_reader_away(house: &mut House) {
    house.crash_reader();
    wait(house, 100..1500).await;
    house.start_reader().await;
}

async fn cut_the_reader_off(house: &mut House) {
    gates([&house.links.reading, &house.links.feed], Gate::Shut);
    wait(house, 300..2500).await;
    gates([&house.links.reading, &house.links.feed], Gate::Open);
}

/// Loses a request or its answer at a drawn turn.
async fn lay_traps(house: &mut House, fault: Fault) {
    let (bytes, moment, turns) = match fault {
        Fault::WriterCutBeforeCommit | Fault::EffectCutBefore => ("COMMIT", Moment::Before, 6),
        Fault::WriterCutAfterCommit | Fault::EffectCutAfter => ("COMMIT", Moment::After, 6),
        Fault::SequencerCutBefore => ("sequencer:", Moment::Before, 20),
        Fault::SequencerCutAfter => ("sequencer:", Moment::After, 20),
        Fault::PublisherCutBefore => ("EVALSHA", Moment::Before, 6),
        Fault::PublisherCutAfter => ("EVALSHA", Moment::After, 6),
        _ => ("XREAD", Moment::After, 6),
    };
    let own = house.chance.random_bool(0.5);
    let nth = house.chance.random_range(1..=turns);
    let links = match fault {
        Fault::WriterCutBeforeCommit | Fault::WriterCutAfterCommit => vec![&house.links.writers],
        Fault::EffectCutBefore | Fault::EffectCutAfter if !own => vec![&house.links.reader],
        Fault::PublisherCutBefore | Fault::PublisherCutAfter => {
            house.links.mirrors.iter().collect()
        }
        Fault::ReadingCutAfter => vec![&house.links.reading],
        _ => house.links.tellers.iter().collect(),
    };
    for link in &links {
        link.lay(Trap { bytes, moment, nth });
    }
    let any = futures::future::select_all(links.iter().map(|link| Box::pin(link.sprung())));
    let sprung = tokio::time::timeout(SPRUNG_WITHIN, any).await.is_ok();
    for link in &links {
        link.clear();
    }
    assert!(sprung, "{fault:?}: nobody came by");
}

async fn kill_streams(house: &mut House, fault: Fault) {
    let keep = house.chance.random_range(0.2..0.95);
    house.streams.kill().await;
    if fault == Fault::StreamsDeleted {
        house.streams.delete_files();
    } else {
        house.streams.cut_log_back(keep);
    }
    wait(house, 0..1500).await;
    house.streams.again().await;
}

async fn promote_a_stale_replica(house: &mut House) {
    let replica = house.streams.replica_that_falls_behind().await;
    wait(house, 200..1000).await;
    for link in house.links.to_streams() {
        link.lead_to(replica.port());
    }
    house.streams = replica;
}

/// The fault ends when the replica is the stream server; after it processes know that by its own address again.
async fn fail_streams_over(house: &mut House) {
    let replica = house.watch_streams().await;
    house.caught_up().await;
    wait(house, 100..500).await;
    house.streams.kill().await;
    replica.says(&["INFO", "replication"], "role:master").await;
    house.caught_up().await;
    house.streams = replica;
    // the mirrors are whole at the new place although nobody was told of it
    house.mirrored().await;
    house.streams.keep_only_appends();
    house.unwatch_streams().await;
}

/// Trims every stream to nothing while the reader does not get on.
async fn trim(house: &mut House) {
    house.links.reader.set(Gate::Stalled);
    wait(house, 100..500).await;
    let mut connection = house.streams.connection().await;
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut connection)
        .await
        .unwrap();
    for key in keys {
        house.streams.ask(&["XTRIM", &key, "MAXLEN", "0"]).await;
    }
    wait(house, 100..500).await;
    house.links.reader.set(Gate::Open);
}

async fn slow(house: &mut House) {
    let by = Duration::from_millis(house.chance.random_range(5..25));
    gates(house.links.to_databases(), Gate::Slow(by));
    gates(house.links.to_streams(), Gate::Slow(by));
    wait(house, 500..1500).await;
    gates(house.links.to_databases(), Gate::Open);
    gates(house.links.to_streams(), Gate::Open);
}

/// Whoever held the leases is dead, and they end tomorrow.
async fn set_clock_back(house: &mut House) {
    for which in 0..2 {
        house.crash_teller(which);
    }
    let mut own = connection(house).await;
    sqlx::raw_sql("UPDATE intake.lease SET expires_at = expires_at + interval '1 day'")
        .execute(&mut own)
        .await
        .unwrap();
    for which in 0..2 {
        house.start_teller(which).await;
    }
}

/// Holds a transaction open while everybody goes on.
async fn held(house: &mut House, begin: &str) -> Duration {
    let mut own = connection(house).await;
    sqlx::raw_sql(AssertSqlSafe(begin.to_owned()))
        .execute(&mut own)
        .await
        .unwrap();
    wait(house, 500..2000).await;
    let took = house.caught_up().await;
    own.close().await.unwrap();
    took
}

async fn connection(house: &House) -> PgConnection {
    let url = house.server.postgres.url(&house.names[0]);
    PgConnection::connect(&url).await.unwrap()
}

/// The teller's processes are stopped, and its database is what it was a while ago.
async fn restore(house: &mut House, fault: Fault) {
    let backup = format!("{}_backup", house.names[0]);
    // what is under way counts as undone: it may be in the backup
    let from = house.next_number();
    stop_tellers(house);
    house.server.copy(Some(&house.names[0]), &backup).await;
    start_tellers(house).await;
    house.caught_up().await;
    wait(house, 300..1000).await;
    house.caught_up().await;
    stop_tellers(house);
    house.server.replace(&house.names[0], &backup).await;
    house.undo(from..house.next_number()).await;
    if fault == Fault::RestoredWithoutStreams {
        house.streams.ask(&["FLUSHALL"]).await;
        let mut own = connection(house).await;
        let begun = sqlx::raw_sql("UPDATE intake.stream_head SET epoch = epoch + 1, seq = 0");
        begun.execute(&mut own).await.unwrap();
    }
    start_tellers(house).await;
}

fn stop_tellers(house: &mut House) {
    gates(house.links.to_the_truth(), Gate::Shut);
    house.crash_teller(0);
    house.crash_teller(1);
}

async fn start_tellers(house: &mut House) {
    gates(house.links.to_the_truth(), Gate::Open);
    house.start_teller(0).await;
    house.start_teller(1).await;
}

/// The synchronous standby is promoted when the first server is dead.
async fn fail_over(house: &mut House) {
    let standby = house.server.standby().await;
    wait(house, 300..1500).await;
    house.server.end();
    standby.say("SELECT pg_promote(true, 20)").await;
    for link in house.links.to_databases() {
        link.lead_to(standby.postgres.port());
    }
    house.server = Arc::new(standby);
}
