//! Organs as routing told them.

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::OrganProfile;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::word;

/// Rows of one statement when all offices are read.
const PAGE: i64 = 5000;
/// Parts the functions of one organ inside an array element; no function holds it.
const SEPARATOR: &str = "\n";

/// Every office, by territory and id.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<OrganProfile>, Problem> {
    let mut offices: Vec<OrganProfile> = Vec::new();
    loop {
        let last = offices
            .last()
            .map(|last| (last.territory.to_string(), last.id.uuid()));
        let page = page(connection, last.unwrap_or_default()).await?;
        let more = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
        offices.extend(page);
        if !more {
            return Ok(offices);
        }
    }
}

async fn page(
    connection: &mut PgConnection,
    after: (String, Uuid),
) -> Result<Vec<OrganProfile>, Problem> {
    let rows = sqlx::query!(
        "SELECT organ_id, name, level, territory_code, functions FROM office
         WHERE (territory_code, organ_id) > ($1, $2) ORDER BY territory_code, organ_id LIMIT $3",
        after.0,
        after.1,
        PAGE,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(OrganProfile {
                id: OrganId::from_uuid(row.organ_id),
                name: row.name,
                level: word("office.level", &row.level)?,
                territory: word("office.territory_code", &row.territory_code)?,
                functions: row.functions,
            })
        })
        .collect()
}

/// Writes new offices and changes known ones; each at most once.
pub(crate) async fn write(
    connection: &mut PgConnection,
    offices: &[OrganProfile],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = offices.iter().map(|office| office.id.uuid()).collect();
    let names: Vec<String> = offices.iter().map(|office| office.name.clone()).collect();
    let levels: Vec<String> = offices
        .iter()
        .map(|office| office.level.to_string())
        .collect();
    let territories: Vec<String> = offices
        .iter()
        .map(|office| office.territory.to_string())
        .collect();
    let functions: Vec<String> = offices
        .iter()
        .map(|office| office.functions.join(SEPARATOR))
        .collect();
    sqlx::query!(
        "INSERT INTO office (organ_id, name, level, territory_code, functions)
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
