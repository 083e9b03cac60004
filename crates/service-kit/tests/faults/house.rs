//! Two services in one run: a teller with two processes, a reader with one, their databases and one stream server, with a link
//! on every way between them; writers that never stop telling; and the history of it all.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use huiyin_service_kit::clock::Clock;
use huiyin_service_kit::database::Database;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::server::StreamServer;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::cluster::Cluster;
use crate::database::{Server, connect};
use crate::history::{History, Outcome, Told};
use crate::left::{applied, number_in, rows};
use crate::link::Link;
use crate::process::{self, Effects, LEVELS, Process, stream_of};
use crate::server::{Streams, WATCHED, url};
use crate::writer::{Ledger, Writer};

/// How long anything may take before a run gives up.
pub(crate) const WITHIN: Duration = Duration::from_secs(30);
/// Who tells at the same time.
const WRITERS: u32 = 3;
/// The services, the one that tells first.
const SERVICES: [ServiceName; 2] = [ServiceName::Intake, ServiceName::Statistics];

static RUNS: AtomicU32 = AtomicU32::new(1);

/// The ways between the programs of a run.
pub(crate) struct Links {
    /// From the teller's two processes to their database.
    pub(crate) tellers: [Link; 2],
    /// From the teller's two processes to the stream server.
    pub(crate) mirrors: [Link; 2],
    /// From the writers to the teller's database.
    pub(crate) writers: Link,
    /// From the reader to its own database.
    pub(crate) reader: Link,
    /// From the reader to the stream server.
    pub(crate) reading: Link,
    /// From the reader to the teller's feed.
    pub(crate) feed: Link,
}

impl Links {
    async fn between(postgres: u16, streams: u16) -> Self {
        Self {
            tellers: [Link::to(postgres).await, Link::to(postgres).await],
            mirrors: [Link::to(streams).await, Link::to(streams).await],
            writers: Link::to(postgres).await,
            reader: Link::to(postgres).await,
            reading: Link::to(streams).await,
            feed: Link::to(1).await,
        }
    }

    /// Those to the teller's database.
    pub(crate) fn to_the_truth(&self) -> [&Link; 3] {
        let [first, second] = &self.tellers;
        [first, second, &self.writers]
    }

    /// Those to any database.
    pub(crate) fn to_databases(&self) -> [&Link; 4] {
        let [first, second] = &self.tellers;
        [first, second, &self.writers, &self.reader]
    }

    /// Those to the stream server.
    pub(crate) fn to_streams(&self) -> [&Link; 3] {
        let [first, second] = &self.mirrors;
        [first, second, &self.reading]
    }
}

/// One run.
pub(crate) struct House {
    pub(crate) server: Arc<Server>,
    pub(crate) streams: Streams,
    pub(crate) sentinel: Option<Streams>,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) links: Links,
    pub(crate) chance: ChaCha8Rng,
    /// The names of the databases, the teller's first.
    pub(crate) names: [String; 2],
    tellers: [Option<Process>; 2],
    reader: Option<Process>,
    pub(crate) effects: Effects,
    ledger: Arc<Ledger>,
    stop: watch::Sender<bool>,
    writers: Vec<JoinHandle<()>>,
    clocks: Mutex<Vec<Clock>>,
    undone: Vec<Range<i64>>,
    pub(crate) retold: BTreeSet<i64>,
}

impl House {
    /// Starts everything for a seed; with `poison` every so manieth effect fails for good.
    pub(crate) async fn open(server: &Arc<Server>, seed: u64, poison: Option<i64>) -> Self {
        let run = RUNS.fetch_add(1, Ordering::SeqCst);
        let names = [format!("teller_{run}"), format!("reader_{run}")];
        for name in &names {
            server.copy(None, name).await;
        }
        let streams = Streams::start().await;
        let mut house = Self {
            links: Links::between(server.postgres.port(), streams.port()).await,
            server: Arc::clone(server),
            streams,
            sentinel: None,
            cluster: None,
            chance: ChaCha8Rng::seed_from_u64(seed),
            names,
            tellers: [None, None],
            reader: None,
            effects: Effects {
                poison,
                progress: Arc::new(Notify::new()),
            },
            ledger: Arc::new(Ledger {
                next: AtomicI64::new(1),
                ..Ledger::default()
            }),
            stop: watch::Sender::new(false),
            writers: Vec::new(),
            clocks: Mutex::default(),
            undone: Vec::new(),
            retold: BTreeSet::new(),
        };
        house.start_teller(0).await;
        house.start_teller(1).await;
        house.start_reader().await;
        house.start_writers(seed).await;
        // every stream has begun before anything fails
        while house.streams_begun() < LEVELS.len() + 1 {
            house.meanwhile(20).await;
        }
        house.caught_up().await;
        house
    }

    async fn database(&self, service: usize, link: &Link) -> Database {
        let connecting = async {
            loop {
                match connect(SERVICES[service], link.port(), &self.names[service]).await {
                    Ok(database) => {
                        let clock = database.clock().clone();
                        self.clocks.lock().unwrap().push(clock);
                        return database;
                    }
                    Err(problem) => tracing::debug!(%problem, "a process starts again"),
                }
            }
        };
        tokio::time::timeout(WITHIN, connecting).await.unwrap()
    }

    /// Starts a process of the teller; the reader asks for the feed at the newest.
    pub(crate) async fn start_teller(&mut self, which: usize) {
        let database = self.database(0, &self.links.tellers[which]).await;
        let streams = self.stream_server(&self.links.mirrors[which]);
        let (process, port) = process::teller(database, streams, &self.effects).await;
        self.tellers[which] = Some(process);
        self.links.feed.lead_to(port);
    }

    /// The stream server as a process knows it: over a link, by its sentinel, or by the nodes of a cluster.
    fn stream_server(&self, link: &Link) -> StreamServer {
        let address = match (&self.sentinel, &self.cluster) {
            (Some(sentinel), _) => {
                format!("redis+sentinel://127.0.0.1:{}/{WATCHED}", sentinel.port())
            }
            (None, Some(cluster)) => cluster.url(),
            (None, None) => url(link.port()),
        };
        StreamServer::open(&address).unwrap()
    }

    /// Starts a sentinel that watches over the stream server and a replica of it; from now on processes ask it where the stream
    /// server is. Gives the replica.
    pub(crate) async fn watch_streams(&mut self) -> Streams {
        let replica = self.streams.replica().await;
        self.sentinel = Some(Streams::sentinel(self.streams.port()).await);
        self.restart().await;
        replica
    }

    /// Processes know the stream server by its address again.
    pub(crate) async fn unwatch_streams(&mut self) {
        self.sentinel = None;
        for link in self.links.to_streams() {
            link.lead_to(self.streams.port());
        }
        self.restart().await;
    }

    /// Starts a cluster; from now on it is the stream server of every process, and everything is mirrored there.
    pub(crate) async fn enter_cluster(&mut self) {
        self.cluster = Some(Cluster::start().await);
        self.restart().await;
        self.mirrored_in_cluster().await;
    }

    /// Processes know the one stream server by its address again.
    pub(crate) async fn leave_cluster(&mut self) {
        self.cluster = None;
        self.restart().await;
    }

    /// Every process ends where it stands, and starts again with the stream server as it is known now.
    async fn restart(&mut self) {
        for which in 0..2 {
            self.crash_teller(which);
            self.start_teller(which).await;
        }
        self.crash_reader();
        self.start_reader().await;
    }

    /// Ends a process of the teller where it stands.
    pub(crate) fn crash_teller(&mut self, which: usize) {
        self.tellers[which] = None;
        self.links.tellers[which].cut();
        self.links.mirrors[which].cut();
    }

    /// Starts the reader.
    pub(crate) async fn start_reader(&mut self) {
        let database = self.database(1, &self.links.reader).await;
        let streams = self.stream_server(&self.links.reading);
        let roads = (streams, self.links.feed.port());
        self.reader = Some(process::reader(&database, roads, &self.effects));
    }

    /// Ends the reader where it stands.
    pub(crate) fn crash_reader(&mut self) {
        self.reader = None;
        self.links.reader.cut();
        self.links.reading.cut();
    }

    async fn start_writers(&mut self, seed: u64) {
        for number in 0..WRITERS {
            let database = self.database(0, &self.links.writers).await;
            let writer = Writer {
                number,
                database,
                ledger: Arc::clone(&self.ledger),
                chance: ChaCha8Rng::seed_from_u64(seed.wrapping_mul(1000) + u64::from(number)),
            };
            self.writers
                .push(tokio::spawn(writer.run(self.stop.subscribe())));
        }
    }

    /// Lets everything go on for a while: the fault lasts so long.
    pub(crate) async fn meanwhile(&self, milliseconds: u64) {
        let never = std::future::pending::<()>();
        tokio::time::timeout(Duration::from_millis(milliseconds), never)
            .await
            .ok();
    }

    /// Waits until everybody has applied what is confirmed by now; how long that took.
    pub(crate) async fn caught_up(&self) -> Duration {
        let began = Instant::now();
        let (all, urgent) = self.confirmed();
        let pools = [
            self.server.pool(&self.names[0]),
            self.server.pool(&self.names[1]),
        ];
        let waiting = async {
            loop {
                let progress = self.effects.progress.notified();
                let (own, others) = (
                    applied(&pools[0], "intake", &urgent),
                    applied(&pools[1], "statistics", &all),
                );
                let (own, others) = tokio::join!(own, others);
                if own >= urgent.len() && others >= all.len() {
                    return;
                }
                // an answer that was lost tells nobody of its commit
                tokio::time::timeout(Duration::from_millis(50), progress)
                    .await
                    .ok();
            }
        };
        if tokio::time::timeout(WITHIN, waiting).await.is_err() {
            let history = self.history().await;
            let wrong = crate::history::check(&history);
            let (count, some) = (wrong.len(), &wrong[..wrong.len().min(5)]);
            panic!("not caught up within {WITHIN:?}; {count} things are wrong, such as {some:?}");
        }
        began.elapsed()
    }

    /// The numbers that are confirmed and no poison: all of them, and those of urgent streams.
    fn confirmed(&self) -> (Vec<i64>, Vec<i64>) {
        let told = self.told();
        let sure = told.iter().filter(|told| {
            told.outcome == Outcome::Confirmed && !self.effects.is_poison(told.number)
        });
        let ordinary = stream_of(None);
        let urgent = sure.clone().filter(|told| told.stream != ordinary);
        (
            sure.clone().map(|told| told.number).collect(),
            urgent.map(|told| told.number).collect(),
        )
    }

    fn streams_begun(&self) -> usize {
        let told = self.told();
        let sure = told
            .iter()
            .filter(|told| told.outcome == Outcome::Confirmed);
        let streams: BTreeSet<&String> = sure.map(|told| &told.stream).collect();
        streams.len()
    }

    /// The number of the next fact.
    pub(crate) fn next_number(&self) -> i64 {
        self.ledger.next.load(Ordering::SeqCst)
    }

    /// A restore undid what was told with these numbers, and what waits in an outbox now is told again.
    pub(crate) async fn undo(&mut self, numbers: Range<i64>) {
        self.undone.push(numbers);
        let teller = self.server.pool(&self.names[0]);
        let waiting: Vec<(Vec<u8>,)> = rows(
            &teller,
            "SELECT payload FROM intake.outbox UNION ALL SELECT payload FROM intake.outbox_urgent",
        )
        .await;
        let waiting = waiting.iter().map(|(payload,)| number_in(payload));
        self.retold.extend(waiting);
    }

    /// What was told so far, each with how it ended.
    pub(crate) fn told(&self) -> Vec<Told> {
        let mut told = self.ledger.told.lock().unwrap().clone();
        for told in &mut told {
            let undone = self
                .undone
                .iter()
                .any(|undone| undone.contains(&told.number));
            if undone && told.outcome != Outcome::Refused {
                told.outcome = Outcome::Undone;
            }
        }
        told
    }

    /// Sets the clocks of decisions ahead; they never go back.
    pub(crate) fn move_clocks(&self, by: chrono::TimeDelta) {
        for clock in self.clocks.lock().unwrap().iter() {
            clock.move_to(clock.now() + by);
        }
    }

    /// Lets the writers end, and everybody catch up; the history of the run.
    pub(crate) async fn close(mut self) -> History {
        self.stop.send_replace(true);
        for writer in std::mem::take(&mut self.writers) {
            tokio::time::timeout(WITHIN, writer).await.unwrap().unwrap();
        }
        self.caught_up().await;
        self.sequenced_and_read().await;
        self.mirrored().await;
        let history = self.history().await;
        self.crash_teller(0);
        self.crash_teller(1);
        self.crash_reader();
        history
    }
}
