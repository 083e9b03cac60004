//! Urgent reports.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{AlertId, MatterId, OrganId};
use huiyin_domain::time::{Duration, Instant};
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer, most, word};
use crate::alert::{Alert, Recipient, Report};

struct Row {
    alert_id: Uuid,
    kind: String,
    place_code: String,
    organ_id: Uuid,
    matter_ids: Vec<Uuid>,
    persons: i32,
    happened_at: DateTime<Utc>,
    known_at: DateTime<Utc>,
    reported_at: DateTime<Utc>,
    lateness_seconds: i64,
    late: bool,
    facts: String,
    measures: String,
    duty_phone: String,
    source: String,
    recipient_rule: String,
}

impl TryFrom<Row> for Alert {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: AlertId::from_uuid(row.alert_id),
            report: Report {
                kind: word("alert.kind", &row.kind)?,
                place: word("alert.place_code", &row.place_code)?,
                organ: OrganId::from_uuid(row.organ_id),
                matters: row
                    .matter_ids
                    .into_iter()
                    .map(MatterId::from_uuid)
                    .collect(),
                persons: count("alert.persons", row.persons)?,
                happened_at: row.happened_at,
                known_at: row.known_at,
                facts: row.facts,
                measures: row.measures,
                duty_phone: row.duty_phone,
                source: word("alert.source", &row.source)?,
                recipient_rule: row.recipient_rule,
            },
            reported_at: row.reported_at,
            lateness: Duration::seconds(row.lateness_seconds),
            late: row.late,
        })
    }
}

/// Writes an alert and everybody addressed in one statement; false when the alert is there already, and
/// then nothing is written.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    alert: &Alert,
    recipients: &[Recipient],
) -> Result<bool, Problem> {
    let report = &alert.report;
    let matters: Vec<Uuid> = report.matters.iter().map(|matter| matter.uuid()).collect();
    let addressed = super::alert_recipient::columns(recipients)?;
    let written = sqlx::query!(
        "WITH raised AS (
             INSERT INTO alert (alert_id, kind, place_code, organ_id, matter_ids, persons, happened_at, known_at,
                                reported_at, lateness_seconds, late, facts, measures, duty_phone, source,
                                recipient_rule)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $22)
             ON CONFLICT (alert_id) DO NOTHING
             RETURNING alert_id)
         INSERT INTO alert_recipient (recipient_id, alert_id, organ_id, level, role, reason, ack_due, quorum, ladder)
         SELECT addressed.recipient_id, raised.alert_id, addressed.organ_id, addressed.level, addressed.role,
                addressed.reason, addressed.ack_due, addressed.quorum, addressed.ladder
         FROM raised, unnest($17::uuid[], $18::uuid[], $19::text[], $20::text[], $21::text[], $16::timestamptz[],
                             $23::integer[], $24::text[])
              AS addressed (recipient_id, organ_id, level, role, reason, ack_due, quorum, ladder)",
        alert.id.uuid(),
        report.kind.as_str(),
        report.place.as_str(),
        report.organ.uuid(),
        &matters,
        integer(report.persons)?,
        report.happened_at,
        report.known_at,
        alert.reported_at,
        alert.lateness.num_seconds(),
        alert.late,
        report.facts,
        report.measures,
        report.duty_phone,
        report.source.as_str(),
        &addressed.dues,
        &addressed.ids,
        &addressed.organs,
        &addressed.levels,
        &addressed.roles,
        &addressed.reasons,
        report.recipient_rule,
        &addressed.quorums,
        &addressed.ladders,
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() > 0)
}

/// Those of the alerts that are there, by id.
pub(crate) async fn find(
    connection: &mut PgConnection,
    ids: &[AlertId],
) -> Result<Vec<Alert>, Problem> {
    let wanted: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT alert_id, kind, place_code, organ_id, matter_ids, persons, happened_at, known_at, reported_at,
                lateness_seconds, late, facts, measures, duty_phone, source, recipient_rule
         FROM alert WHERE alert_id = ANY($1) ORDER BY alert_id LIMIT $2",
        &wanted,
        most(&wanted),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// Which alerts a list wants.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Addressed to this organ.
    pub(crate) organ: Option<OrganId>,
    /// With a recipient that has not acknowledged.
    pub(crate) waiting_only: bool,
    /// Behind this one.
    pub(crate) after: Option<(Instant, AlertId)>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page of alerts, newest first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<Alert>, Problem> {
    let (after_time, after_id) = wanted.after.map(|(at, id)| (at, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT alert_id, kind, place_code, organ_id, matter_ids, persons, happened_at, known_at, reported_at,
                lateness_seconds, late, facts, measures, duty_phone, source, recipient_rule
         FROM alert
         WHERE ($1::uuid IS NULL OR EXISTS (
                   SELECT 1 FROM alert_recipient AS addressed
                   WHERE addressed.alert_id = alert.alert_id AND addressed.organ_id = $1))
           AND (NOT $2 OR EXISTS (
                   SELECT 1 FROM alert_recipient AS waiting
                   WHERE waiting.alert_id = alert.alert_id AND waiting.state = 'waiting'))
           AND ($3::timestamptz IS NULL OR (reported_at, alert_id) < ($3, $4))
         ORDER BY reported_at DESC, alert_id DESC LIMIT $5",
        wanted.organ.map(|organ| organ.uuid()),
        wanted.waiting_only,
        after_time,
        after_id,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// Those of the alerts that an organ reported or is addressed by.
pub(crate) async fn concerning(
    connection: &mut PgConnection,
    ids: &[AlertId],
    organ: OrganId,
) -> Result<Vec<AlertId>, sqlx::Error> {
    let wanted: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let found = sqlx::query_scalar!(
        "SELECT alert_id FROM alert
         WHERE alert_id = ANY($1)
           AND (organ_id = $2 OR EXISTS (
                   SELECT 1 FROM alert_recipient AS addressed
                   WHERE addressed.alert_id = alert.alert_id AND addressed.organ_id = $2))
         LIMIT $3",
        &wanted,
        organ.uuid(),
        most(&wanted),
    )
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().map(AlertId::from_uuid).collect())
}

/// The level of the organ that reported an alert; none when the organ is not known here.
pub(crate) async fn sender_level(
    connection: &mut PgConnection,
    alert: AlertId,
) -> Result<Option<Level>, Problem> {
    let level = sqlx::query_scalar!(
        "SELECT office.level FROM alert JOIN office USING (organ_id) WHERE alert_id = $1",
        alert.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    level.map(|level| word("office.level", &level)).transpose()
}
