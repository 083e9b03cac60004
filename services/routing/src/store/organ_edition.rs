//! Which edition of the organs is in force.

use sqlx::PgConnection;

/// The edition in force.
pub(crate) async fn read(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("SELECT edition FROM organ_edition LIMIT 1")
        .fetch_one(connection)
        .await
}

/// Waits until no other load runs.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT edition FROM organ_edition LIMIT 1 FOR UPDATE")
        .fetch_one(connection)
        .await?;
    Ok(())
}

/// Begins a new edition.
pub(crate) async fn advance(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE organ_edition SET edition = edition + 1")
        .execute(connection)
        .await?;
    Ok(())
}
