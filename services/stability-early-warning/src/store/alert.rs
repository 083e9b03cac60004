//! Urgent reports.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{AlertId, MatterId, OrganId};
use huiyin_domain::time::{Duration, Instant};
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer, most, place, word};
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

/// Alerts as an `unnest` takes them, a column each; the matters of all stand one after the other, and `first` and `last` say which
/// are whose.
#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    kinds: Vec<String>,
    places: Vec<String>,
    organs: Vec<Uuid>,
    first: Vec<i32>,
    last: Vec<i32>,
    matters: Vec<Uuid>,
    persons: Vec<i32>,
    happened: Vec<Instant>,
    known: Vec<Instant>,
    reported: Vec<Instant>,
    lateness: Vec<i64>,
    late: Vec<bool>,
    facts: Vec<String>,
    measures: Vec<String>,
    duty_phones: Vec<String>,
    sources: Vec<String>,
    rules: Vec<String>,
}

fn columns<'a>(alerts: impl Iterator<Item = &'a Alert>) -> Result<Columns, Problem> {
    let mut columns = Columns::default();
    for alert in alerts {
        let report = &alert.report;
        columns.ids.push(alert.id.uuid());
        columns.kinds.push(report.kind.as_str().to_owned());
        columns.places.push(report.place.as_str().to_owned());
        columns.organs.push(report.organ.uuid());
        columns.first.push(place(columns.matters.len() + 1)?);
        let matters = report.matters.iter().map(|matter| matter.uuid());
        columns.matters.extend(matters);
        columns.last.push(place(columns.matters.len())?);
        columns.persons.push(integer(report.persons)?);
        columns.happened.push(report.happened_at);
        columns.known.push(report.known_at);
        columns.reported.push(alert.reported_at);
        columns.lateness.push(alert.lateness.num_seconds());
        columns.late.push(alert.late);
        columns.facts.push(report.facts.clone());
        columns.measures.push(report.measures.clone());
        columns.duty_phones.push(report.duty_phone.clone());
        columns.sources.push(report.source.as_str().to_owned());
        columns.rules.push(report.recipient_rule.clone());
    }
    Ok(columns)
}

/// Writes alerts and everybody addressed in one statement; gives those that were not there already. Of the others nothing is
/// written.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    raised: &[(Alert, Vec<Recipient>)],
) -> Result<HashSet<AlertId>, Problem> {
    let columns = columns(raised.iter().map(|(alert, _)| alert))?;
    let recipients = raised.iter().flat_map(|(_, recipients)| recipients);
    let addressed = super::alert_recipient::columns(recipients)?;
    let written = sqlx::query_scalar!(
        "WITH raised AS (
             INSERT INTO alert (alert_id, kind, place_code, organ_id, matter_ids, persons, happened_at, known_at,
                                reported_at, lateness_seconds, late, facts, measures, duty_phone, source,
                                recipient_rule)
             SELECT report.alert_id, kind, place_code, organ_id, ($7::uuid[])[first:last], persons, happened_at, known_at,
                    reported_at, lateness_seconds, late, facts, measures, duty_phone, source, recipient_rule
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::integer[], $6::integer[], $8::integer[],
                         $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::bigint[], $13::boolean[], $14::text[],
                         $15::text[], $16::text[], $17::text[], $18::text[])
                  AS report (alert_id, kind, place_code, organ_id, first, last, persons, happened_at, known_at, reported_at,
                             lateness_seconds, late, facts, measures, duty_phone, source, recipient_rule)
             ON CONFLICT (alert_id) DO NOTHING
             RETURNING alert_id),
         told AS (
             INSERT INTO alert_recipient (recipient_id, alert_id, organ_id, level, role, reason, ack_due, quorum, ladder)
             SELECT addressed.recipient_id, raised.alert_id, addressed.organ_id, addressed.level, addressed.role,
                    addressed.reason, addressed.ack_due, addressed.quorum, addressed.ladder
             FROM unnest($19::uuid[], $20::uuid[], $21::uuid[], $22::text[], $23::text[], $24::text[], $25::timestamptz[],
                         $26::integer[], $27::text[])
                  AS addressed (recipient_id, alert_id, organ_id, level, role, reason, ack_due, quorum, ladder)
                  JOIN raised ON raised.alert_id = addressed.alert_id)
         SELECT alert_id FROM raised",
        &columns.ids,
        &columns.kinds,
        &columns.places,
        &columns.organs,
        &columns.first,
        &columns.last,
        &columns.matters,
        &columns.persons,
        &columns.happened,
        &columns.known,
        &columns.reported,
        &columns.lateness,
        &columns.late,
        &columns.facts,
        &columns.measures,
        &columns.duty_phones,
        &columns.sources,
        &columns.rules,
        &addressed.ids,
        &addressed.alerts,
        &addressed.organs,
        &addressed.levels,
        &addressed.roles,
        &addressed.reasons,
        &addressed.dues,
        &addressed.quorums,
        &addressed.ladders,
    )
    .fetch_all(connection)
    .await?;
    Ok(written.into_iter().map(AlertId::from_uuid).collect())
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
