//! An organ answers an order.

use huiyin_domain::ids::{OrderId, OrganId};
use huiyin_proto::supervision::v1::{AnswerOrderRequest, AnswerOrderResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::must_see;
use crate::order::{Order, OrderState};
use crate::store::supervise_order;
use crate::wire;

pub(crate) async fn answer(
    desk: &Desk,
    request: Request<AnswerOrderRequest>,
) -> Result<AnswerOrderResponse, Problem> {
    let message = request.get_ref();
    let given = Given::parse(message)?;
    permit(About::Organ(given.organ)).await?;
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    desk.database
        .once("answer_order", asked, move |tx| {
            let given = given.clone();
            Box::pin(async move { keep(tx, &given).await })
        })
        .await
}

/// An answer as it was given.
#[derive(Clone, Debug)]
struct Given {
    order: OrderId,
    organ: OrganId,
    answer: String,
}

impl Given {
    fn parse(message: &AnswerOrderRequest) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        violations.request_id(&message.request_id);
        let order = violations.id("order_id", &message.order_id);
        let organ = violations.id("organ_id", &message.organ_id);
        let answer = violations.text("answer", &message.answer, 1, 4000);
        let (order, organ) = violations.finish_with(order.zip(organ))?;
        Ok(Self {
            order,
            organ,
            answer,
        })
    }
}

async fn keep(tx: &mut Tx, given: &Given) -> Result<AnswerOrderResponse, Problem> {
    let order = supervise_order::lock(tx.connection(), given.order)
        .await?
        .ok_or_else(|| Problem::NotFound {
            what: "order",
            id: given.order.to_string(),
        })?;
    must_see(tx.connection(), order.matter).await?;
    let answered = answered_by(order, given.organ)?;
    let now = tx.now();
    if !supervise_order::answer(tx.connection(), answered.id, &given.answer, now).await? {
        return Err(Problem::ChangedMeanwhile);
    }
    tx.tell(wire::answered(&answered));
    Ok(AnswerOrderResponse {
        order: Some(wire::order(&answered)),
    })
}

/// The order once this organ has answered it.
fn answered_by(order: Order, organ: OrganId) -> Result<Order, Problem> {
    if order.organ != organ {
        let words = format!(
            "answer_order is only for {}, which the order was given to",
            order.organ
        );
        return Err(Problem::NotYours { words });
    }
    match order.state {
        OrderState::Open => Ok(Order {
            state: OrderState::Answered,
            ..order
        }),
        OrderState::Answered | OrderState::Withdrawn => Err(Problem::NotAllowedNow {
            action: "answer_order".to_owned(),
            state: order.state.to_string(),
            allowed: Vec::new(),
        }),
    }
}
