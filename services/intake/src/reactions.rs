//! What this service does about the streams of others.

mod establish;
mod follow;
mod remedies;
mod rules;

use huiyin_domain::ids::{Id, Kind};
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_service_kit::almanac;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::store;

/// Learns places from routing, and follows where it sends each matter.
pub(crate) fn to_routing() -> Reaction {
    Reaction::to(ServiceName::Routing, |tx, events| {
        Box::pin(react(tx, events))
    })
}

/// Learns the work calendar and the remedies of matters from supervision.
pub(crate) fn to_supervision() -> Reaction {
    Reaction::to(ServiceName::Supervision, |tx, events| {
        Box::pin(async move {
            almanac::follow(tx, events).await?;
            for event in events {
                if let Some(step) = remedies::read(event)? {
                    store::remedy_step::write(tx.connection(), &step).await?;
                }
            }
            Ok(())
        })
    })
}

/// A run of events is grouped: places and organs concern no matter, so their order among the moves of
/// matters decides nothing; the moves of one matter stay in order.
async fn react(tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    let mut established = establish::Established::default();
    let mut moves = Vec::new();
    for event in events {
        match &event.fact {
            Some(Fact::TerritoriesEstablished(fact)) => established.places(fact)?,
            // the kit keeps where organs stand
            Some(Fact::OrgansEstablished(_)) => {}
            Some(Fact::RulesActivated(fact)) => {
                let rules = rules::read(fact)?;
                store::rules_known::insert(tx.connection(), &rules).await?;
            }
            Some(fact) => moves.extend(follow::read(event, fact)?),
            None => {
                return Err(Problem::Unexpected(
                    "an event without a fact this release knows".to_owned(),
                ));
            }
        }
    }
    established.write(tx.connection()).await?;
    follow::follow(tx.connection(), &moves).await
}

/// An id in an event; a wrong one sets the event aside.
fn id<K: Kind>(field: &str, given: &str) -> Result<Id<K>, Problem> {
    let mut violations = Violations::default();
    let id = violations.id(field, given);
    violations.finish_with(id)
}
