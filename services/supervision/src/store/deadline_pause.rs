//! Pauses of clocks and their ends.

use huiyin_domain::ids::{MatterId, OrganId, PauseId};
use huiyin_domain::law::PauseCause;
use huiyin_domain::time::Instant;
use sqlx::PgConnection;

use super::column;
use crate::deadline::Key;

/// A pause, or the end of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PauseStep {
    /// Its id.
    pub(crate) id: PauseId,
    /// The matter.
    pub(crate) matter: MatterId,
    /// The clock.
    pub(crate) clock: Key,
    /// The organ.
    pub(crate) organ: OrganId,
    /// "paused" or "resumed".
    pub(crate) step: &'static str,
    /// What the clock stands, or stood, still for.
    pub(crate) cause: PauseCause,
    /// The post that decided.
    pub(crate) post: String,
    /// The reason told to the petitioner.
    pub(crate) reason: String,
    /// When.
    pub(crate) at: Instant,
}

/// Writes a step.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    step: &PauseStep,
) -> Result<(), sqlx::Error> {
    let (kind, cycle) = step.clock;
    sqlx::query!(
        "INSERT INTO deadline_pause
             (pause_id, matter_id, kind, cycle, organ_id, step, cause, post, reason, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        step.id.uuid(),
        step.matter.uuid(),
        kind.as_str(),
        column(cycle),
        step.organ.uuid(),
        step.step,
        step.cause.as_str(),
        step.post,
        step.reason,
        step.at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
