//! The desk of each level: what its urgent stream brings has been received when this commits.

use std::sync::Arc;

use huiyin_domain::ids::{AlertId, EventId, OrganId};
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::{chance, metrics};
use uuid::Uuid;

use super::id;
use crate::service::Service;
use crate::store::alert_recipient;
use crate::webhooks::queueing;
use crate::{told, wire};

/// Receives what reaches the desk of a level, and wakes who watches it; what organs' own systems are told of it is written in the
/// same commit.
pub(super) fn receive(service: &Service, level: Level) -> Reaction {
    let bells = service.bells.clone();
    let (webhooks, keep) = (service.webhooks.clone(), service.deliveries_kept);
    Reaction::to_alerts(
        level,
        ServiceName::StabilityEarlyWarning,
        move |tx, events| {
            Box::pin(async move {
                react(level, tx, events).await?;
                queueing::queue(tx, level, (events, keep)).await?;
                measure(level, events);
                Ok(())
            })
        },
    )
    .then(Arc::new(move || {
        bells.ring(level);
        if let Some(webhooks) = &webhooks {
            webhooks.rung.notify_waiters();
        }
    }))
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

/// From the writing of an alert to the desk, in real time whatever the clock of decisions says: the id of
/// an event holds the instant it was drawn, to the millisecond.
fn measure(level: Level, events: &[Event]) {
    let now = drawn_at(chance::new_uuid());
    for event in events
        .iter()
        .filter(|event| matches!(event.fact, Some(Fact::AlertRaised(_))))
    {
        let written = event.event_id.parse::<EventId>().ok();
        let written = written.and_then(|id| drawn_at(id.uuid()));
        if let (Some(now), Some(written)) = (now, written) {
            metrics::observe(
                "huiyin_alert_delivery_seconds",
                (now - written).max(0.0),
                &[("level", level.as_str())],
            );
        }
    }
}

/// When an id was drawn, in seconds since 1970.
fn drawn_at(id: Uuid) -> Option<f64> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    Some(seconds as f64 + f64::from(nanos) / 1e9)
}
