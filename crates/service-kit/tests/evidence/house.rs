//! One service over a database of its own, whose feed is sequenced and logged by hand.

use std::sync::Arc;

use huiyin_domain::ids::MatterId;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{AlertDelivered, MatterRegistered, MatterWithdrawn};
use huiyin_proto::vocabulary::v1::Category;
use huiyin_service_kit::database::{Database, Tx};
use huiyin_service_kit::evidence::digest::HashSuite;
use huiyin_service_kit::evidence::head::Origin;
use huiyin_service_kit::evidence::key::LogKey;
use huiyin_service_kit::evidence::recorder::{LEASE, Recorded, Recorder, record};
use huiyin_service_kit::evidence::verify::{Keeper, Report, verify};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::lease::{self, Lease};
use huiyin_service_kit::road::{Lane, sequencer};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::testing::{TestDesk, postgres_url};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

static NO_TABLES: Migrator = Migrator::DEFAULT;

pub(crate) struct House {
    pub(crate) desk: TestDesk,
    pub(crate) recorder: Recorder,
    pub(crate) lease: Lease,
}

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// Eight in the morning, and so many milliseconds.
pub(crate) fn morning(milliseconds: i64) -> Instant {
    at("2026-01-05T08:00:00Z") + chrono::TimeDelta::milliseconds(milliseconds)
}

pub(crate) fn matter(number: u128) -> MatterId {
    MatterId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn registered(number: u128, category: Category) -> Fact {
    Fact::MatterRegistered(MatterRegistered {
        matter_id: matter(number).to_string(),
        category: category.into(),
        ..MatterRegistered::default()
    })
}

pub(crate) fn withdrawn(number: u128) -> Fact {
    Fact::MatterWithdrawn(MatterWithdrawn {
        matter_id: matter(number).to_string(),
    })
}

pub(crate) fn delivered(number: u128) -> Fact {
    Fact::AlertDelivered(AlertDelivered {
        alert_id: format!("alert_{number:032x}"),
        ..AlertDelivered::default()
    })
}

impl House {
    pub(crate) async fn open(service: ServiceName) -> Self {
        Self::with(service, HashSuite::Sha256).await
    }

    pub(crate) async fn with(service: ServiceName, suite: HashSuite) -> Self {
        let desk = TestDesk::new(service, &NO_TABLES, at("2025-06-02T04:00:00Z"));
        let desk = desk.await.unwrap();
        let lease = lease::take(desk.database().pool(), LEASE, "one").await;
        Self {
            lease: lease.unwrap().unwrap(),
            recorder: Recorder {
                key: Arc::new(LogKey::drawn().unwrap()),
                origin: Origin::of(None, service),
                suite,
            },
            desk,
        }
    }

    pub(crate) fn database(&self) -> &Database {
        self.desk.database()
    }

    /// Tells facts and sequences them.
    pub(crate) async fn tell(&self, facts: Vec<Fact>) {
        self.told(facts, None).await;
        self.sequence(Lane::Ordinary).await;
    }

    /// Tells facts on the urgent stream of a level and sequences them.
    pub(crate) async fn tell_urgent(&self, level: Level, facts: Vec<Fact>) {
        self.told(facts, Some(level)).await;
        self.sequence(Lane::Urgent).await;
    }

    async fn told(&self, facts: Vec<Fact>, urgent: Option<Level>) {
        let told = self.database().transaction("tell", move |tx: &mut Tx| {
            for fact in facts.clone() {
                match urgent {
                    Some(level) => tx.tell_urgent(level, fact),
                    None => tx.tell(fact),
                }
            }
            Box::pin(async { Ok::<(), Problem>(()) })
        });
        told.await.unwrap();
    }

    pub(crate) async fn sequence(&self, lane: Lane) {
        let name = sequencer::lease_name(lane);
        let lease = lease::take(self.database().pool(), name, "one").await;
        let lease = lease.unwrap().unwrap();
        while !sequencer::sequence(self.database(), lane, &lease)
            .await
            .unwrap()
            .is_empty()
        {}
    }

    /// Logs one batch, signed at so many milliseconds after eight.
    pub(crate) async fn record(&self, milliseconds: i64) -> Result<Recorded, Problem> {
        let now = morning(milliseconds);
        record(self.database(), &self.recorder, &self.lease, now).await
    }

    /// Logs everything.
    pub(crate) async fn record_all(&self, milliseconds: i64) {
        while self.record(milliseconds).await.unwrap().entries > 0 {}
    }

    /// Checks the log by the service's own key.
    pub(crate) async fn verify(&self, keeper: Keeper) -> Report {
        let keys = [*self.recorder.key.public()];
        let origin = self.recorder.origin.clone();
        let pool = self.superuser(12).await;
        let report = verify(&pool, origin, (keeper, &keys)).await.unwrap();
        pool.close().await;
        report
    }

    /// Nothing is wrong, and so much is logged openly and sealed.
    pub(crate) async fn is_sound(&self, entries: [u64; 2]) {
        let report = self.verify(Keeper::Nobody).await;
        let words: Vec<String> = report
            .findings
            .first
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(report.findings.is_empty(), "{words:#?}");
        let found: Vec<u64> = report.logs.iter().map(|log| log.entries).collect();
        assert_eq!(found, entries);
    }

    /// Connections of the superuser of the server into this service's tables.
    pub(crate) async fn superuser(&self, connections: u32) -> PgPool {
        let database: String = sqlx::query_scalar("SELECT current_database()")
            .fetch_one(self.database().pool())
            .await
            .unwrap();
        let options: PgConnectOptions = postgres_url().unwrap().parse().unwrap();
        let schema = self.database().service().key();
        let options = options
            .database(&database)
            .options([("search_path", schema)]);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .test_before_acquire(false);
        pool.connect_with(options).await.unwrap()
    }

    /// What the superuser does, whatever stands in the way.
    pub(crate) async fn by_force(&self, statements: &str) {
        let pool = self.superuser(1).await;
        let forced = format!("SET session_replication_role = replica; {statements}");
        sqlx::raw_sql(AssertSqlSafe(forced))
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
    }

    pub(crate) async fn count(&self, statement: &'static str) -> i64 {
        let count = sqlx::query_scalar(statement);
        count.fetch_one(self.database().pool()).await.unwrap()
    }
}
