//! The organs routing told of.

use huiyin_domain::ids::OrganId;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::word;
use crate::known::OrganKnown;

/// An organ; none when it is unknown.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: OrganId,
) -> Result<Option<OrganKnown>, Problem> {
    let row = sqlx::query!(
        "SELECT level, territory_code FROM organ_known WHERE organ_id = $1",
        id.uuid()
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(OrganKnown {
            id,
            level: word("organ_known.level", &row.level)?,
            territory: word("organ_known.territory_code", &row.territory_code)?,
        })
    })
    .transpose()
}

/// Writes new organs and changes known ones; each id at most once.
pub(crate) async fn write(
    connection: &mut PgConnection,
    organs: &[OrganKnown],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.id.uuid()).collect();
    let levels: Vec<String> = organs.iter().map(|organ| organ.level.to_string()).collect();
    let territories: Vec<String> = organs
        .iter()
        .map(|organ| organ.territory.to_string())
        .collect();
    sqlx::query!(
        "INSERT INTO organ_known (organ_id, level, territory_code)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])
         ON CONFLICT (organ_id) DO UPDATE SET level = excluded.level, territory_code = excluded.territory_code",
        &ids,
        &levels,
        &territories,
    )
    .execute(connection)
    .await?;
    Ok(())
}
