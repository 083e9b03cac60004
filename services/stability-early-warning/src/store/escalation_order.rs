//! Every step that was taken because nobody acknowledged.

use huiyin_domain::time::Instant;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::alert_recipient::numbers;
use crate::alert::Recipient;

/// Writes the steps that recipients have reached at an instant.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    reached: &[Recipient],
    at: Instant,
) -> Result<(), Problem> {
    let ids: Vec<Uuid> = reached.iter().map(|recipient| recipient.id).collect();
    let (steps, counts) = numbers(reached)?;
    sqlx::query!(
        "INSERT INTO escalation_order (recipient_id, count, step, at)
         SELECT recipient_id, count, step, $4 FROM unnest($1::uuid[], $2::integer[], $3::integer[])
              AS reached (recipient_id, count, step)",
        &ids,
        &counts,
        &steps,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When the last step of a recipient was taken.
pub(crate) async fn last(
    connection: &mut PgConnection,
    recipient: Uuid,
) -> Result<Option<Instant>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT at FROM escalation_order WHERE recipient_id = $1 ORDER BY count DESC LIMIT 1",
        recipient,
    )
    .fetch_optional(connection)
    .await
}
