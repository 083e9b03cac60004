//! One hop of a matter.

use std::str::FromStr;

use huiyin_domain::ids::{ForwardingId, OrganId};
use huiyin_domain::time::Instant;
use serde::{Deserialize, Serialize};

use super::Onward;

/// One hop of a matter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hop {
    /// The hop.
    pub(crate) id: ForwardingId,
    /// Its number in the chain, from 1.
    pub(crate) number: u32,
    /// From where to where, how and why.
    pub(crate) onward: Onward,
    /// When; the organ received it then.
    pub(crate) at: Instant,
    /// What became of it.
    pub(crate) state: HopState,
    /// The receiver's objection.
    pub(crate) objection: Option<Objection>,
    /// The receiver's newest report that an assignment is completed.
    pub(crate) completion: Option<Completion>,
}

/// A decision of a named post; the words stay in this service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Post {
    /// The post, never a person's name.
    pub(crate) name: String,
    /// Its reason; empty when it gave none.
    pub(crate) reason: String,
}

/// The receiver says that it is not competent (art. 23(3)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Objection {
    /// When it objected.
    pub(crate) at: Instant,
    /// Why.
    pub(crate) reason: String,
    /// What the sender ruled; none while it waits.
    pub(crate) ruling: Option<Ruling>,
}

/// What the sender ruled on an objection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ruling {
    /// When.
    pub(crate) at: Instant,
    /// The post that ruled.
    pub(crate) post: String,
    /// Whether it agreed.
    pub(crate) agreed: bool,
    /// Why; empty when it agreed.
    pub(crate) reason: String,
}

/// The receiver reports that an assignment is completed (art. 22).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Completion {
    /// When it reported.
    pub(crate) at: Instant,
    /// What was done.
    pub(crate) report: String,
    /// What the assigning organ ruled; none while it waits.
    pub(crate) ruling: Option<CompletionRuling>,
}

/// What the assigning organ ruled on a report of completion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CompletionRuling {
    /// When.
    pub(crate) at: Instant,
    /// The post that ruled.
    pub(crate) post: String,
    /// Whether it accepted.
    pub(crate) accepted: bool,
    /// What is missing; empty when it accepted.
    pub(crate) reason: String,
}

/// What became of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HopState {
    /// Waits for acceptance, decline or objection.
    Open,
    /// The receiver objected; the sender must decide.
    Objected,
    /// The sender agreed; the matter went elsewhere.
    Returned,
    /// Accepted.
    Accepted,
    /// Declined.
    Declined,
    /// Referred to a statutory channel.
    Referred,
    /// The opinion was issued.
    Answered,
    /// Withdrawn, or sent elsewhere by a named post.
    Closed,
}

impl HopState {
    const ALL: [Self; 8] = [
        Self::Open,
        Self::Objected,
        Self::Returned,
        Self::Accepted,
        Self::Declined,
        Self::Referred,
        Self::Answered,
        Self::Closed,
    ];

    /// The word as it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Objected => "objected",
            Self::Returned => "returned",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Referred => "referred",
            Self::Answered => "answered",
            Self::Closed => "closed",
        }
    }

    /// Whether the receiver or the sender still has to say something.
    pub(super) const fn waits(self) -> bool {
        match self {
            Self::Open | Self::Objected => true,
            Self::Returned
            | Self::Accepted
            | Self::Declined
            | Self::Referred
            | Self::Answered
            | Self::Closed => false,
        }
    }

    /// Whether the receiver gave the matter back.
    pub(super) const fn bounced(self) -> bool {
        match self {
            Self::Returned | Self::Declined => true,
            Self::Open
            | Self::Objected
            | Self::Accepted
            | Self::Referred
            | Self::Answered
            | Self::Closed => false,
        }
    }
}

impl FromStr for HopState {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == given)
            .ok_or_else(|| format!("{given:?} is no state of a hop"))
    }
}

impl Hop {
    /// The organ that received it.
    pub(crate) const fn to(&self) -> OrganId {
        self.onward.to
    }

    /// The organ that sent it.
    pub(crate) const fn from(&self) -> OrganId {
        self.onward.from
    }
}
