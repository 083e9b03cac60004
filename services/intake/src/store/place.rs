//! The places routing told of.

use huiyin_domain::territory::{Territory, TerritoryCode};
use sqlx::PgConnection;

/// The name of a place; none when it is unknown.
pub(crate) async fn name(
    connection: &mut PgConnection,
    code: TerritoryCode,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("SELECT name FROM place WHERE code = $1", code.as_str())
        .fetch_optional(connection)
        .await
}

/// Writes new places and changes known ones; each code at most once.
pub(crate) async fn write(
    connection: &mut PgConnection,
    places: &[Territory],
) -> Result<(), sqlx::Error> {
    let codes: Vec<String> = places.iter().map(|place| place.code.to_string()).collect();
    let names: Vec<String> = places.iter().map(|place| place.name.clone()).collect();
    let levels: Vec<String> = places.iter().map(|place| place.level.to_string()).collect();
    let parents: Vec<Option<String>> = places
        .iter()
        .map(|place| place.parent.map(|parent| parent.to_string()))
        .collect();
    sqlx::query!(
        "INSERT INTO place (code, name, level, parent_code)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
         ON CONFLICT (code) DO UPDATE
         SET name = excluded.name, level = excluded.level, parent_code = excluded.parent_code",
        &codes,
        &names,
        &levels,
        parents.as_slice() as &[Option<String>],
    )
    .execute(connection)
    .await?;
    Ok(())
}
