//! Which events are about denunciations: they go to a log of their own, so that what others see of the open one tells nothing
//! of them.

use std::sync::Arc;

use huiyin_domain::ids::MatterId;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::vocabulary::v1::Category;
use sqlx::PgConnection;
use uuid::Uuid;

use super::store;
use crate::road::consumer::React;

/// The matter, when the event tells that a denunciation was registered.
pub(crate) fn denounced(fact: &Fact) -> Option<Uuid> {
    let Fact::MatterRegistered(fact) = fact else {
        return None;
    };
    match fact.category() {
        Category::Denunciation => id(&fact.matter_id),
        Category::Unspecified | Category::Suggestion | Category::Claim => None,
    }
}

/// The matters an event is about. What is no id of a matter names none.
pub(super) fn matters(fact: &Fact) -> impl Iterator<Item = Uuid> {
    fact.matter_ids().iter().filter_map(|given| id(given))
}

fn id(given: &str) -> Option<Uuid> {
    let id: MatterId = given.parse().ok()?;
    Some(id.uuid())
}

/// Notes matters as sealed.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn seal(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<(), sqlx::Error> {
    store::sealed::insert(connection, matters).await
}

/// A reaction that before everything else notes the denunciations it hears of.
pub(crate) fn keep_sealed(react: React) -> React {
    Arc::new(move |tx, events: &[Event]| {
        let react = Arc::clone(&react);
        Box::pin(async move {
            let facts = events.iter().filter_map(|event| event.fact.as_ref());
            let sealed: Vec<Uuid> = facts.filter_map(denounced).collect();
            seal(tx.connection(), &sealed).await?;
            react(tx, events).await
        })
    })
}
