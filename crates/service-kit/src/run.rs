//! One service from its three lists: rpcs, reactions, sweeps. All five are assembled here and alike.

use std::sync::Arc;

use futures::future::BoxFuture;
use huiyin_proto::development::v1::clock_service_server::ClockServiceServer;
use huiyin_proto::feed::v1::feed_service_client::FeedServiceClient;
use huiyin_proto::feed::v1::feed_service_server::FeedServiceServer;
use huiyin_proto::feed::v1::upkeep_service_server::UpkeepServiceServer;
use huiyin_proto::log::v1::log_service_server::LogServiceServer;
use sqlx::migrate::{Migration, Migrator};
use tokio::sync::mpsc;
use tonic::service::Routes;

use crate::almanac::Almanac;
use crate::authorization::{Rights, RightsError, Standings};
use crate::database::Database;
use crate::development::ClockRpc;
use crate::evidence;
use crate::evidence::anchoring::NotStarted;
use crate::evidence::rpc::LogRpc;
use crate::lifecycle::Stopper;
use crate::names::ServiceName;
use crate::road::consumer::{self, Reaction, Roads};
use crate::road::feed::FeedRpc;
use crate::road::upkeep::UpkeepRpc;
use crate::road::{Lane, mirror, quarantine, sequencer};
use crate::server;
use crate::server::door::{Door, Guard};
use crate::settings::{Profile, ServiceSettings, Settings};
use crate::status::Problem;
use crate::timer::{self, Sweep};
use crate::tls::{Connector, Identity, Keys, TlsError, keep_fresh};
use crate::token::{Tokens, TokensError};
use crate::{client, heartbeat, metrics};

/// Batches a mirror may be behind before it reads from the feed instead.
const MIRROR_CHANNEL: usize = 256;

/// The kit's own tables, the same in every service's schema.
static KIT_MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// What a process gives to each service it runs.
#[derive(Clone, Debug)]
pub struct Context {
    /// The settings of the process.
    pub settings: Arc<Settings>,
    /// Ends everything.
    pub stopper: Stopper,
}

/// What a service works with.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Its database, clock and road.
    pub database: Database,
    /// Its own section of the settings.
    pub own: ServiceSettings,
    /// The work calendar.
    pub almanac: Almanac,
    /// The text of the file of local rules, if the settings name one.
    pub local_rules: Option<Arc<str>>,
    /// The text of the file of the ladders of the escalation, if the settings name one.
    pub escalation_ladders: Option<Arc<str>>,
    /// Ends everything.
    pub stopper: Stopper,
}

/// The three lists of a service.
pub struct Lists {
    /// Its rpcs.
    pub rpcs: Routes,
    /// Full names of the gRPC services among them, for health.
    pub grpc_names: Vec<&'static str>,
    /// What it does about the streams of others.
    pub reactions: Vec<Reaction>,
    /// What it does when timers are due.
    pub sweeps: Vec<Sweep>,
    /// What it does all the time besides.
    pub works: Vec<Work>,
}

/// What a service does until it is stopped.
pub struct Work {
    /// What it is called in the log.
    pub name: &'static str,
    /// The work; it ends by itself when the service is stopping.
    pub work: BoxFuture<'static, ()>,
}

/// A service as the kit runs it.
pub struct House {
    /// Its name.
    pub name: ServiceName,
    /// Its own tables.
    pub migrations: &'static Migrator,
    /// Builds its lists over a desk.
    pub lists: fn(Desk) -> BoxFuture<'static, Result<Lists, Problem>>,
}

/// Why a service ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The settings lack something.
    #[error(transparent)]
    Settings(#[from] crate::settings::SettingsError),
    /// The database or another part is missing.
    #[error("{service}: {problem}")]
    Start {
        /// Which service.
        service: ServiceName,
        /// What is missing.
        problem: Problem,
    },
    /// The schema is not the one of this release.
    #[error("{service}: the database's tables could not be brought up to date: {error}")]
    Migrate {
        /// Which service.
        service: ServiceName,
        /// Why.
        error: sqlx::migrate::MigrateError,
    },
    /// The address of the stream server cannot be used.
    #[error("[streams] url is not a redis:// address: {0}")]
    Streams(redis::RedisError),
    /// The policies of this release are wrong.
    #[error("the policies: {0}")]
    Rights(#[from] RightsError),
    /// Tokens cannot be checked.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// Nobody may be believed by its word alone.
    #[error(
        "{service}: [tls] is missing: in the production profile who calls is known by its certificate"
    )]
    NoTls {
        /// Which service.
        service: ServiceName,
    },
    /// The log cannot be signed, or not be handed in.
    #[error("{service}: {error}")]
    Log {
        /// Which service.
        service: ServiceName,
        /// Why.
        error: NotStarted,
    },
    /// The keys cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The gRPC server could not be started.
    #[error(transparent)]
    Serve(#[from] server::ServeError),
}

/// The problem of a service whose file of local rules is wrong.
pub fn wrong_local_rules(wrong: impl std::fmt::Display) -> Problem {
    Problem::Unexpected(format!("the file of the setting local_rules: {wrong}"))
}

/// The problem of a service whose file of escalation ladders is wrong.
pub fn wrong_escalation_ladders(wrong: impl std::fmt::Display) -> Problem {
    Problem::Unexpected(format!(
        "the file of the setting escalation_ladders: {wrong}"
    ))
}

/// Runs one service until it is stopped.
pub fn run(context: Context, house: House) -> BoxFuture<'static, Result<(), RunError>> {
    Box::pin(async move {
        let service = house.name;
        let problem = |problem| RunError::Start { service, problem };
        let own = context.settings.service(service)?.clone();
        let keys = keys(&context, service)?;
        let database = Database::connect(service, context.settings.profile, &own)
            .await
            .map_err(problem)?;
        ready_tables(&database, context.settings.profile, house.migrations).await?;
        let almanac = Almanac::default();
        let desk = Desk {
            database: database.clone(),
            own: own.clone(),
            almanac: almanac.clone(),
            local_rules: context.settings.local_rules()?,
            escalation_ladders: context.settings.escalation_ladders()?,
            stopper: context.stopper.clone(),
        };
        let lists = (house.lists)(desk).await.map_err(problem)?;
        let stopper = context.stopper.clone();
        let upkeep = upkeep(&context, &database, &lists.reactions)?;
        start_road(&context, (&database, keys.as_ref()), lists.reactions).await?;
        evidence::start(&context, (&database, keys.as_ref()), &own)
            .map_err(|error| RunError::Log { service, error })?;
        for sweep in lists.sweeps {
            stopper.spawn(
                "sweep",
                timer::run(database.clone(), sweep, stopper.clone()),
            );
        }
        for work in lists.works {
            stopper.spawn(work.name, work.work);
        }
        let keeping_up = almanac.keep_up(database.clone(), stopper.clone());
        stopper.spawn("almanac", keeping_up);
        stopper.spawn("clock", follow_clock(database.clone(), stopper.clone()));
        stopper.spawn("gauges", measure(database.clone(), stopper.clone()));
        let beats = context.settings.audit.beats_every;
        let process = heartbeat::process(own.listen);
        stopper.spawn(
            "heartbeat",
            heartbeat::beat(database.clone(), process, beats, stopper.clone()),
        );
        let (rpcs, names) = (lists.rpcs, lists.grpc_names);
        let (rpcs, mut names) = kit_rpcs(rpcs, names, (&database, &context.settings));
        let rpcs = rpcs.add_service(upkeep);
        names.push("huiyin.feed.v1.UpkeepService");
        let door = door(&context, &database, keys.is_some())?;
        let bound = server::bind(service, (own.listen, keys), door, context.settings.limits)?;
        server::serve_grpc(bound, rpcs, names, stopper).await?;
        Ok(())
    })
}

/// The care of the road: of what the service does about streams, and of their mirror.
fn upkeep(
    context: &Context,
    database: &Database,
    reactions: &[Reaction],
) -> Result<UpkeepServiceServer<UpkeepRpc>, RunError> {
    let streams = context.settings.stream_server();
    let rpc = UpkeepRpc {
        database: database.clone(),
        reactions: reactions.into(),
        streams: streams.map_err(RunError::Streams)?,
        stopper: context.stopper.clone(),
    };
    Ok(UpkeepServiceServer::new(rpc)
        .max_decoding_message_size(server::MAX_DECODE)
        .max_encoding_message_size(server::MAX_ENCODE))
}

/// The door: the policies of this release over the organs that the service knows.
fn door(context: &Context, database: &Database, by_tls: bool) -> Result<Door, RunError> {
    let settings = context.settings.tokens.as_ref();
    let tokens = settings.map(|settings| Tokens::start(settings, &context.stopper));
    Ok(Door::guarded(Guard {
        rights: Rights::embedded()?,
        standings: Standings::new(database.pool().clone()),
        tokens: tokens.transpose()?,
        by_tls,
    }))
}

/// Adds what the kit serves for every service: the feed, the log, and in development the clock.
fn kit_rpcs(
    rpcs: Routes,
    mut names: Vec<&'static str>,
    (database, settings): (&Database, &Settings),
) -> (Routes, Vec<&'static str>) {
    let feed = FeedServiceServer::new(FeedRpc {
        database: database.clone(),
    })
    .max_decoding_message_size(server::MAX_DECODE)
    .max_encoding_message_size(server::MAX_ENCODE);
    let mut rpcs = rpcs.add_service(feed);
    names.push("huiyin.feed.v1.FeedService");
    let log = LogServiceServer::new(LogRpc {
        database: database.clone(),
        domain: settings
            .tls
            .as_ref()
            .map(|files| files.trust_domain.clone()),
    })
    .max_decoding_message_size(server::MAX_DECODE)
    .max_encoding_message_size(server::MAX_ENCODE);
    rpcs = rpcs.add_service(log);
    names.push("huiyin.log.v1.LogService");
    match settings.profile {
        Profile::Development => {
            let clock = ClockServiceServer::new(ClockRpc {
                database: database.clone(),
            })
            .max_decoding_message_size(server::MAX_DECODE)
            .max_encoding_message_size(server::MAX_ENCODE);
            rpcs = rpcs.add_service(clock);
            names.push("huiyin.development.v1.ClockService");
        }
        Profile::Production => {}
    }
    (rpcs, names)
}

/// Brings the tables of one service up to date: the kit's first, then its own.
///
/// # Errors
/// When a migration fails or was changed after it ran.
pub async fn migrate(database: &Database, own: &'static Migrator) -> Result<(), RunError> {
    let error = |error| RunError::Migrate {
        service: database.service(),
        error,
    };
    all_migrations(own)
        .run(database.writing())
        .await
        .map_err(error)
}

fn all_migrations(own: &'static Migrator) -> Migrator {
    let mut migrations: Vec<Migration> = KIT_MIGRATIONS.iter().cloned().collect();
    // a service's own tables come after the kit's, whatever their numbers
    migrations.extend(own.iter().cloned().map(|mut migration| {
        migration.version += 10_000;
        migration
    }));
    Migrator::with_migrations(migrations)
}

/// In development tables are made at the start; elsewhere a job makes them and a start only checks.
async fn ready_tables(
    database: &Database,
    profile: Profile,
    own: &'static Migrator,
) -> Result<(), RunError> {
    match profile {
        Profile::Development => migrate(database, own).await,
        Profile::Production => check_tables(database, own).await,
    }
}

async fn check_tables(database: &Database, own: &'static Migrator) -> Result<(), RunError> {
    let service = database.service();
    let wanted = all_migrations(own).iter().count();
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success")
        .fetch_one(database.pool())
        .await
        .unwrap_or(0);
    if usize::try_from(there).unwrap_or(0) < wanted {
        let words = format!(
            "its tables are not up to date ({there} of {wanted} migrations); run `huiyin migrate {service}` first"
        );
        return Err(RunError::Start {
            service,
            problem: Problem::Unavailable { words },
        });
    }
    Ok(())
}

/// The keys of a service, kept fresh; none without `[tls]`, which only the development profile may leave out.
fn keys(context: &Context, service: ServiceName) -> Result<Option<Keys>, RunError> {
    let Some(files) = &context.settings.tls else {
        if context.settings.profile == Profile::Production {
            return Err(RunError::NoTls { service });
        }
        tracing::warn!(
            service = service.as_str(),
            "without [tls] whoever reaches the port is believed to be whom it says"
        );
        return Ok(None);
    };
    let keys = Keys::of_service(files, service)?;
    let fresh = keep_fresh(keys.clone(), context.stopper.clone());
    context.stopper.spawn("keys", fresh);
    Ok(Some(keys))
}

async fn start_road(
    context: &Context,
    (database, keys): (&Database, Option<&Keys>),
    reactions: Vec<Reaction>,
) -> Result<(), RunError> {
    let stopper = &context.stopper;
    let streams = context
        .settings
        .stream_server()
        .map_err(RunError::Streams)?;
    if let Some(client) = &streams {
        mirror::settle(database, client).await;
    }
    let (batches, received) = mpsc::channel(MIRROR_CHANNEL);
    for lane in Lane::ALL {
        stopper.spawn(
            "sequencer",
            sequencer::run(database.clone(), lane, batches.clone(), stopper.clone()),
        );
    }
    if let Some(client) = streams.clone() {
        stopper.spawn(
            "mirror",
            mirror::run(database.clone(), client, received, stopper.clone()),
        );
    }
    for reaction in reactions {
        let feed = (reaction.from != database.service()).then(|| {
            let of_service = Identity::Service(reaction.from);
            let connector = keys.map(|keys| Connector::new(keys.clone(), of_service));
            let address = context.settings.addresses.of(reaction.from);
            let channel = client::channel(address, connector);
            FeedServiceClient::new(client::calling(channel, database.service()))
                .max_decoding_message_size(server::MAX_ENCODE)
        });
        let roads = Roads {
            streams: streams.clone(),
            feed,
        };
        stopper.spawn(
            "consumer",
            consumer::run(database.clone(), reaction, roads, stopper.clone()),
        );
    }
    Ok(())
}

async fn follow_clock(database: Database, stopper: Stopper) {
    tokio::select! {
        () = database.clock().clone().follow(database.pool().clone()) => {}
        () = stopper.stopping() => {}
    }
}

/// Gauges of what waits, measured every two seconds.
async fn measure(database: Database, stopper: Stopper) {
    let service = database.service().as_str();
    loop {
        for (lane, table) in [("urgent", "outbox_urgent"), ("ordinary", "outbox")] {
            let waiting: Result<(i64, f64), sqlx::Error> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
                "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)::float8 FROM {table}"
            )))
            .fetch_one(database.pool())
            .await;
            if let Ok((rows, oldest)) = waiting {
                let labels = [("service", service), ("lane", lane)];
                #[expect(clippy::cast_precision_loss, reason = "a gauge of waiting rows")]
                metrics::gauge("huiyin_outbox_rows", rows as f64, &labels);
                metrics::gauge("huiyin_outbox_oldest_seconds", oldest, &labels);
            }
        }
        if let Ok(entries) = quarantine::count(database.pool()).await {
            #[expect(clippy::cast_precision_loss, reason = "a gauge of waiting rows")]
            metrics::gauge(
                "huiyin_quarantine_entries",
                entries as f64,
                &[("service", service)],
            );
        }
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_secs(2)) => {}
            () = stopper.stopping() => break,
        }
    }
}
