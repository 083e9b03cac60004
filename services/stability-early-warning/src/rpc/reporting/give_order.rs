//! The order back: what the organ that received a report wants done on it.

use huiyin_domain::ids::{DisputeId, OrganId, ReportId};
use huiyin_domain::reporting::ReportAction;
use huiyin_domain::time::{Date, local_date};
use huiyin_proto::stability_early_warning::v1::{GiveOrderRequest, GiveOrderResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{locked, optional_id, receives, refused, wrong};
use crate::reporting::{Report, ReportOrder, wire};
use crate::rpc::nameless;
use crate::service::Service;
use crate::store::{report_order, report_version};
use crate::wire::kept;

#[derive(Clone, Debug)]
struct Given {
    organ: OrganId,
    report: ReportId,
    dispute: Option<DisputeId>,
    words: String,
    due: Date,
    post: String,
}

/// Gives an order on a report.
///
/// # Errors
/// When another organ received it, it never came, or its last version does not speak of the dispute.
pub(crate) async fn answer(
    service: &Service,
    request: Request<GiveOrderRequest>,
) -> Result<GiveOrderResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let given = parse(&message, local_date(service.desk.database.now()))?;
    permit(About::Organ(given.organ)).await?;
    service
        .desk
        .database
        .once("give_order", asked, move |tx| {
            let given = given.clone();
            Box::pin(async move {
                let order = give(tx, &given).await?;
                Ok(GiveOrderResponse {
                    order: Some(wire::order(&order)),
                })
            })
        })
        .await
}

fn parse(message: &GiveOrderRequest, today: Date) -> Result<Given, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let report = violations.id("report_id", &message.report_id);
    let dispute = optional_id(&mut violations, "dispute_id", &message.dispute_id);
    let words = nameless(&mut violations, "words", &message.words, (1, 2000));
    let due = violations.date("due_date", &message.due_date);
    let past = format!("lies in the past; {today} or later is allowed");
    violations.check("due_date", due.is_none_or(|due| due >= today), past);
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let (organ, (report, due)) = violations.finish_with(organ.zip(report.zip(due)))?;
    Ok(Given {
        organ,
        report,
        dispute,
        words,
        due,
        post,
    })
}

async fn give(tx: &mut Tx, given: &Given) -> Result<ReportOrder, Problem> {
    let whose = (given.organ, receives as fn(&Report) -> OrganId, "received");
    let report = locked(tx, given.report, whose).await?;
    let came = report
        .state
        .came(ReportAction::GiveOrder)
        .map_err(refused)?;
    if let Some(dispute) = given.dispute {
        let version = (report.id, came.version);
        if !report_version::speaks_of(tx.connection(), version, dispute).await? {
            let words = format!(
                "is no dispute that version {} of the report speaks of; leave it empty for the report as a whole",
                came.version
            );
            return Err(wrong("dispute_id", words));
        }
    }
    let mut order = ReportOrder {
        number: 0,
        dispute: given.dispute,
        words: given.words.clone(),
        due: given.due,
        post: given.post.clone(),
        at: kept(tx.now()),
        answer: None,
    };
    order.number = report_order::insert(tx.connection(), report.id, &order).await?;
    Ok(order)
}
