//! Named, retried, timed transactions. A transaction knows its instant and what it tells others;
//! what it tells is written in the same commit, and the sequencer is poked after it.

use std::time::{Duration, Instant as Monotonic};

use futures::future::BoxFuture;
use huiyin_domain::standing::Standing;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::event::Fact;
use secrecy::ExposeSecret as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, SqlSafeStr, Transaction};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::authorization::{self, HOUSE, Subject};
use crate::clock::Clock;
use crate::evidence;
use crate::metrics;
use crate::names::ServiceName;
use crate::road::outbox::{self, Outgoing};
use crate::road::{Lane, Lanes, Pokes, streams};
use crate::server::call;
use crate::settings::{Profile, ServiceSettings};
use crate::status::Problem;

/// How often a transaction that met another one is tried again.
const TRIES: u32 = 5;
/// How long a start waits for an unreachable database.
const REACH_WITHIN: Duration = Duration::from_secs(10);

/// For statements that find everything by its key, as those of transactions do: planned once and not again
/// for every call, and never to scan a table because it was empty when they were planned. Nor compiled: where a scan
/// cannot be avoided, the price put on it would make the server compile a statement for longer than it runs.
const BY_KEY: [(&str, &str); 3] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("jit", "off"),
];

/// Connections on which the service works by itself: those that write. A transaction of a call says otherwise.
const BY_THE_HOUSE: (&str, &str) = ("huiyin.part", "house");

/// The database of one service, its clock, and the road its events take.
#[derive(Clone, Debug)]
pub struct Database {
    service: ServiceName,
    reading: PgPool,
    writing: PgPool,
    road: PgPool,
    clock: Clock,
    pokes: Pokes,
}

/// One transaction: everything in it happens at one instant, wholly or not at all.
#[derive(Debug)]
pub struct Tx {
    inner: sqlx::Transaction<'static, Postgres>,
    now: Instant,
    service: ServiceName,
    outgoing: Vec<Outgoing>,
    /// Where the organs stand that it tells of.
    standings: Vec<Standing>,
    /// The denunciations that it tells of.
    sealed: Vec<Uuid>,
    /// Whether it sees what the service itself sees.
    is_house: bool,
    /// What cannot be told, because it breaks the contract.
    untold: Option<String>,
}

/// Reads of one instant, for who asks: row-level security shows it what it may see.
#[derive(Debug)]
pub struct Reading(sqlx::Transaction<'static, Postgres>);

impl std::ops::Deref for Reading {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl std::ops::DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl Reading {
    /// Sees from now on what the service itself sees: for what the caller may see although it is not of its place or hand,
    /// such as a matter whose number and code it gave.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn as_house(&mut self) -> Result<(), sqlx::Error> {
        sqlx::query(HOUSE).execute(&mut *self.0).await?;
        Ok(())
    }
}

impl Tx {
    /// The instant at which everything in this transaction happens.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The connection, for statements.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// As [`Reading::as_house`]; also for what follows from a change that was permitted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn as_house(&mut self) -> Result<(), sqlx::Error> {
        if !self.is_house {
            sqlx::query(HOUSE).execute(&mut *self.inner).await?;
            self.is_house = true;
        }
        Ok(())
    }

    /// Sees from now on what everybody may see of a place, everywhere when none is given: nothing that is sealed from anybody.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn as_public(&mut self, place: Option<TerritoryCode>) -> Result<(), sqlx::Error> {
        let words = authorization::everybody(place.unwrap_or(TerritoryCode::NATION));
        sqlx::raw_sql(AssertSqlSafe(words))
            .execute(&mut *self.inner)
            .await?;
        self.is_house = false;
        Ok(())
    }

    /// Tells a fact on this service's ordinary stream.
    pub fn tell(&mut self, fact: Fact) {
        if let Fact::OrgansEstablished(told) = &fact {
            match authorization::told(told) {
                Ok(standings) => self.standings.extend(standings),
                Err(problem) => self.untold = Some(problem.to_string()),
            }
        }
        self.sealed.extend(evidence::denounced(&fact));
        let stream = streams::ordinary(self.service);
        self.outgoing
            .push(Outgoing::new(Lane::Ordinary, stream, self.now, fact));
    }

    /// Tells a fact at once on the urgent stream of a level.
    pub fn tell_urgent(&mut self, level: Level, fact: Fact) {
        let stream = streams::alerts(level);
        self.outgoing
            .push(Outgoing::new(Lane::Urgent, stream, self.now, fact));
    }

    async fn commit(mut self) -> Result<Lanes, sqlx::Error> {
        if let Some(words) = self.untold {
            return Err(sqlx::Error::Protocol(words));
        }
        // a change that nobody was asked about is never made
        if call::asking().is_some_and(|asking| !asking.is_decided()) {
            let words = "a call is about to commit and nothing was decided about what it asks";
            return Err(sqlx::Error::Protocol(words.to_owned()));
        }
        authorization::stand(&mut self.inner, &self.standings).await?;
        evidence::seal(&mut self.inner, &self.sealed).await?;
        let lanes = outbox::write(&mut self.inner, std::mem::take(&mut self.outgoing)).await?;
        self.inner.commit().await?;
        Ok(lanes)
    }
}

impl Database {
    /// Connects, waiting up to ten seconds for the database to answer.
    ///
    /// # Errors
    /// Names the settings key when the database cannot be reached.
    pub async fn connect(
        service: ServiceName,
        profile: Profile,
        settings: &ServiceSettings,
    ) -> Result<Self, Problem> {
        let unreachable = |error: sqlx::Error| Problem::Unavailable {
            words: format!(
                "the database named by [{}] database_url cannot be used: {error}",
                service.key()
            ),
        };
        let options: PgConnectOptions =
            settings
                .database_url
                .expose_secret()
                .parse()
                .map_err(|_| Problem::Unavailable {
                    words: format!(
                        "[{}] database_url is not a postgres:// address",
                        service.key()
                    ),
                })?;
        let options = options
            .application_name(service.as_str())
            .options([("search_path", service.key())]);
        let by_key = options.clone().options(BY_KEY).options([BY_THE_HOUSE]);
        // one for each sequencer, and one for the recorder of the log
        let road = Lane::ALL.len() as u32 + 1;
        let writing = settings
            .database_connections
            .saturating_sub(road)
            .div_ceil(2);
        let reading = settings.database_connections.saturating_sub(road + writing);
        let open = |connections: u32, options| {
            PgPoolOptions::new()
                .max_connections(connections.max(1))
                .min_connections(1)
                .acquire_timeout(REACH_WITHIN)
                .test_before_acquire(false)
                .connect_with(options)
        };
        let reading = open(reading, options).await.map_err(unreachable)?;
        let writing = open(writing, by_key.clone()).await.map_err(unreachable)?;
        let road = open(road, by_key).await.map_err(unreachable)?;
        let clock = Clock::of(profile, &reading).await?;
        Ok(Self {
            service,
            reading,
            writing,
            road,
            clock,
            pokes: Pokes::default(),
        })
    }

    /// Connections for reading outside a transaction, of what row-level security guards not. Each statement is planned for
    /// what it is asked.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.reading
    }

    /// Connections for statements that are transactions by themselves and find everything by its key.
    #[must_use]
    pub fn writing(&self) -> &PgPool {
        &self.writing
    }

    /// Connections of the sequencers, one a lane, and of the recorder: an alert leaves also when calls hold all the others, and
    /// none of them ever waits for another.
    pub(crate) fn road(&self) -> &PgPool {
        &self.road
    }

    /// The clock of decisions.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The wake-up calls of the road and the sweeps.
    #[must_use]
    pub fn pokes(&self) -> &Pokes {
        &self.pokes
    }

    /// Whose database this is.
    #[must_use]
    pub fn service(&self) -> ServiceName {
        self.service
    }

    /// The present instant by the clock of decisions.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Runs `work` in a transaction called `name`, commits what it did and told, and pokes the
    /// sequencer. A transaction that met another one (serialization failure, deadlock) is run again.
    ///
    /// # Errors
    /// What `work` refuses, or what the database says.
    pub async fn transaction<T, E, W>(&self, name: &'static str, mut work: W) -> Result<T, E>
    where
        T: Send,
        E: From<sqlx::Error> + Retryable + Send,
        W: for<'a> FnMut(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Send,
    {
        let started = Monotonic::now();
        let mut tries = 0;
        let outcome = loop {
            tries += 1;
            match self.attempt(&mut work).await {
                Err(error) if error.met_another() && tries < TRIES => {
                    metrics::count(
                        "huiyin_transaction_retries",
                        1,
                        &[("service", self.service.as_str()), ("name", name)],
                    );
                }
                other => break other,
            }
        };
        let labels = [("service", self.service.as_str()), ("name", name)];
        metrics::observe(
            "huiyin_transaction_duration_seconds",
            started.elapsed().as_secs_f64(),
            &labels,
        );
        outcome
    }

    async fn attempt<T, E, W>(&self, work: &mut W) -> Result<T, E>
    where
        T: Send,
        E: From<sqlx::Error> + Send,
        W: for<'a> FnMut(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Send,
    {
        let mut tx = self.begin().await?;
        let value = work(&mut tx).await?;
        let lanes = tx.commit().await?;
        self.pokes.poke(lanes);
        Ok(value)
    }

    async fn begin(&self) -> Result<Tx, sqlx::Error> {
        let statement = AssertSqlSafe(format!("BEGIN; {}", who_asks()));
        Ok(Tx {
            inner: begun(&self.writing, statement).await?,
            now: self.clock.now(),
            service: self.service,
            outgoing: Vec::new(),
            standings: Vec::new(),
            sealed: Vec::new(),
            is_house: !call::is_answered(),
            untold: None,
        })
    }

    /// Reads of one instant, for who asks; by the service itself outside of a call.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reading(&self) -> Result<Reading, sqlx::Error> {
        let statement = AssertSqlSafe(format!("BEGIN READ ONLY; {}", who_asks()));
        Ok(Reading(begun(&self.reading, statement).await?))
    }
}

/// Begins a transaction by this statement, such that whoever stops waiting for it leaves none begun.
///
/// sqlx knows of a transaction when its beginning is answered. Whoever is cancelled before that, as a call is whose caller has
/// gone, gives its connection back with the transaction open: the next would work in it, for somebody else, and be answered for what
/// is never committed. So the beginning goes on by itself, and what nobody waits for any more is rolled back.
///
/// # Errors
/// When the database does not answer.
pub async fn begun(
    pool: &PgPool,
    statement: impl SqlSafeStr + Send + 'static,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let pool = pool.clone();
    #[expect(clippy::disallowed_methods, reason = "here nobody can be cancelled")]
    let beginning = async move { pool.begin_with(statement).await };
    let begun = tokio::spawn(beginning.in_current_span()).await;
    begun.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// What the database is told of who asks.
fn who_asks() -> String {
    match call::asking() {
        Some(asking) => asking.words(),
        None if call::is_answered() => Subject::stranger().words(),
        None => HOUSE.to_owned(),
    }
}

/// Tells an error that running the transaction again may cure.
pub trait Retryable {
    /// Whether the transaction met another one.
    fn met_another(&self) -> bool;
}

impl Retryable for sqlx::Error {
    fn met_another(&self) -> bool {
        self.as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| code == "40001" || code == "40P01")
    }
}

impl Retryable for Problem {
    fn met_another(&self) -> bool {
        match self {
            Self::Database(error) => error.met_another(),
            Self::InvalidFields(_)
            | Self::WrongPageToken
            | Self::NotFound { .. }
            | Self::NotAllowedNow { .. }
            | Self::NotOnDuty { .. }
            | Self::NoCompetentOrgan { .. }
            | Self::RequestIdReused { .. }
            | Self::NotYours { .. }
            | Self::NotPermitted { .. }
            | Self::NotKnown
            | Self::TokenRefused(_)
            | Self::ChangedMeanwhile
            | Self::Unavailable { .. }
            | Self::TooManyCalls
            | Self::QuotaSpent { .. }
            | Self::DeadlinePassed
            | Self::DevelopmentOnly
            | Self::WrongCursor { .. }
            | Self::HeadContradicts { .. }
            | Self::Unexpected(_) => false,
        }
    }
}
