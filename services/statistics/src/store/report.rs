//! Published reports.

use huiyin_domain::time::{Date, Instant};
use sqlx::PgConnection;
use uuid::Uuid;

/// A published report as kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) report_id: Uuid,
    pub(crate) published_at: Instant,
    pub(crate) from_date: Date,
    pub(crate) to_date: Date,
    pub(crate) place_code: String,
    pub(crate) document: Vec<u8>,
}

pub(crate) async fn insert(
    connection: &mut PgConnection,
    report: &Kept,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO report (report_id, published_at, from_date, to_date, place_code, document)
         VALUES ($1, $2, $3, $4, $5, $6)",
        report.report_id,
        report.published_at,
        report.from_date,
        report.to_date,
        report.place_code,
        report.document,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn find(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<Kept>, sqlx::Error> {
    sqlx::query_as!(
        Kept,
        "SELECT report_id, published_at, from_date, to_date, place_code, document FROM report WHERE report_id = $1",
        id,
    )
    .fetch_optional(connection)
    .await
}

/// Reports older than a place in the list, newest first.
pub(crate) async fn page(
    connection: &mut PgConnection,
    after: Option<(Instant, Uuid)>,
    limit: i64,
) -> Result<Vec<Kept>, sqlx::Error> {
    let (at, id) = after.unzip();
    sqlx::query_as!(
        Kept,
        r#"SELECT report_id, published_at, from_date, to_date, place_code, ''::bytea AS "document!" FROM report
           WHERE $1::timestamptz IS NULL OR (published_at, report_id) < ($1, $2)
           ORDER BY published_at DESC, report_id DESC LIMIT $3"#,
        at,
        id,
        limit,
    )
    .fetch_all(connection)
    .await
}
