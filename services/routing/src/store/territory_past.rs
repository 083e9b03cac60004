//! Stretches of places that ended.

use huiyin_domain::territory::{Established, TerritoryCode};
use huiyin_domain::time::Date;
use sqlx::PgConnection;

/// Writes a stretch of which only its end became known.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    row: &Established,
    valid_to: Date,
) -> Result<(), sqlx::Error> {
    let parent = row.territory.parent.map(|parent| parent.to_string());
    sqlx::query!(
        "INSERT INTO territory_past (code, valid_from, valid_to, name, level, parent_code)
         VALUES ($1, $2, $3, $4, $5, $6)",
        row.territory.code.as_str(),
        row.valid_from,
        valid_to,
        row.territory.name,
        row.territory.level.as_str(),
        parent,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets a place that is in force end on the day.
pub(crate) async fn end(
    connection: &mut PgConnection,
    code: TerritoryCode,
    last: Date,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH ended AS (
             DELETE FROM territory WHERE code = $1 RETURNING code, valid_from, name, level, parent_code
         )
         INSERT INTO territory_past (code, valid_from, valid_to, name, level, parent_code)
         SELECT code, valid_from, $2, name, level, parent_code FROM ended",
        code.as_str(),
        last,
    )
    .execute(connection)
    .await?;
    Ok(())
}
