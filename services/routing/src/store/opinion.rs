//! The written results.

use huiyin_domain::ids::{MatterId, OpinionId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::OpinionKind;
use huiyin_service_kit::safe::{InTheClear, Reasons, Sealed};
use sqlx::PgConnection;
use uuid::Uuid;

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
    /// Facts and reasons, and the legal basis, sealed.
    pub(crate) sealed: Sealed<2>,
    /// When it was issued.
    pub(crate) issued_at: Instant,
}

/// Writes an opinion.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    opinion: &Opinion,
) -> Result<(), sqlx::Error> {
    let [reasons, legal_basis] = &opinion.sealed.fields;
    sqlx::query!(
        "INSERT INTO opinion (opinion_id, matter_id, organ_id, kind, issued_at,
            leaf, epoch, wrapped_key, sealed_reasons, sealed_legal_basis)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        opinion.id.uuid(),
        opinion.matter.uuid(),
        opinion.organ.uuid(),
        opinion.kind.as_str(),
        opinion.issued_at,
        opinion.sealed.leaf,
        opinion.sealed.epoch,
        opinion.sealed.wrapped_key,
        reasons,
        legal_basis,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The vault: reasons and legal bases lie sealed.
pub(crate) const OPINIONS: Reasons = Reasons {
    name: "opinions",
    in_the_clear: |connection, limit| Box::pin(in_the_clear(connection, limit)),
    seal: |connection, id, sealed| Box::pin(seal(connection, id, sealed)),
};

async fn in_the_clear(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<InTheClear>, sqlx::Error> {
    sqlx::query_as!(
        InTheClear,
        r#"SELECT opinion_id AS id, reasons AS "reasons!", legal_basis AS "legal_basis!" FROM opinion
           WHERE reasons IS NOT NULL ORDER BY opinion_id LIMIT $1 FOR UPDATE SKIP LOCKED"#,
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
        "UPDATE opinion SET reasons = NULL, legal_basis = NULL, leaf = $2, epoch = $3, wrapped_key = $4,
            sealed_reasons = $5, sealed_legal_basis = $6
         WHERE opinion_id = $1",
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
             SELECT opinion_id, leaf FROM opinion WHERE matter_id = ANY($1) FOR UPDATE
         ), erased AS (
             UPDATE opinion o SET reasons = NULL, legal_basis = NULL, leaf = NULL, epoch = NULL, wrapped_key = NULL,
                 sealed_reasons = NULL, sealed_legal_basis = NULL
             FROM held WHERE o.opinion_id = held.opinion_id
             RETURNING held.leaf
         )
         INSERT INTO leaf_to_destroy (leaf) SELECT leaf FROM erased WHERE leaf IS NOT NULL ON CONFLICT DO NOTHING",
        matters,
    )
    .execute(connection)
    .await?;
    Ok(())
}
