//! Which edition of the places is in force.

use sqlx::PgConnection;

/// The editions of the places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Editions {
    /// The edition in force.
    pub(crate) edition: i64,
    /// The last one that changed or ended a known place.
    pub(crate) rebuilt: i64,
}

/// The editions as they are.
pub(crate) async fn read(connection: &mut PgConnection) -> Result<Editions, sqlx::Error> {
    sqlx::query_as!(
        Editions,
        "SELECT edition, rebuilt FROM territory_edition LIMIT 1"
    )
    .fetch_one(connection)
    .await
}

/// Begins a new edition: whoever else loads waits until this transaction ends. `rebuilds` when a known place
/// changes or ends.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    rebuilds: bool,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE territory_edition
         SET edition = edition + 1, rebuilt = CASE WHEN $1 THEN edition + 1 ELSE rebuilt END
         RETURNING edition",
        rebuilds,
    )
    .fetch_one(connection)
    .await
}

/// Waits until no other load runs.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT edition FROM territory_edition LIMIT 1 FOR UPDATE")
        .fetch_one(connection)
        .await?;
    Ok(())
}
