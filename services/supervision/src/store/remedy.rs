//! Reviews and re-examinations.

use huiyin_domain::ids::{MatterId, OrganId, RemedyId};
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Remedy, RemedyOutcome};
use huiyin_service_kit::safe::{InTheClear, Reasons, Sealed};
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

/// Writes the opinion that was delivered; its words sealed.
pub(crate) async fn deliver(
    connection: &mut PgConnection,
    id: RemedyId,
    (outcome, sealed): (RemedyOutcome, &Sealed<2>),
    at: Instant,
) -> Result<(), sqlx::Error> {
    let [reasons, legal_basis] = &sealed.fields;
    sqlx::query!(
        "UPDATE remedy SET delivered_at = $2, outcome = $3,
            leaf = $4, epoch = $5, wrapped_key = $6, sealed_reasons = $7, sealed_legal_basis = $8
         WHERE remedy_id = $1",
        id.uuid(),
        at,
        outcome.as_str(),
        sealed.leaf,
        sealed.epoch,
        sealed.wrapped_key,
        reasons,
        legal_basis,
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

/// The vault: reasons and legal bases lie sealed.
pub(crate) const REMEDIES: Reasons = Reasons {
    name: "remedies",
    in_the_clear: |connection, limit| Box::pin(in_the_clear(connection, limit)),
    seal: |connection, id, sealed| Box::pin(seal(connection, id, sealed)),
};

async fn in_the_clear(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<InTheClear>, sqlx::Error> {
    sqlx::query_as!(
        InTheClear,
        r#"SELECT remedy_id AS id, reasons AS "reasons!", legal_basis AS "legal_basis!" FROM remedy
           WHERE reasons IS NOT NULL ORDER BY remedy_id LIMIT $1 FOR UPDATE SKIP LOCKED"#,
        limit,
    )
    .fetch_all(connection)
    .await
}

async fn seal(
    connection: &mut PgConnection,
    id: Uuid,
    sealed: &Sealed<2>,
) -> Result<(), sqlx::Error> {
    let [reasons, legal_basis] = &sealed.fields;
    sqlx::query!(
        "UPDATE remedy SET reasons = NULL, legal_basis = NULL, leaf = $2, epoch = $3, wrapped_key = $4,
            sealed_reasons = $5, sealed_legal_basis = $6
         WHERE remedy_id = $1",
        id,
        sealed.leaf,
        sealed.epoch,
        sealed.wrapped_key,
        reasons,
        legal_basis,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Erases the words of these matters; their keys are destroyed by the care of the vault.
pub(crate) async fn erase(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH held AS (
             SELECT remedy_id, leaf FROM remedy WHERE matter_id = ANY($1) FOR UPDATE
         ), erased AS (
             UPDATE remedy o SET reasons = NULL, legal_basis = NULL, leaf = NULL, epoch = NULL, wrapped_key = NULL,
                 sealed_reasons = NULL, sealed_legal_basis = NULL
             FROM held WHERE o.remedy_id = held.remedy_id
             RETURNING held.leaf
         )
         INSERT INTO leaf_to_destroy (leaf) SELECT leaf FROM erased WHERE leaf IS NOT NULL ON CONFLICT DO NOTHING",
        matters,
    )
    .execute(connection)
    .await?;
    Ok(())
}
