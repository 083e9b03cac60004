//! One webhook.

use huiyin_proto::stability_early_warning::v1::{GetWebhookRequest, GetWebhookResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{key, not_found};
use crate::service::Service;
use crate::store::webhook;
use crate::webhooks::wire;

/// Finds a webhook.
///
/// # Errors
/// When the organ has none of this id.
pub(crate) async fn answer(
    service: &Service,
    message: GetWebhookRequest,
) -> Result<GetWebhookResponse, Problem> {
    let mut violations = Violations::default();
    let key = key(&mut violations, (&message.organ_id, &message.webhook_id));
    let (organ, id) = violations.finish_with(key)?;
    permit(About::Organ(organ)).await?;
    let mut connection = service.desk.database.reading().await?;
    let found = webhook::find(&mut connection, (organ, id)).await?;
    let found = found.ok_or_else(|| not_found(id))?;
    Ok(GetWebhookResponse {
        webhook: Some(wire::webhook(&found)),
    })
}
