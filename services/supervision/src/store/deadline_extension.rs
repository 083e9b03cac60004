//! Extensions granted by an organ's head.

use huiyin_domain::ids::{ExtensionId, MatterId, OrganId};
use huiyin_domain::time::Instant;
use sqlx::PgConnection;

use super::column;
use crate::deadline::Key;

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extension {
    /// Its id.
    pub(crate) id: ExtensionId,
    /// The matter.
    pub(crate) matter: MatterId,
    /// The clock.
    pub(crate) clock: Key,
    /// The organ.
    pub(crate) organ: OrganId,
    /// Days added.
    pub(crate) days: u32,
    /// Post of the organ's head who approved.
    pub(crate) approved_by_post: String,
    /// The reason told to the petitioner.
    pub(crate) reason: String,
    /// When.
    pub(crate) at: Instant,
}

/// Writes an extension.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    extension: &Extension,
) -> Result<(), sqlx::Error> {
    let (kind, cycle) = extension.clock;
    sqlx::query!(
        "INSERT INTO deadline_extension
             (extension_id, matter_id, kind, cycle, organ_id, days, approved_by_post, reason, extended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        extension.id.uuid(),
        extension.matter.uuid(),
        kind.as_str(),
        column(cycle),
        extension.organ.uuid(),
        column(extension.days),
        extension.approved_by_post,
        extension.reason,
        extension.at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
