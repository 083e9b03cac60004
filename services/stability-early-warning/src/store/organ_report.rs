//! Reports, and that one is missing: one row a period.

use huiyin_domain::ids::{OrganId, ReportId, ScheduleId};
use huiyin_domain::reporting::{Period, ReportState, Submission};
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer, word};
use crate::reporting::Report;

struct Row {
    report_id: Uuid,
    schedule_id: Option<Uuid>,
    organ_id: Uuid,
    to_organ: Uuid,
    to_place: String,
    class: String,
    from_date: Date,
    to_date: Date,
    due_date: Date,
    state: String,
    missing_at: Option<Instant>,
    submitted_at: Option<Instant>,
    late: bool,
    version: i32,
    received_version: Option<i32>,
    found_false: i32,
}

impl Row {
    fn state(&self) -> Result<ReportState, Problem> {
        let Some(at) = self.submitted_at else {
            let missing = self.missing_at.map(|at| ReportState::Missing { at });
            return missing.ok_or_else(|| wrong_state(&self.state));
        };
        let received = self.received_version;
        let came = Submission {
            at,
            late: self.late,
            version: count("organ_report.version", self.version)?,
            received: received
                .map(|version| count("organ_report.received_version", version))
                .transpose()?,
            found_false: count("organ_report.found_false", self.found_false)?,
        };
        match self.state.as_str() {
            "submitted" => Ok(ReportState::Submitted(came)),
            "corrected" => Ok(ReportState::Corrected(came)),
            "false" => Ok(ReportState::False(came)),
            other => Err(wrong_state(other)),
        }
    }
}

fn wrong_state(stored: &str) -> Problem {
    Problem::Unexpected(format!("column organ_report.state: {stored}"))
}

impl TryFrom<Row> for Report {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            state: row.state()?,
            id: ReportId::from_uuid(row.report_id),
            schedule: row.schedule_id.map(ScheduleId::from_uuid),
            organ: OrganId::from_uuid(row.organ_id),
            to: OrganId::from_uuid(row.to_organ),
            to_place: word("organ_report.to_place", &row.to_place)?,
            class: word("organ_report.class", &row.class)?,
            period: Period {
                first: row.from_date,
                last: row.to_date,
                due: row.due_date,
            },
            missing_at: row.missing_at,
        })
    }
}

/// One report, if who asks sees it.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: ReportId,
) -> Result<Option<Report>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT report_id, schedule_id, organ_id, to_organ, to_place, class, from_date, to_date, due_date, state, missing_at,
                submitted_at, late, version, received_version, found_false
         FROM organ_report WHERE report_id = $1",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(Report::try_from).transpose()
}

/// One report, locked.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    id: ReportId,
) -> Result<Option<Report>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT report_id, schedule_id, organ_id, to_organ, to_place, class, from_date, to_date, due_date, state, missing_at,
                submitted_at, late, version, received_version, found_false
         FROM organ_report WHERE report_id = $1 FOR UPDATE",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(Report::try_from).transpose()
}

/// What is recorded of a period of a schedule that is locked.
pub(crate) async fn of_period(
    connection: &mut PgConnection,
    schedule: ScheduleId,
    first: Date,
) -> Result<Option<Report>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT report_id, schedule_id, organ_id, to_organ, to_place, class, from_date, to_date, due_date, state, missing_at,
                submitted_at, late, version, received_version, found_false
         FROM organ_report WHERE schedule_id = $1 AND from_date = $2 FOR UPDATE",
        schedule.uuid(),
        first,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Report::try_from).transpose()
}

/// Writes a report, or what has become of it.
pub(crate) async fn write(connection: &mut PgConnection, report: &Report) -> Result<(), Problem> {
    let came = report.state.submission();
    let version = came.map_or(0, |came| came.version);
    let received = came.and_then(|came| came.received);
    sqlx::query!(
        "INSERT INTO organ_report (report_id, schedule_id, organ_id, to_organ, to_place, class, from_date, to_date, due_date, state,
                             missing_at, submitted_at, late, version, received_version, found_false)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (report_id) DO UPDATE
         SET state = excluded.state, submitted_at = excluded.submitted_at, late = excluded.late, version = excluded.version,
             received_version = excluded.received_version, found_false = excluded.found_false",
        report.id.uuid(),
        report.schedule.map(ScheduleId::uuid),
        report.organ.uuid(),
        report.to.uuid(),
        report.to_place.as_str(),
        report.class.as_str(),
        report.period.first,
        report.period.last,
        report.period.due,
        report.state.word(),
        report.missing_at,
        came.map(|came| came.at),
        came.is_some_and(|came| came.late),
        integer(version)?,
        received.map(integer).transpose()?,
        integer(came.map_or(0, |came| came.found_false))?,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records those of the reports as missing of whose periods nothing is recorded; gives the ids of these.
pub(crate) async fn insert_missing(
    connection: &mut PgConnection,
    missing: &[Report],
    at: Instant,
) -> Result<Vec<ReportId>, Problem> {
    let ids: Vec<Uuid> = missing.iter().map(|report| report.id.uuid()).collect();
    let schedules: Vec<Option<Uuid>> = missing
        .iter()
        .map(|report| report.schedule.map(ScheduleId::uuid))
        .collect();
    let firsts: Vec<Date> = missing.iter().map(|report| report.period.first).collect();
    let lasts: Vec<Date> = missing.iter().map(|report| report.period.last).collect();
    let dues: Vec<Date> = missing.iter().map(|report| report.period.due).collect();
    let written = sqlx::query_scalar!(
        "INSERT INTO organ_report (report_id, schedule_id, organ_id, to_organ, to_place, class, from_date, to_date, due_date, state,
                             missing_at, late, version, found_false)
         SELECT owed.report_id, owed.schedule_id, schedule.organ_id, schedule.to_organ, schedule.to_place, 'information',
                owed.from_date, owed.to_date, owed.due_date, 'missing', $6, false, 0, 0
         FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::date[], $5::date[])
              AS owed (report_id, schedule_id, from_date, to_date, due_date)
         JOIN report_schedule AS schedule USING (schedule_id)
         ON CONFLICT (schedule_id, from_date) DO NOTHING
         RETURNING report_id",
        &ids,
        schedules.as_slice() as &[Option<Uuid>],
        &firsts,
        &lasts,
        &dues,
        at,
    )
    .fetch_all(connection)
    .await?;
    Ok(written.into_iter().map(ReportId::from_uuid).collect())
}

/// Which reports a list wants.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Of this organ that reports.
    pub(crate) organ: Option<OrganId>,
    /// Of this organ that receives.
    pub(crate) to: Option<OrganId>,
    /// In this state.
    pub(crate) state: Option<&'static str>,
    /// That came late.
    pub(crate) late_only: bool,
    /// With an order that is not answered.
    pub(crate) open_orders_only: bool,
    /// Behind this one.
    pub(crate) after: Option<(Date, ReportId)>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page of reports, latest period first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<Report>, Problem> {
    let (after_day, after_id) = wanted.after.map(|(day, id)| (day, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT report_id, schedule_id, organ_id, to_organ, to_place, class, from_date, to_date, due_date, state, missing_at,
                submitted_at, late, version, received_version, found_false
         FROM organ_report
         WHERE ($1::uuid IS NULL OR organ_id = $1) AND ($2::uuid IS NULL OR to_organ = $2)
           AND ($3::text IS NULL OR state = $3) AND (NOT $4 OR late)
           AND ($5::date IS NULL OR (to_date, report_id) < ($5, $6))
           AND (NOT $8 OR EXISTS (SELECT 1 FROM report_order AS given
                                  LEFT JOIN report_order_answer AS answer USING (report_id, number)
                                  WHERE given.report_id = organ_report.report_id AND answer.number IS NULL))
         ORDER BY to_date DESC, report_id DESC LIMIT $7",
        wanted.organ.map(OrganId::uuid),
        wanted.to.map(OrganId::uuid),
        wanted.state,
        wanted.late_only,
        after_day,
        after_id,
        wanted.limit,
        wanted.open_orders_only,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Report::try_from).collect()
}
