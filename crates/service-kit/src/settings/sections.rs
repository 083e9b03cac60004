//! Every section and key there is.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;

use super::audit::audit;
use super::limits::limits;
use super::reader::{Section, Tree};
use super::webhooks::webhooks;
use super::{
    Above, Address, Addresses, LogFormat, LogSettings, Own, Profile, ServiceSettings, Settings,
    SettingsError, StreamSettings, TelemetrySettings, TokenSettings, VaultSettings,
    WarningSettings,
};
use crate::names::ServiceName;
use crate::road::server::StreamServer;
use crate::safe::SafeSettings;
use crate::tls::KeyFiles;
use crate::token::{WebAddress, WithoutTls};
use crate::vault::{KeyReference, Suite};

/// The sections, in the order they are documented.
const SECTIONS: [&str; 13] = [
    "telemetry",
    "streams",
    "tls",
    "tokens",
    "log",
    "limits",
    "audit",
    "addresses",
    "intake",
    "routing",
    "supervision",
    "stability_early_warning",
    "statistics",
];

const SOCKET: &str = "must be an address and port like 127.0.0.1:7401";
const ADDRESS: &str = "must be an address like http://127.0.0.1:7401";

/// Reads the whole tree; all problems at once.
pub(super) fn settings(mut tree: Tree) -> Result<Settings, SettingsError> {
    let Top {
        profile,
        law_rules,
        local_rules,
        escalation_ladders,
    } = top(&mut tree);
    if profile == Profile::Development {
        tree.let_secrets_be_written_out();
    }
    let telemetry = telemetry(&mut tree);
    let streams = streams(&mut tree);
    let tls = tls(&mut tree);
    let tokens = tokens(&mut tree, profile);
    let log = log(&mut tree);
    let limits = limits(&mut tree);
    let audit = audit(&mut tree, profile);
    let addresses = addresses(&mut tree);
    let mut services = Vec::new();
    for name in ServiceName::ALL {
        if tree.has(name.key())
            && let Some(settings) = service(&mut tree, name)
        {
            services.push((name, settings));
        }
    }
    own_keys(&mut tree, &services);
    tree.finish(&SECTIONS)?;
    let addresses = addresses
        .ok_or_else(|| SettingsError::Wrong(vec!["[addresses] cannot be read".to_owned()]))?;
    Ok(Settings {
        profile,
        law_rules,
        local_rules,
        escalation_ladders,
        telemetry,
        streams,
        tls,
        tokens,
        log,
        limits,
        audit,
        addresses,
        services,
    })
}

/// What stands above all sections.
struct Top {
    profile: Profile,
    law_rules: Option<PathBuf>,
    local_rules: Option<PathBuf>,
    escalation_ladders: Option<PathBuf>,
}

fn top(tree: &mut Tree) -> Top {
    let mut top = tree.top();
    let parse = |text: &str| match text {
        "development" => Some(Profile::Development),
        "production" => Some(Profile::Production),
        _ => None,
    };
    let profile = top.parsed(
        "profile",
        parse,
        "must be \"development\" or \"production\"",
    );
    let mut file = |key| top.parsed(key, path, "must be the path of a file");
    let (law_rules, local_rules) = (file("law_rules"), file("local_rules"));
    let escalation_ladders = file("escalation_ladders");
    tree.close(top);
    Top {
        profile: profile.unwrap_or_default(),
        law_rules,
        local_rules,
        escalation_ladders,
    }
}

fn telemetry(tree: &mut Tree) -> TelemetrySettings {
    let mut section = tree.section("telemetry");
    let level = |text: &str| match text {
        "error" => Some(tracing::Level::ERROR),
        "warn" => Some(tracing::Level::WARN),
        "info" => Some(tracing::Level::INFO),
        "debug" => Some(tracing::Level::DEBUG),
        "trace" => Some(tracing::Level::TRACE),
        _ => None,
    };
    let format = |text: &str| match text {
        "json" => Some(LogFormat::Json),
        "text" => Some(LogFormat::Text),
        _ => None,
    };
    let telemetry = TelemetrySettings {
        log_level: section
            .parsed(
                "log_level",
                level,
                "must be error, warn, info, debug or trace",
            )
            .unwrap_or(tracing::Level::INFO),
        log_format: section
            .parsed("log_format", format, "must be \"json\" or \"text\"")
            .unwrap_or_default(),
        otlp_endpoint: section.parsed("otlp_endpoint", |text| text.parse().ok(), ADDRESS),
        trace_ratio: section.share("trace_ratio", 0.05, 0.0..=1.0),
        metrics_listen: section.parsed("metrics_listen", |text| text.parse().ok(), SOCKET),
    };
    tree.close(section);
    telemetry
}

fn streams(tree: &mut Tree) -> StreamSettings {
    let mut section = tree.section("streams");
    let url = section.secret("url", |text| {
        let (scheme, _) = text.split_once("://").unwrap_or_default();
        let (plain, many) = scheme.split_once('+').unwrap_or((scheme, ""));
        if ["redis", "rediss"].contains(&plain) && StreamServer::open(text).is_ok() {
            return Ok(());
        }
        let shape = match many {
            "cluster" => "must name the nodes of a cluster like redis+cluster://one:6379,two:6379",
            _ => "must be an address like redis://127.0.0.1:6379",
        };
        Err(shape.to_owned())
    });
    tree.close(section);
    StreamSettings { url }
}

/// The keys; none without the section.
fn tls(tree: &mut Tree) -> Option<KeyFiles> {
    if !tree.has("tls") {
        return None;
    }
    let mut section = tree.section("tls");
    let domain = section.parsed(
        "trust_domain",
        |text| text.parse().ok(),
        "must be a name like huaihua.example",
    );
    let mut file = |key| section.parsed(key, path, "must be the path of a file");
    let (certificate, key) = (file("certificate"), file("key"));
    let (authorities, revoked) = (file("authorities"), file("revoked"));
    for (key, given) in [
        ("trust_domain", domain.is_some()),
        ("certificate", certificate.is_some()),
        ("key", key.is_some()),
        ("authorities", authorities.is_some()),
    ] {
        if !given {
            section.missing(key);
        }
    }
    tree.close(section);
    Some(KeyFiles {
        trust_domain: domain?,
        certificate: certificate?,
        key: key?,
        authorities: authorities?,
        revoked,
    })
}

/// Whose tokens are believed; none without the section.
fn tokens(tree: &mut Tree, profile: Profile) -> Option<TokenSettings> {
    if !tree.has("tokens") {
        return None;
    }
    let (without_tls, wanted) = match profile {
        Profile::Production => (
            WithoutTls::Refused,
            "must be an address like https://issuer.example/city",
        ),
        Profile::Development => (
            WithoutTls::OnLoopback,
            "must be an address like https://issuer.example/city or http://127.0.0.1:7480",
        ),
    };
    let mut section = tree.section("tokens");
    let issuer = section.parsed(
        "issuer",
        |text| WebAddress::issuer(text, without_tls).ok(),
        wanted,
    );
    let audience = section.parsed(
        "audience",
        |text| (!text.is_empty()).then(|| text.to_owned()),
        "must be the name the issuer has for us",
    );
    let authorities = section.parsed("authorities", path, "must be the path of a file");
    let algorithms = section.parsed(
        "algorithms",
        |text| text.parse().ok(),
        "must be some of ES256 ES384 EdDSA PS256 RS256",
    );
    for (key, given) in [
        ("issuer", issuer.is_some()),
        ("audience", audience.is_some()),
    ] {
        if !given {
            section.missing(key);
        }
    }
    tree.close(section);
    Some(TokenSettings {
        issuer: issuer?,
        audience: audience?,
        authorities,
        algorithms: algorithms.unwrap_or_default(),
    })
}

pub(super) fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}

/// By what all services log.
fn log(tree: &mut Tree) -> LogSettings {
    let mut section = tree.section("log");
    let suite = section.parsed(
        "suite",
        |text| text.parse().ok(),
        "must be \"sha-256\" or \"sm3\"",
    );
    let address = section.parsed(
        "above",
        |text| Address::by_tls(text).ok(),
        "must be an address like https://log.province.example:7401",
    );
    let service = section.parsed(
        "above_service",
        |text| text.parse().ok(),
        "must be one of the five services",
    );
    let keys = keys_above(&mut section);
    let is_lost = address.is_none() && (service.is_some() || keys.is_some());
    if is_lost {
        section.missing("above");
    }
    tree.close(section);
    LogSettings {
        suite: suite.unwrap_or_default(),
        above: address.map(|address| Above {
            address,
            service: service.unwrap_or(ServiceName::Intake),
            keys,
        }),
    }
}

/// The keys by which we are known above: all of them, or none.
fn keys_above(section: &mut Section) -> Option<KeyFiles> {
    let domain = section.parsed(
        "above_trust_domain",
        |text| text.parse().ok(),
        "must be a name like hunan.example",
    );
    let mut file = |key| section.parsed(key, path, "must be the path of a file");
    let (certificate, key) = (file("above_certificate"), file("above_key"));
    let authorities = file("above_authorities");
    let given = [
        ("above_trust_domain", domain.is_some()),
        ("above_certificate", certificate.is_some()),
        ("above_key", key.is_some()),
        ("above_authorities", authorities.is_some()),
    ];
    if given.iter().any(|(_, given)| *given) {
        for (key, _) in given.iter().filter(|(_, given)| !*given) {
            section.missing(key);
        }
    }
    Some(KeyFiles {
        trust_domain: domain?,
        certificate: certificate?,
        key: key?,
        authorities: authorities?,
        revoked: None,
    })
}

fn addresses(tree: &mut Tree) -> Option<Addresses> {
    let mut section = tree.section("addresses");
    let mut next = |name: ServiceName, default: &str| {
        section
            .parsed(name.key(), |text| text.parse::<Address>().ok(), ADDRESS)
            .or_else(|| default.parse().ok())
    };
    let read = (
        next(ServiceName::Intake, "http://127.0.0.1:7401"),
        next(ServiceName::Routing, "http://127.0.0.1:7402"),
        next(ServiceName::Supervision, "http://127.0.0.1:7403"),
        next(ServiceName::StabilityEarlyWarning, "http://127.0.0.1:7404"),
        next(ServiceName::Statistics, "http://127.0.0.1:7405"),
    );
    tree.close(section);
    let (intake, routing, supervision, stability_early_warning, statistics) = read;
    Some(Addresses {
        intake: intake?,
        routing: routing?,
        supervision: supervision?,
        stability_early_warning: stability_early_warning?,
        statistics: statistics?,
    })
}

fn service(tree: &mut Tree, name: ServiceName) -> Option<ServiceSettings> {
    let mut section = tree.section(name.key());
    let listen = section.parsed("listen", |text| text.parse::<SocketAddr>().ok(), SOCKET);
    let database_url = database_url(&mut section, "database_url");
    let database_connections = section.whole("database_connections", 16, 5..=200);
    let log_key = section.parsed(
        "log_key",
        |text| match text.parse().ok()? {
            file @ KeyReference::Folder(_) => Some(file),
            KeyReference::Token(_) => None,
        },
        "must be the file of a key like file:/etc/huiyin/keys/log.key",
    );
    let own = own(&mut section, name);
    for (key, given) in [
        ("listen", listen.is_some()),
        ("database_url", database_url.is_some()),
    ] {
        if !given {
            section.missing(key);
        }
    }
    tree.close(section);
    Some(ServiceSettings {
        listen: listen?,
        database_url: database_url?,
        database_connections,
        log_key,
        own: own?,
    })
}

/// The address of a PostgreSQL, with a role.
pub(super) fn database_url(section: &mut Section, key: &'static str) -> Option<SecretString> {
    section.secret(key, |text| {
        let scheme = text.starts_with("postgres://") || text.starts_with("postgresql://");
        if scheme {
            Ok(())
        } else {
            Err("must be an address like postgres://role:password@host/database".to_owned())
        }
    })
}

fn own(section: &mut Section, name: ServiceName) -> Option<Own> {
    match name {
        ServiceName::Intake => vaults(section).map(Box::new).map(Own::Intake),
        ServiceName::StabilityEarlyWarning => Some(Own::StabilityEarlyWarning(WarningSettings {
            repeat_minutes: section.whole("repeat_minutes", 30, 1..=1440),
            hot_spots: section.parsed("hot_spots", path, "must be the path of a file"),
            // empty where a template has it and no city does
            recipient_rules: section
                .parsed(
                    "recipient_rules",
                    |text| Some(path(text)),
                    "is the path of a file",
                )
                .flatten(),
            webhooks: webhooks(section),
            webhook_kept_days: section.whole("webhook_kept_days", 90, 7..=3650),
        })),
        ServiceName::Routing | ServiceName::Supervision => {
            safe(section).map(Box::new).map(Own::Reasons)
        }
        ServiceName::Statistics => Some(Own::Nothing),
    }
}

/// Two vaults under one key take it away from each other when either is changed.
fn own_keys(tree: &mut Tree, services: &[(ServiceName, ServiceSettings)]) {
    let mut met: Vec<&KeyReference> = Vec::new();
    for (name, settings) in services {
        let keys = match &settings.own {
            Own::Intake(vaults) => vec![&vaults.key, &vaults.sealed_key],
            Own::Reasons(safe) => vec![&safe.key],
            Own::StabilityEarlyWarning(_) | Own::Nothing => Vec::new(),
        };
        if keys.iter().any(|key| met.contains(key)) {
            let section = name.key();
            tree.refuse(format!(
                "[{section}] vault_key must be another key than those of other vaults"
            ));
        }
        met.extend(keys);
    }
}

fn key_reference(section: &mut Section, key: &'static str) -> Option<KeyReference> {
    let wanted = "must be a reference like file:/folder or pkcs11:token=...";
    let Some(text) = section.parsed(key, |text| Some(text.to_owned()), wanted) else {
        section.missing(key);
        return None;
    };
    match text.parse() {
        Ok(reference) => Some(reference),
        Err(error) => section.refuse(key, &format!("{wanted}: {error}")),
    }
}

/// The vaults of intake. Two vaults under one key would be one vault.
fn vaults(section: &mut Section) -> Option<VaultSettings> {
    let open = key_reference(section, "vault_key");
    let sealed = key_reference(section, "vault_sealed_key");
    if open.is_some() && open == sealed {
        return section.refuse("vault_sealed_key", "must be another key than vault_key");
    }
    let (suite, copies) = suite_and_copies(section);
    Some(VaultSettings {
        key: open?,
        sealed_key: sealed?,
        suite,
        copies: copies?,
    })
}

/// The vault of the reasons that organs write.
fn safe(section: &mut Section) -> Option<SafeSettings> {
    let key = key_reference(section, "vault_key");
    let (suite, copies) = suite_and_copies(section);
    Some(SafeSettings {
        key: key?,
        suite,
        copies: copies?,
    })
}

fn suite_and_copies(section: &mut Section) -> (Suite, Option<PathBuf>) {
    let suite = section.parsed(
        "vault_suite",
        |text| text.parse().ok(),
        "must be aes-256-sha-256 or sm4-sm3",
    );
    let copies = section.parsed("vault_copies", path, "must be the path of a folder");
    if copies.is_none() {
        section.missing("vault_copies");
    }
    (suite.unwrap_or(Suite::Aes256Sha256), copies)
}
