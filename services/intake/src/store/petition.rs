//! The keyed hash that finds a repeat, and what is left of a petition that was erased.

use huiyin_domain::ids::OrganId;
use huiyin_domain::time::Instant;
use sqlx::PgConnection;
use uuid::Uuid;

/// An earlier matter with the same screening hash.
#[derive(Clone, Debug)]
pub(crate) struct Earlier {
    /// Its id.
    pub(crate) matter_id: Uuid,
    /// Its number.
    pub(crate) number: String,
    /// When it was registered.
    pub(crate) registered_at: Instant,
}

/// The matter that was raised first with one of these screening hashes.
pub(crate) async fn initial(
    connection: &mut PgConnection,
    hashes: &[Vec<u8>],
) -> Result<Option<Earlier>, sqlx::Error> {
    sqlx::query_as!(
        Earlier,
        "SELECT matter.matter_id, matter.number, matter.registered_at
         FROM petition JOIN matter ON matter.matter_id = petition.matter_id
         WHERE petition.screening_hash = ANY($1) AND petition.initial
         ORDER BY matter.registered_at LIMIT 1",
        hashes,
    )
    .fetch_optional(connection)
    .await
}

/// Records that the petitions of these matters were erased: nothing finds their repeats any more.
pub(crate) async fn erased(
    connection: &mut PgConnection,
    matters: &[Uuid],
    (organ, grounds): (OrganId, &str),
    now: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE petition SET screening_hash = NULL WHERE matter_id = ANY($1)",
        matters,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO petition_erasure (matter_id, organ_id, grounds, erased_at)
         SELECT matter_id, $2, $3, $4 FROM unnest($1::uuid[]) AS erased (matter_id)",
        matters,
        organ.uuid(),
        grounds,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Those of the matters whose petitions were erased already.
pub(crate) async fn erased_before(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT matter_id FROM petition_erasure WHERE matter_id = ANY($1)",
        matters,
    )
    .fetch_all(connection)
    .await
}
