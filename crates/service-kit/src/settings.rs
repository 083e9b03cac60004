//! Settings of a process: a TOML file and, above it, the environment (`HUIYIN__SECTION__KEY`).
//!
//! Unknown keys are refused, every value is checked, and all problems are listed at once, each with its
//! section and key. Secrets are never printed, neither by `Debug` nor by an error.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use crate::evidence::digest::HashSuite;
use crate::names::ServiceName;
use crate::outward::{Network, SigningKey};
use crate::road::server::StreamServer;
use crate::safe::SafeSettings;
use crate::tls::KeyFiles;
use crate::token::{Algorithms, WebAddress};
use crate::vault::{KeyReference, Suite};

mod address;
mod audit;
mod limits;
mod reader;
mod secret;
mod sections;
mod webhooks;

pub use address::{Address, Addresses, InvalidAddress};
pub use audit::{AuditSettings, OutsideWatch};
pub use limits::{LimitSettings, Quota};
use reader::Tree;

/// What the process may do with time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// The clock may be moved by hand; tables are made at the start.
    Development,
    /// Time is the database's; tables are made by a job of their own.
    #[default]
    Production,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    #[default]
    Json,
    /// For a terminal.
    Text,
}

/// `[telemetry]`.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// The least important level that is logged: error, warn, info, debug or trace. Default info.
    pub log_level: tracing::Level,
    /// How log lines are written. Default json.
    pub log_format: LogFormat,
    /// Where traces are sent, OTLP over gRPC; `None` sends none.
    pub otlp_endpoint: Option<Address>,
    /// Share of new traces that are recorded, 0 to 1. Default 0.05.
    pub trace_ratio: f64,
    /// Where `/metrics`, `/live` and `/ready` answer over HTTP; `None` opens no port.
    pub metrics_listen: Option<SocketAddr>,
}

/// `[streams]`.
#[derive(Clone, Debug, Default)]
pub struct StreamSettings {
    /// Redis or Valkey; `None` reads every event from the database.
    pub url: Option<SecretString>,
}

/// `[tokens]`: whose tokens are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// The issuer, letter by letter as it writes itself in `iss`.
    pub issuer: WebAddress,
    /// How the issuer calls us in `aud`.
    pub audience: String,
    /// The authorities of the issuer's certificate, PEM; those of the web when none are given.
    pub authorities: Option<PathBuf>,
    /// What a token may be signed by. Default ES256, ES384 and EdDSA.
    pub algorithms: Algorithms,
}

/// `[log]`: what all services log by.
#[derive(Clone, Debug, Default)]
pub struct LogSettings {
    /// The hash function of logs that begin now: sha-256 or sm3. Default sha-256.
    pub suite: HashSuite,
    /// Who above keeps heads of our logs; nobody when it is not given.
    pub above: Option<Above>,
}

/// Who above keeps heads of our logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Above {
    /// Where it answers.
    pub address: Address,
    /// Which of its services that is. Default intake.
    pub service: ServiceName,
    /// The keys by which we are known there; those of `[tls]` when none are given.
    pub keys: Option<KeyFiles>,
}

/// The section of one service.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// Where its gRPC server listens.
    pub listen: SocketAddr,
    /// Its PostgreSQL, with its own role.
    pub database_url: SecretString,
    /// Connections held at most, 5 to 200: three for the event road and the log, half of the others for writing, half
    /// for reading. Default 16.
    pub database_connections: u32,
    /// The key that signs the heads of its logs; without, one that lives as long as the process, in the development profile
    /// alone.
    pub log_key: Option<KeyReference>,
    /// What only this service has.
    pub own: Own,
}

/// What only one service has in its section.
#[derive(Clone, Debug)]
pub enum Own {
    /// `[intake]`.
    Intake(Box<VaultSettings>),
    /// `[routing]` and `[supervision]`: the vault of the reasons that organs write.
    Reasons(Box<SafeSettings>),
    /// `[stability_early_warning]`.
    StabilityEarlyWarning(WarningSettings),
    /// Nothing.
    Nothing,
}

/// What only `[intake]` has: the vaults of petitions. That of denunciations has keys of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultSettings {
    /// Reference of the master key: `file:/folder` or `pkcs11:...`.
    pub key: KeyReference,
    /// Reference of the master key of denunciations; another one.
    pub sealed_key: KeyReference,
    /// By which suite new petitions are sealed. Default `aes-256-sha-256`.
    pub suite: Suite,
    /// The folder that keeps copies of the newest states of both vaults, away from the database's disk.
    pub copies: PathBuf,
}

/// What only `[stability_early_warning]` has.
#[derive(Clone, Debug)]
pub struct WarningSettings {
    /// Minutes between two reminders of the same alert, 1 to 1440. Default 30.
    pub repeat_minutes: u32,
    /// File of what hot spots are watched by; as this release does it when none is given.
    pub hot_spots: Option<PathBuf>,
    /// File of the city's own recipient rules; none but those of this release when none is given.
    pub recipient_rules: Option<PathBuf>,
    /// How organs' own systems are told; none without `webhook_key`.
    pub webhooks: Option<WebhookSettings>,
    /// `webhook_kept_days`: days for which a delivery that was taken in or given up is kept, 7 to 3650. Default 90.
    pub webhook_kept_days: u32,
}

/// How organs' own systems are told of alerts.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// `webhook_key`: the key from which every receiver's secret is derived, at least 32 characters. Another key gives all of them
    /// other secrets.
    pub key: SigningKey,
    /// `webhook_networks`: networks that are called although they are not of the open internet, such as `10.20.0.0/16`, with blanks
    /// between them. Default none.
    pub networks: Vec<Network>,
    /// `webhook_ports`: ports that are called, with blanks between them. Default 443 and 8443.
    pub ports: Vec<u16>,
    /// `webhook_authorities`: the file of the authorities that receivers' certificates are believed by; those of the web when
    /// none is given.
    pub authorities: Option<PathBuf>,
}

/// Settings of a process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the process may do with time. Default production.
    pub profile: Profile,
    /// File of the rules of the clocks; those of this release when none is given.
    pub law_rules: Option<PathBuf>,
    /// File of the local rules; those of this release when none is given.
    pub local_rules: Option<PathBuf>,
    /// File of the ladders of the escalation; those of this release when none is given.
    pub escalation_ladders: Option<PathBuf>,
    /// Logs, traces and metrics.
    pub telemetry: TelemetrySettings,
    /// The fast road.
    pub streams: StreamSettings,
    /// The keys for mutual TLS; none leaves every door open.
    pub tls: Option<KeyFiles>,
    /// Whose tokens are believed; none takes none.
    pub tokens: Option<TokenSettings>,
    /// By what all services log.
    pub log: LogSettings,
    /// What a server takes at a time, and from one caller.
    pub limits: LimitSettings,
    /// What the auditor looks at, and how often processes say that they are alive.
    pub audit: AuditSettings,
    /// Where the services answer.
    pub addresses: Addresses,
    services: Vec<(ServiceName, ServiceSettings)>,
}

/// Why settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {error}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        error: String,
    },
    /// The file is no TOML. The line itself is not repeated: it may hold a secret.
    #[error("{origin}, line {line}: {error}")]
    NotToml {
        /// Which text.
        origin: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        error: String,
    },
    /// Keys or values are wrong.
    #[error("the settings are wrong:{}", lines(.0))]
    Wrong(Vec<String>),
    /// A service is to run, but has no section.
    #[error("section [{}] of the settings is missing; it needs listen and database_url", .0.key())]
    SectionMissing(ServiceName),
    /// A service asked for what is another's.
    #[error("section [{section}] of the settings has no {key}")]
    KeyMissing {
        /// The section.
        section: &'static str,
        /// The key.
        key: &'static str,
    },
}

impl Settings {
    /// Reads the file, if there is one, and the environment above it.
    ///
    /// # Errors
    /// Every key and value that is wrong, at once.
    pub fn load(path: Option<&Path>) -> Result<Self, SettingsError> {
        let tree = match path {
            None => Tree::default(),
            Some(path) => Tree::parse(&read_text(path)?, &path.display().to_string())?,
        };
        sections::settings(tree.overlaid(std::env::vars_os()))
    }

    /// Settings from a text alone, without the environment.
    ///
    /// # Errors
    /// Every key and value that is wrong, at once.
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        sections::settings(Tree::parse(text, "the settings")?)
    }

    /// The text of the file of the rules of the clocks; none when the settings name no file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn law_rules(&self) -> Result<Option<String>, SettingsError> {
        self.law_rules.as_deref().map(read_text).transpose()
    }

    /// The text of the file of local rules; none when the settings name no file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn local_rules(&self) -> Result<Option<Arc<str>>, SettingsError> {
        let text = self.local_rules.as_deref().map(read_text).transpose()?;
        Ok(text.map(Arc::from))
    }

    /// The text of the file of the ladders of the escalation; none when the settings name no file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn escalation_ladders(&self) -> Result<Option<Arc<str>>, SettingsError> {
        let text = self.escalation_ladders.as_deref().map(read_text);
        Ok(text.transpose()?.map(Arc::from))
    }

    /// The section of a service.
    ///
    /// # Errors
    /// When the section is missing.
    pub fn service(&self, name: ServiceName) -> Result<&ServiceSettings, SettingsError> {
        self.services
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, settings)| settings)
            .ok_or(SettingsError::SectionMissing(name))
    }

    /// The services that have a section.
    pub fn services(&self) -> impl Iterator<Item = ServiceName> {
        self.services.iter().map(|(name, _)| *name)
    }

    /// The stream server, not yet connected; `None` without `[streams] url`.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn stream_server(&self) -> Result<Option<StreamServer>, redis::RedisError> {
        self.streams
            .url
            .as_ref()
            .map(|url| StreamServer::open(url.expose_secret()))
            .transpose()
    }
}

impl WarningSettings {
    /// The text of the file of what hot spots are watched by; none when the settings name no file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn hot_spots(&self) -> Result<Option<String>, SettingsError> {
        self.hot_spots.as_deref().map(read_text).transpose()
    }

    /// The text of the file of the city's own recipient rules; none when the settings name no file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn recipient_rules(&self) -> Result<Option<String>, SettingsError> {
        self.recipient_rules.as_deref().map(read_text).transpose()
    }
}

fn read_text(path: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(path).map_err(|error| SettingsError::Unreadable {
        path: path.display().to_string(),
        error: error.to_string(),
    })
}

impl ServiceSettings {
    /// The vaults of intake.
    ///
    /// # Errors
    /// When this is not intake's section.
    pub fn vaults(&self) -> Result<&VaultSettings, SettingsError> {
        match &self.own {
            Own::Intake(vaults) => Ok(vaults),
            Own::Reasons(_) | Own::StabilityEarlyWarning(_) | Own::Nothing => {
                Err(SettingsError::KeyMissing {
                    section: ServiceName::Intake.key(),
                    key: "vault_key",
                })
            }
        }
    }

    /// The vault of the reasons that organs write.
    ///
    /// # Errors
    /// When this is neither the section of routing nor of supervision.
    pub fn reasons(&self) -> Result<&SafeSettings, SettingsError> {
        match &self.own {
            Own::Reasons(safe) => Ok(safe),
            Own::Intake(_) | Own::StabilityEarlyWarning(_) | Own::Nothing => {
                Err(SettingsError::KeyMissing {
                    section: ServiceName::Routing.key(),
                    key: "vault_key",
                })
            }
        }
    }

    /// The limits of stability-early-warning.
    ///
    /// # Errors
    /// When this is not its section.
    pub fn warning(&self) -> Result<&WarningSettings, SettingsError> {
        match &self.own {
            Own::StabilityEarlyWarning(warning) => Ok(warning),
            Own::Intake(_) | Own::Reasons(_) | Own::Nothing => Err(SettingsError::KeyMissing {
                section: ServiceName::StabilityEarlyWarning.key(),
                key: "repeat_minutes",
            }),
        }
    }
}

fn lines(problems: &[String]) -> String {
    problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect()
}

#[cfg(test)]
mod tests;
