//! Places that can be warned of.

use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::vocabulary::Level;
use sqlx::PgConnection;

/// A place as routing told it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WarnedPlace {
    /// Code.
    pub(crate) code: TerritoryCode,
    /// Level.
    pub(crate) level: Level,
    /// The place above.
    pub(crate) parent: Option<TerritoryCode>,
}

/// Whether the place is known.
pub(crate) async fn is_known(
    connection: &mut PgConnection,
    code: TerritoryCode,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM warned_place WHERE code = $1) AS "known!""#,
        code.as_str(),
    )
    .fetch_one(connection)
    .await
}

/// Those of the places that are known.
pub(crate) async fn known(
    connection: &mut PgConnection,
    codes: &[TerritoryCode],
) -> Result<Vec<String>, sqlx::Error> {
    let wanted: Vec<String> = codes.iter().map(ToString::to_string).collect();
    sqlx::query_scalar!(
        "SELECT code FROM warned_place WHERE code = ANY($1) LIMIT $2",
        &wanted,
        super::most(&wanted),
    )
    .fetch_all(connection)
    .await
}

/// Writes new places and changes known ones; each at most once.
pub(crate) async fn write(
    connection: &mut PgConnection,
    places: &[WarnedPlace],
) -> Result<(), sqlx::Error> {
    let codes: Vec<String> = places.iter().map(|place| place.code.to_string()).collect();
    let levels: Vec<String> = places.iter().map(|place| place.level.to_string()).collect();
    let parents: Vec<Option<String>> = places
        .iter()
        .map(|place| place.parent.map(|code| code.to_string()))
        .collect();
    sqlx::query!(
        "INSERT INTO warned_place (code, level, parent_code)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
         ON CONFLICT (code) DO UPDATE SET level = excluded.level, parent_code = excluded.parent_code",
        &codes,
        &levels,
        parents.as_slice() as &[Option<String>],
    )
    .execute(connection)
    .await?;
    Ok(())
}
