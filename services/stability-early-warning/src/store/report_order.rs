//! Orders back on reports.

use huiyin_domain::ids::{DisputeId, ReportId};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;

use super::count;
use crate::reporting::ReportOrder;

/// Orders on one report that are read at most.
const ORDERS: i64 = 1000;

/// Writes an order on a report that is locked, with the next number.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    report: ReportId,
    order: &ReportOrder,
) -> Result<u32, Problem> {
    let number = sqlx::query_scalar!(
        "INSERT INTO report_order (report_id, number, dispute_id, words, due_date, post, given_at)
         SELECT $1, 1 + count(*), $2, $3, $4, $5, $6 FROM report_order WHERE report_id = $1
         RETURNING number",
        report.uuid(),
        order.dispute.map(DisputeId::uuid),
        order.words,
        order.due,
        order.post,
        order.at,
    )
    .fetch_one(connection)
    .await?;
    count("report_order.number", number)
}

/// The orders on a report, first to last.
pub(crate) async fn of(
    connection: &mut PgConnection,
    report: ReportId,
) -> Result<Vec<ReportOrder>, Problem> {
    let rows = sqlx::query!(
        "SELECT number, dispute_id, words, due_date, post, given_at FROM report_order
         WHERE report_id = $1 ORDER BY number LIMIT $2",
        report.uuid(),
        ORDERS,
    )
    .fetch_all(connection)
    .await?;
    let orders = rows.into_iter().map(|row| {
        Ok(ReportOrder {
            number: count("report_order.number", row.number)?,
            dispute: row.dispute_id.map(DisputeId::from_uuid),
            words: row.words,
            due: row.due_date,
            post: row.post,
            at: row.given_at,
        })
    });
    orders.collect()
}
