//! Who can be competent.

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::OrganProfile;
use huiyin_domain::territory::TerritoryCode;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::word;

/// Rows of one statement when all organs are read.
const PAGE: i64 = 5000;

/// Parts the functions of one organ inside an array element; no function holds it.
const SEPARATOR: &str = ",";

struct Row {
    organ_id: Uuid,
    name: String,
    level: String,
    territory_code: String,
    functions: Vec<String>,
}

impl TryFrom<Row> for OrganProfile {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: OrganId::from_uuid(row.organ_id),
            name: row.name,
            level: word("organ.level", &row.level)?,
            territory: word("organ.territory_code", &row.territory_code)?,
            functions: row.functions,
        })
    }
}

/// Which organs a list wants.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Of this territory and below.
    pub(crate) within: TerritoryCode,
    /// With this function; empty means any.
    pub(crate) function: String,
    /// Behind this id.
    pub(crate) after: Uuid,
    /// At most so many.
    pub(crate) limit: i64,
}

/// Every organ, by territory and id.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<OrganProfile>, Problem> {
    let mut organs: Vec<OrganProfile> = Vec::new();
    loop {
        let last = organs
            .last()
            .map(|last| (last.territory.to_string(), last.id.uuid()));
        let page = page(connection, last.unwrap_or_default()).await?;
        let more = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
        organs.extend(page);
        if !more {
            return Ok(organs);
        }
    }
}

async fn page(
    connection: &mut PgConnection,
    after: (String, Uuid),
) -> Result<Vec<OrganProfile>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT organ_id, name, level, territory_code, functions FROM organ
         WHERE (territory_code, organ_id) > ($1, $2) ORDER BY territory_code, organ_id LIMIT $3",
        after.0,
        after.1,
        PAGE,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(OrganProfile::try_from).collect()
}

/// Those of the organs that are known.
pub(crate) async fn find(
    connection: &mut PgConnection,
    ids: &[OrganId],
) -> Result<Vec<OrganProfile>, Problem> {
    let wanted: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let most = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    let rows = sqlx::query_as!(
        Row,
        "SELECT organ_id, name, level, territory_code, functions FROM organ
         WHERE organ_id = ANY($1) ORDER BY organ_id LIMIT $2",
        &wanted,
        most,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(OrganProfile::try_from).collect()
}

/// A page of organs, by id.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<OrganProfile>, Problem> {
    let prefix = if wanted.within == TerritoryCode::NATION {
        ""
    } else {
        wanted.within.short()
    };
    let rows = sqlx::query_as!(
        Row,
        "SELECT organ_id, name, level, territory_code, functions FROM organ
         WHERE territory_code LIKE $1 || '%' AND ($2 = '' OR $2 = ANY(functions)) AND organ_id > $3
         ORDER BY organ_id LIMIT $4",
        prefix,
        wanted.function,
        wanted.after,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(OrganProfile::try_from).collect()
}

/// Writes new organs and changes known ones.
pub(crate) async fn write(
    connection: &mut PgConnection,
    organs: &[OrganProfile],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.id.uuid()).collect();
    let names: Vec<String> = organs.iter().map(|organ| organ.name.clone()).collect();
    let levels: Vec<String> = organs.iter().map(|organ| organ.level.to_string()).collect();
    let territories: Vec<String> = organs
        .iter()
        .map(|organ| organ.territory.to_string())
        .collect();
    let functions: Vec<String> = organs
        .iter()
        .map(|organ| organ.functions.join(SEPARATOR))
        .collect();
    sqlx::query!(
        "INSERT INTO organ (organ_id, name, level, territory_code, functions)
         SELECT organ_id, name, level, territory_code, string_to_array(functions, $6)
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
              AS given (organ_id, name, level, territory_code, functions)
         ON CONFLICT (organ_id) DO UPDATE
         SET name = excluded.name, level = excluded.level, territory_code = excluded.territory_code,
             functions = excluded.functions",
        &ids,
        &names,
        &levels,
        &territories,
        &functions,
        SEPARATOR,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives the organs of some places other places; the organs that moved.
pub(crate) async fn move_to(
    connection: &mut PgConnection,
    moves: &[(TerritoryCode, TerritoryCode)],
) -> Result<Vec<OrganProfile>, Problem> {
    if moves.is_empty() {
        return Ok(Vec::new());
    }
    let (from, to): (Vec<String>, Vec<String>) = moves
        .iter()
        .map(|(from, to)| (from.to_string(), to.to_string()))
        .unzip();
    let rows = sqlx::query_as!(
        Row,
        "UPDATE organ SET territory_code = move.new
         FROM unnest($1::text[], $2::text[]) AS move (old, new)
         WHERE organ.territory_code = move.old
         RETURNING organ_id, name, level, territory_code, functions",
        &from,
        &to,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(OrganProfile::try_from).collect()
}
