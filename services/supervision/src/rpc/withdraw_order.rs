//! A named post takes an order back.

use huiyin_domain::ids::OrderId;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::events::v1::{ComputedDecision, DecisionOverridden};
use huiyin_proto::supervision::v1::{WithdrawOrderRequest, WithdrawOrderResponse};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::must_see;
use crate::order::{Order, OrderState};
use crate::store::supervise_order::{self, Withdrawal};
use crate::wire;

pub(crate) async fn answer(
    desk: &Desk,
    request: Request<WithdrawOrderRequest>,
) -> Result<WithdrawOrderResponse, Problem> {
    let message = request.get_ref();
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let order: Option<OrderId> = violations.id("order_id", &message.order_id);
    let post = violations.text("post", &message.post, 1, 100);
    let reason = violations.text("reason", &message.reason, 1, 1000);
    let order = violations.finish_with(order)?;
    desk.database
        .once("withdraw_order", asked, move |tx| {
            let (post, reason) = (post.clone(), reason.clone());
            Box::pin(async move { withdraw(tx, order, (post, reason)).await })
        })
        .await
}

async fn withdraw(
    tx: &mut Tx,
    id: OrderId,
    (post, reason): (String, String),
) -> Result<WithdrawOrderResponse, Problem> {
    let order = supervise_order::lock(tx.connection(), id)
        .await?
        .ok_or_else(|| Problem::NotFound {
            what: "order",
            id: id.to_string(),
        })?;
    must_see(tx.connection(), order.matter).await?;
    if order.state == OrderState::Withdrawn {
        return Err(Problem::NotAllowedNow {
            action: "withdraw_order".to_owned(),
            state: order.state.to_string(),
            allowed: Vec::new(),
        });
    }
    let withdrawal = Withdrawal {
        post,
        reason,
        at: tx.now(),
    };
    supervise_order::withdraw(tx.connection(), id, &withdrawal).await?;
    tx.tell(Told::DecisionOverridden(DecisionOverridden {
        matter_id: order.matter.to_string(),
        decision: ComputedDecision::SuperviseOrder.into(),
        computed: order.id.to_string(),
        decided: "withdrawn".to_owned(),
        clock: wire::clock_kind(order.clock.0).into(),
        organ_id: order.organ.to_string(),
        post: withdrawal.post,
    }));
    let withdrawn = Order {
        state: OrderState::Withdrawn,
        ..order
    };
    Ok(WithdrawOrderResponse {
        order: Some(wire::order(&withdrawn)),
    })
}
