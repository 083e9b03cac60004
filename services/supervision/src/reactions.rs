//! What supervision does about the streams of intake and routing: everything that starts, prolongs or
//! ends a clock becomes a fact.

use huiyin_proto::events::v1::Event;
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::status::Problem;

use crate::follow::follow;
use crate::heard::{Heard, hear};

/// The reactions.
pub(crate) fn all(almanac: &Almanac) -> Vec<Reaction> {
    [ServiceName::Intake, ServiceName::Routing]
        .map(|from| {
            let almanac = almanac.clone();
            Reaction::to(from, move |tx, events| {
                let almanac = almanac.clone();
                Box::pin(async move { react(tx, &almanac, events).await })
            })
        })
        .into()
}

async fn react(tx: &mut Tx, almanac: &Almanac, events: &[Event]) -> Result<(), Problem> {
    let heard: Vec<Heard> = events
        .iter()
        .filter_map(|event| hear(event).transpose())
        .collect::<Result<_, _>>()?;
    follow(tx, almanac, &heard).await
}
