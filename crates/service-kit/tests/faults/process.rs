//! Processes of the two services: what the kit runs for each of them, over links, to be ended anywhere.

use std::sync::Arc;

use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{AlertDelivered, MatterWithdrawn};
use huiyin_proto::feed::v1::feed_service_client::FeedServiceClient;
use huiyin_proto::feed::v1::feed_service_server::FeedServiceServer;
use huiyin_service_kit::client;
use huiyin_service_kit::database::{Database, Tx};
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::{self, Reaction, Roads};
use huiyin_service_kit::road::feed::FeedRpc;
use huiyin_service_kit::road::server::StreamServer;
use huiyin_service_kit::road::{Lane, mirror, sequencer, streams};
use huiyin_service_kit::server::MAX_ENCODE;
use huiyin_service_kit::settings::Address;
use huiyin_service_kit::status::Problem;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;

/// The levels whose urgent streams are used.
pub(crate) const LEVELS: [Level; 2] = [Level::County, Level::City];

/// What runs in a process; it ends where it stands with this value.
pub(crate) struct Process(Vec<JoinHandle<()>>);

impl Drop for Process {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// What reactions need to know.
#[derive(Clone)]
pub(crate) struct Effects {
    /// Every number that this divides is poison.
    pub(crate) poison: Option<i64>,
    /// Called after each commit.
    pub(crate) progress: Arc<Notify>,
}

impl Effects {
    pub(crate) fn is_poison(&self, number: i64) -> bool {
        self.poison.is_some_and(|every| number % every == 0)
    }
}

/// A fact with a number, on a stream.
pub(crate) fn tell(tx: &mut Tx, level: Option<Level>, number: i64) {
    match level {
        None => tx.tell(Fact::MatterWithdrawn(MatterWithdrawn {
            matter_id: format!("matter_{number:032}"),
        })),
        Some(level) => tx.tell_urgent(
            level,
            Fact::AlertDelivered(AlertDelivered {
                alert_id: format!("alert_{number:032}"),
                ..AlertDelivered::default()
            }),
        ),
    }
}

/// The stream of a level, or the ordinary one.
pub(crate) fn stream_of(level: Option<Level>) -> String {
    level.map_or_else(|| streams::ordinary(ServiceName::Intake), streams::alerts)
}

/// The number of a fact.
pub(crate) fn number_of(event: &Event) -> i64 {
    let text = match &event.fact {
        Some(Fact::MatterWithdrawn(fact)) => fact.matter_id.trim_start_matches("matter_"),
        Some(Fact::AlertDelivered(fact)) => fact.alert_id.trim_start_matches("alert_"),
        other => panic!("nobody told {other:?}"),
    };
    text.parse().unwrap()
}

/// Writes down the numbers of a stream in the transaction of their cursor.
fn reaction(level: Option<Level>, effects: &Effects) -> Reaction {
    let stream: Arc<str> = stream_of(level).into();
    let known = effects.clone();
    let progress = Arc::clone(&effects.progress);
    let reaction = match level {
        None => Reaction::to(ServiceName::Intake, move |tx, events| {
            Box::pin(write_down(tx, (Arc::clone(&stream), known.clone()), events))
        }),
        Some(level) => Reaction::to_alerts(level, ServiceName::Intake, move |tx, events| {
            Box::pin(write_down(tx, (Arc::clone(&stream), known.clone()), events))
        }),
    };
    reaction.then(Arc::new(move || progress.notify_waiters()))
}

async fn write_down(
    tx: &mut Tx,
    (stream, effects): (Arc<str>, Effects),
    events: &[Event],
) -> Result<(), Problem> {
    let numbers: Vec<i64> = events.iter().map(number_of).collect();
    if let Some(poison) = numbers.iter().find(|number| effects.is_poison(**number)) {
        return Err(Problem::Unexpected(format!("{poison} is poison")));
    }
    sqlx::query("INSERT INTO applied (stream, number) SELECT $1, * FROM unnest($2::bigint[])")
        .bind(&*stream)
        .bind(numbers)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// A process of the service that tells: sequencers, mirror, consumers of its own urgent streams, and the door to its feed,
/// whose port it gives.
pub(crate) async fn teller(
    database: Database,
    streams: StreamServer,
    effects: &Effects,
) -> (Process, u16) {
    let stopper = Stopper::new();
    mirror::settle(&database, &streams).await;
    let (batches, received) = mpsc::channel(256);
    let mut tasks = Vec::new();
    for lane in Lane::ALL {
        let running = sequencer::run(database.clone(), lane, batches.clone(), stopper.clone());
        tasks.push(tokio::spawn(running));
    }
    let mirroring = mirror::run(database.clone(), streams.clone(), received, stopper.clone());
    tasks.push(tokio::spawn(mirroring));
    for level in LEVELS {
        let roads = Roads {
            streams: Some(streams.clone()),
            feed: None,
        };
        let reaction = reaction(Some(level), effects);
        tasks.push(tokio::spawn(consumer::run(
            database.clone(),
            reaction,
            roads,
            stopper.clone(),
        )));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let feed = FeedServiceServer::new(FeedRpc { database });
    let serving = tonic::transport::Server::builder()
        .add_service(feed)
        .serve_with_incoming(TcpListenerStream::new(listener));
    tasks.push(tokio::spawn(async move { drop(serving.await) }));
    (Process(tasks), port)
}

/// A process of another service, which reads all streams: from the stream server, and by the door to the feed.
pub(crate) fn reader(
    database: &Database,
    (streams, feed): (StreamServer, u16),
    effects: &Effects,
) -> Process {
    let stopper = Stopper::new();
    let address: Address = format!("http://127.0.0.1:{feed}").parse().unwrap();
    let levels = LEVELS.map(Some).into_iter().chain([None]);
    let consumers = levels.map(|level| {
        let calling = client::calling(client::channel(&address, None), database.service());
        let roads = Roads {
            streams: Some(streams.clone()),
            feed: Some(FeedServiceClient::new(calling).max_decoding_message_size(MAX_ENCODE)),
        };
        let reaction = reaction(level, effects);
        tokio::spawn(consumer::run(
            database.clone(),
            reaction,
            roads,
            stopper.clone(),
        ))
    });
    Process(consumers.collect())
}
