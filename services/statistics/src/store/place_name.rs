//! Names of places, as routing told them.

use std::collections::BTreeMap;

use sqlx::PgConnection;

pub(crate) async fn keep(
    connection: &mut PgConnection,
    places: &BTreeMap<String, (String, String)>,
) -> Result<(), sqlx::Error> {
    if places.is_empty() {
        return Ok(());
    }
    let codes: Vec<String> = places.keys().cloned().collect();
    let (names, levels): (Vec<String>, Vec<String>) = places.values().cloned().unzip();
    sqlx::query!(
        "INSERT INTO place_name (code, name, level) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
         ON CONFLICT (code) DO UPDATE SET name = excluded.name, level = excluded.level",
        &codes,
        &names,
        &levels,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The names of some places; an unknown code has none.
pub(crate) async fn names(
    connection: &mut PgConnection,
    codes: &[String],
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT code, name FROM place_name WHERE code = ANY($1) LIMIT 10000",
        codes
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.code, row.name)).collect())
}
