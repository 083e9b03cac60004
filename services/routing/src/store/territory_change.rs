//! What became of places.

use huiyin_domain::territory::{Change, TerritoryCode, Unit};
use huiyin_domain::time::Date;
use huiyin_service_kit::status::Problem;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::word;

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    code: TerritoryCode,
    name: String,
}

struct Row {
    holds_from: Date,
    kind: String,
    from_units: Json<Vec<Stored>>,
    to_units: Json<Vec<Stored>>,
    document: String,
}

impl TryFrom<Row> for Change {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            kind: word("territory_change.kind", &row.kind)?,
            on: row.holds_from,
            from: units(row.from_units.0),
            to: units(row.to_units.0),
            document: row.document,
        })
    }
}

fn units(stored: Vec<Stored>) -> Vec<Unit> {
    let unit = |Stored { code, name }| Unit { code, name };
    stored.into_iter().map(unit).collect()
}

fn stored(units: &[Unit]) -> Json<Vec<Stored>> {
    let one = |unit: &Unit| Stored {
        code: unit.code,
        name: unit.name.clone(),
    };
    Json(units.iter().map(one).collect())
}

/// Every change, in the order in which they were taken in. A nation has a few hundred in ten years.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<Change>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT holds_from, kind, from_units AS "from_units: Json<Vec<Stored>>",
                  to_units AS "to_units: Json<Vec<Stored>>", document
           FROM territory_change ORDER BY change_id LIMIT 1000000"#
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Change::try_from).collect()
}

/// Writes a change.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    change: &Change,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO territory_change (holds_from, kind, from_units, to_units, document)
         VALUES ($1, $2, $3, $4, $5)",
        change.on,
        change.kind.as_str(),
        stored(&change.from) as Json<Vec<Stored>>,
        stored(&change.to) as Json<Vec<Stored>>,
        change.document,
    )
    .execute(connection)
    .await?;
    Ok(())
}
