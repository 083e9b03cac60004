//! What was reported on alerts after the urgent report.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer, most, word};
use crate::alert::FurtherReport;

/// Further reports of one alert at most.
pub(crate) const MOST: i64 = 1000;

struct Row {
    alert_id: Uuid,
    number: i32,
    stage: String,
    organ_id: Uuid,
    post: String,
    reported_at: DateTime<Utc>,
    persons: i32,
    facts: String,
    measures: String,
    corrects: Option<i32>,
}

impl TryFrom<Row> for FurtherReport {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let corrects = row
            .corrects
            .map(|number| count("alert_report.corrects", number));
        Ok(Self {
            alert: AlertId::from_uuid(row.alert_id),
            number: count("alert_report.number", row.number)?,
            stage: word("alert_report.stage", &row.stage)?,
            organ: OrganId::from_uuid(row.organ_id),
            post: row.post,
            reported_at: row.reported_at,
            persons: count("alert_report.persons", row.persons)?,
            facts: row.facts,
            measures: row.measures,
            corrects: corrects.transpose()?,
        })
    }
}

/// The further reports of alerts, in order.
pub(crate) async fn of(
    connection: &mut PgConnection,
    alerts: &[AlertId],
) -> Result<Vec<FurtherReport>, Problem> {
    let wanted: Vec<Uuid> = alerts.iter().map(|alert| alert.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT alert_id, number, stage, organ_id, post, reported_at, persons, facts, measures, corrects
         FROM alert_report WHERE alert_id = ANY($1) ORDER BY alert_id, number LIMIT $2",
        &wanted,
        most(&wanted).saturating_mul(MOST),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(FurtherReport::try_from).collect()
}

/// Writes a further report; false when another one took its number.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    report: &FurtherReport,
) -> Result<bool, Problem> {
    let corrects = report.corrects.map(integer).transpose()?;
    let written = sqlx::query!(
        "INSERT INTO alert_report (alert_id, number, stage, organ_id, post, reported_at, persons, facts, measures, corrects)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        report.alert.uuid(),
        integer(report.number)?,
        report.stage.as_str(),
        report.organ.uuid(),
        report.post,
        report.reported_at,
        integer(report.persons)?,
        report.facts,
        report.measures,
        corrects,
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == 1)
}
