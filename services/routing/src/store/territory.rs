//! The administrative tree: the places in force, and pages of them as of any day.

use futures::TryStreamExt as _;
use huiyin_domain::territory::{Established, Territory, TerritoryCode};
use huiyin_domain::time::Date;
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

struct DatedRow {
    code: String,
    name: String,
    parent_code: Option<String>,
    valid_from: Date,
    valid_to: Option<Date>,
}

impl TryFrom<DatedRow> for Established {
    type Error = Problem;

    fn try_from(row: DatedRow) -> Result<Self, Problem> {
        let code: TerritoryCode = word("territory.code", &row.code)?;
        let parent = row.parent_code.as_deref();
        Ok(Self {
            territory: Territory {
                code,
                name: row.name,
                level: code.level(),
                parent: parent
                    .map(|parent| word("territory.parent_code", parent))
                    .transpose()?,
            },
            valid_from: row.valid_from,
            valid_to: row.valid_to,
        })
    }
}

/// What a page of places is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The place above.
    pub(crate) parent: TerritoryCode,
    /// All that lies in it, itself included, and not its children only.
    pub(crate) whole_subtree: bool,
    /// As of this day.
    pub(crate) on: Date,
    /// Codes behind this one.
    pub(crate) after: String,
    /// At most so many.
    pub(crate) limit: i64,
}

/// Those of the codes that are in force, the lowest first.
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

/// A page of places by code, as they were on a day.
pub(crate) async fn page(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<Established>, Problem> {
    let (first, last) = wanted.parent.range();
    let rows = sqlx::query_as!(
        DatedRow,
        r#"SELECT code AS "code!", name AS "name!", parent_code, valid_from AS "valid_from!", valid_to
           FROM ((SELECT code, name, parent_code, valid_from, NULL::date AS valid_to FROM territory
                  WHERE code > $1 AND code BETWEEN $2 AND $3 AND ($4 OR parent_code = $2) AND valid_from <= $5
                  ORDER BY code LIMIT $6)
                 UNION ALL
                 (SELECT code, name, parent_code, valid_from, valid_to FROM territory_past
                  WHERE code > $1 AND code BETWEEN $2 AND $3 AND ($4 OR parent_code = $2)
                    AND $5 BETWEEN valid_from AND valid_to
                  ORDER BY code LIMIT $6)) AS dated
           ORDER BY code LIMIT $6"#,
        wanted.after,
        first.as_str(),
        last.as_str(),
        wanted.whole_subtree,
        wanted.on,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Established::try_from).collect()
}

/// Hands every place of a later edition, those above first, to `take`. With `past`, of all that ended too: then
/// from the first edition on.
pub(crate) async fn each(
    connection: &mut PgConnection,
    later_than: i64,
    past: bool,
    mut take: impl FnMut(Established) -> Result<(), Problem> + Send,
) -> Result<(), Problem> {
    let mut rows = sqlx::query_as!(
        DatedRow,
        r#"SELECT code AS "code!", name AS "name!", parent_code, valid_from AS "valid_from!", valid_to
           FROM (SELECT code, name, parent_code, valid_from, NULL::date AS valid_to FROM territory
                 WHERE edition > $1
                 UNION ALL
                 SELECT code, name, parent_code, valid_from, valid_to FROM territory_past WHERE $2) AS dated
           ORDER BY code, valid_from"#,
        later_than,
        past,
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        take(row.try_into()?)?;
    }
    Ok(())
}

/// How many places are in force, as the planner last counted.
pub(crate) async fn roughly(connection: &mut PgConnection) -> Result<usize, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        r#"SELECT greatest(reltuples, 0)::bigint AS "rows!" FROM pg_class WHERE oid = 'territory'::regclass"#
    )
    .fetch_one(connection)
    .await?;
    Ok(usize::try_from(rows).unwrap_or(0))
}

/// Writes new territories and changes known ones.
pub(crate) async fn write(
    connection: &mut PgConnection,
    territories: &[Territory],
    edition: i64,
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
        "INSERT INTO territory (code, name, level, parent_code, edition)
         SELECT code, name, level, parent_code, $5
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS row (code, name, level, parent_code)
         ON CONFLICT (code) DO UPDATE
         SET name = excluded.name, level = excluded.level, parent_code = excluded.parent_code,
             edition = excluded.edition",
        &codes,
        &names,
        &levels,
        parents.as_slice() as &[Option<String>],
        edition,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes a place that came into force on a day.
pub(crate) async fn establish(
    connection: &mut PgConnection,
    row: &Established,
    edition: i64,
) -> Result<(), sqlx::Error> {
    let parent = row.territory.parent.map(|parent| parent.to_string());
    sqlx::query!(
        "INSERT INTO territory (code, name, level, parent_code, valid_from, edition)
         VALUES ($1, $2, $3, $4, $5, $6)",
        row.territory.code.as_str(),
        row.territory.name,
        row.territory.level.as_str(),
        parent,
        row.valid_from,
        edition,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets the place, and with `with_below` all in it, begin on another day than it was thought to.
pub(crate) async fn begin(
    connection: &mut PgConnection,
    code: TerritoryCode,
    (since, first): (Date, Date),
    with_below: bool,
) -> Result<(), sqlx::Error> {
    let (from, to) = code.range();
    let to = if with_below { to } else { from };
    sqlx::query!(
        "UPDATE territory SET valid_from = $1 WHERE code BETWEEN $2 AND $3 AND valid_from = $4",
        first,
        from.as_str(),
        to.as_str(),
        since,
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn texts(codes: impl Iterator<Item = TerritoryCode>) -> Vec<String> {
    codes.map(|code| code.to_string()).collect()
}
