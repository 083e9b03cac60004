//! Reviews and re-examinations.

use huiyin_domain::ids::{MatterId, OrganId, RemedyId};
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Remedy, RemedyOutcome};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{column, number, word};

/// A remedy that a petitioner asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemedyCase {
    /// Its id.
    pub(crate) id: RemedyId,
    /// The matter.
    pub(crate) matter: MatterId,
    /// Which remedy.
    pub(crate) remedy: Remedy,
    /// The run of its clocks.
    pub(crate) cycle: u32,
    /// The organ whose opinion it is about.
    pub(crate) about: OrganId,
    /// The organ above.
    pub(crate) organ: OrganId,
    /// When it was asked for.
    pub(crate) requested_at: Instant,
    /// When the opinion was delivered and what it says; none while it is owed.
    pub(crate) delivered: Option<(Instant, RemedyOutcome)>,
}

/// The written opinion of the organ above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// What it says.
    pub(crate) outcome: RemedyOutcome,
    /// Facts and reasons.
    pub(crate) reasons: String,
    /// Legal basis.
    pub(crate) legal_basis: String,
}

struct Row {
    remedy_id: Uuid,
    matter_id: Uuid,
    remedy: String,
    cycle: i32,
    about_organ: Uuid,
    organ_id: Uuid,
    requested_at: Instant,
    delivered_at: Option<Instant>,
    outcome: Option<String>,
}

impl Row {
    fn case(self) -> Result<RemedyCase, Problem> {
        let outcome = self.outcome.as_deref().map(word).transpose()?;
        Ok(RemedyCase {
            id: RemedyId::from_uuid(self.remedy_id),
            matter: MatterId::from_uuid(self.matter_id),
            remedy: word(&self.remedy)?,
            cycle: number(self.cycle),
            about: OrganId::from_uuid(self.about_organ),
            organ: OrganId::from_uuid(self.organ_id),
            requested_at: self.requested_at,
            delivered: self.delivered_at.zip(outcome),
        })
    }
}

/// Writes a remedy that was asked for at a post.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    case: &RemedyCase,
    post: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO remedy (remedy_id, matter_id, remedy, cycle, about_organ, organ_id, post, requested_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        case.id.uuid(),
        case.matter.uuid(),
        case.remedy.as_str(),
        column(case.cycle),
        case.about.uuid(),
        case.organ.uuid(),
        post,
        case.requested_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the opinion that was delivered.
pub(crate) async fn deliver(
    connection: &mut PgConnection,
    id: RemedyId,
    written: &Written,
    at: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE remedy SET delivered_at = $2, outcome = $3, reasons = $4, legal_basis = $5 WHERE remedy_id = $1",
        id.uuid(),
        at,
        written.outcome.as_str(),
        written.reasons,
        written.legal_basis,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The remedies of a matter, oldest first.
pub(crate) async fn of_matter(
    connection: &mut PgConnection,
    matter: MatterId,
) -> Result<Vec<RemedyCase>, Problem> {
    sqlx::query_as!(
        Row,
        "SELECT remedy_id, matter_id, remedy, cycle, about_organ, organ_id, requested_at, delivered_at, outcome
         FROM remedy WHERE matter_id = $1 ORDER BY requested_at, cycle, remedy DESC",
        matter.uuid(),
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(Row::case)
    .collect()
}
