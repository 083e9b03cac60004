//! Who reports to whom, how often and since when.

use huiyin_domain::ids::{OrganId, ScheduleId};
use huiyin_domain::reporting::Schedule;
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer, most, word};
use crate::reporting::KeptSchedule;

struct Row {
    schedule_id: Uuid,
    organ_id: Uuid,
    to_organ: Uuid,
    to_place: String,
    kind: String,
    frequency: String,
    grace_days: i32,
    valid_from: Date,
    valid_to: Option<Date>,
    round_the_clock: bool,
    source: String,
    next_from: Option<Date>,
}

impl TryFrom<Row> for KeptSchedule {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: ScheduleId::from_uuid(row.schedule_id),
            organ: OrganId::from_uuid(row.organ_id),
            to: OrganId::from_uuid(row.to_organ),
            to_place: word("report_schedule.to_place", &row.to_place)?,
            schedule: Schedule {
                kind: word("report_schedule.kind", &row.kind)?,
                frequency: word("report_schedule.frequency", &row.frequency)?,
                grace_days: count("report_schedule.grace_days", row.grace_days)?,
                valid_from: row.valid_from,
                valid_to: row.valid_to,
            },
            round_the_clock: row.round_the_clock,
            source: row.source,
            next_from: row.next_from,
        })
    }
}

/// Writes a schedule.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    set: &KeptSchedule,
    at: Instant,
) -> Result<(), Problem> {
    let schedule = &set.schedule;
    sqlx::query!(
        "INSERT INTO report_schedule (schedule_id, organ_id, to_organ, to_place, kind, frequency, grace_days, valid_from, valid_to,
                                      round_the_clock, source, set_at, next_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        set.id.uuid(),
        set.organ.uuid(),
        set.to.uuid(),
        set.to_place.as_str(),
        schedule.kind.as_str(),
        schedule.frequency.as_str(),
        integer(schedule.grace_days)?,
        schedule.valid_from,
        schedule.valid_to,
        set.round_the_clock,
        set.source,
        at,
        set.next_from,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One schedule, if who asks sees it.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: ScheduleId,
) -> Result<Option<KeptSchedule>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT schedule_id, organ_id, to_organ, to_place, kind, frequency, grace_days, valid_from, valid_to, round_the_clock,
                source, next_from
         FROM report_schedule WHERE schedule_id = $1",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(KeptSchedule::try_from).transpose()
}

/// Those of the schedules that are there, locked, by id.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<Vec<KeptSchedule>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT schedule_id, organ_id, to_organ, to_place, kind, frequency, grace_days, valid_from, valid_to, round_the_clock,
                source, next_from
         FROM report_schedule WHERE schedule_id = ANY($1) ORDER BY schedule_id LIMIT $2 FOR UPDATE",
        ids,
        most(ids),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(KeptSchedule::try_from).collect()
}

/// Locks the edge and gives the schedules on it that hold on the day or later, at most 1000.
pub(crate) async fn lock_edge(
    connection: &mut PgConnection,
    (organ, to): (OrganId, OrganId),
    on: Date,
) -> Result<Vec<KeptSchedule>, Problem> {
    super::dispute::lock_edge(&mut *connection, (organ, to)).await?;
    let rows = sqlx::query_as!(
        Row,
        "SELECT schedule_id, organ_id, to_organ, to_place, kind, frequency, grace_days, valid_from, valid_to, round_the_clock,
                source, next_from
         FROM report_schedule WHERE organ_id = $1 AND to_organ = $2 AND (valid_to IS NULL OR valid_to >= $3)
         ORDER BY valid_from, schedule_id LIMIT 1000",
        organ.uuid(),
        to.uuid(),
        on,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(KeptSchedule::try_from).collect()
}

/// Sets the last day and the next period of a schedule that is locked.
pub(crate) async fn end(
    connection: &mut PgConnection,
    ended: &KeptSchedule,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE report_schedule SET valid_to = $2, next_from = $3 WHERE schedule_id = $1",
        ended.id.uuid(),
        ended.schedule.valid_to,
        ended.next_from,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Moves schedules that are locked on to their next period.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    schedules: &[KeptSchedule],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = schedules.iter().map(|kept| kept.id.uuid()).collect();
    let next: Vec<Option<Date>> = schedules.iter().map(|kept| kept.next_from).collect();
    sqlx::query!(
        "UPDATE report_schedule SET next_from = moved.next_from
         FROM unnest($1::uuid[], $2::date[]) AS moved (schedule_id, next_from)
         WHERE report_schedule.schedule_id = moved.schedule_id",
        &ids,
        next.as_slice() as &[Option<Date>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Which schedules a list wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Of this organ that reports.
    pub(crate) organ: Option<OrganId>,
    /// Of this organ that receives.
    pub(crate) to: Option<OrganId>,
    /// Behind this one.
    pub(crate) after: Option<(Date, ScheduleId)>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page of schedules, by their first day.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<KeptSchedule>, Problem> {
    let (after_day, after_id) = wanted.after.map(|(day, id)| (day, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT schedule_id, organ_id, to_organ, to_place, kind, frequency, grace_days, valid_from, valid_to, round_the_clock,
                source, next_from
         FROM report_schedule
         WHERE ($1::uuid IS NULL OR organ_id = $1) AND ($2::uuid IS NULL OR to_organ = $2)
           AND ($3::date IS NULL OR (valid_from, schedule_id) > ($3, $4))
         ORDER BY valid_from, schedule_id LIMIT $5",
        wanted.organ.map(OrganId::uuid),
        wanted.to.map(OrganId::uuid),
        after_day,
        after_id,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(KeptSchedule::try_from).collect()
}
