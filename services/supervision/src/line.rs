//! A numbered line of the register (挂号/销号): one a matter, open until it is answered.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::supervision::{Fact, FactKind};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Category, ForwardingKind};
use huiyin_service_kit::authorization::Seen;

/// What a registration says to the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    /// The number of the matter.
    pub(crate) number: String,
    /// The office that registered it.
    pub(crate) office: OrganId,
    /// When it was received.
    pub(crate) opened_at: Instant,
    /// Place of the problem.
    pub(crate) place: TerritoryCode,
    /// Category.
    pub(crate) category: Category,
    /// The organ it is about.
    pub(crate) about: Option<OrganId>,
}

impl Registration {
    /// What decides who sees the matter.
    pub(crate) const fn seen(&self, matter: MatterId) -> Seen {
        Seen {
            matter,
            place: self.place,
            category: self.category,
            about: self.about,
            registered_by: self.office,
        }
    }
}

/// Who must answer a matter, and whether its line is cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Course {
    /// The organ that must answer; none before forwarding.
    pub(crate) organ: Option<OrganId>,
    /// When the line was cancelled; none while it is open.
    pub(crate) closed_at: Option<Instant>,
}

/// A line of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The registration; none until it has arrived.
    pub(crate) registration: Option<Registration>,
    /// Its course so far.
    pub(crate) course: Course,
}

impl Line {
    /// Whether it is a denunciation, or may be one because its registration has not arrived.
    pub(crate) fn is_sealed(&self) -> bool {
        let registration = self.registration.as_ref();
        registration.is_none_or(|known| known.category == Category::Denunciation)
    }
}

/// The course of a matter with these facts.
pub(crate) fn course(facts: &[Fact]) -> Course {
    let mut facts = facts.to_vec();
    facts.sort_unstable();
    facts.into_iter().fold(Course::default(), step)
}

fn step(course: Course, Fact { at, kind }: Fact) -> Course {
    match kind {
        FactKind::Forwarded {
            kind: ForwardingKind::Refer,
            ..
        }
        | FactKind::Referred
        | FactKind::Declined { .. }
        | FactKind::ReplyDelivered { .. }
        | FactKind::Withdrawn => Course {
            closed_at: course.closed_at.or(Some(at)),
            ..course
        },
        FactKind::Forwarded { to, .. } => Course {
            organ: Some(to),
            closed_at: None,
        },
        FactKind::Registered
        | FactKind::ObjectionRaised { .. }
        | FactKind::ObjectionAgreed { .. }
        | FactKind::Accepted { .. }
        | FactKind::Extended { .. }
        | FactKind::Paused { .. }
        | FactKind::Resumed { .. }
        | FactKind::DueSet { .. }
        | FactKind::OpinionIssued { .. }
        | FactKind::CompletionReported { .. }
        | FactKind::CompletionReturned { .. }
        | FactKind::CompletionAccepted { .. }
        | FactKind::ReviewRequested { .. }
        | FactKind::ReviewOpinionDelivered { .. }
        | FactKind::ReexaminationRequested { .. }
        | FactKind::FinalOpinionDelivered { .. }
        | FactKind::Recommended { .. }
        | FactKind::AdoptionAnswered { .. } => course,
    }
}
