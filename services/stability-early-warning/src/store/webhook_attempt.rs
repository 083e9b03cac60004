//! What came of each attempt to tell.

use huiyin_domain::ids::{EventId, WebhookId};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer, most, word};
use crate::webhooks::Attempt;

/// Attempts of one delivery that are shown.
const SHOWN: i64 = 20;

/// Writes an attempt.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    webhook: WebhookId,
    attempt: &Attempt,
) -> Result<(), Problem> {
    sqlx::query!(
        "INSERT INTO webhook_attempt (webhook_id, event_id, number, at, status, failure) VALUES ($1, $2, $3, $4, $5, $6)",
        webhook.uuid(),
        attempt.event.uuid(),
        integer(attempt.number)?,
        attempt.at,
        attempt.came_to.ok().map(i32::from),
        attempt.came_to.err().map(|reason| reason.as_str()),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The newest attempts of each of these deliveries, in order.
pub(crate) async fn of(
    connection: &mut PgConnection,
    webhook: WebhookId,
    events: &[EventId],
) -> Result<Vec<Attempt>, Problem> {
    let ids: Vec<Uuid> = events.iter().map(|event| event.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT attempt.event_id, attempt.number, attempt.at, attempt.status, attempt.failure
         FROM unnest($2::uuid[]) AS wanted (event_id)
         CROSS JOIN LATERAL (
             SELECT event_id, number, at, status, failure FROM webhook_attempt made
             WHERE made.webhook_id = $1 AND made.event_id = wanted.event_id
             ORDER BY number DESC LIMIT $3) AS attempt
         ORDER BY attempt.event_id, attempt.number LIMIT $4",
        webhook.uuid(),
        &ids,
        SHOWN,
        most(&ids).saturating_mul(SHOWN),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let status = row.status.and_then(|status| u16::try_from(status).ok());
            let came_to = match (status, row.failure.as_deref()) {
                (_, Some(failure)) => Err(word("webhook_attempt.failure", failure)?),
                (status, None) => Ok(status.unwrap_or(0)),
            };
            Ok(Attempt {
                event: EventId::from_uuid(row.event_id),
                number: count("webhook_attempt.number", row.number)?,
                at: row.at,
                came_to,
            })
        })
        .collect()
}
