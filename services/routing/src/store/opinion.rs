//! The written results.

use huiyin_domain::ids::{MatterId, OpinionId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::OpinionKind;
use sqlx::PgConnection;

/// A written result, law article 32.
#[derive(Clone, Debug)]
pub(crate) struct Opinion {
    /// The opinion.
    pub(crate) id: OpinionId,
    /// The matter it answers.
    pub(crate) matter: MatterId,
    /// The organ whose opinion it is.
    pub(crate) organ: OrganId,
    /// The result.
    pub(crate) kind: OpinionKind,
    /// Facts and reasons.
    pub(crate) reasons: String,
    /// Legal basis.
    pub(crate) legal_basis: String,
    /// When it was issued.
    pub(crate) issued_at: Instant,
}

/// Writes an opinion.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    opinion: &Opinion,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO opinion (opinion_id, matter_id, organ_id, kind, reasons, legal_basis, issued_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        opinion.id.uuid(),
        opinion.matter.uuid(),
        opinion.organ.uuid(),
        opinion.kind.as_str(),
        opinion.reasons,
        opinion.legal_basis,
        opinion.issued_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
