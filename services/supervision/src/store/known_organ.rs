//! Organs as routing told them.

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::PETITION_OFFICE;
use huiyin_domain::territory::TerritoryCode;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::word;

/// Parts the functions of one organ inside an array element; no function holds it.
const SEPARATOR: &str = "\n";

/// An organ, as far as supervision asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownOrgan {
    /// Its id.
    pub(crate) id: OrganId,
    /// Its place.
    pub(crate) territory: TerritoryCode,
    /// What it does.
    pub(crate) functions: Vec<String>,
}

impl KnownOrgan {
    /// Whether it stands above the other: its place is larger and contains the other's.
    pub(crate) fn is_above(&self, other: &Self) -> bool {
        self.territory != other.territory && other.territory.is_within(&self.territory)
    }

    /// Whether it is a petition office whose place contains that of the other.
    pub(crate) fn is_petition_office_of(&self, other: &Self) -> bool {
        let holds = self.functions.iter().any(|held| held == PETITION_OFFICE);
        holds && other.territory.is_within(&self.territory)
    }
}

/// One organ; none when routing never told of it.
pub(crate) async fn read(
    connection: &mut PgConnection,
    id: OrganId,
) -> Result<Option<KnownOrgan>, Problem> {
    let row = sqlx::query!(
        "SELECT territory_code, functions FROM known_organ WHERE organ_id = $1",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(KnownOrgan {
            id,
            territory: word(&row.territory_code)?,
            functions: row.functions,
        })
    })
    .transpose()
}

/// Writes new organs and changes known ones; each at most once.
pub(crate) async fn write(
    connection: &mut PgConnection,
    organs: &[KnownOrgan],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.id.uuid()).collect();
    let territories: Vec<String> = organs
        .iter()
        .map(|organ| organ.territory.to_string())
        .collect();
    let functions: Vec<String> = organs
        .iter()
        .map(|organ| organ.functions.join(SEPARATOR))
        .collect();
    sqlx::query!(
        "INSERT INTO known_organ (organ_id, territory_code, functions)
         SELECT organ_id, territory_code, string_to_array(functions, $4)
         FROM unnest($1::uuid[], $2::text[], $3::text[]) AS given (organ_id, territory_code, functions)
         ON CONFLICT (organ_id) DO UPDATE
         SET territory_code = excluded.territory_code, functions = excluded.functions",
        &ids,
        &territories,
        &functions,
        SEPARATOR,
    )
    .execute(connection)
    .await?;
    Ok(())
}
