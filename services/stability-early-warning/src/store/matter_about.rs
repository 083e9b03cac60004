//! Matters that are about an organ.

use huiyin_domain::ids::{MatterId, OrganId};
use sqlx::PgConnection;
use uuid::Uuid;

/// That a matter is about an organ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MatterAbout {
    /// The matter.
    pub(crate) matter: MatterId,
    /// The organ.
    pub(crate) organ: OrganId,
    /// Whether it is a denunciation.
    pub(crate) denunciation: bool,
}

/// Writes what was told; a matter is about what its registration says.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    about: &[MatterAbout],
) -> Result<(), sqlx::Error> {
    if about.is_empty() {
        return Ok(());
    }
    let matters: Vec<Uuid> = about.iter().map(|about| about.matter.uuid()).collect();
    let organs: Vec<Uuid> = about.iter().map(|about| about.organ.uuid()).collect();
    let denunciations: Vec<bool> = about.iter().map(|about| about.denunciation).collect();
    sqlx::query!(
        "INSERT INTO matter_about (matter_id, organ_id, denunciation)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[]) ON CONFLICT DO NOTHING",
        &matters,
        &organs,
        &denunciations,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What those of the matters are about that are about an organ.
pub(crate) async fn of(
    connection: &mut PgConnection,
    matters: &[MatterId],
) -> Result<Vec<MatterAbout>, sqlx::Error> {
    let ids: Vec<Uuid> = matters.iter().map(|matter| matter.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT matter_id, organ_id, denunciation FROM matter_about WHERE matter_id = ANY($1)",
        &ids
    )
    .fetch_all(connection)
    .await?;
    let about = rows.into_iter().map(|row| MatterAbout {
        matter: MatterId::from_uuid(row.matter_id),
        organ: OrganId::from_uuid(row.organ_id),
        denunciation: row.denunciation,
    });
    Ok(about.collect())
}
