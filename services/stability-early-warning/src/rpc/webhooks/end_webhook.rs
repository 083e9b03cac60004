//! A webhook ends; what waits is given up.

use huiyin_proto::stability_early_warning::v1::{EndWebhookRequest, EndWebhookResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{key, locked};
use crate::service::Service;
use crate::store::{webhook, webhook_delivery};
use crate::webhooks::{EndedBy, wire};
use crate::wire::kept;

/// Ends a webhook.
///
/// # Errors
/// When there is no such webhook of the organ, or it has ended.
pub(crate) async fn answer(
    service: &Service,
    request: Request<EndWebhookRequest>,
) -> Result<EndWebhookResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let key = key(&mut violations, (&message.organ_id, &message.webhook_id));
    let (organ, id) = violations.finish_with(key)?;
    permit(About::Organ(organ)).await?;
    service
        .desk
        .database
        .once("end_webhook", asked, move |tx| {
            Box::pin(async move {
                let mut open = locked(tx, (organ, id), "end_webhook").await?;
                let now = kept(tx.now());
                open.ended = Some((now, EndedBy::Organ));
                webhook::end(tx.connection(), &open).await?;
                webhook_delivery::give_up_all(tx.connection(), id, now).await?;
                Ok(EndWebhookResponse {
                    webhook: Some(wire::webhook(&open)),
                })
            })
        })
        .await
}
