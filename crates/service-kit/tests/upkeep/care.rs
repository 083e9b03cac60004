//! A service with events, and those who look after it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{AlertDelivered, MatterWithdrawn};
use huiyin_proto::feed::v1::upkeep_service_client::UpkeepServiceClient;
use huiyin_proto::feed::v1::upkeep_service_server::UpkeepServiceServer;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::road::sequencer::Sequenced;
use huiyin_service_kit::road::server::StreamServer;
use huiyin_service_kit::road::streams;
use huiyin_service_kit::road::upkeep::UpkeepRpc;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::testing::TestDesk;
use sqlx::migrate::Migrator;
use tonic::Request;
use tonic::service::Routes;

static NO_TABLES: Migrator = Migrator::DEFAULT;

pub type Client = UpkeepServiceClient<Routes>;

pub struct House {
    pub desk: TestDesk,
    pub streams: Option<StreamServer>,
}

/// The stream of the county's alerts.
pub fn county() -> String {
    streams::alerts(Level::County)
}

/// Intake's ordinary stream.
pub fn ordinary() -> String {
    streams::ordinary(ServiceName::Intake)
}

impl House {
    pub async fn new() -> Self {
        let noon: DateTime<Utc> = "2025-06-02T04:00:00Z".parse().unwrap();
        let desk = TestDesk::new(ServiceName::Intake, &NO_TABLES, noon);
        Self {
            desk: desk.await.unwrap(),
            streams: None,
        }
    }

    fn rpcs(&self, reactions: Vec<Reaction>) -> Routes {
        Routes::new(UpkeepServiceServer::new(UpkeepRpc {
            database: self.desk.database().clone(),
            reactions: reactions.into(),
            streams: self.streams.clone(),
            stopper: self.desk.desk.stopper.clone(),
        }))
    }

    /// Asks as an operator and otherwise alike; the service reacts so.
    pub fn client(&self, reactions: Vec<Reaction>) -> Client {
        Client::new(self.desk.guarded(self.rpcs(reactions)).unwrap())
    }

    /// Tells events of matters, and takes them into the feed.
    pub async fn tell(&self, numbers: std::ops::Range<usize>) -> Vec<Sequenced> {
        self.told(move |tx| {
            for number in numbers.clone() {
                tx.tell(Fact::MatterWithdrawn(MatterWithdrawn {
                    matter_id: matter(number),
                }));
            }
        })
        .await
    }

    /// Tells the county of alerts, and takes that into the feed.
    pub async fn alert(&self, numbers: std::ops::Range<usize>) -> Vec<Sequenced> {
        self.told(move |tx| {
            for number in numbers.clone() {
                let fact = AlertDelivered {
                    alert_id: format!("alert_{number:032}"),
                    ..AlertDelivered::default()
                };
                tx.tell_urgent(Level::County, Fact::AlertDelivered(fact));
            }
        })
        .await
    }

    async fn told(&self, tell: impl Fn(&mut Tx) + Send + Sync + 'static) -> Vec<Sequenced> {
        let tell = Arc::new(tell);
        self.desk
            .database()
            .transaction("tell", move |tx: &mut Tx| {
                let tell = Arc::clone(&tell);
                Box::pin(async move {
                    tell(tx);
                    Ok::<(), Problem>(())
                })
            })
            .await
            .unwrap();
        self.desk.take_told().await.unwrap()
    }

    pub async fn count(&self, statement: &'static str) -> i64 {
        let found = sqlx::query_scalar(statement);
        found.fetch_one(self.desk.database().pool()).await.unwrap()
    }

    pub async fn run(&self, statement: &'static str) {
        let done = sqlx::raw_sql(statement);
        done.execute(self.desk.database().pool()).await.unwrap();
    }
}

pub fn matter(number: usize) -> String {
    format!("matter_{number:032}")
}

/// As somebody asks.
pub fn by<T>(caller: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("x-huiyin-caller", caller.parse().unwrap());
    request
}
