//! The states of the vaults, and the leaves whose keys are to be destroyed.

use huiyin_domain::time::Instant;
use sqlx::PgConnection;

use super::column;
use crate::status::Problem;
use crate::vault::Change;

/// The version and the state of a vault; none before it was made.
pub(super) async fn read(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Option<(i64, Vec<u8>)>, sqlx::Error> {
    let row = sqlx::query!("SELECT version, state FROM vault WHERE kind = $1", name)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| (row.version, row.state)))
}

/// The state of a vault, locked until the transaction ends.
pub(super) async fn lock(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Vec<u8>, sqlx::Error> {
    sqlx::query_scalar!("SELECT state FROM vault WHERE kind = $1 FOR UPDATE", name)
        .fetch_one(connection)
        .await
}

/// Nobody else makes a vault until the transaction ends.
pub(super) async fn lock_table(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("LOCK TABLE vault IN SHARE ROW EXCLUSIVE MODE")
        .execute(connection)
        .await?;
    Ok(())
}

/// Stores a new vault.
pub(super) async fn insert(
    connection: &mut PgConnection,
    name: &str,
    change: &Change,
    now: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO vault (kind, version, state, rotated_at) VALUES ($1, $2, $3, $4)",
        name,
        column(change.sealed_state().version()),
        change.sealed_state().as_bytes(),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores a new state over the one it replaces.
///
/// # Errors
/// [`Problem::ChangedMeanwhile`] when another one is stored.
pub(super) async fn replace(
    connection: &mut PgConnection,
    name: &str,
    change: &Change,
) -> Result<(), Problem> {
    let replaced = sqlx::query!(
        "UPDATE vault SET version = $2, state = $3 WHERE kind = $1 AND version = $4",
        name,
        column(change.sealed_state().version()),
        change.sealed_state().as_bytes(),
        change.replaces().map(column),
    )
    .execute(connection)
    .await?;
    if replaced.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Problem::ChangedMeanwhile)
    }
}

/// The first leaf of a new block.
pub(super) async fn next_leaves(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT nextval('vault_leaf') AS "first!""#)
        .fetch_one(connection)
        .await
}

/// Records that the newest tree of a vault was grown at `now`.
pub(super) async fn rotated(
    connection: &mut PgConnection,
    name: &str,
    now: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE vault SET rotated_at = $2 WHERE kind = $1",
        name,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When the newest tree of a vault was grown.
pub(super) async fn rotated_at(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Instant, sqlx::Error> {
    sqlx::query_scalar!("SELECT rotated_at FROM vault WHERE kind = $1", name)
        .fetch_one(connection)
        .await
}

/// Whether keys are to be destroyed.
pub(super) async fn is_owed(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM leaf_to_destroy) AS "owed!""#)
        .fetch_one(connection)
        .await
}

/// Takes leaves whose keys are to be destroyed; at most `limit`.
pub(super) async fn take_owed(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "DELETE FROM leaf_to_destroy
         WHERE leaf IN (SELECT leaf FROM leaf_to_destroy ORDER BY leaf LIMIT $1 FOR UPDATE)
         RETURNING leaf",
        limit,
    )
    .fetch_all(connection)
    .await
}
