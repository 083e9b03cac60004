//! Due days that named posts set against the computed ones.

use huiyin_domain::ids::{DueDayId, MatterId};
use huiyin_domain::time::{Date, Instant};
use sqlx::PgConnection;

use super::column;
use crate::deadline::Key;

/// A due day that was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DueDaySet {
    /// Its id.
    pub(crate) id: DueDayId,
    /// The matter.
    pub(crate) matter: MatterId,
    /// The clock.
    pub(crate) clock: Key,
    /// The day that was computed.
    pub(crate) computed: Date,
    /// The day that was set.
    pub(crate) due: Date,
    /// The post that decided.
    pub(crate) post: String,
    /// Why.
    pub(crate) reason: String,
    /// When.
    pub(crate) at: Instant,
}

/// Writes a due day that was set.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    set: &DueDaySet,
) -> Result<(), sqlx::Error> {
    let (kind, cycle) = set.clock;
    sqlx::query!(
        "INSERT INTO due_day_set (due_day_id, matter_id, kind, cycle, computed, due, post, reason, set_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        set.id.uuid(),
        set.matter.uuid(),
        kind.as_str(),
        column(cycle),
        set.computed,
        set.due,
        set.post,
        set.reason,
        set.at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
