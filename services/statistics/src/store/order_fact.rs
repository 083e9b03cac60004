//! Supervise orders.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::heard::Order;

pub(crate) async fn keep(
    connection: &mut PgConnection,
    orders: &BTreeMap<Uuid, Order>,
) -> Result<(), sqlx::Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = orders.keys().copied().collect();
    let matters: Vec<Uuid> = orders.values().map(|order| order.matter).collect();
    let organs: Vec<Uuid> = orders.values().map(|order| order.organ).collect();
    let failures: Vec<Option<String>> =
        orders.values().map(|order| order.failure.clone()).collect();
    let answered: Vec<bool> = orders.values().map(|order| order.answered).collect();
    sqlx::query!(
        "INSERT INTO order_fact AS kept (order_id, matter_id, organ_id, failure, answered)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::boolean[])
         ON CONFLICT (order_id) DO UPDATE
         SET failure = coalesce(excluded.failure, kept.failure), answered = kept.answered OR excluded.answered",
        &ids,
        &matters,
        &organs,
        &failures as &[Option<String>],
        &answered,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Orders given, and those answered, about matters of a place.
pub(crate) async fn counts(
    connection: &mut PgConnection,
    prefix: &str,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE failure IS NOT NULL) AS "issued!",
                  count(*) FILTER (WHERE answered) AS "answered!"
           FROM order_fact JOIN matter_fact AS matter USING (matter_id) WHERE starts_with(matter.place_code, $1)"#,
        prefix,
    )
    .fetch_one(connection)
    .await?;
    Ok((row.issued, row.answered))
}
