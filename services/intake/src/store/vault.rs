//! The states of the vaults.

use huiyin_domain::time::Instant;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::vault::Change;
use sqlx::PgConnection;

use crate::vault::{Kind, column};

/// The version and the state of a vault; none before it was made.
pub(crate) async fn read(
    connection: &mut PgConnection,
    kind: Kind,
) -> Result<Option<(i64, Vec<u8>)>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT version, state FROM vault WHERE kind = $1",
        kind.as_str()
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.version, row.state)))
}

/// The state of a vault, locked until the transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    kind: Kind,
) -> Result<Vec<u8>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT state FROM vault WHERE kind = $1 FOR UPDATE",
        kind.as_str()
    )
    .fetch_one(connection)
    .await
}

/// Nobody else makes a vault until the transaction ends.
pub(crate) async fn lock_table(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("LOCK TABLE vault IN SHARE ROW EXCLUSIVE MODE")
        .execute(connection)
        .await?;
    Ok(())
}

/// Stores a new vault.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    kind: Kind,
    change: &Change,
    now: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO vault (kind, version, state, rotated_at) VALUES ($1, $2, $3, $4)",
        kind.as_str(),
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
pub(crate) async fn replace(
    connection: &mut PgConnection,
    kind: Kind,
    change: &Change,
) -> Result<(), Problem> {
    let replaced = sqlx::query!(
        "UPDATE vault SET version = $2, state = $3 WHERE kind = $1 AND version = $4",
        kind.as_str(),
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
pub(crate) async fn next_leaves(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT nextval('vault_leaf') AS "first!""#)
        .fetch_one(connection)
        .await
}

/// Records that the newest tree of a vault was grown at `now`.
pub(crate) async fn rotated(
    connection: &mut PgConnection,
    kind: Kind,
    now: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE vault SET rotated_at = $2 WHERE kind = $1",
        kind.as_str(),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When the newest tree of a vault was grown.
pub(crate) async fn rotated_at(
    connection: &mut PgConnection,
    kind: Kind,
) -> Result<Instant, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT rotated_at FROM vault WHERE kind = $1",
        kind.as_str()
    )
    .fetch_one(connection)
    .await
}
