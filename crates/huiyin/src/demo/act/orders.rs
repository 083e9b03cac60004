//! On Fridays organs answer the supervise orders they were given.

use anyhow::Result;
use chrono::TimeDelta;
use huiyin_domain::time::Instant;
use huiyin_proto::supervision::v1::{AnswerOrderRequest, ListOrdersRequest, Order, OrderState};
use huiyin_service_kit::wire;

use super::{Actors, Next, lock};
use crate::connect::{by, persist};

impl Actors {
    pub(super) async fn answer_orders(&self, at: Instant) -> Result<Next> {
        let mut open = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListOrdersRequest {
                organ_id: String::new(),
                state: OrderState::Open.into(),
                page_size: 500,
                page_token: page_token.clone(),
            };
            let supervision = &self.clients.supervision;
            let page = persist("listing orders", || {
                let (mut supervision, request) = (
                    supervision.clone(),
                    by(&self.office, "sealed-desk", request.clone()),
                );
                async move { supervision.list_orders(request).await }
            })
            .await?;
            open.extend(page.orders);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        for order in open {
            if self.is_answered_by(&order, at) {
                self.answer_order(order).await?;
            }
        }
        Ok(Vec::new())
    }

    fn is_answered_by(&self, order: &Order, at: Instant) -> bool {
        let index = lock(&self.indexes).get(&order.matter_id).copied();
        let fridays =
            index.and_then(|index| self.plan.matters.get(index)?.conduct.order_answered_after);
        let issued = order.issued_time.as_ref().and_then(wire::instant);
        match (fridays, issued) {
            (Some(fridays), Some(issued)) => {
                at - issued
                    >= TimeDelta::weeks(
                        i64::try_from(fridays).unwrap_or(i64::MAX).saturating_sub(1),
                    )
            }
            (None, _) | (_, None) => false,
        }
    }

    async fn answer_order(&self, order: Order) -> Result<()> {
        let request = AnswerOrderRequest {
            request_id: format!("answer-{}", order.order_id),
            order_id: order.order_id,
            organ_id: order.organ_id,
            answer: "The duty was taken up; the matter is being handled.".to_owned(),
        };
        let supervision = &self.clients.supervision;
        persist("answering an order", || {
            let (mut supervision, request) = (
                supervision.clone(),
                by(&request.organ_id, "sealed-desk", request.clone()),
            );
            async move { supervision.answer_order(request).await }
        })
        .await?;
        Ok(())
    }
}
