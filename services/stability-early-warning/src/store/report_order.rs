//! Orders back on reports.

use huiyin_domain::ids::{DisputeId, ReportId};
use huiyin_domain::reporting::OrderAnswer;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;

use super::{count, integer};
use crate::reporting::{ReportOrder, ReportOrderAnswer};

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
        r#"SELECT given.number, given.dispute_id, given.words, given.due_date, given.post, given.given_at,
                  answer.words AS "answer?", answer.post AS "answered_by?", answer.answered_at AS "answered_at?",
                  answer.late AS "late?", answer.version AS "version?"
           FROM report_order AS given LEFT JOIN report_order_answer AS answer USING (report_id, number)
           WHERE report_id = $1 ORDER BY number LIMIT $2"#,
        report.uuid(),
        ORDERS,
    )
    .fetch_all(connection)
    .await?;
    let orders = rows.into_iter().map(|row| {
        let answered = row.answer.zip(row.answered_by).zip(row.answered_at);
        let answer = answered.zip(row.late).zip(row.version);
        let answer = answer.map(|((((words, post), at), late), version)| {
            Ok::<_, Problem>(ReportOrderAnswer {
                given: OrderAnswer { at, late },
                words,
                post,
                version: count("report_order_answer.version", version)?,
            })
        });
        Ok(ReportOrder {
            number: count("report_order.number", row.number)?,
            dispute: row.dispute_id.map(DisputeId::from_uuid),
            words: row.words,
            due: row.due_date,
            post: row.post,
            at: row.given_at,
            answer: answer.transpose()?,
        })
    });
    orders.collect()
}

/// Writes the answer to an order of a report that is locked.
pub(crate) async fn answer(
    connection: &mut PgConnection,
    (report, number): (ReportId, u32),
    answer: &ReportOrderAnswer,
) -> Result<(), Problem> {
    sqlx::query!(
        "INSERT INTO report_order_answer (report_id, number, words, post, answered_at, late, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        report.uuid(),
        integer(number)?,
        answer.words,
        answer.post,
        answer.given.at,
        answer.given.late,
        integer(answer.version)?,
    )
    .execute(connection)
    .await?;
    Ok(())
}
