//! Who read a petition, and for which duty.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_service_kit::chance;
use sqlx::PgConnection;

/// Records a reading.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    (matter, organ): (MatterId, OrganId),
    purpose: &str,
    now: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO petition_reading (reading_id, matter_id, organ_id, purpose, read_at)
         VALUES ($1, $2, $3, $4, $5)",
        chance::new_uuid(),
        matter.uuid(),
        organ.uuid(),
        purpose,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
