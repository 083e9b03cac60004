//! What the register records of a matter that is on its way.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::DeclineReason;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::topics::{MatterFact, Topic};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::id;
use crate::chain::Chain;
use crate::{store, wire};

/// Something the register recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    matter: MatterId,
    at: Instant,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Accepted { by: OrganId },
    Declined { by: OrganId, reason: DeclineReason },
    Withdrawn,
    Replied { by: OrganId },
}

/// Reads a fact that moves a chain; none for the others.
pub(super) fn read(event: &Event, fact: &Fact) -> Result<Option<Said>, Problem> {
    let Topic::Matter(told) = fact.topic() else {
        return Ok(None);
    };
    let (matter, what) = match told {
        MatterFact::MatterAccepted(fact) => {
            let by = id("organ_id", &fact.organ_id)?;
            (&fact.matter_id, What::Accepted { by })
        }
        MatterFact::MatterDeclined(fact) => {
            let mut violations = Violations::default();
            let reason = wire::decline_reason(&mut violations, "reason", fact.reason);
            let reason = violations.finish_with(reason)?;
            (
                &fact.matter_id,
                What::Declined {
                    by: id("organ_id", &fact.organ_id)?,
                    reason,
                },
            )
        }
        MatterFact::MatterWithdrawn(fact) => (&fact.matter_id, What::Withdrawn),
        MatterFact::ReplyDelivered(fact) => {
            let by = id("organ_id", &fact.organ_id)?;
            (&fact.matter_id, What::Replied { by })
        }
        MatterFact::MatterRegistered(_)
        | MatterFact::MatterForwarded(_)
        | MatterFact::MatterUnrouted(_)
        | MatterFact::ForwardingObjected(_)
        | MatterFact::ObjectionAgreed(_)
        | MatterFact::ObjectionRefused(_)
        | MatterFact::OpinionIssued(_)
        | MatterFact::MatterEvaluated(_) => return Ok(None),
    };
    let mut violations = Violations::default();
    let at = violations.time("occurred_time", event.occurred_time.as_ref());
    let at = violations.finish_with(at)?;
    Ok(Some(Said {
        matter: id("matter_id", matter)?,
        at,
        what,
    }))
}

/// Moves the chains, all read and written at once.
pub(super) async fn follow(tx: &mut Tx, said: &[Said]) -> Result<(), Problem> {
    if said.is_empty() {
        return Ok(());
    }
    let matters: Vec<MatterId> = said.iter().map(|said| said.matter).collect();
    let mut chains = store::chain::lock(tx.connection(), &matters).await?;
    for said in said {
        apply(chains.get(said.matter)?, said);
    }
    store::chain::save(tx.connection(), &chains).await
}

fn apply(chain: &mut Chain, said: &Said) {
    match said.what {
        What::Accepted { by } => chain.accepted(by, said.at),
        What::Declined { by, reason } => chain.declined(by, said.at, reason),
        What::Withdrawn => chain.withdrawn(said.at),
        What::Replied { by } => chain.replied(by, said.at),
    }
}
