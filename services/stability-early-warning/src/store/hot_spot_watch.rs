//! From which day on matters are counted, and the day that is looked at next.

use huiyin_domain::time::Date;
use sqlx::PgConnection;

/// Begins to watch, unless that was begun; whether it was not.
pub(crate) async fn begin(
    connection: &mut PgConnection,
    (first, next): (Date, Date),
) -> Result<bool, sqlx::Error> {
    let begun = sqlx::query!(
        "INSERT INTO hot_spot_watch (first_day, next_day) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        first,
        next,
    )
    .execute(connection)
    .await?;
    Ok(begun.rows_affected() > 0)
}

/// The first day and the next one, locked; none before the first matter.
pub(crate) async fn lock(
    connection: &mut PgConnection,
) -> Result<Option<(Date, Date)>, sqlx::Error> {
    let watch = sqlx::query!("SELECT first_day, next_day FROM hot_spot_watch WHERE one FOR UPDATE")
        .fetch_optional(connection)
        .await?;
    Ok(watch.map(|watch| (watch.first_day, watch.next_day)))
}

/// Goes on to the next day.
pub(crate) async fn advance(connection: &mut PgConnection, next: Date) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE hot_spot_watch SET next_day = $1 WHERE one", next)
        .execute(connection)
        .await?;
    Ok(())
}
