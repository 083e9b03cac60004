//! A webhook gets a new secret; the one before signs too for a day, so that the receiver can change over.

use huiyin_domain::warning::webhooks::FORMER_SECRET_FOR;
use huiyin_proto::stability_early_warning::v1::{
    RotateWebhookSecretRequest, RotateWebhookSecretResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{channel, key, locked};
use crate::service::Service;
use crate::store::webhook;
use crate::webhooks::wire;
use crate::wire::kept;

/// Gives a webhook a new secret.
///
/// # Errors
/// When there is no such webhook of the organ, or it has ended.
pub(crate) async fn answer(
    service: &Service,
    request: Request<RotateWebhookSecretRequest>,
) -> Result<RotateWebhookSecretResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let key = key(&mut violations, (&message.organ_id, &message.webhook_id));
    let (organ, id) = violations.finish_with(key)?;
    permit(About::Organ(organ)).await?;
    let channel = channel(service, "rotate_webhook_secret")?;
    let mut answer: RotateWebhookSecretResponse = service
        .desk
        .database
        .once("rotate_webhook_secret", asked, move |tx| {
            Box::pin(async move {
                let mut open = locked(tx, (organ, id), "rotate_webhook_secret").await?;
                open.version = open.version.saturating_add(1);
                open.former_until = Some(kept(tx.now()) + FORMER_SECRET_FOR);
                webhook::rotate(tx.connection(), &open).await?;
                Ok(RotateWebhookSecretResponse {
                    webhook: Some(wire::webhook(&open)),
                    secret: String::new(),
                })
            })
        })
        .await?;
    if let Some(rotated) = &answer.webhook {
        answer.secret = channel.secret(id, rotated.secret_version)?.shown();
    }
    Ok(answer)
}
