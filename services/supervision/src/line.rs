//! A numbered line of the register (挂号/销号): one a matter, open until it is answered.

use huiyin_domain::ids::OrganId;
use huiyin_domain::supervision::{Fact, FactKind};
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::ForwardingKind;

/// What a registration says to the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    /// The number of the matter.
    pub(crate) number: String,
    /// The office that registered it.
    pub(crate) office: OrganId,
    /// When it was received.
    pub(crate) opened_at: Instant,
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
