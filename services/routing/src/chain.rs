//! A matter with its hops from organ to organ: one value, whose verbs decide what may happen to it.

mod completion;
mod hop;
mod objection;

pub(crate) use hop::{Completion, CompletionRuling, Hop, HopState, Objection, Post, Ruling};

use huiyin_domain::ids::{ForwardingId, MatterId, OpinionId, OrganId};
use huiyin_domain::matter::{Refused, Stage};
use huiyin_domain::registration::opinion_clock_applies;
use huiyin_domain::routing::{MatterToRoute, Reason};
use huiyin_domain::subject::Subject;
use huiyin_domain::supervision::SimplifiedLimits;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Category, DeclineReason, ForwardingKind};
use huiyin_service_kit::authorization::Seen;

/// A matter as competence sees it, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RoutedMatter {
    /// The matter.
    pub(crate) id: MatterId,
    /// Its category.
    pub(crate) category: Category,
    /// Its subject.
    pub(crate) subject: &'static Subject,
    /// The place of the problem.
    pub(crate) place: TerritoryCode,
    /// The office that registered it.
    pub(crate) registered_by: OrganId,
    /// The organ it is about.
    pub(crate) about: Option<OrganId>,
    /// Whether it is raised for the first time.
    pub(crate) initial: bool,
    /// How many persons raised it together.
    pub(crate) persons: u32,
    /// Whether acceptance starts the 60-day opinion clock; stays as it was decided at first.
    pub(crate) opinion_clock: bool,
    /// Where it stands.
    pub(crate) stage: Stage,
    /// Grows with every change; 0 for one that is not written yet.
    pub(crate) version: i64,
}

/// A matter and every hop it has made, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chain {
    /// The matter.
    pub(crate) matter: RoutedMatter,
    /// The hops.
    pub(crate) hops: Vec<Hop>,
}

/// A hop about to be made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Onward {
    /// Organ that sends.
    pub(crate) from: OrganId,
    /// Organ that must answer.
    pub(crate) to: OrganId,
    /// How.
    pub(crate) kind: ForwardingKind,
    /// Limit of an assignment in days; 0 for the other kinds.
    pub(crate) limit_days: u32,
    /// Limits of the simplified procedure; none under the ordinary one.
    pub(crate) simplified: Option<SimplifiedLimits>,
    /// The rules used.
    pub(crate) reasons: Vec<Reason>,
    /// The post that decided; none when the rules did.
    pub(crate) post: Option<Post>,
}

/// What a matter's registration says to competence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registered {
    /// The matter.
    pub(crate) id: MatterId,
    /// What competence looks at.
    pub(crate) matter: MatterToRoute,
    /// The office that registered it.
    pub(crate) by: OrganId,
    /// Whether it is raised for the first time.
    pub(crate) initial: bool,
    /// How many persons raised it together.
    pub(crate) persons: u32,
}

impl RoutedMatter {
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

    /// Whether only posts for denunciations work on it.
    pub(crate) fn is_sealed(&self) -> bool {
        self.category == Category::Denunciation
    }
}

impl Chain {
    /// The chain of a matter that was just registered: no hop yet.
    pub(crate) fn begin(registered: &Registered) -> Self {
        let MatterToRoute {
            category,
            subject,
            place,
            about,
        } = registered.matter;
        let route = (category == Category::Claim).then_some(subject.route);
        Self {
            matter: RoutedMatter {
                id: registered.id,
                category,
                subject,
                place,
                registered_by: registered.by,
                about,
                initial: registered.initial,
                persons: registered.persons,
                opinion_clock: opinion_clock_applies(category, route),
                stage: Stage::Registered,
                version: 0,
            },
            hops: Vec::new(),
        }
    }

    /// What competence looks at.
    pub(crate) fn to_route(&self) -> MatterToRoute {
        let RoutedMatter {
            category,
            subject,
            place,
            about,
            ..
        } = self.matter;
        MatterToRoute {
            category,
            subject,
            place,
            about,
        }
    }

    /// Makes the next hop. A hop that still waits is closed: the matter went elsewhere.
    ///
    /// # Errors
    /// Refused once the matter was accepted or has ended.
    pub(crate) fn hand_on(
        &mut self,
        id: ForwardingId,
        onward: Onward,
        at: Instant,
    ) -> Result<(), Refused> {
        let (stage, state) = match onward.kind {
            ForwardingKind::Refer => (self.matter.stage.refer(onward.to, at)?, HopState::Referred),
            ForwardingKind::Transfer
            | ForwardingKind::Assign
            | ForwardingKind::HandDown
            | ForwardingKind::ReportUp => {
                (self.matter.stage.forward(onward.to, at)?, HopState::Open)
            }
        };
        self.matter.stage = stage;
        self.end_waiting(HopState::Closed);
        let number = self.hops.last().map_or(1, |last| last.number + 1);
        self.hops.push(Hop {
            id,
            number,
            onward,
            at,
            state,
            objection: None,
            completion: None,
        });
        Ok(())
    }

    /// Whether acceptance of a hop of this kind starts the opinion clock.
    pub(crate) fn opinion_clock_after(&self, kind: ForwardingKind) -> bool {
        self.matter.opinion_clock && kind != ForwardingKind::Refer
    }

    /// The register says that the organ accepted in writing. A written acceptance stands, even when the
    /// matter was on its way elsewhere at that moment; not once it has ended.
    pub(crate) fn accepted(&mut self, by: OrganId, at: Instant) {
        if self.is_settled() {
            return;
        }
        self.matter.stage = Stage::Accepted { by, at };
        self.decided(by, HopState::Accepted);
    }

    /// The register says that the organ declined in writing.
    pub(crate) fn declined(&mut self, by: OrganId, at: Instant, reason: DeclineReason) {
        if self.is_settled() {
            return;
        }
        self.matter.stage = Stage::Declined { by, at, reason };
        self.decided(by, HopState::Declined);
    }

    /// The register says that the petitioner withdrew.
    pub(crate) fn withdrawn(&mut self, at: Instant) {
        if let Ok(stage) = self.matter.stage.withdraw(at) {
            self.matter.stage = stage;
            self.end_waiting(HopState::Closed);
        }
    }

    /// The register says that the opinion was delivered.
    pub(crate) fn replied(&mut self, by: OrganId, at: Instant) {
        if let Ok(stage) = self.matter.stage.reply(by, at) {
            self.matter.stage = stage;
        }
    }

    /// The organ that accepted issues its opinion.
    ///
    /// # Errors
    /// Refused when the matter was not accepted, or not by this organ.
    pub(crate) fn issue_opinion(
        &mut self,
        by: OrganId,
        opinion: OpinionId,
        at: Instant,
    ) -> Result<(), Refused> {
        self.matter.stage = self.matter.stage.issue_opinion(by, opinion, at)?;
        if let Some(hop) = self
            .hops
            .iter_mut()
            .rfind(|hop| hop.state == HopState::Accepted)
        {
            hop.state = HopState::Answered;
        }
        Ok(())
    }

    /// The organs that gave the matter back, oldest first.
    pub(crate) fn tried(&self) -> Vec<OrganId> {
        self.hops
            .iter()
            .filter(|hop| hop.state.bounced())
            .map(Hop::to)
            .collect()
    }

    /// Whether the organ has had a part in the matter: registered it, sent it or received it.
    pub(crate) fn involves(&self, organ: OrganId) -> bool {
        self.matter.registered_by == organ
            || self
                .hops
                .iter()
                .any(|hop| hop.from() == organ || hop.to() == organ)
    }

    /// An opinion is written or the matter has ended: no acceptance or decline can follow.
    fn is_settled(&self) -> bool {
        match self.matter.stage {
            Stage::Registered
            | Stage::Forwarded { .. }
            | Stage::Accepted { .. }
            | Stage::Declined { .. } => false,
            Stage::OpinionIssued { .. }
            | Stage::Replied { .. }
            | Stage::Referred { .. }
            | Stage::Withdrawn { .. } => true,
        }
    }

    /// Gives the organ's latest hop its outcome; any other that still waits is closed.
    fn decided(&mut self, by: OrganId, outcome: HopState) {
        if let Some(hop) = self.hops.iter_mut().rfind(|hop| hop.to() == by) {
            hop.state = outcome;
        }
        self.end_waiting(HopState::Closed);
    }

    fn end_waiting(&mut self, outcome: HopState) {
        for hop in self.hops.iter_mut().filter(|hop| hop.state.waits()) {
            hop.state = outcome;
        }
    }
}

#[cfg(test)]
mod tests;
