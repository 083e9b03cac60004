//! What was to be told by a webhook, newest first.

use huiyin_domain::ids::EventId;
use huiyin_proto::stability_early_warning::v1::{
    DeliveryState, ListWebhookDeliveriesRequest, ListWebhookDeliveriesResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::page::{instant_key, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{key, not_found};
use crate::rpc::reporting::{Listing, size, split_key};
use crate::service::Service;
use crate::store::webhook_delivery::{self, Listed};
use crate::store::{webhook, webhook_attempt};
use crate::webhooks::wire;

/// Lists a page of deliveries.
///
/// # Errors
/// Every wrong field at once; a token of another list; when the organ has no such webhook.
pub(crate) async fn answer(
    service: &Service,
    message: ListWebhookDeliveriesRequest,
) -> Result<ListWebhookDeliveriesResponse, Problem> {
    let mut violations = Violations::default();
    let key = key(&mut violations, (&message.organ_id, &message.webhook_id));
    let state = match message.state {
        0 => None,
        given => violations
            .choice("state", given, DeliveryState::as_str_name)
            .and_then(word),
    };
    let size = size(&mut violations, message.page_size);
    let (organ, id) = violations.finish_with(key)?;
    permit(About::Organ(organ)).await?;
    let listing = Listing {
        size,
        fingerprint: format!(
            "webhook deliveries {id} state={}",
            state.unwrap_or_default()
        ),
    };
    let after = listing.after(&message.page_token, |key| {
        let (at, id) = split_key(key)?;
        Some((read_instant_key(at)?, id))
    })?;
    let mut connection = service.desk.database.reading().await?;
    let found = webhook::find(&mut connection, (organ, id)).await?;
    found.ok_or_else(|| not_found(id))?;
    let wanted = Listed {
        webhook: id,
        state,
        after,
        limit: listing.limit(),
    };
    let found = webhook_delivery::list(&mut connection, &wanted).await?;
    let (found, next_page_token) = listing.cut(found, |delivery| {
        format!(
            "{} {}",
            instant_key(delivery.told_at),
            delivery.event.uuid()
        )
    });
    let events: Vec<EventId> = found.iter().map(|delivery| delivery.event).collect();
    let attempts = webhook_attempt::of(&mut connection, id, &events).await?;
    let deliveries = found.iter();
    Ok(ListWebhookDeliveriesResponse {
        deliveries: deliveries
            .map(|delivery| wire::delivery(delivery, &attempts))
            .collect(),
        next_page_token,
    })
}

fn word(state: DeliveryState) -> Option<&'static str> {
    match state {
        DeliveryState::Unspecified => None,
        DeliveryState::Waiting => Some("waiting"),
        DeliveryState::Delivered => Some("delivered"),
        DeliveryState::GivenUp => Some("given_up"),
    }
}
