//! One file a call of the webhooks.

pub(crate) mod end_webhook;
pub(crate) mod get_webhook;
pub(crate) mod list_webhook_deliveries;
pub(crate) mod list_webhooks;
pub(crate) mod redrive_deliveries;
pub(crate) mod rotate_webhook_secret;
pub(crate) mod set_webhook;

use huiyin_domain::ids::{OrganId, WebhookId};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::service::Service;
use crate::store::webhook;
use crate::webhooks::{Channel, Webhook};

/// The channel.
///
/// # Errors
/// When the settings have no key.
fn channel<'s>(service: &'s Service, action: &str) -> Result<&'s Channel, Problem> {
    service
        .webhooks
        .as_ref()
        .ok_or_else(|| Problem::NotAllowedNow {
            action: action.to_owned(),
            state: "without webhooks: the settings name no webhook_key".to_owned(),
            allowed: vec!["watch_alerts".to_owned()],
        })
}

/// The organ and the webhook of a request.
fn key(
    violations: &mut Violations,
    (organ, webhook): (&str, &str),
) -> Option<(OrganId, WebhookId)> {
    let organ = violations.id("organ_id", organ);
    let webhook = violations.id("webhook_id", webhook);
    organ.zip(webhook)
}

fn not_found(id: WebhookId) -> Problem {
    Problem::NotFound {
        what: "webhook",
        id: id.to_string(),
    }
}

/// An open webhook that something is done with, locked; found with the eyes of who asks.
async fn locked(
    tx: &mut Tx,
    (organ, id): (OrganId, WebhookId),
    action: &str,
) -> Result<Webhook, Problem> {
    let found = webhook::find(tx.connection(), (organ, id)).await?;
    found.ok_or_else(|| not_found(id))?;
    tx.as_house().await?;
    let locked = webhook::lock(tx.connection(), id).await?;
    let locked = locked.ok_or_else(|| not_found(id))?;
    if locked.ended.is_some() {
        return Err(Problem::NotAllowedNow {
            action: action.to_owned(),
            state: "ended".to_owned(),
            allowed: vec!["set_webhook".to_owned()],
        });
    }
    Ok(locked)
}
