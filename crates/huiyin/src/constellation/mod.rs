//! The five services as five processes over private servers of their own.

mod child;
mod keys;
mod settings;
mod tokens;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use huiyin_domain::time::Instant;
use huiyin_proto as proto;
use huiyin_service_kit::client::TokenSource;
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::local::postgres::PrivatePostgres;
use huiyin_service_kit::local::prepare::{auditor_address, prepare};
use huiyin_service_kit::local::streams::PrivateStreams;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::tls::{Connector, Identity, Keys};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

pub use child::Processes;
pub use settings::{Ports, home, local_settings};

use crate::connect::{Clients, Whose};

/// Name of the database of a private server.
pub const DATABASE: &str = "huiyin";

/// What a constellation is started with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Folder of its data, settings and logs; what was there is replaced.
    pub folder: PathBuf,
    /// Where a clock moved by hand begins; `None` runs on the database's own clock.
    pub clock: Option<Instant>,
    /// The ports of the services.
    pub ports: Ports,
    /// Where traces go.
    pub otlp: Option<SocketAddr>,
    /// Further settings of the private PostgreSQL.
    pub postgres_settings: Vec<(&'static str, &'static str)>,
    /// The profile the services run in.
    pub profile: &'static str,
}

/// A running constellation.
pub struct Constellation {
    /// The private PostgreSQL.
    pub postgres: PrivatePostgres,
    /// The private stream server.
    pub streams: PrivateStreams,
    /// The five processes.
    pub processes: Processes,
    /// The settings file the services read.
    pub settings: PathBuf,
    /// The ports of the services.
    pub ports: Ports,
    /// The keys of whoever runs it.
    keys: Keys,
    /// The keys of the system that speaks for desks, and its tokens.
    desks: (Keys, TokenSource),
    /// Ends the issuer of tokens.
    stopper: Stopper,
}

impl Constellation {
    /// Starts the private servers and the five services, and waits until every one answers.
    ///
    /// # Errors
    /// Names what is missing or did not start.
    pub async fn start(plan: &Plan, say: &dyn Fn(&str)) -> Result<Self> {
        let programs = Programs::find()?;
        std::fs::create_dir_all(&plan.folder)
            .with_context(|| format!("the folder {} cannot be made", plan.folder.display()))?;
        plan.ports.check_free()?;
        say("starting a private PostgreSQL and a private stream server");
        let postgres = PrivatePostgres::start(
            &programs.postgres,
            &plan.folder.join("postgres"),
            &plan.postgres_settings,
        )
        .await?;
        let streams =
            PrivateStreams::start(&programs.streams, &plan.folder.join("streams")).await?;
        let server = postgres.url("postgres");
        let addresses = prepare(&server, DATABASE, plan.clock).await?;
        let made = keys::write(&plan.folder)?;
        let keys = Keys::load(made.files.of("operator"))?;
        let stopper = Stopper::new();
        let desks = Keys::load(made.files.of(keys::DESKS))?;
        let keys::Made {
            files,
            log_keys,
            issuer,
        } = made;
        let (issuer, tokens) = tokens::start(issuer, &files, &desks, &stopper).await?;
        let urls = [
            streams.url(),
            issuer.url().to_owned(),
            auditor_address(&server, DATABASE)?,
        ];
        let text = settings::write(plan, &addresses, &urls, (&files, &log_keys))?;
        let settings = plan.folder.join("settings.toml");
        std::fs::write(&settings, text)
            .with_context(|| format!("{} cannot be written", settings.display()))?;
        make_tables(&settings).await?;
        say("starting the five services as five processes");
        let processes = Processes::start(&plan.folder, &settings, plan.ports)?;
        let constellation = Self {
            postgres,
            streams,
            processes,
            settings,
            ports: plan.ports,
            keys,
            desks: (desks, tokens),
            stopper,
        };
        constellation.wait_until_ready(&plan.folder).await?;
        Ok(constellation)
    }

    /// Clients of its services.
    ///
    /// # Errors
    /// Never in practice: the addresses are our own.
    pub fn clients(&self) -> Result<Clients> {
        let ports = self.ports;
        let (desks, tokens) = &self.desks;
        let whose = Whose {
            operator: Some(self.keys.clone()),
            desks: Some(desks.clone()),
            tokens: Some(tokens.clone()),
        };
        Clients::new(move |service| ports.address(service), &whose)
    }

    async fn wait_until_ready(&self, folder: &Path) -> Result<()> {
        let started = std::time::Instant::now();
        for service in ServiceName::ALL {
            while !self.serves(service).await {
                if self.processes.ended_early(service) || started.elapsed().as_secs() > 60 {
                    let log = std::fs::read_to_string(folder.join(format!("{service}.log")))
                        .unwrap_or_default();
                    let last = log.lines().last().unwrap_or("it wrote no log").to_owned();
                    self.processes.stop().await;
                    bail!("{service} did not start: {last}");
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }

    /// Whether the service itself answers at its address: anything could listen there.
    async fn serves(&self, service: ServiceName) -> bool {
        let Ok(endpoint) = tonic::transport::Endpoint::from_shared(self.ports.address(service))
        else {
            return false;
        };
        let of_service = Identity::Service(service);
        let connector = Connector::new(self.keys.clone(), of_service);
        let Ok(channel) = endpoint.connect_with_connector(connector).await else {
            return false;
        };
        let asked = HealthCheckRequest {
            service: grpc_name(service).to_owned(),
        };
        let answer = HealthClient::new(channel).check(asked).await;
        answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving)
    }

    /// Stops the services, then the private servers.
    ///
    /// # Errors
    /// When PostgreSQL does not stop.
    pub async fn stop(mut self) -> Result<()> {
        self.processes.stop().await;
        self.stopper.stop();
        self.streams.stop().await?;
        self.postgres.stop().await?;
        Ok(())
    }
}

fn grpc_name(service: ServiceName) -> &'static str {
    match service {
        ServiceName::Intake => proto::intake::v1::intake_service_server::SERVICE_NAME,
        ServiceName::Routing => proto::routing::v1::routing_service_server::SERVICE_NAME,
        ServiceName::Supervision => {
            proto::supervision::v1::supervision_service_server::SERVICE_NAME
        }
        ServiceName::StabilityEarlyWarning => {
            proto::stability_early_warning::v1::stability_early_warning_service_server::SERVICE_NAME
        }
        ServiceName::Statistics => proto::statistics::v1::statistics_service_server::SERVICE_NAME,
    }
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// When signals cannot be listened to.
pub async fn asked_to_end() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

async fn make_tables(settings: &Path) -> Result<()> {
    let own = std::env::current_exe().context("our own program cannot be found")?;
    let output = tokio::process::Command::new(own)
        .arg("migrate")
        .arg("--settings")
        .arg(settings)
        .output()
        .await
        .context("the tables cannot be made")?;
    if !output.status.success() {
        bail!(
            "the tables cannot be made: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

struct Programs {
    postgres: PathBuf,
    streams: PathBuf,
}

impl Programs {
    /// The programs `./dev` found, or the machine's.
    fn find() -> Result<Self> {
        let postgres = std::env::var_os("HUIYIN_POSTGRES_BIN")
            .map(PathBuf::from)
            .or_else(|| {
                let mut places: Vec<PathBuf> = (15..=30)
                    .rev()
                    .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")))
                    .collect();
                places.extend(std::env::split_paths(
                    &std::env::var_os("PATH").unwrap_or_default(),
                ));
                places
                    .into_iter()
                    .find(|place| place.join("initdb").exists())
            });
        let streams = std::env::var_os("HUIYIN_STREAM_SERVER")
            .map(PathBuf::from)
            .or_else(|| {
                std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
                    .flat_map(|place| [place.join("redis-server"), place.join("valkey-server")])
                    .find(|program| program.exists())
            });
        let Some(postgres) = postgres else {
            bail!(
                "PostgreSQL >= 15 was not found: run through ./dev, or set HUIYIN_POSTGRES_BIN to the folder of initdb"
            );
        };
        let Some(streams) = streams else {
            bail!(
                "neither redis-server nor valkey-server was found: run through ./dev, or set HUIYIN_STREAM_SERVER"
            );
        };
        Ok(Self { postgres, streams })
    }
}
