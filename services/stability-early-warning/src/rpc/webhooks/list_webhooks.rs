//! The webhooks of an organ, newest first.

use huiyin_proto::stability_early_warning::v1::{ListWebhooksRequest, ListWebhooksResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::page::{instant_key, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::rpc::reporting::{Listing, size, split_key};
use crate::service::Service;
use crate::store::webhook;
use crate::webhooks::wire;

/// Lists a page of webhooks.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListWebhooksRequest,
) -> Result<ListWebhooksResponse, Problem> {
    let mut violations = Violations::default();
    let organ = violations.id("organ_id", &message.organ_id);
    let size = size(&mut violations, message.page_size);
    let organ = violations.finish_with(organ)?;
    permit(About::Organ(organ)).await?;
    let listing = Listing {
        size,
        fingerprint: format!("webhooks organ={organ}"),
    };
    let after = listing.after(&message.page_token, |key| {
        let (at, id) = split_key(key)?;
        Some((read_instant_key(at)?, id))
    })?;
    let mut connection = service.desk.database.reading().await?;
    let found = webhook::list(&mut connection, organ, after, listing.limit()).await?;
    let (found, next_page_token) = listing.cut(found, |webhook| {
        format!("{} {}", instant_key(webhook.set_at), webhook.id.uuid())
    });
    Ok(ListWebhooksResponse {
        webhooks: found.iter().map(wire::webhook).collect(),
        next_page_token,
    })
}
