//! The desk of each level: what its urgent stream brings has been received when this commits.

use std::sync::Arc;

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::{metrics, wire as kit};

use super::id;
use crate::service::Service;
use crate::store::alert_recipient;
use crate::{told, wire};

/// Receives what reaches the desk of a level, and wakes who watches it.
pub(super) fn receive(service: &Service, level: Level) -> Reaction {
    let real_clock = !service.desk.database.clock().is_by_hand();
    let bells = service.bells.clone();
    Reaction::to_alerts(
        level,
        ServiceName::StabilityEarlyWarning,
        move |tx, events| {
            Box::pin(async move {
                react(level, tx, events).await?;
                if real_clock {
                    measure(level, tx, events);
                }
                Ok(())
            })
        },
    )
    .then(Arc::new(move || bells.ring(level)))
}

async fn react(level: Level, tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    let mut reached: Vec<(AlertId, OrganId)> = Vec::new();
    for event in events {
        if let Some(Fact::AlertRaised(fact)) = &event.fact {
            reached.push((
                id("alert_id", &fact.alert_id)?,
                id("recipient_organ", &fact.recipient_organ)?,
            ));
        }
    }
    if reached.is_empty() {
        return Ok(());
    }
    let at = wire::kept(tx.now());
    let mut delivered = alert_recipient::deliver(tx.connection(), &reached, at).await?;
    delivered.sort_by_key(|recipient| recipient.id);
    for recipient in &delivered {
        told::delivered(tx, recipient);
    }
    metrics::count(
        "huiyin_alerts_delivered",
        delivered.len() as u64,
        &[("level", level.as_str())],
    );
    Ok(())
}

/// From the commit that raised an alert to the desk; meaningless under a clock moved by hand.
fn measure(level: Level, tx: &Tx, events: &[Event]) {
    for event in events
        .iter()
        .filter(|event| matches!(event.fact, Some(Fact::AlertRaised(_))))
    {
        if let Some(occurred) = event.occurred_time.as_ref().and_then(kit::instant) {
            let seconds = (tx.now() - occurred).as_seconds_f64().max(0.0);
            metrics::observe(
                "huiyin_alert_delivery_seconds",
                seconds,
                &[("level", level.as_str())],
            );
        }
    }
}
