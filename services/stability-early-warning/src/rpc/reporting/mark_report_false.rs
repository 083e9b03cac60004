//! The organ that received a report finds its last version false. What is false stays recorded, also when it is corrected.

use huiyin_domain::ids::{OrganId, ReportId};
use huiyin_proto::stability_early_warning::v1::{MarkReportFalseRequest, MarkReportFalseResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{locked, receives, refused};
use crate::reporting::{Report, told, wire};
use crate::rpc::nameless;
use crate::service::Service;
use crate::store::{organ_report, report_version};
use crate::wire::kept;

#[derive(Clone, Debug)]
struct Finding {
    organ: OrganId,
    report: ReportId,
    reason: String,
    post: String,
}

/// Records that a report is false.
///
/// # Errors
/// When another organ received it, it never came, or its last version was found false already.
pub(crate) async fn answer(
    service: &Service,
    request: Request<MarkReportFalseRequest>,
) -> Result<MarkReportFalseResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let finding = parse(&message)?;
    permit(About::Organ(finding.organ)).await?;
    service
        .desk
        .database
        .once("mark_report_false", asked, move |tx| {
            let finding = finding.clone();
            Box::pin(async move {
                let report = find_false(tx, &finding).await?;
                Ok(MarkReportFalseResponse {
                    report: Some(wire::report(&report)),
                })
            })
        })
        .await
}

fn parse(message: &MarkReportFalseRequest) -> Result<Finding, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let report = violations.id("report_id", &message.report_id);
    let reason = nameless(&mut violations, "reason", &message.reason, (1, 2000));
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let (organ, report) = violations.finish_with(organ.zip(report))?;
    Ok(Finding {
        organ,
        report,
        reason,
        post,
    })
}

async fn find_false(tx: &mut Tx, finding: &Finding) -> Result<Report, Problem> {
    let whose = (
        finding.organ,
        receives as fn(&Report) -> OrganId,
        "received",
    );
    let before = locked(tx, finding.report, whose).await?;
    let found = Report {
        state: before.state.mark_false().map_err(refused)?,
        ..before
    };
    let version = found.state.submission().map_or(0, |came| came.version);
    let said = (
        kept(tx.now()),
        finding.reason.as_str(),
        finding.post.as_str(),
    );
    organ_report::write(tx.connection(), &found).await?;
    report_version::mark_false(tx.connection(), (found.id, version), said).await?;
    told::found_false(tx, &found, (finding.organ, version));
    Ok(found)
}
