//! What this service does about the streams of others, and about its own urgent ones.

mod desks;
mod places;
mod registrations;

use huiyin_domain::ids::{Id, Kind};
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::service::Service;

/// Every reaction: places and offices, large visits, and one desk a level.
pub(crate) fn all(service: &Service) -> Vec<Reaction> {
    let desks = Level::all()
        .iter()
        .map(|level| desks::receive(service, *level));
    [
        places::follow_routing(),
        registrations::watch_intake(service.clone()),
    ]
    .into_iter()
    .chain(desks)
    .collect()
}

/// An id in an event; a wrong one sets the event aside.
fn id<K: Kind>(field: &str, given: &str) -> Result<Id<K>, Problem> {
    let mut violations = Violations::default();
    let id = violations.id(field, given);
    violations.finish_with(id)
}
