//! Reviews and re-examinations as supervision told of them.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Remedy, RemedyOutcome};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::word;

/// A remedy, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemedyStep {
    /// The matter.
    pub(crate) matter: MatterId,
    /// Which remedy.
    pub(crate) remedy: Remedy,
    /// The organ above.
    pub(crate) organ: OrganId,
    /// When it was asked for.
    pub(crate) requested_at: Option<Instant>,
    /// When the opinion was delivered and what it says; none while it is owed.
    pub(crate) delivered: Option<(Instant, RemedyOutcome)>,
}

struct Row {
    matter_id: Uuid,
    remedy: String,
    organ_id: Uuid,
    requested_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
}

impl TryFrom<Row> for RemedyStep {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let read = |stored: &String| word("remedy_step.outcome", stored);
        let outcome = row.outcome.as_ref().map(read).transpose()?;
        Ok(Self {
            matter: MatterId::from_uuid(row.matter_id),
            remedy: word("remedy_step.remedy", &row.remedy)?,
            organ: OrganId::from_uuid(row.organ_id),
            requested_at: row.requested_at,
            delivered: row.delivered_at.zip(outcome),
        })
    }
}

/// Writes what was told; what was told before and is not told again stays.
pub(crate) async fn write(
    connection: &mut PgConnection,
    step: &RemedyStep,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO remedy_step AS kept (matter_id, remedy, organ_id, requested_at, delivered_at, outcome)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (matter_id, remedy) DO UPDATE
         SET organ_id = excluded.organ_id, requested_at = coalesce(excluded.requested_at, kept.requested_at),
             delivered_at = coalesce(excluded.delivered_at, kept.delivered_at),
             outcome = coalesce(excluded.outcome, kept.outcome)",
        step.matter.uuid(),
        step.remedy.as_str(),
        step.organ.uuid(),
        step.requested_at,
        step.delivered.map(|(at, _)| at),
        step.delivered.map(|(_, outcome)| outcome.as_str()),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The remedies of a matter, oldest first.
pub(crate) async fn of_matter(
    connection: &mut PgConnection,
    matter: MatterId,
) -> Result<Vec<RemedyStep>, Problem> {
    sqlx::query_as!(
        Row,
        "SELECT matter_id, remedy, organ_id, requested_at, delivered_at, outcome FROM remedy_step
         WHERE matter_id = $1 ORDER BY requested_at, remedy DESC",
        matter.uuid(),
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(RemedyStep::try_from)
    .collect()
}
