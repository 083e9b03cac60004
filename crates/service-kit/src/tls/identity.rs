//! Who is at the other end: `spiffe://<trust domain>/<path>`, the one URI among the names of its certificate.

use std::fmt;
use std::str::FromStr;

use huiyin_domain::ids::OrganId;

use crate::names::ServiceName;

/// The name under which one city's services trust each other: 1 to 255 lower-case letters, digits, dots, hyphens and
/// underscores, as SPIFFE has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrustDomain(String);

/// Who is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// `/service/<name>`: one of the five.
    Service(ServiceName),
    /// `/caller/<name>`: another system, such as the national platform, which speaks for organs by a token.
    Caller(String),
    /// `/organ/<organ id>/post/<post>`: the desk of a named post.
    Post {
        /// The organ.
        organ: OrganId,
        /// The post, never a person's name.
        post: String,
    },
    /// `/operator/<name>`: who runs the platform. Reads no petition.
    Operator(String),
}

/// A text that is no identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentity {
    /// Not the name of a trust domain.
    #[error(
        "is no trust domain: 1 to 255 lower-case letters, digits, dots, hyphens and underscores"
    )]
    TrustDomain,
    /// Not of the form `spiffe://<trust domain>/<path>`.
    #[error(
        "is no identity; allowed are spiffe://<trust domain>/service/<name>, /caller/<name>, /operator/<name> and \
         /organ/<organ id>/post/<post>"
    )]
    Form,
    /// Of another trust domain.
    #[error("is of another trust domain than {0}")]
    Foreign(String),
}

impl FromStr for TrustDomain {
    type Err = InvalidIdentity;

    fn from_str(given: &str) -> Result<Self, InvalidIdentity> {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
        if (1..=255).contains(&given.len()) && given.bytes().all(allowed) {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidIdentity::TrustDomain)
        }
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TrustDomain {
    /// The id of somebody of this domain.
    #[must_use]
    pub fn id(&self, identity: &Identity) -> String {
        format!("spiffe://{self}/{identity}")
    }

    /// Who an id of this domain names.
    ///
    /// # Errors
    /// [`InvalidIdentity::Form`], or [`InvalidIdentity::Foreign`] for an id of another domain.
    pub fn identity(&self, id: &str) -> Result<Identity, InvalidIdentity> {
        let rest = id.strip_prefix("spiffe://").ok_or(InvalidIdentity::Form)?;
        let (domain, path) = rest.split_once('/').ok_or(InvalidIdentity::Form)?;
        if domain != self.0 {
            return Err(InvalidIdentity::Foreign(self.0.clone()));
        }
        path.parse()
    }
}

impl Identity {
    /// The organ whose post this is; none for whoever is no desk of an organ.
    #[must_use]
    pub const fn organ(&self) -> Option<OrganId> {
        match self {
            Self::Post { organ, .. } => Some(*organ),
            Self::Service(_) | Self::Caller(_) | Self::Operator(_) => None,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "service/{name}"),
            Self::Caller(name) => write!(f, "caller/{name}"),
            Self::Operator(name) => write!(f, "operator/{name}"),
            Self::Post { organ, post } => write!(f, "organ/{organ}/post/{post}"),
        }
    }
}

impl FromStr for Identity {
    type Err = InvalidIdentity;

    fn from_str(path: &str) -> Result<Self, InvalidIdentity> {
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["service", name] => {
                let mut services = ServiceName::ALL.into_iter();
                let known = services.find(|service| service.as_str() == *name);
                known.map(Self::Service).ok_or(InvalidIdentity::Form)
            }
            ["caller", name] => Ok(Self::Caller(segment(name)?)),
            ["operator", name] => Ok(Self::Operator(segment(name)?)),
            ["organ", organ, "post", post] => Ok(Self::Post {
                organ: organ.parse().map_err(|_| InvalidIdentity::Form)?,
                post: segment(post)?,
            }),
            _ => Err(InvalidIdentity::Form),
        }
    }
}

/// A segment of a SPIFFE path: 1 to 50 letters, digits, dots, hyphens and underscores; not only dots.
pub(crate) fn segment(given: &str) -> Result<String, InvalidIdentity> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let named = given.bytes().any(|byte| byte != b'.');
    if given.len() <= 50 && named && given.bytes().all(allowed) {
        Ok(given.to_owned())
    } else {
        Err(InvalidIdentity::Form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identity_reads_back_and_another_domain_is_nobody() {
        let city: TrustDomain = "huaihua.example".parse().unwrap();
        let organ: OrganId = "organ_0123456789abcdef0123456789abcdef".parse().unwrap();
        let post = "duty-desk".to_owned();
        for identity in [
            Identity::Service(ServiceName::StabilityEarlyWarning),
            Identity::Caller("national-platform".to_owned()),
            Identity::Operator("night".to_owned()),
            Identity::Post { organ, post },
        ] {
            assert_eq!(city.identity(&city.id(&identity)), Ok(identity));
        }
        let other: TrustDomain = "changsha.example".parse().unwrap();
        let id = other.id(&Identity::Service(ServiceName::Intake));
        assert_eq!(
            city.identity(&id),
            Err(InvalidIdentity::Foreign("huaihua.example".to_owned()))
        );
    }

    #[test]
    fn what_is_no_identity_is_nobody() {
        let city: TrustDomain = "huaihua.example".parse().unwrap();
        for id in [
            "https://huaihua.example/service/intake",
            "spiffe://huaihua.example",
            "spiffe://huaihua.example/",
            "spiffe://huaihua.example/service/other",
            "spiffe://huaihua.example/service/intake/more",
            "spiffe://huaihua.example/caller/",
            "spiffe://huaihua.example/caller/..",
            "spiffe://huaihua.example/caller/a b",
            "spiffe://huaihua.example/organ/somebody/post/desk",
        ] {
            assert_eq!(city.identity(id), Err(InvalidIdentity::Form), "{id}");
        }
        for name in ["", "Huaihua", "huai hua", &"a".repeat(256)] {
            assert_eq!(
                name.parse::<TrustDomain>(),
                Err(InvalidIdentity::TrustDomain)
            );
        }
    }
}
