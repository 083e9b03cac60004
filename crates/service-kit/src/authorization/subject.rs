//! Who asks.

use std::collections::BTreeSet;
use std::fmt;

use huiyin_domain::ids::{Id, OrganId};
use huiyin_domain::posts::{self, Duty};
use huiyin_domain::standing::Standing;
use huiyin_domain::territory::TerritoryCode;

use crate::names::ServiceName;
use crate::tls::Identity;

/// Who asks: a post, a system, a service or an operator. Never a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// One of the five services.
    Service(ServiceName),
    /// Another system that speaks for nobody but itself.
    Platform(String),
    /// A post of an organ, by a certificate of its own or by the token of a system that speaks for it.
    Post {
        /// The organ.
        organ: OrganId,
        /// The post.
        post: String,
    },
    /// Who runs the platform.
    Operator(String),
    /// Somebody whom nobody knows.
    Stranger,
}

impl From<Identity> for Who {
    fn from(identity: Identity) -> Self {
        match identity {
            Identity::Service(name) => Self::Service(name),
            Identity::Caller(name) => Self::Platform(name),
            Identity::Post { organ, post } => Self::Post { organ, post },
            Identity::Operator(name) => Self::Operator(name),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "service/{name}"),
            Self::Platform(name) => write!(f, "caller/{name}"),
            Self::Post { organ, post } => write!(f, "organ/{organ}/post/{post}"),
            Self::Operator(name) => write!(f, "operator/{name}"),
            Self::Stranger => f.write_str("stranger"),
        }
    }
}

/// Who asks, where it stands and what it is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Who.
    pub who: Who,
    /// Where its organ stands; none but posts have one.
    pub standing: Option<Standing>,
    /// What it is there for.
    pub duties: BTreeSet<Duty>,
}

impl Subject {
    /// Somebody whom nobody knows.
    #[must_use]
    pub fn stranger() -> Self {
        Self::plain(Who::Stranger)
    }

    /// Somebody without organ and duties.
    #[must_use]
    pub const fn plain(who: Who) -> Self {
        Self {
            who,
            standing: None,
            duties: BTreeSet::new(),
        }
    }

    /// A post of an organ that stands here, with the duties of the table of posts.
    #[must_use]
    pub fn post(standing: Standing, post: &str) -> Self {
        Self {
            who: Who::Post {
                organ: standing.organ,
                post: post.to_owned(),
            },
            standing: Some(standing),
            duties: posts::duties(post).clone(),
        }
    }

    /// A system, with the duties it was given.
    #[must_use]
    pub const fn platform(name: String, duties: BTreeSet<Duty>) -> Self {
        Self {
            who: Who::Platform(name),
            standing: None,
            duties,
        }
    }

    /// The organ for which it acts.
    #[must_use]
    pub fn organ(&self) -> Option<OrganId> {
        self.standing.map(|standing| standing.organ)
    }

    /// What the database is told of who asks, for row-level security. Made of ids, digits and fixed words only.
    #[must_use]
    pub fn words(&self) -> String {
        let part = match &self.who {
            Who::Service(_) => "service",
            Who::Platform(_) => "platform",
            Who::Post { .. } => "post",
            Who::Operator(_) => "operator",
            Who::Stranger => "stranger",
        };
        let organ = self.organ().map(|organ| Id::uuid(organ).to_string());
        let territory = self.standing.map(|standing| standing.territory.to_string());
        let oversees = self.standing.is_some_and(|standing| standing.oversees);
        let sealed = self.duties.contains(&Duty::Sealed);
        format!(
            "SET LOCAL huiyin.part = '{part}'; SET LOCAL huiyin.organ = '{}'; SET LOCAL huiyin.territory = '{}'; \
             SET LOCAL huiyin.oversees = '{oversees}'; SET LOCAL huiyin.sealed = '{sealed}'",
            organ.unwrap_or_default(),
            territory.unwrap_or_default(),
        )
    }
}

/// What the database is told when something is read for everybody: no organ, so that everything sealed stays unseen.
pub(crate) fn everybody(place: TerritoryCode) -> String {
    format!(
        "SET LOCAL huiyin.part = 'everybody'; SET LOCAL huiyin.organ = ''; SET LOCAL huiyin.territory = '{place}'; \
         SET LOCAL huiyin.oversees = 'false'; SET LOCAL huiyin.sealed = 'false'"
    )
}

/// What the database is told when the service works by itself: reactions, sweeps, the road.
pub(crate) const HOUSE: &str = "SET LOCAL huiyin.part = 'house'";
