//! The receipt: the organ that receives says that it has the last version of a report.

use huiyin_domain::ids::{OrganId, ReportId};
use huiyin_proto::stability_early_warning::v1::{ReceiveReportRequest, ReceiveReportResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{locked, receives, refused};
use crate::reporting::{Report, wire};
use crate::rpc::nameless;
use crate::service::Service;
use crate::store::{organ_report, report_version};
use crate::wire::kept;

#[derive(Clone, Debug)]
struct Receipt {
    organ: OrganId,
    report: ReportId,
    post: String,
}

/// Records a receipt.
///
/// # Errors
/// When another organ receives it, it never came, or its last version was received already.
pub(crate) async fn answer(
    service: &Service,
    request: Request<ReceiveReportRequest>,
) -> Result<ReceiveReportResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let receipt = parse(&message)?;
    permit(About::Organ(receipt.organ)).await?;
    service
        .desk
        .database
        .once("receive_report", asked, move |tx| {
            let receipt = receipt.clone();
            Box::pin(async move {
                let report = receive(tx, &receipt).await?;
                Ok(ReceiveReportResponse {
                    report: Some(wire::report(&report)),
                })
            })
        })
        .await
}

fn parse(message: &ReceiveReportRequest) -> Result<Receipt, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let report = violations.id("report_id", &message.report_id);
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let (organ, report) = violations.finish_with(organ.zip(report))?;
    Ok(Receipt {
        organ,
        report,
        post,
    })
}

async fn receive(tx: &mut Tx, receipt: &Receipt) -> Result<Report, Problem> {
    let whose = (
        receipt.organ,
        receives as fn(&Report) -> OrganId,
        "receives",
    );
    let before = locked(tx, receipt.report, whose).await?;
    let received = Report {
        state: before.state.receive().map_err(refused)?,
        ..before
    };
    let version = received.state.submission().map_or(0, |came| came.version);
    let by = (kept(tx.now()), receipt.post.as_str());
    organ_report::write(tx.connection(), &received).await?;
    report_version::receive(tx.connection(), (received.id, version), by).await?;
    Ok(received)
}
