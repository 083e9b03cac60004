//! What the streams of intake and routing say to clocks.

use huiyin_domain::ids::{EventId, Id, Kind, MatterId, OrganId};
use huiyin_domain::supervision::{Fact, FactKind, SimplifiedLimits};
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::events::v1::{Event, MatterForwarded};
use huiyin_proto::topics::{CompletionFact, MatterFact, Topic};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::category;
use huiyin_service_kit::wire::instant;
use prost_types::Timestamp;
use uuid::Uuid;

use crate::line::Registration;
use crate::wire;

/// A fact about a matter, as it was heard.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heard {
    /// The matter.
    pub(crate) matter: MatterId,
    /// The event that told it, or the extension that made it true.
    pub(crate) source: Uuid,
    /// The fact.
    pub(crate) fact: Fact,
    /// The registration, if that is the fact.
    pub(crate) registration: Option<Registration>,
}

impl Heard {
    /// Into whose hand the matter comes.
    pub(crate) fn hand(&self) -> Option<(MatterId, OrganId)> {
        match self.fact.kind {
            FactKind::Forwarded { to, .. } => Some((self.matter, to)),
            _ => None,
        }
    }
}

/// What an event says to clocks; none when it says nothing to them.
///
/// # Errors
/// When the event breaks the contract.
pub(crate) fn hear(event: &Event) -> Result<Option<Heard>, Problem> {
    let Some(told) = &event.fact else {
        return Ok(None);
    };
    let Some((matter, kind)) = said(told)? else {
        return Ok(None);
    };
    let registration = registration(told)?;
    // the clocks of a registration count from its receipt, not from when it was written down
    let at = match &registration {
        Some(registration) => registration.opened_at,
        None => time(event.occurred_time.as_ref(), "occurred_time")?,
    };
    let source: EventId = id(&event.event_id)?;
    let fact = Fact { at, kind };
    Ok(Some(Heard {
        matter: id(matter)?,
        source: source.uuid(),
        fact,
        registration,
    }))
}

/// Which matter an event is about and what it says of it.
fn said(told: &Told) -> Result<Option<(&str, FactKind)>, Problem> {
    match told.topic() {
        Topic::Matter(told) => said_of_matter(told),
        Topic::Completion(told) => Ok(Some(said_of_completion(told)?)),
        Topic::Places(_)
        | Topic::Remedy(_)
        | Topic::Recommendation(_)
        | Topic::Deadline(_)
        | Topic::Order(_)
        | Topic::Alert(_)
        | Topic::Decision(_)
        | Topic::Report(_)
        | Topic::Reporting(_)
        | Topic::HotSpot(_)
        | Topic::Duty(_)
        | Topic::Petition(_) => Ok(None),
    }
}

fn said_of_matter(told: MatterFact<'_>) -> Result<Option<(&str, FactKind)>, Problem> {
    let (matter, kind) = match told {
        MatterFact::MatterRegistered(fact) => (&fact.matter_id, FactKind::Registered),
        MatterFact::MatterForwarded(fact) => (&fact.matter_id, forwarded(fact)?),
        MatterFact::ForwardingObjected(fact) => {
            let forwarding = id(&fact.forwarding_id)?;
            (&fact.matter_id, FactKind::ObjectionRaised { forwarding })
        }
        MatterFact::ObjectionAgreed(fact) => {
            let forwarding = id(&fact.forwarding_id)?;
            (&fact.matter_id, FactKind::ObjectionAgreed { forwarding })
        }
        MatterFact::MatterAccepted(fact) => {
            let by = id(&fact.organ_id)?;
            (&fact.matter_id, FactKind::Accepted { by })
        }
        MatterFact::MatterDeclined(fact) => {
            let by = id(&fact.organ_id)?;
            (&fact.matter_id, FactKind::Declined { by })
        }
        MatterFact::OpinionIssued(fact) => {
            let by = id(&fact.organ_id)?;
            (&fact.matter_id, FactKind::OpinionIssued { by })
        }
        MatterFact::ReplyDelivered(fact) => {
            let by = id(&fact.organ_id)?;
            (&fact.matter_id, FactKind::ReplyDelivered { by })
        }
        MatterFact::MatterWithdrawn(fact) => (&fact.matter_id, FactKind::Withdrawn),
        MatterFact::MatterUnrouted(_)
        | MatterFact::ObjectionRefused(_)
        | MatterFact::MatterEvaluated(_) => return Ok(None),
    };
    Ok(Some((matter, kind)))
}

fn said_of_completion(told: CompletionFact<'_>) -> Result<(&str, FactKind), Problem> {
    Ok(match told {
        CompletionFact::CompletionReported(fact) => {
            let forwarding = id(&fact.forwarding_id)?;
            (&fact.matter_id, FactKind::CompletionReported { forwarding })
        }
        CompletionFact::CompletionReturned(fact) => {
            let forwarding = id(&fact.forwarding_id)?;
            (&fact.matter_id, FactKind::CompletionReturned { forwarding })
        }
        CompletionFact::CompletionAccepted(fact) => {
            let forwarding = id(&fact.forwarding_id)?;
            (&fact.matter_id, FactKind::CompletionAccepted { forwarding })
        }
    })
}

fn registration(told: &Told) -> Result<Option<Registration>, Problem> {
    let Told::MatterRegistered(fact) = told else {
        return Ok(None);
    };
    let mut violations = Violations::default();
    let place = violations.territory_code("place_code", &fact.place_code);
    let category = category(&mut violations, "category", fact.category);
    let (place, category) = violations.finish_with(place.zip(category))?;
    Ok(Some(Registration {
        number: fact.number.clone(),
        office: id(&fact.registered_by)?,
        opened_at: time(fact.received_time.as_ref(), "received_time")?,
        place,
        category,
        about: match fact.about_organ.as_str() {
            "" => None,
            organ => Some(id(organ)?),
        },
    }))
}

fn forwarded(fact: &MatterForwarded) -> Result<FactKind, Problem> {
    let kind = wire::forwarding_kind(fact.kind())
        .ok_or_else(|| broken(format!("{} is no kind of forwarding", fact.kind)))?;
    // empty when the first office sent it; no clock asks who did
    let first_office = OrganId::from_uuid(Uuid::nil());
    Ok(FactKind::Forwarded {
        forwarding: id(&fact.forwarding_id)?,
        to: id(&fact.to_organ)?,
        by: if fact.from_organ.is_empty() {
            first_office
        } else {
            id(&fact.from_organ)?
        },
        kind,
        opinion_clock: fact.opinion_clock,
        limit_days: (fact.limit_days > 0).then_some(fact.limit_days),
        simplified: fact.simplified.as_ref().map(|limits| SimplifiedLimits {
            passing: limits.passing,
            acceptance: limits.acceptance,
            opinion: limits.opinion,
        }),
    })
}

fn id<K: Kind>(given: &str) -> Result<Id<K>, Problem> {
    given.parse().map_err(|error| broken(format!("{error}")))
}

fn time(given: Option<&Timestamp>, field: &str) -> Result<Instant, Problem> {
    given
        .and_then(instant)
        .ok_or_else(|| broken(format!("{field} is missing or no instant")))
}

fn broken(words: String) -> Problem {
    Problem::Unexpected(format!("an event breaks the contract: {words}"))
}
