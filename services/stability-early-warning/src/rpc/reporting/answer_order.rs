//! The answer to an order: what the organ that reported has done about it. It is given once, at any time, between two reports too.

use huiyin_domain::ids::{OrganId, ReportId};
use huiyin_domain::reporting::{OrderRefused, answer_order};
use huiyin_proto::stability_early_warning::v1::{AnswerOrderRequest, AnswerOrderResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{locked, reports, wrong};
use crate::reporting::{Report, ReportOrder, ReportOrderAnswer, told, wire};
use crate::rpc::nameless;
use crate::service::Service;
use crate::store::report_order;
use crate::wire::kept;

#[derive(Clone, Debug)]
struct Given {
    organ: OrganId,
    report: ReportId,
    number: u32,
    words: String,
    post: String,
}

/// Answers an order on a report.
///
/// # Errors
/// When another organ reported, there is no such order, it was answered already, or the report was found false and is not corrected.
pub(crate) async fn answer(
    service: &Service,
    request: Request<AnswerOrderRequest>,
) -> Result<AnswerOrderResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let given = parse(&message)?;
    permit(About::Organ(given.organ)).await?;
    service
        .desk
        .database
        .once("answer_order", asked, move |tx| {
            let given = given.clone();
            Box::pin(async move {
                let order = give(tx, &given).await?;
                Ok(AnswerOrderResponse {
                    order: Some(wire::order(&order)),
                })
            })
        })
        .await
}

fn parse(message: &AnswerOrderRequest) -> Result<Given, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let report = violations.id("report_id", &message.report_id);
    violations.check(
        "number",
        message.number >= 1,
        "is missing; orders are numbered from 1",
    );
    let words = nameless(&mut violations, "words", &message.words, (1, 2000));
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let (organ, report) = violations.finish_with(organ.zip(report))?;
    Ok(Given {
        organ,
        report,
        number: message.number,
        words,
        post,
    })
}

async fn give(tx: &mut Tx, given: &Given) -> Result<ReportOrder, Problem> {
    let whose = (given.organ, reports as fn(&Report) -> OrganId, "handed in");
    let report = locked(tx, given.report, whose).await?;
    let orders = report_order::of(tx.connection(), report.id).await?;
    let there = orders.len();
    let found = orders
        .into_iter()
        .find(|order| order.number == given.number);
    let mut order = found.ok_or_else(|| {
        let words = match there {
            0 => "is no order: none was given on this report".to_owned(),
            _ => format!("is no order on this report; there are 1 to {there}"),
        };
        wrong("number", words)
    })?;
    let before = order.answer.as_ref().map(|answer| &answer.given);
    let now = kept(tx.now());
    let answer = answer_order(before, &report.state, (now, order.due)).map_err(refused)?;
    let answer = ReportOrderAnswer {
        given: answer,
        words: given.words.clone(),
        post: given.post.clone(),
        version: report.state.submission().map_or(0, |came| came.version),
    };
    report_order::answer(tx.connection(), (report.id, order.number), &answer).await?;
    order.answer = Some(answer);
    told::answered(tx, &report, &order);
    Ok(order)
}

fn refused(refused: OrderRefused) -> Problem {
    Problem::NotAllowedNow {
        action: "answer_order".to_owned(),
        state: refused.word().to_owned(),
        allowed: refused.allowed().iter().map(ToString::to_string).collect(),
    }
}
