//! What the other four tell is kept, a run at a time, one statement for each table it touches.

use huiyin_proto::events::v1::Event;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::status::Problem;

use crate::heard::Heard;
use crate::store;

/// The reactions to the ordinary streams of the other four.
pub(crate) fn all() -> Vec<Reaction> {
    let others = [
        ServiceName::Intake,
        ServiceName::Routing,
        ServiceName::Supervision,
        ServiceName::StabilityEarlyWarning,
    ];
    let reaction = |from| Reaction::to(from, |tx, events| Box::pin(keep(tx, events)));
    others.into_iter().map(reaction).collect()
}

async fn keep(tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    let heard = Heard::of(events)?;
    let connection = tx.connection();
    store::place_name::keep(connection, &heard.places).await?;
    store::matter_fact::keep(connection, &heard.registered).await?;
    store::matter_step::keep(connection, &heard.steps).await?;
    store::deadline_fact::keep(connection, &heard.deadlines).await?;
    store::order_fact::keep(connection, &heard.orders).await?;
    store::alert_fact::keep(connection, &heard.recipients).await?;
    store::small_facts::keep_objections(connection, &heard.objections).await?;
    store::small_facts::keep_evaluations(connection, &heard.evaluations).await?;
    Ok(())
}
