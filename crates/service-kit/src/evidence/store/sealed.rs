//! Which matters are denunciations.

use std::collections::HashSet;

use sqlx::PgConnection;
use uuid::Uuid;

/// Notes matters as sealed.
pub(in crate::evidence) async fn insert(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<(), sqlx::Error> {
    if matters.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO sealed_matter (matter_id) SELECT DISTINCT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING",
        matters,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Those of the matters that are sealed.
pub(in crate::evidence) async fn among(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<HashSet<Uuid>, sqlx::Error> {
    if matters.is_empty() {
        return Ok(HashSet::new());
    }
    let found = sqlx::query_scalar!(
        "SELECT matter_id FROM sealed_matter WHERE matter_id = ANY($1)",
        matters,
    )
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().collect())
}
