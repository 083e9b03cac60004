//! Where routing sends matters, and the opinions organs issue there.

use std::collections::BTreeMap;

use huiyin_domain::ids::{MatterId, OpinionId, OrganId};
use huiyin_domain::matter::{Refused, Stage};
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::topics::{MatterFact, Topic};
use huiyin_proto::vocabulary::v1::ForwardingKind;
use huiyin_service_kit::authorization;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use sqlx::PgConnection;
use uuid::Uuid;

use super::id;
use crate::matter::Matter;
use crate::store;

/// A matter moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    matter: MatterId,
    at: Instant,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Forwarded { to: OrganId },
    Referred { to: OrganId },
    OpinionIssued { by: OrganId, opinion: OpinionId },
}

impl Move {
    /// Into whose hand the matter comes.
    fn hand(&self) -> Option<(MatterId, OrganId)> {
        match self.what {
            What::Forwarded { to } | What::Referred { to } => Some((self.matter, to)),
            What::OpinionIssued { .. } => None,
        }
    }
}

impl What {
    /// The stage this leads to from another one.
    fn from(self, stage: Stage, at: Instant) -> Result<Stage, Refused> {
        match self {
            Self::Forwarded { to } => stage.forward(to, at),
            Self::Referred { to } => stage.refer(to, at),
            Self::OpinionIssued { by, opinion } => stage.issue_opinion(by, opinion, at),
        }
    }
}

/// Reads a fact that moves a matter; none for the others. An agreed objection moves nothing by itself:
/// the forwarding that follows does.
pub(super) fn read(event: &Event, fact: &Fact) -> Result<Option<Move>, Problem> {
    let Topic::Matter(told) = fact.topic() else {
        return Ok(None);
    };
    let (matter, what) = match told {
        MatterFact::MatterForwarded(fact) => {
            let to = id("to_organ", &fact.to_organ)?;
            (
                &fact.matter_id,
                if is_referral(fact.kind)? {
                    What::Referred { to }
                } else {
                    What::Forwarded { to }
                },
            )
        }
        MatterFact::OpinionIssued(fact) => {
            let (by, opinion) = (
                id("organ_id", &fact.organ_id)?,
                id("opinion_id", &fact.opinion_id)?,
            );
            (&fact.matter_id, What::OpinionIssued { by, opinion })
        }
        MatterFact::MatterRegistered(_)
        | MatterFact::MatterUnrouted(_)
        | MatterFact::ForwardingObjected(_)
        | MatterFact::ObjectionAgreed(_)
        | MatterFact::ObjectionRefused(_)
        | MatterFact::MatterAccepted(_)
        | MatterFact::MatterDeclined(_)
        | MatterFact::ReplyDelivered(_)
        | MatterFact::MatterEvaluated(_)
        | MatterFact::MatterWithdrawn(_) => return Ok(None),
    };
    let mut violations = Violations::default();
    let at = violations.time("occurred_time", event.occurred_time.as_ref());
    let at = violations.finish_with(at)?;
    Ok(Some(Move {
        matter: id("matter_id", matter)?,
        at,
        what,
    }))
}

fn is_referral(kind: i32) -> Result<bool, Problem> {
    let mut violations = Violations::default();
    let kind = violations.choice("kind", kind, ForwardingKind::as_str_name);
    Ok(match violations.finish_with(kind)? {
        ForwardingKind::Refer => true,
        ForwardingKind::Unspecified
        | ForwardingKind::Transfer
        | ForwardingKind::Assign
        | ForwardingKind::HandDown
        | ForwardingKind::ReportUp => false,
    })
}

/// Moves the matters: all read, and all written, in one statement each.
pub(super) async fn follow(connection: &mut PgConnection, moves: &[Move]) -> Result<(), Problem> {
    if moves.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = moves.iter().map(|moved| moved.matter.uuid()).collect();
    let matters = store::matter::lock(connection, &ids).await?;
    let mut matters: BTreeMap<MatterId, Matter> = matters
        .into_iter()
        .map(|matter| (matter.id, matter))
        .collect();
    for moved in moves {
        let matter = matters
            .get_mut(&moved.matter)
            .ok_or_else(|| Problem::NotFound {
                what: "matter",
                id: moved.matter.to_string(),
            })?;
        apply(matter, moved);
    }
    let hands: Vec<(MatterId, OrganId)> = moves.iter().filter_map(Move::hand).collect();
    authorization::hand(connection, &hands).await?;
    let moved: Vec<&Matter> = matters.values().collect();
    store::matter::save(connection, &moved).await
}

/// A matter that was meanwhile accepted, withdrawn or answered stays where it is: what its petitioner
/// and its organ did here is not undone by what was decided elsewhere before it was known.
fn apply(matter: &mut Matter, moved: &Move) {
    match moved.what.from(matter.stage, moved.at) {
        Ok(stage) => matter.reach(stage),
        Err(refused) => {
            tracing::info!(matter.id = %matter.id, %refused, "a matter keeps its stage")
        }
    }
}
