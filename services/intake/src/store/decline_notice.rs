//! Written notices of declines.

use huiyin_domain::ids::MatterId;
use sqlx::PgConnection;

/// Keeps the right channel a decline named, with the step at which it was given.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    matter: MatterId,
    step: i32,
    right_channel: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO decline_notice (matter_id, step, right_channel) VALUES ($1, $2, $3)",
        matter.uuid(),
        step,
        right_channel,
    )
    .execute(connection)
    .await?;
    Ok(())
}
