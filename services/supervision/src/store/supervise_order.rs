//! Orders to organs.

use std::collections::HashSet;

use huiyin_domain::ids::{MatterId, OrderId, OrganId};
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Page, column, number, word};
use crate::order::{Order, OrderState};

struct Row {
    order_id: Uuid,
    matter_id: Uuid,
    organ_id: Uuid,
    failure: String,
    clock_kind: String,
    clock_cycle: i32,
    issued_at: Instant,
    due: Date,
    state: String,
    words: String,
}

impl Row {
    fn order(self) -> Result<Order, Problem> {
        Ok(Order {
            id: OrderId::from_uuid(self.order_id),
            matter: MatterId::from_uuid(self.matter_id),
            organ: OrganId::from_uuid(self.organ_id),
            failure: word(&self.failure)?,
            clock: (word(&self.clock_kind)?, number(self.clock_cycle)),
            issued_at: self.issued_at,
            due: self.due,
            state: word(&self.state)?,
            words: self.words,
        })
    }
}

/// Writes new orders; gives those that were written. A clock that has its order gets no second one.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    orders: &[Order],
) -> Result<HashSet<OrderId>, sqlx::Error> {
    if orders.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id.uuid()).collect();
    let matters: Vec<Uuid> = orders.iter().map(|order| order.matter.uuid()).collect();
    let organs: Vec<Uuid> = orders.iter().map(|order| order.organ.uuid()).collect();
    let failures: Vec<String> = orders
        .iter()
        .map(|order| order.failure.to_string())
        .collect();
    let kinds: Vec<String> = orders
        .iter()
        .map(|order| order.clock.0.to_string())
        .collect();
    let cycles: Vec<i32> = orders.iter().map(|order| column(order.clock.1)).collect();
    let issued: Vec<Instant> = orders.iter().map(|order| order.issued_at).collect();
    let dues: Vec<Date> = orders.iter().map(|order| order.due).collect();
    let words: Vec<String> = orders.iter().map(|order| order.words.clone()).collect();
    let written = sqlx::query_scalar!(
        "INSERT INTO supervise_order
             (order_id, matter_id, organ_id, failure, clock_kind, clock_cycle, issued_at, due, words)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::integer[],
                              $7::timestamptz[], $8::date[], $9::text[])
         ON CONFLICT ON CONSTRAINT supervise_order_once_a_clock DO NOTHING
         RETURNING order_id",
        &ids,
        &matters,
        &organs,
        &failures,
        &kinds,
        &cycles,
        &issued,
        &dues,
        &words,
    )
    .fetch_all(connection)
    .await?;
    Ok(written.into_iter().map(OrderId::from_uuid).collect())
}

/// An order, locked.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    id: OrderId,
) -> Result<Option<Order>, Problem> {
    sqlx::query_as!(
        Row,
        "SELECT order_id, matter_id, organ_id, failure, clock_kind, clock_cycle, issued_at, due, state, words
         FROM supervise_order WHERE order_id = $1 FOR UPDATE",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?
    .map(Row::order)
    .transpose()
}

/// Writes the organ's answer to an open order; false when it is not open any more.
pub(crate) async fn answer(
    connection: &mut PgConnection,
    id: OrderId,
    answer: &str,
    at: Instant,
) -> Result<bool, sqlx::Error> {
    let answered = sqlx::query!(
        "UPDATE supervise_order SET state = 'answered', answer = $2, answered_at = $3
         WHERE order_id = $1 AND state = 'open'",
        id.uuid(),
        answer,
        at,
    )
    .execute(connection)
    .await?;
    Ok(answered.rows_affected() == 1)
}

/// How an order was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Withdrawal {
    /// The post that decided.
    pub(crate) post: String,
    /// Why.
    pub(crate) reason: String,
    /// When.
    pub(crate) at: Instant,
}

/// Takes an order back, which is locked.
pub(crate) async fn withdraw(
    connection: &mut PgConnection,
    id: OrderId,
    withdrawal: &Withdrawal,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE supervise_order
         SET state = 'withdrawn', withdrawn_at = $2, withdrawn_by_post = $3, withdrawn_reason = $4
         WHERE order_id = $1",
        id.uuid(),
        withdrawal.at,
        withdrawal.post,
        withdrawal.reason,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Which orders are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only orders to this organ.
    pub(crate) organ: Option<OrganId>,
    /// Only orders in this state.
    pub(crate) state: Option<OrderState>,
}

/// A page of orders, oldest due first.
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: Filter,
    page: &Page<(Date, OrderId)>,
) -> Result<Vec<Order>, Problem> {
    let after = page.after;
    sqlx::query_as!(
        Row,
        "SELECT order_id, matter_id, organ_id, failure, clock_kind, clock_cycle, issued_at, due, state, words
         FROM supervise_order
         WHERE ($1::uuid IS NULL OR organ_id = $1)
           AND ($2::text IS NULL OR state = $2)
           AND ($3::date IS NULL OR (due, order_id) > ($3, $4::uuid))
         ORDER BY due, order_id LIMIT $5",
        filter.organ.map(OrganId::uuid),
        filter.state.map(OrderState::as_str),
        after.map(|(due, _)| due),
        after.map(|(_, order)| order.uuid()),
        page.limit,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(Row::order)
    .collect()
}
