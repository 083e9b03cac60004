//! Every section and key there is.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;

use super::reader::{Section, Tree};
use super::{
    Address, Addresses, LogFormat, Own, Profile, ServiceSettings, Settings, SettingsError,
    StreamSettings, TelemetrySettings, WarningSettings,
};
use crate::names::ServiceName;
use crate::tls::KeyFiles;

/// The sections, in the order they are documented.
const SECTIONS: [&str; 9] = [
    "telemetry",
    "streams",
    "tls",
    "addresses",
    "intake",
    "routing",
    "supervision",
    "stability_early_warning",
    "statistics",
];

const SOCKET: &str = "must be an address and port like 127.0.0.1:7401";
const ADDRESS: &str = "must be an address like http://127.0.0.1:7401";
/// Characters a secret key has at least.
const KEY_LENGTH: usize = 32;

/// Reads the whole tree; all problems at once.
pub(super) fn settings(mut tree: Tree) -> Result<Settings, SettingsError> {
    let Top {
        profile,
        law_rules,
        local_rules,
    } = top(&mut tree);
    let telemetry = telemetry(&mut tree);
    let streams = streams(&mut tree);
    let tls = tls(&mut tree);
    let addresses = addresses(&mut tree);
    let mut services = Vec::new();
    for name in ServiceName::ALL {
        if tree.has(name.key())
            && let Some(settings) = service(&mut tree, name)
        {
            services.push((name, settings));
        }
    }
    tree.finish(&SECTIONS)?;
    let addresses = addresses
        .ok_or_else(|| SettingsError::Wrong(vec!["[addresses] cannot be read".to_owned()]))?;
    Ok(Settings {
        profile,
        law_rules,
        local_rules,
        telemetry,
        streams,
        tls,
        addresses,
        services,
    })
}

/// What stands above all sections.
struct Top {
    profile: Profile,
    law_rules: Option<PathBuf>,
    local_rules: Option<PathBuf>,
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
    tree.close(top);
    Top {
        profile: profile.unwrap_or_default(),
        law_rules,
        local_rules,
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
        let scheme = text.starts_with("redis://") || text.starts_with("rediss://");
        if scheme && redis::Client::open(text).is_ok() {
            Ok(())
        } else {
            Err("must be an address like redis://127.0.0.1:6379".to_owned())
        }
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

fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
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
    let database_url = section.secret("database_url", |text| {
        let scheme = text.starts_with("postgres://") || text.starts_with("postgresql://");
        if scheme {
            Ok(())
        } else {
            Err("must be an address like postgres://role:password@host/database".to_owned())
        }
    });
    let database_connections = section.whole("database_connections", 16, 4..=200);
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
        own: own?,
    })
}

fn own(section: &mut Section, name: ServiceName) -> Option<Own> {
    match name {
        ServiceName::Intake => {
            let repeat_key = repeat_key(section);
            if repeat_key.is_none() {
                section.missing("repeat_key");
            }
            Some(Own::Intake {
                repeat_key: repeat_key?,
            })
        }
        ServiceName::StabilityEarlyWarning => Some(Own::StabilityEarlyWarning(WarningSettings {
            repeat_minutes: section.whole("repeat_minutes", 30, 1..=1440),
        })),
        ServiceName::Routing | ServiceName::Supervision | ServiceName::Statistics => {
            Some(Own::Nothing)
        }
    }
}

fn repeat_key(section: &mut Section) -> Option<SecretString> {
    section.secret("repeat_key", |text| {
        if text.chars().count() >= KEY_LENGTH {
            Ok(())
        } else {
            Err(format!("must have at least {KEY_LENGTH} characters"))
        }
    })
}
