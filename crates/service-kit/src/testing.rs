//! A service's desk over a database of its own, on the private servers `./dev test` starts. For tests.

mod database;

pub use database::TestDatabase;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use huiyin_domain::ids::EventId;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use prost::Message as _;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::almanac::Almanac;
use crate::authorization::{Rights, Standings};
use crate::clock::of_the_machine;
use crate::database::Database;
use crate::evidence::recorder::{LEASE, Recorder, record};
use crate::lifecycle::Stopper;
use crate::local::vault_section;
use crate::names::ServiceName;
use crate::road::consumer::{self, Reaction};
use crate::road::sequencer::Sequenced;
use crate::road::{Lane, lease, sequencer};
use crate::run::{Desk, migrate};
use crate::server::door::{Door, Guard};
use crate::server::fair::Places;
use crate::server::stacked;
use crate::settings::{LimitSettings, Settings};
use crate::status::Problem;
use crate::timer::Sweep;
use crate::{chance, wire};

/// Anything that goes wrong while a test is laid out.
pub type Broken = Box<dyn std::error::Error + Send + Sync>;

/// How long what runs for a desk may take to end.
const CLOSED_WITHIN: Duration = Duration::from_secs(10);

/// A service's desk for one test.
#[derive(Clone, Debug)]
pub struct TestDesk {
    /// The desk.
    pub desk: Desk,
    /// What it lies over.
    over: TestDatabase,
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

/// The folder of the programs of PostgreSQL, for tests that start servers of their own.
///
/// # Errors
/// Says how to name it when there is none.
pub fn postgres_programs() -> Result<PathBuf, Broken> {
    if let Some(folder) = std::env::var_os("HUIYIN_POSTGRES_BIN") {
        return Ok(folder.into());
    }
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let newest = installed
        .filter_map(|entry| Some(entry.ok()?.path()))
        .max_by_key(version);
    newest
        .map(|folder| folder.join("bin"))
        .ok_or_else(|| "HUIYIN_POSTGRES_BIN is not set: run the tests with ./dev test".into())
}

/// The module of SoftHSM, which stands for a hardware security module.
///
/// # Errors
/// Says how to fetch it when it is not there.
pub fn softhsm() -> Result<PathBuf, Broken> {
    let module = std::env::var_os("HUIYIN_TEST_SOFTHSM").map(PathBuf::from);
    let module = module.ok_or("HUIYIN_TEST_SOFTHSM is not set: run the tests with ./dev test")?;
    if module.is_file() {
        return Ok(module);
    }
    let module = module.display();
    Err(format!(
        "HUIYIN_TEST_SOFTHSM names {module}, which is not there: ./dev tools softhsm fetches it"
    )
    .into())
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
        Self::over(service, migrations, &TestDatabase::new(clock).await?).await
    }

    /// A desk of `service` over a database that it may share with the desks of others, with its tables made.
    ///
    /// # Errors
    /// When the private server is not there.
    pub async fn over(
        service: ServiceName,
        migrations: &'static Migrator,
        over: &TestDatabase,
    ) -> Result<Self, Broken> {
        let address = over.address(service)?;
        let settings = Settings::from_toml(&format!(
            "profile = \"development\"\n[{}]\nlisten = \"127.0.0.1:0\"\ndatabase_url = \"{address}\"\n{}",
            service.key(),
            vault_section(service, over.vault()),
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
                escalation_ladders: None,
                stopper: Stopper::new(),
            },
            over: over.clone(),
        })
    }

    /// The rpcs as a server serves them, to everybody: for tests of what a service does.
    #[must_use]
    pub fn open_to_all(&self, rpcs: Routes) -> Routes {
        self.served(rpcs, Door::unguarded())
    }

    /// The rpcs as a server serves them, behind the policies: for tests of who may ask. Callers are who they say they are.
    ///
    /// # Errors
    /// When the policies cannot be read.
    pub fn guarded(&self, rpcs: Routes) -> Result<Routes, Broken> {
        Ok(self.served(rpcs, Door::guarded(self.guard()?)))
    }

    /// The rpcs without their service's own checks: every policy permits and everything counts as seen, but the database is
    /// told who asks. For tests of what row-level security keeps back by itself.
    ///
    /// # Errors
    /// When the policies cannot be read.
    pub fn underneath(&self, rpcs: Routes) -> Result<Routes, Broken> {
        Ok(self.served(rpcs, Door::underneath(self.guard()?)))
    }

    fn guard(&self) -> Result<Guard, Broken> {
        Ok(Guard {
            rights: Rights::embedded()?,
            standings: Standings::new(self.database().pool().clone()),
            tokens: None,
            by_tls: false,
        })
    }

    fn served(&self, rpcs: Routes, door: Door) -> Routes {
        let service = self.database().service();
        let places = Places::new(service, LimitSettings::default().calls as usize);
        stacked(rpcs, (service, places), door, &self.desk.stopper)
    }

    /// The folder of its vaults.
    #[must_use]
    pub fn vault(&self) -> &Path {
        self.over.vault()
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

    /// Takes what the service has told and nobody has taken into its feed, as its sequencers do, and gives it: urgent first, each
    /// stream in its order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_told(&self) -> Result<Vec<Sequenced>, Broken> {
        let mut taken = Vec::new();
        for lane in Lane::ALL {
            let name = sequencer::lease_name(lane);
            let lease = lease::take(self.database().road(), name, "test").await?;
            let lease = lease.ok_or("a sequencer of somebody else runs")?;
            loop {
                let run = sequencer::sequence(self.database(), lane, &lease).await?;
                if run.is_empty() {
                    break;
                }
                taken.extend(run);
            }
        }
        Ok(taken)
    }

    /// Applies entries of a stream through a reaction, as its consumer does.
    ///
    /// # Errors
    /// What the reaction refuses; then nothing is applied.
    pub async fn follow(&self, reaction: &Reaction, run: Vec<Sequenced>) -> Result<(), Problem> {
        consumer::follow(self.database(), reaction, run).await
    }

    /// Ends everything that runs for the desk and every connection it has.
    ///
    /// # Errors
    /// When something does not end.
    pub async fn close(self) -> Result<(), Broken> {
        let Desk {
            database, stopper, ..
        } = self.desk;
        stopper.stop();
        stopper.drain(CLOSED_WITHIN).await?;
        for pool in [database.pool(), database.writing(), database.road()] {
            pool.close().await;
        }
        Ok(())
    }

    /// Sequences what was told on the ordinary stream, and logs it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record(&self, recorder: &Recorder) -> Result<(), Broken> {
        let database = self.database();
        let held = async |name| {
            let lease = lease::take(database.pool(), name, "test").await?;
            lease.ok_or_else(|| Broken::from("somebody else holds the lease"))
        };
        let lease = held(sequencer::lease_name(Lane::Ordinary)).await?;
        while !sequencer::sequence(database, Lane::Ordinary, &lease)
            .await?
            .is_empty()
        {}
        let lease = held(LEASE).await?;
        while record(database, recorder, &lease, of_the_machine())
            .await?
            .entries
            > 0
        {}
        Ok(())
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
