//! What this service does about the streams of others.

mod follow;
mod route;

use huiyin_domain::ids::{Id, Kind};
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::safe::erased;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::rulebook::Rulebook;
use crate::store;

/// Routes what intake registers, and follows what it records of acceptance, decline, withdrawal and reply.
pub(crate) fn to_intake(rulebook: Rulebook) -> Reaction {
    Reaction::to(ServiceName::Intake, move |tx, events| {
        let rulebook = rulebook.clone();
        Box::pin(async move { react(&rulebook, tx, events).await })
    })
}

/// Registrations of a run go first: nothing else can be said of a matter before it is registered, and
/// what is said of others does not touch them.
async fn react(rulebook: &Rulebook, tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    let mut registered = Vec::new();
    let mut said = Vec::new();
    for event in events {
        match &event.fact {
            Some(Fact::MatterRegistered(fact)) => registered.push(route::read(fact)?),
            Some(fact) => said.extend(follow::read(event, fact)?),
            None => {
                return Err(Problem::Unexpected(
                    "an event without a fact this release knows".to_owned(),
                ));
            }
        }
    }
    route::route(rulebook, tx, &registered).await?;
    follow::follow(tx, &said).await?;
    erase(tx, events).await
}

/// What was written of an erased petition is erased with it.
async fn erase(tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    let erased = erased(events)?;
    if !erased.is_empty() {
        store::opinion::erase(tx.connection(), &erased).await?;
    }
    Ok(())
}

/// An id in an event; a wrong one sets the event aside.
fn id<K: Kind>(field: &str, given: &str) -> Result<Id<K>, Problem> {
    let mut violations = Violations::default();
    let id = violations.id(field, given);
    violations.finish_with(id)
}
