//! Special periods of places.

use huiyin_domain::ids::{OrganId, SpecialPeriodId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Instant, local_date};
use huiyin_domain::warning::duty::Stretch;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{most, word};
use crate::duty::SpecialPeriod;

/// Special periods around one place in the days that are looked at, at most.
const MOST: i64 = 1000;

struct Row {
    period_id: Uuid,
    place_code: String,
    valid_from: Date,
    valid_to: Date,
    source: String,
    organ_id: Uuid,
    set_at: Instant,
}

impl TryFrom<Row> for SpecialPeriod {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: SpecialPeriodId::from_uuid(row.period_id),
            place: word("special_period.place_code", &row.place_code)?,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            source: row.source,
            organ: OrganId::from_uuid(row.organ_id),
            set_at: row.set_at,
        })
    }
}

/// Writes a period.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    period: &SpecialPeriod,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO special_period (period_id, place_code, valid_from, valid_to, source, organ_id, set_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        period.id.uuid(),
        period.place.as_str(),
        period.valid_from,
        period.valid_to,
        period.source,
        period.organ.uuid(),
        period.set_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One period, if who asks sees it.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: SpecialPeriodId,
) -> Result<Option<SpecialPeriod>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT period_id, place_code, valid_from, valid_to, source, organ_id, set_at FROM special_period
         WHERE period_id = $1",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(SpecialPeriod::try_from).transpose()
}

/// Those of the periods that are there, locked, by id.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<Vec<SpecialPeriod>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT period_id, place_code, valid_from, valid_to, source, organ_id, set_at FROM special_period
         WHERE period_id = ANY($1) ORDER BY period_id LIMIT $2 FOR UPDATE",
        ids,
        most(ids),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(SpecialPeriod::try_from).collect()
}

/// Sets the last day of a period that is locked.
pub(crate) async fn end(
    connection: &mut PgConnection,
    period: &SpecialPeriod,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE special_period SET valid_to = $2 WHERE period_id = $1",
        period.id.uuid(),
        period.valid_to,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When organs stand in special periods, within a stretch of time.
pub(crate) async fn of(
    connection: &mut PgConnection,
    organs: &[(OrganId, TerritoryCode)],
    (from, to): (Instant, Instant),
) -> Result<Vec<(OrganId, Stretch)>, Problem> {
    if organs.is_empty() {
        return Ok(Vec::new());
    }
    let around = organs.iter().flat_map(|(_, place)| place.chain());
    let mut around: Vec<String> = around.map(|place| place.to_string()).collect();
    around.sort_unstable();
    around.dedup();
    let rows = sqlx::query_as!(
        Row,
        "SELECT period_id, place_code, valid_from, valid_to, source, organ_id, set_at FROM special_period
         WHERE place_code = ANY($1) AND valid_to >= $2 AND valid_from <= $3 AND valid_from <= valid_to
         ORDER BY valid_from, period_id LIMIT $4",
        &around,
        local_date(from),
        local_date(to),
        most(&around).saturating_mul(MOST),
    )
    .fetch_all(connection)
    .await?;
    let mut of = Vec::new();
    for row in rows {
        let period = SpecialPeriod::try_from(row)?;
        let inside = organs
            .iter()
            .filter(|(_, place)| place.is_within(&period.place));
        of.extend(inside.filter_map(|(organ, _)| Some((*organ, period.time()?))));
    }
    Ok(of)
}

/// Which periods a list wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// That have not ended on this day.
    pub(crate) open_on: Option<Date>,
    /// Behind this one.
    pub(crate) after: Option<(Date, SpecialPeriodId)>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page of periods, newest first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<SpecialPeriod>, Problem> {
    let (after_day, after_id) = wanted.after.map(|(day, id)| (day, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT period_id, place_code, valid_from, valid_to, source, organ_id, set_at FROM special_period
         WHERE ($1::date IS NULL OR valid_to >= $1) AND ($2::date IS NULL OR (valid_from, period_id) < ($2, $3))
         ORDER BY valid_from DESC, period_id DESC LIMIT $4",
        wanted.open_on,
        after_day,
        after_id,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(SpecialPeriod::try_from).collect()
}
