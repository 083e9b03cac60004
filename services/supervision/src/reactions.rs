//! What supervision does about the streams of intake and routing: everything that starts, prolongs or
//! ends a clock becomes a fact.

use huiyin_proto::events::v1::Event;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::status::Problem;

use crate::follow::follow;
use crate::heard::{Heard, hear};

/// The reactions.
pub(crate) fn all() -> Vec<Reaction> {
    [ServiceName::Intake, ServiceName::Routing]
        .map(|from| Reaction::to(from, |tx, events| Box::pin(react(tx, events))))
        .into()
}

async fn react(tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    let heard: Vec<Heard> = events
        .iter()
        .filter_map(|event| hear(event).transpose())
        .collect::<Result<_, _>>()?;
    follow(tx, &heard).await
}
