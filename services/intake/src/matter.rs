//! A matter of the register as it is in hand: loaded, moved by the domain's verbs, saved.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::matter::Stage;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Category, Channel};
use huiyin_service_kit::authorization::Seen;

/// A matter without any personal field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matter {
    /// Id.
    pub(crate) id: MatterId,
    /// Number.
    pub(crate) number: String,
    /// Channel.
    pub(crate) channel: Channel,
    /// Category.
    pub(crate) category: Category,
    /// Code of the subject.
    pub(crate) subject: String,
    /// Place of the problem.
    pub(crate) place: TerritoryCode,
    /// Number of persons.
    pub(crate) persons: u32,
    /// Office that registered it.
    pub(crate) registered_by: OrganId,
    /// When it was received.
    pub(crate) received_at: Instant,
    /// When it was registered.
    pub(crate) registered_at: Instant,
    /// Organ it is about.
    pub(crate) about: Option<OrganId>,
    /// The earlier matter it repeats.
    pub(crate) repeat_of: Option<MatterId>,
    /// Where it stands.
    pub(crate) stage: Stage,
    /// How many stages it had reached when it was loaded; guards the write.
    pub(crate) step: i32,
    /// Stages reached since, oldest first.
    pub(crate) reached: Vec<Stage>,
}

impl Matter {
    /// Takes the matter to its next stage.
    pub(crate) fn reach(&mut self, stage: Stage) {
        self.stage = stage;
        self.reached.push(stage);
    }

    /// What decides who sees it.
    pub(crate) const fn seen(&self) -> Seen {
        Seen {
            matter: self.id,
            place: self.place,
            category: self.category,
            about: self.about,
            registered_by: self.registered_by,
        }
    }

    /// Since when it stands where it stands.
    pub(crate) fn stage_at(&self) -> Instant {
        reached_at(&self.stage).unwrap_or(self.registered_at)
    }

    /// The organ that handles the matter now: the registering office as long as no organ has it, or
    /// when the one that had it declined; nobody once it was withdrawn.
    pub(crate) fn handled_by(&self) -> Option<OrganId> {
        match self.stage {
            Stage::Registered | Stage::Declined { .. } => Some(self.registered_by),
            Stage::Forwarded { .. }
            | Stage::Accepted { .. }
            | Stage::OpinionIssued { .. }
            | Stage::Replied { .. }
            | Stage::Referred { .. } => self.stage.organ(),
            Stage::Withdrawn { .. } => None,
        }
    }
}

/// When a stage was reached; the register knows when a matter was registered.
pub(crate) fn reached_at(stage: &Stage) -> Option<Instant> {
    match stage {
        Stage::Registered => None,
        Stage::Forwarded { at, .. }
        | Stage::Accepted { at, .. }
        | Stage::Declined { at, .. }
        | Stage::OpinionIssued { at, .. }
        | Stage::Replied { at, .. }
        | Stage::Referred { at, .. }
        | Stage::Withdrawn { at } => Some(*at),
    }
}
