//! The administrative tree.

use huiyin_domain::territory::{Territory, TerritoryCode};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;

use super::word;

struct Row {
    code: String,
    name: String,
    level: String,
    parent_code: Option<String>,
}

impl TryFrom<Row> for Territory {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            code: word("territory.code", &row.code)?,
            name: row.name,
            level: word("territory.level", &row.level)?,
            parent: row
                .parent_code
                .as_deref()
                .map(|parent| word("territory.parent_code", parent))
                .transpose()?,
        })
    }
}

/// Those of the codes that are known, the lowest first.
pub(crate) async fn find(
    connection: &mut PgConnection,
    codes: &[TerritoryCode],
) -> Result<Vec<Territory>, Problem> {
    let wanted = texts(codes.iter().copied());
    let most = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    let rows = sqlx::query_as!(
        Row,
        "SELECT code, name, level, parent_code FROM territory WHERE code = ANY($1) ORDER BY code DESC LIMIT $2",
        &wanted,
        most,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Territory::try_from).collect()
}

/// The children of a territory behind a code, by code.
pub(crate) async fn children(
    connection: &mut PgConnection,
    parent: TerritoryCode,
    after: &str,
    limit: i64,
) -> Result<Vec<Territory>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT code, name, level, parent_code FROM territory WHERE parent_code = $1 AND code > $2
         ORDER BY code LIMIT $3",
        parent.as_str(),
        after,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Territory::try_from).collect()
}

/// Writes new territories and changes known ones.
pub(crate) async fn write(
    connection: &mut PgConnection,
    territories: &[Territory],
) -> Result<(), sqlx::Error> {
    let codes = texts(territories.iter().map(|territory| territory.code));
    let names: Vec<String> = territories
        .iter()
        .map(|territory| territory.name.clone())
        .collect();
    let levels: Vec<String> = territories
        .iter()
        .map(|territory| territory.level.to_string())
        .collect();
    let parents: Vec<Option<String>> = territories
        .iter()
        .map(|territory| territory.parent.map(|parent| parent.to_string()))
        .collect();
    sqlx::query!(
        "INSERT INTO territory (code, name, level, parent_code)
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

fn texts(codes: impl Iterator<Item = TerritoryCode>) -> Vec<String> {
    codes.map(|code| code.to_string()).collect()
}
