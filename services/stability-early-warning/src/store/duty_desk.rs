//! Organs that have set a roster or stood in a special period.

use huiyin_domain::ids::OrganId;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{most, word};
use crate::duty::DutyDesk;

struct Row {
    organ_id: Uuid,
    place_code: String,
    said_at: Option<Instant>,
}

impl TryFrom<Row> for DutyDesk {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            organ: OrganId::from_uuid(row.organ_id),
            place: word("duty_desk.place_code", &row.place_code)?,
            said_at: row.said_at,
        })
    }
}

/// Writes the organs that are not there.
pub(crate) async fn ensure(
    connection: &mut PgConnection,
    organs: &[(OrganId, TerritoryCode)],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = organs.iter().map(|(organ, _)| organ.uuid()).collect();
    let places: Vec<String> = organs.iter().map(|(_, place)| place.to_string()).collect();
    sqlx::query!(
        "INSERT INTO duty_desk (organ_id, place_code) SELECT * FROM unnest($1::uuid[], $2::text[])
         ON CONFLICT (organ_id) DO NOTHING",
        &ids,
        &places,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Those of the organs that are there, locked, by id.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    organs: &[Uuid],
) -> Result<Vec<DutyDesk>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT organ_id, place_code, said_at FROM duty_desk WHERE organ_id = ANY($1) ORDER BY organ_id LIMIT $2 FOR UPDATE",
        organs,
        most(organs),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(DutyDesk::try_from).collect()
}

/// Those of the organs at which no shift is running, by id. One that has never set a roster nor stood in a special period is not
/// among them.
pub(crate) async fn without_anybody(
    connection: &mut PgConnection,
    organs: &[OrganId],
    now: Instant,
) -> Result<Vec<DutyDesk>, Problem> {
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT organ_id, place_code, said_at FROM duty_desk
         WHERE organ_id = ANY($1)
           AND NOT EXISTS (SELECT 1 FROM duty_shift AS shift
                           WHERE shift.organ_id = duty_desk.organ_id AND shift.to_at > $2 AND shift.from_at <= $2)
         ORDER BY organ_id LIMIT $3",
        &ids,
        now,
        most(&ids),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(DutyDesk::try_from).collect()
}

/// Writes that an alert says of each of these locked organs that nobody is on duty.
pub(crate) async fn said(
    connection: &mut PgConnection,
    organs: &[OrganId],
    at: Instant,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.uuid()).collect();
    sqlx::query!(
        "UPDATE duty_desk SET said_at = $2 WHERE organ_id = ANY($1)",
        &ids,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
