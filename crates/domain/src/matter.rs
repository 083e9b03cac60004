//! 信访事项: where one matter stands, and what may be done with it there.
//!
//! A stage holds what is true in it. Every verb takes the stage and gives the next one, or a refusal
//! that says what is allowed now. A matter ends by a delivered opinion, a lawful other channel or the
//! petitioner's own withdrawal; never by silence.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{OpinionId, OrganId},
    time::Instant,
    vocabulary::DeclineReason,
    word::words,
};

words! {
    /// What can be done with a matter.
    Action {
        /// Hand it to the competent organ (art. 22).
        Forward = "forward",
        /// Refer it to a statutory channel (art. 31).
        Refer = "refer",
        /// Accept it in writing (art. 23).
        Accept = "accept",
        /// Decline it in writing, with the reason and the right channel (art. 23).
        Decline = "decline",
        /// Issue the opinion (art. 32).
        IssueOpinion = "issue_opinion",
        /// Deliver the opinion to the petitioner (art. 32).
        Reply = "reply",
        /// Withdraw it; the petitioner's act alone.
        Withdraw = "withdraw",
    }
}

/// Where a matter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// In the register, not yet forwarded.
    Registered,
    /// With an organ that has neither accepted nor declined it.
    Forwarded {
        /// The organ that must answer.
        to: OrganId,
        /// When it was forwarded.
        at: Instant,
    },
    /// Accepted; the opinion is owed.
    Accepted {
        /// The organ that owes it.
        by: OrganId,
        /// When it accepted.
        at: Instant,
    },
    /// Declined in writing; it may be forwarded to the right organ or referred.
    Declined {
        /// The organ that declined.
        by: OrganId,
        /// When it declined.
        at: Instant,
        /// Why.
        reason: DeclineReason,
    },
    /// The opinion is written, not yet delivered.
    OpinionIssued {
        /// The organ whose opinion it is.
        by: OrganId,
        /// The opinion.
        opinion: OpinionId,
        /// When it was issued.
        at: Instant,
    },
    /// The opinion is delivered. Ended; review is the petitioner's right (art. 35).
    Replied {
        /// The organ whose opinion was delivered.
        by: OrganId,
        /// When it was delivered.
        at: Instant,
    },
    /// In a statutory channel. Ended here.
    Referred {
        /// The organ of that channel.
        to: OrganId,
        /// When it was referred.
        at: Instant,
    },
    /// Withdrawn by the petitioner. Ended.
    Withdrawn {
        /// When.
        at: Instant,
    },
}

/// A verb that does not fit the stage or the organ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What was asked for.
    pub action: Action,
    /// The stage the matter is at.
    pub stage: &'static str,
    /// The organ that alone may do it, when the stage would allow it but not to the organ that asked.
    pub only: Option<OrganId>,
    /// What is allowed now.
    pub allowed: Vec<Action>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            action,
            stage,
            only,
            allowed,
        } = self;
        write!(f, "{action} is refused: the matter is {stage}")?;
        if let Some(organ) = only {
            write!(f, " and only {organ} may do it")?;
        }
        if allowed.is_empty() {
            return f.write_str("; it has ended and nothing is allowed");
        }
        let words: Vec<_> = allowed.iter().map(|action| action.as_str()).collect();
        write!(f, "; allowed now: {}", words.join(", "))
    }
}

impl std::error::Error for Refused {}

impl Stage {
    /// The stage in one word, as it is stored and logged.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Forwarded { .. } => "forwarded",
            Self::Accepted { .. } => "accepted",
            Self::Declined { .. } => "declined",
            Self::OpinionIssued { .. } => "opinion_issued",
            Self::Replied { .. } => "replied",
            Self::Referred { .. } => "referred",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    /// What is allowed at this stage; nothing when the matter has ended.
    #[must_use]
    pub const fn actions_allowed(&self) -> &'static [Action] {
        match self {
            Self::Registered | Self::Declined { .. } => {
                &[Action::Forward, Action::Refer, Action::Withdraw]
            }
            Self::Forwarded { .. } => &[
                Action::Forward,
                Action::Refer,
                Action::Accept,
                Action::Decline,
                Action::Withdraw,
            ],
            Self::Accepted { .. } => &[Action::IssueOpinion, Action::Withdraw],
            Self::OpinionIssued { .. } => &[Action::Reply, Action::Withdraw],
            Self::Replied { .. } | Self::Referred { .. } | Self::Withdrawn { .. } => &[],
        }
    }

    /// Whether the matter has ended.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.actions_allowed().is_empty()
    }

    /// The organ that has the matter in hand; none before it is forwarded and after it was withdrawn.
    #[must_use]
    pub const fn organ(&self) -> Option<OrganId> {
        match self {
            Self::Registered | Self::Withdrawn { .. } => None,
            Self::Forwarded { to, .. } | Self::Referred { to, .. } => Some(*to),
            Self::Accepted { by, .. }
            | Self::Declined { by, .. }
            | Self::OpinionIssued { by, .. }
            | Self::Replied { by, .. } => Some(*by),
        }
    }

    /// Forwards the matter; from `Forwarded` when an objection was agreed or arbitration decided.
    ///
    /// # Errors
    /// Refused once the matter was accepted or has ended.
    pub fn forward(self, to: OrganId, at: Instant) -> Result<Self, Refused> {
        self.allow(Action::Forward, Self::Forwarded { to, at })
    }

    /// Refers the matter to a statutory channel.
    ///
    /// # Errors
    /// Refused once the matter was accepted or has ended.
    pub fn refer(self, to: OrganId, at: Instant) -> Result<Self, Refused> {
        self.allow(Action::Refer, Self::Referred { to, at })
    }

    /// The organ accepts the matter.
    ///
    /// # Errors
    /// Refused when the matter was not forwarded, or not to this organ.
    pub fn accept(self, by: OrganId, at: Instant) -> Result<Self, Refused> {
        self.allow_organ(Action::Accept, by, Self::Accepted { by, at })
    }

    /// The organ declines the matter.
    ///
    /// # Errors
    /// Refused when the matter was not forwarded, or not to this organ.
    pub fn decline(self, by: OrganId, at: Instant, reason: DeclineReason) -> Result<Self, Refused> {
        self.allow_organ(Action::Decline, by, Self::Declined { by, at, reason })
    }

    /// The organ that accepted issues its opinion.
    ///
    /// # Errors
    /// Refused when the matter was not accepted, or not by this organ.
    pub fn issue_opinion(
        self,
        by: OrganId,
        opinion: OpinionId,
        at: Instant,
    ) -> Result<Self, Refused> {
        self.allow_organ(
            Action::IssueOpinion,
            by,
            Self::OpinionIssued { by, opinion, at },
        )
    }

    /// The opinion is delivered to the petitioner.
    ///
    /// # Errors
    /// Refused when there is no undelivered opinion, or it is not this organ's.
    pub fn reply(self, by: OrganId, at: Instant) -> Result<Self, Refused> {
        self.allow_organ(Action::Reply, by, Self::Replied { by, at })
    }

    /// The petitioner withdraws the matter.
    ///
    /// # Errors
    /// Refused once the matter has ended.
    pub fn withdraw(self, at: Instant) -> Result<Self, Refused> {
        self.allow(Action::Withdraw, Self::Withdrawn { at })
    }

    fn allow(self, action: Action, next: Self) -> Result<Self, Refused> {
        if self.actions_allowed().contains(&action) {
            Ok(next)
        } else {
            Err(self.refused(action, None))
        }
    }

    fn allow_organ(self, action: Action, by: OrganId, next: Self) -> Result<Self, Refused> {
        let next = self.allow(action, next)?;
        match self.organ() {
            Some(organ) if organ != by => Err(self.refused(action, Some(organ))),
            Some(_) | None => Ok(next),
        }
    }

    fn refused(self, action: Action, only: Option<OrganId>) -> Refused {
        Refused {
            action,
            stage: self.as_str(),
            only,
            allowed: self.actions_allowed().to_vec(),
        }
    }
}
