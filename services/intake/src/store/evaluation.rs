//! What petitioners say of the handling.

use huiyin_domain::ids::{EvaluationId, MatterId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{EvaluationAddressee, Satisfaction};
use sqlx::PgConnection;

/// One evaluation.
#[derive(Clone, Debug)]
pub(crate) struct Evaluation {
    /// Id.
    pub(crate) id: EvaluationId,
    /// The matter.
    pub(crate) matter: MatterId,
    /// Whom it is about.
    pub(crate) addressee: EvaluationAddressee,
    /// The word.
    pub(crate) satisfaction: Satisfaction,
    /// The organ evaluated.
    pub(crate) organ: OrganId,
    /// When.
    pub(crate) at: Instant,
}

/// Keeps an evaluation; false when this addressee of the matter was evaluated before.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    evaluation: &Evaluation,
) -> Result<bool, sqlx::Error> {
    let kept = sqlx::query!(
        "INSERT INTO evaluation (evaluation_id, matter_id, addressee, satisfaction, organ_id, evaluated_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT ON CONSTRAINT evaluation_once DO NOTHING",
        evaluation.id.uuid(),
        evaluation.matter.uuid(),
        evaluation.addressee.as_str(),
        evaluation.satisfaction.as_str(),
        evaluation.organ.uuid(),
        evaluation.at,
    )
    .execute(connection)
    .await?;
    Ok(kept.rows_affected() == 1)
}
