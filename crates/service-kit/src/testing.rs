//! A service's desk over a database of its own, on the private servers `./dev test` starts. For tests.

use std::sync::Arc;

use huiyin_domain::ids::EventId;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use prost::Message as _;
use sqlx::migrate::Migrator;

use crate::almanac::Almanac;
use crate::database::Database;
use crate::lifecycle::Stopper;
use crate::local::prepare::{Addresses, prepare};
use crate::names::ServiceName;
use crate::road::consumer::Reaction;
use crate::run::{Desk, migrate};
use crate::settings::Settings;
use crate::status::Problem;
use crate::timer::Sweep;
use crate::{chance, wire};

/// Anything that goes wrong while a test is laid out.
pub type Broken = Box<dyn std::error::Error + Send + Sync>;

/// A service's desk for one test.
#[derive(Clone, Debug)]
pub struct TestDesk {
    /// The desk.
    pub desk: Desk,
}

/// The address of the private PostgreSQL of the tests.
///
/// # Errors
/// Says how to start it when it is not there.
pub fn postgres_url() -> Result<String, Broken> {
    std::env::var("HUIYIN_TEST_POSTGRES_URL")
        .map_err(|_| "HUIYIN_TEST_POSTGRES_URL is not set: run the tests with ./dev test".into())
}

/// The address of the private stream server of the tests, with a database number of its own.
///
/// # Errors
/// Says how to start it when it is not there.
pub async fn streams_url() -> Result<String, Broken> {
    let base = std::env::var("HUIYIN_TEST_REDIS_URL")
        .map_err(|_| "HUIYIN_TEST_REDIS_URL is not set: run the tests with ./dev test")?;
    let mut connection = redis::Client::open(base.as_str())?
        .get_multiplexed_async_connection()
        .await?;
    let number: i64 = redis::cmd("INCR")
        .arg("huiyin:test:next")
        .query_async(&mut connection)
        .await?;
    Ok(format!("{base}/{}", 1 + number % 4000))
}

/// A new database with the roles and schemas of the five services and a clock moved by hand.
///
/// # Errors
/// When the private server is not there.
pub async fn new_database(clock: Instant) -> Result<Addresses, Broken> {
    let name = format!("test_{}", chance::new_uuid().simple());
    Ok(prepare(&postgres_url()?, &name, Some(clock)).await?)
}

impl TestDesk {
    /// A desk of `service` whose clock stands at `clock`, with its tables made.
    ///
    /// # Errors
    /// When the private server is not there.
    pub async fn new(
        service: ServiceName,
        migrations: &'static Migrator,
        clock: Instant,
    ) -> Result<Self, Broken> {
        let addresses = new_database(clock).await?;
        let address = addresses.get(&service).ok_or("no address")?;
        let settings = Settings::from_toml(&format!(
            "profile = \"development\"\n[{}]\nlisten = \"127.0.0.1:0\"\ndatabase_url = \"{address}\"\n{}",
            service.key(),
            if service == ServiceName::Intake {
                "repeat_key = \"a key that is only for tests and nothing else\"\n"
            } else {
                ""
            },
        ))?;
        let own = settings.service(service)?.clone();
        let database = Database::connect(service, settings.profile, &own).await?;
        migrate(&database, migrations).await?;
        Ok(Self {
            desk: Desk {
                database,
                own,
                almanac: Almanac::default(),
                local_rules: None,
                stopper: Stopper::new(),
            },
        })
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.desk.database
    }

    /// Moves the clock.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn move_clock(&self, to: Instant) -> Result<(), Broken> {
        sqlx::query("UPDATE development.clock SET now_time = $1")
            .bind(to)
            .execute(self.desk.database.pool())
            .await?;
        self.desk.database.clock().move_to(to);
        Ok(())
    }

    /// What the service has told so far and nobody has sequenced, in order, urgent first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn told(&self) -> Result<Vec<Fact>, Broken> {
        let mut payloads: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT payload FROM outbox_urgent ORDER BY id")
                .fetch_all(self.desk.database.pool())
                .await?;
        let ordinary: Vec<Vec<u8>> = sqlx::query_scalar("SELECT payload FROM outbox ORDER BY id")
            .fetch_all(self.desk.database.pool())
            .await?;
        payloads.extend(ordinary);
        let mut facts = Vec::new();
        for payload in payloads {
            facts.extend(Event::decode(payload.as_slice())?.fact);
        }
        Ok(facts)
    }

    /// Applies a run of facts that happened at `at` through a reaction, in one transaction.
    ///
    /// # Errors
    /// What the reaction refuses.
    pub async fn react(
        &self,
        reaction: &Reaction,
        at: Instant,
        facts: Vec<Fact>,
    ) -> Result<(), Problem> {
        let events: Arc<[Event]> = facts.into_iter().map(|fact| event(at, fact)).collect();
        let react = Arc::clone(&reaction.react);
        self.desk
            .database
            .transaction("test", move |tx| {
                let (react, events) = (Arc::clone(&react), Arc::clone(&events));
                Box::pin(async move { react(tx, &events).await })
            })
            .await
    }

    /// Fires everything that is due for a sweep; returns how many timers fired.
    ///
    /// # Errors
    /// What the sweep refuses.
    pub async fn fire(&self, sweep: &Sweep) -> Result<usize, Problem> {
        crate::timer::fire_due(&self.desk.database, sweep).await
    }
}

/// An event in its envelope, as it would come from a stream.
#[must_use]
pub fn event(at: Instant, fact: Fact) -> Event {
    let event_id: EventId = chance::new_id();
    Event {
        event_id: event_id.to_string(),
        occurred_time: Some(wire::timestamp(at)),
        trace_parent: String::new(),
        fact: Some(fact),
    }
}
