//! Risk assessments of decisions and projects.

use huiyin_domain::ids::{AssessmentId, OrganId};
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::word;
use crate::reporting::RiskAssessment;

struct Row {
    assessment_id: Uuid,
    organ_id: Uuid,
    place_code: String,
    kind: String,
    title: String,
    subject: String,
    risk: String,
    outcome: String,
    measures: String,
    assessed_date: Date,
    post: String,
    recorded_at: Instant,
}

impl TryFrom<Row> for RiskAssessment {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: AssessmentId::from_uuid(row.assessment_id),
            organ: OrganId::from_uuid(row.organ_id),
            place: word("risk_assessment.place_code", &row.place_code)?,
            kind: word("risk_assessment.kind", &row.kind)?,
            title: row.title,
            subject: row.subject,
            risk: word("risk_assessment.risk", &row.risk)?,
            outcome: word("risk_assessment.outcome", &row.outcome)?,
            measures: row.measures,
            assessed: row.assessed_date,
            post: row.post,
            recorded_at: row.recorded_at,
        })
    }
}

/// Writes an assessment.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    made: &RiskAssessment,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO risk_assessment (assessment_id, organ_id, place_code, kind, title, subject, risk, outcome, measures,
                                      assessed_date, post, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        made.id.uuid(),
        made.organ.uuid(),
        made.place.as_str(),
        made.kind.as_str(),
        made.title,
        made.subject,
        made.risk.as_str(),
        made.outcome.as_str(),
        made.measures,
        made.assessed,
        made.post,
        made.recorded_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One assessment, if who asks sees it.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: AssessmentId,
) -> Result<Option<RiskAssessment>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT assessment_id, organ_id, place_code, kind, title, subject, risk, outcome, measures, assessed_date, post,
                recorded_at
         FROM risk_assessment WHERE assessment_id = $1",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(RiskAssessment::try_from).transpose()
}

/// A page of assessments, newest first; of one organ if it is given.
pub(crate) async fn list(
    connection: &mut PgConnection,
    organ: Option<OrganId>,
    after: Option<(Instant, AssessmentId)>,
    limit: i64,
) -> Result<Vec<RiskAssessment>, Problem> {
    let (after_time, after_id) = after.map(|(at, id)| (at, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT assessment_id, organ_id, place_code, kind, title, subject, risk, outcome, measures, assessed_date, post,
                recorded_at
         FROM risk_assessment
         WHERE ($1::uuid IS NULL OR organ_id = $1)
           AND ($2::timestamptz IS NULL OR (recorded_at, assessment_id) < ($2, $3))
         ORDER BY recorded_at DESC, assessment_id DESC LIMIT $4",
        organ.map(OrganId::uuid),
        after_time,
        after_id,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(RiskAssessment::try_from).collect()
}
