//! What was given up is tried again, for another day.

use huiyin_domain::ids::EventId;
use huiyin_proto::stability_early_warning::v1::{
    RedriveDeliveriesRequest, RedriveDeliveriesResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{key, locked};
use crate::service::Service;
use crate::store::webhook_delivery::{self, Wanted};
use crate::wire::kept;

/// Events that one request names at most.
const EVENTS: usize = 100;
/// Deliveries of one request at most.
const MOST: i64 = 1000;

/// Drives deliveries again.
///
/// # Errors
/// When there is no such webhook of the organ, or it has ended; when neither events nor a stretch of time are given, or both.
pub(crate) async fn answer(
    service: &Service,
    request: Request<RedriveDeliveriesRequest>,
) -> Result<RedriveDeliveriesResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let key = key(&mut violations, (&message.organ_id, &message.webhook_id));
    let wanted = wanted(&mut violations, &message);
    let ((organ, id), wanted) = violations.finish_with(key.zip(wanted))?;
    permit(About::Organ(organ)).await?;
    let answer = service
        .desk
        .database
        .once("redrive_deliveries", asked, move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move {
                locked(tx, (organ, id), "redrive_deliveries").await?;
                let now = kept(tx.now());
                let driven =
                    webhook_delivery::redrive(tx.connection(), id, &wanted, (now, MOST)).await?;
                Ok(RedriveDeliveriesResponse {
                    redriven: u32::try_from(driven).unwrap_or(u32::MAX),
                    more: driven == MOST.unsigned_abs(),
                })
            })
        })
        .await?;
    if let Some(channel) = &service.webhooks {
        channel.rung.notify_waiters();
    }
    Ok(answer)
}

fn wanted(violations: &mut Violations, message: &RedriveDeliveriesRequest) -> Option<Wanted> {
    let (from, to) = (message.from_time.as_ref(), message.to_time.as_ref());
    let count = message.event_ids.len();
    if count == 0 {
        let words = "is empty: name events, or a stretch of time by from_time and to_time";
        if !violations.check("event_ids", from.is_some() || to.is_some(), words) {
            return None;
        }
        let from = violations.time("from_time", from)?;
        let to = violations.time("to_time", to)?;
        let words = "is not behind from_time";
        violations.check("to_time", from < to, words);
        return Some(Wanted::Between(from, to));
    }
    let words = "is given together with from_time or to_time; one of both is allowed";
    violations.check("event_ids", from.is_none() && to.is_none(), words);
    let words = format!("has {count} entries; at most {EVENTS} are allowed");
    violations.check("event_ids", count <= EVENTS, words);
    let events: Vec<EventId> = message
        .event_ids
        .iter()
        .take(EVENTS)
        .enumerate()
        .filter_map(|(entry, given)| violations.id(&format!("event_ids[{entry}]"), given))
        .collect();
    Some(Wanted::Events(events))
}
