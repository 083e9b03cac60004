//! A log as it stood at one moment, and the signature of its service over that.

use std::fmt;
use std::str::FromStr;

use chrono::SecondsFormat;
use huiyin_domain::time::Instant;

use super::digest::{Digest, HashSuite};
use super::key::{LogKey, PublicKey, SIGNATURE_BYTES};
use crate::names::ServiceName;
use crate::tls::TrustDomain;

/// One of the two logs of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogName {
    /// Of everything but denunciations.
    Open,
    /// Of denunciations.
    Sealed,
}

/// A text that names no log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no log; there are open and sealed")]
pub struct UnknownLog;

impl LogName {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Open, Self::Sealed];

    /// Its name in tables and signed texts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Sealed => "sealed",
        }
    }

    /// Whether it tells of denunciations.
    #[must_use]
    pub const fn is_sealed(self) -> bool {
        match self {
            Self::Open => false,
            Self::Sealed => true,
        }
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LogName {
    type Err = UnknownLog;

    fn from_str(given: &str) -> Result<Self, UnknownLog> {
        let mut all = Self::ALL.into_iter();
        all.find(|log| log.as_str() == given).ok_or(UnknownLog)
    }
}

/// Whose log: a service, with its trust domain where it has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// A text that names nobody's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is nobody's log: the name of one of the five services, and before it perhaps a trust domain and a slash"
)]
pub struct InvalidOrigin;

impl Origin {
    /// The logs of a service here.
    #[must_use]
    pub fn of(domain: Option<&TrustDomain>, service: ServiceName) -> Self {
        Self(match domain {
            Some(domain) => format!("{domain}/{service}"),
            None => service.to_string(),
        })
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trust domain, if it has one, and the service.
    #[must_use]
    pub fn parts(&self) -> (Option<&str>, &str) {
        match self.0.split_once('/') {
            Some((domain, service)) => (Some(domain), service),
            None => (None, &self.0),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(given: &str) -> Result<Self, InvalidOrigin> {
        let (domain, service) = match given.split_once('/') {
            Some((domain, service)) => (Some(domain), service),
            None => (None, given),
        };
        let domain = domain.map(str::parse::<TrustDomain>).transpose();
        let domain = domain.map_err(|_| InvalidOrigin)?;
        let mut services = ServiceName::ALL.into_iter();
        let service = services.find(|name| name.as_str() == service);
        let service = service.ok_or(InvalidOrigin)?;
        Ok(Self::of(domain.as_ref(), service))
    }
}

/// A log as it stood at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose.
    pub origin: Origin,
    /// Which of its logs.
    pub log: LogName,
    /// Its hash function.
    pub suite: HashSuite,
    /// How many entries.
    pub size: u64,
    /// The hash over them.
    pub root: Digest,
    /// When it was signed, in whole microseconds.
    pub at: Instant,
    /// How many heads are kept in the history up to this one.
    pub kept: u64,
}

/// A head with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// The head.
    pub head: Head,
    /// Whose key signed it, as it says.
    pub key: PublicKey,
    /// The signature.
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Head {
    /// The text that is signed. Each line has its own first word and no value holds a line break, so that no two heads are
    /// written alike.
    #[must_use]
    pub fn text(&self, key: &PublicKey) -> String {
        let Self {
            origin,
            log,
            suite,
            size,
            root,
            at,
            kept,
        } = self;
        let (suite, at) = (suite.as_str(), written(*at));
        format!(
            "huiyin log head 1\norigin {origin}\nlog {log}\nhash {suite}\nsize {size}\nroot {root}\nat {at}\nkept {kept}\nkey {key}\n",
            key = hex::encode(key.as_bytes()),
        )
    }

    /// Signs it.
    #[must_use]
    pub fn signed(self, key: &LogKey) -> SignedHead {
        let signature = key.sign(self.text(key.public()).as_bytes());
        SignedHead {
            head: self,
            key: *key.public(),
            signature,
        }
    }
}

impl SignedHead {
    /// Whether the key it names has signed it.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        let text = self.head.text(&self.key);
        self.key.has_signed(text.as_bytes(), &self.signature)
    }
}

/// An instant as signed texts write it.
#[must_use]
pub fn written(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            origin: "huaihua.example/intake".parse().unwrap(),
            log: LogName::Open,
            suite: HashSuite::Sha256,
            size: 7,
            root: HashSuite::Sha256.empty(),
            at: "2026-01-05T08:00:00.000001Z".parse().unwrap(),
            kept: 3,
        }
    }

    #[test]
    fn the_signed_text_is_the_one_of_the_documents() {
        let key = PublicKey::of_slice(&[0xab; 32]).unwrap();
        let expected = format!(
            "huiyin log head 1\norigin huaihua.example/intake\nlog open\nhash sha-256\nsize 7\nroot {}\n\
             at 2026-01-05T08:00:00.000001Z\nkept 3\nkey {}\n",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "ab".repeat(32),
        );
        assert_eq!(head().text(&key), expected);
    }

    #[test]
    fn a_signature_covers_every_part_of_a_head() {
        let key = LogKey::drawn().unwrap();
        let signed = head().signed(&key);
        assert!(signed.is_signed());
        let changes: [fn(&mut SignedHead); 9] = [
            |signed| signed.head.origin = "intake".parse().unwrap(),
            |signed| signed.head.log = LogName::Sealed,
            |signed| signed.head.suite = HashSuite::Sm3,
            |signed| signed.head.size += 1,
            |signed| signed.head.root.0[0] ^= 1,
            |signed| signed.head.at += chrono::TimeDelta::microseconds(1),
            |signed| signed.head.kept -= 1,
            |signed| signed.key = *LogKey::drawn().unwrap().public(),
            |signed| signed.signature[63] ^= 1,
        ];
        for change in changes {
            let mut changed = signed.clone();
            change(&mut changed);
            assert!(!changed.is_signed(), "{changed:?}");
        }
    }

    #[test]
    fn an_origin_reads_back_and_nobody_elses_is_one() {
        for origin in ["intake", "huaihua.example/stability-early-warning"] {
            assert_eq!(origin.parse::<Origin>().unwrap().to_string(), origin);
        }
        for wrong in [
            "",
            "intakes",
            "a/b/intake",
            "A/intake",
            "a\nb/intake",
            "/intake",
            "a/",
        ] {
            assert_eq!(wrong.parse::<Origin>(), Err(InvalidOrigin), "{wrong}");
        }
    }
}
