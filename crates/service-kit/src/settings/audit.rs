//! `[audit]`: what the auditor looks at, and how often processes say that they are alive.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::Profile;
use super::reader::{Section, Tree};
use super::sections::{database_url, path};
use crate::names::ServiceName;
use crate::token::{WebAddress, WithoutTls};

/// Seconds from the last sign of life of a process to the beginning of the look that misses it, at most: with the 5 s that a look
/// may take, and the 20 s that Prometheus does, it is seen within a minute.
const SEEN_WITHIN: u32 = 35;

/// `[audit]`.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// How often everything is looked at. 1 to 30 s, default 15 s.
    pub every: Duration,
    /// How often each process of a service says that it is alive. 1 to 10 s, default 5 s.
    pub beats_every: Duration,
    /// After what silence a process counts as silent. 2 to 34 s and at least twice `beats_every`, default 20 s.
    pub silent_after: Duration,
    /// How many of the newest rows of each stream, cursor and table of alerts are looked at each time. 10 to 1,000,000, default
    /// 2,000.
    pub looks_back: u32,
    /// Who watches from outside; nobody when it is not given.
    pub outside: Option<OutsideWatch>,
    /// Where the schema of each service is read, by the auditor's own role; only those named are looked at.
    pub databases: BTreeMap<ServiceName, SecretString>,
}

/// Who misses us when we fall silent. Its address is a secret: whoever has it could stand for us.
#[derive(Clone, PartialEq, Eq)]
pub struct OutsideWatch {
    /// The page that is asked for after each look.
    pub address: WebAddress,
    /// Who vouches for its certificate, PEM; the authorities of the web when none are given.
    pub authorities: Option<PathBuf>,
}

impl fmt::Debug for OutsideWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutsideWatch(..)")
    }
}

/// Reads the section; the defaults without it.
pub(super) fn audit(tree: &mut Tree, profile: Profile) -> AuditSettings {
    let mut section = tree.section("audit");
    let every = section.whole("every_seconds", 15, 1..=30);
    let beats_every = section.whole("beats_every_seconds", 5, 1..=10);
    let silent_after = section.whole("silent_after_seconds", 20, 2..=34);
    if silent_after < 2 * beats_every {
        let words = "must be at least twice beats_every_seconds";
        section.refuse::<()>("silent_after_seconds", words);
    }
    if every + silent_after > SEEN_WITHIN {
        let words = "must be at most 35 together with silent_after_seconds";
        section.refuse::<()>("every_seconds", words);
    }
    let looks_back = section.whole("looks_back", 2_000, 10..=1_000_000);
    let outside = outside(&mut section, profile);
    let databases = databases(&mut section);
    tree.close(section);
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    AuditSettings {
        every: seconds(every),
        beats_every: seconds(beats_every),
        silent_after: seconds(silent_after),
        looks_back,
        outside,
        databases,
    }
}

fn outside(section: &mut Section, profile: Profile) -> Option<OutsideWatch> {
    let (without_tls, wanted) = match profile {
        Profile::Production => (
            WithoutTls::Refused,
            "must be an address like https://watch.example/ping/x",
        ),
        Profile::Development => (
            WithoutTls::OnLoopback,
            "must be an address like https://watch.example/ping/x or http://127.0.0.1:7490/x",
        ),
    };
    let address = section.secret("outside_url", |text| {
        let read = WebAddress::parse(text, without_tls);
        read.map(drop).map_err(|_| wanted.to_owned())
    });
    let authorities = section.parsed("outside_authorities", path, "must be the path of a file");
    let address =
        address.and_then(|address| WebAddress::parse(address.expose_secret(), without_tls).ok());
    address.map(|address| OutsideWatch {
        address,
        authorities,
    })
}

/// One address for all that are in one database; the address of a service by itself goes before it.
fn databases(section: &mut Section) -> BTreeMap<ServiceName, SecretString> {
    let all = database_url(section, "database_url");
    let of_one = ServiceName::ALL.map(|service| (service, key(service)));
    let found = of_one.map(|(service, key)| (service, database_url(section, key)));
    let found = found.into_iter().filter_map(|(service, own)| {
        let address = own.or_else(|| all.clone())?;
        Some((service, address))
    });
    found.collect()
}

/// The key of a service whose schema is in a database of its own.
const fn key(service: ServiceName) -> &'static str {
    match service {
        ServiceName::Intake => "intake_database_url",
        ServiceName::Routing => "routing_database_url",
        ServiceName::Supervision => "supervision_database_url",
        ServiceName::StabilityEarlyWarning => "stability_early_warning_database_url",
        ServiceName::Statistics => "statistics_database_url",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Settings, SettingsError};

    fn read(text: &str) -> Result<AuditSettings, Vec<String>> {
        match Settings::from_toml(text) {
            Ok(settings) => Ok(settings.audit),
            Err(SettingsError::Wrong(problems)) => Err(problems),
            Err(other) => Err(vec![other.to_string()]),
        }
    }

    #[test]
    fn without_the_section_a_stopped_process_is_missed_in_time() {
        let audit = read("").unwrap();
        let seconds = [audit.every, audit.beats_every, audit.silent_after].map(|d| d.as_secs());
        assert_eq!(seconds, [15, 5, 20]);
        assert!(audit.every + audit.silent_after <= Duration::from_secs(SEEN_WITHIN.into()));
        assert!(audit.databases.is_empty() && audit.outside.is_none());
    }

    #[test]
    fn one_address_is_for_all_and_that_of_a_service_goes_before_it() {
        let text = "profile = \"development\"\n[audit]\ndatabase_url = \"postgres://a@all/x\"\n\
                    routing_database_url = \"postgres://a@routing/x\"\n";
        let databases = read(text).unwrap().databases;
        let of = |service| databases[&service].expose_secret();
        assert_eq!(databases.len(), 5);
        assert_eq!(of(ServiceName::Intake), "postgres://a@all/x");
        assert_eq!(of(ServiceName::Routing), "postgres://a@routing/x");
        let only = text.replace("\ndatabase_url", "\nstatistics_database_url");
        let services: Vec<ServiceName> = read(&only).unwrap().databases.into_keys().collect();
        assert_eq!(services, [ServiceName::Routing, ServiceName::Statistics]);
    }

    #[test]
    fn what_would_find_a_stopped_process_too_late_is_refused() {
        let wrong =
            "[audit]\nevery_seconds = 25\nbeats_every_seconds = 10\nsilent_after_seconds = 19\n";
        let expected = [
            "[audit] silent_after_seconds must be at least twice beats_every_seconds",
            "[audit] every_seconds must be at most 35 together with silent_after_seconds",
        ];
        assert_eq!(read(wrong).unwrap_err(), expected);
    }

    #[test]
    fn the_address_of_the_outside_watch_is_a_secret_by_tls() {
        let url = "[audit]\noutside_url = \"http://watch.example/hunter2\"\n";
        let development = format!("profile = \"development\"\n{url}");
        for text in [url, &development] {
            let refused = read(text).unwrap_err();
            assert_eq!(refused.len(), 1);
            assert!(!refused[0].contains("hunter2"), "{refused:?}");
        }
        let by_tls = development.replace("http:", "https:");
        let outside = read(&by_tls).unwrap().outside.unwrap();
        assert_eq!(outside.address.as_str(), "https://watch.example/hunter2");
        assert!(!format!("{outside:?}").contains("hunter2"));
    }
}
