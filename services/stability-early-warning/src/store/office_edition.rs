//! Which edition of the offices is in force.

use sqlx::PgConnection;

/// The edition in force.
pub(crate) async fn read(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("SELECT edition FROM office_edition LIMIT 1")
        .fetch_one(connection)
        .await
}

/// Begins a new edition.
pub(crate) async fn advance(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE office_edition SET edition = edition + 1")
        .execute(connection)
        .await?;
    Ok(())
}
