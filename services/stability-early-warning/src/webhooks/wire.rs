//! Between the contract's messages and our types.

use huiyin_domain::warning::webhooks::Unanswered;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::wire::timestamp;

use super::{Attempt, Delivery, DeliveryState, EndedBy, Webhook};

/// A webhook in an answer.
pub(crate) fn webhook(webhook: &Webhook) -> pb::Webhook {
    let (ended_time, end) = webhook.ended.unzip();
    pb::Webhook {
        webhook_id: webhook.id.to_string(),
        organ_id: webhook.organ.to_string(),
        url: webhook.url.clone(),
        notices: webhook.notices.iter().map(|kind| (*kind).into()).collect(),
        concurrency: webhook.concurrency,
        secret_version: webhook.version,
        former_secret_until_time: webhook.former_until.map(timestamp),
        set_time: Some(timestamp(webhook.set_at)),
        ended_time: ended_time.map(timestamp),
        end: end.map_or(pb::WebhookEnd::Unspecified, end_word).into(),
    }
}

fn end_word(end: EndedBy) -> pb::WebhookEnd {
    match end {
        EndedBy::Organ => pb::WebhookEnd::ByOrgan,
        EndedBy::Gone => pb::WebhookEnd::Gone,
    }
}

/// A delivery in an answer, with those of the attempts that are its own.
pub(crate) fn delivery(delivery: &Delivery, attempts: &[Attempt]) -> pb::WebhookDelivery {
    let (state, next, settled) = match delivery.state {
        DeliveryState::Waiting(next) => (pb::DeliveryState::Waiting, Some(next), None),
        DeliveryState::Delivered(at) => (pb::DeliveryState::Delivered, None, Some(at)),
        DeliveryState::GivenUp(at) => (pb::DeliveryState::GivenUp, None, Some(at)),
    };
    let own = attempts
        .iter()
        .filter(|attempt| attempt.event == delivery.event);
    pb::WebhookDelivery {
        event_id: delivery.event.to_string(),
        alert_id: delivery.alert.to_string(),
        notice: delivery.notice.into(),
        state: state.into(),
        told_time: Some(timestamp(delivery.told_at)),
        next_attempt_time: next.map(timestamp),
        settled_time: settled.map(timestamp),
        attempts: own.map(attempt).collect(),
    }
}

fn attempt(attempt: &Attempt) -> pb::WebhookAttempt {
    let failure = match attempt.came_to {
        Ok(_) => pb::DeliveryFailure::Unspecified,
        Err(Unanswered::NotAllowed) => pb::DeliveryFailure::NotAllowed,
        Err(Unanswered::NotReached) => pb::DeliveryFailure::NotReached,
        Err(Unanswered::TookTooLong) => pb::DeliveryFailure::TookTooLong,
        Err(Unanswered::Broken) => pb::DeliveryFailure::Broken,
    };
    pb::WebhookAttempt {
        number: attempt.number,
        attempt_time: Some(timestamp(attempt.at)),
        status: attempt.came_to.map_or(0, u32::from),
        failure: failure.into(),
    }
}
