//! The organ that was assigned a matter reports that it is completed (art. 22).

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_proto::events::v1::CompletionReported;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::{ReportCompletionRequest, ReportCompletionResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::lock_for;
use crate::service::Service;
use crate::{store, wire};

#[derive(Clone, Debug)]
struct Reporting {
    matter: MatterId,
    organ: OrganId,
    report: String,
}

/// Records a report of completion.
pub(crate) async fn report_completion(
    service: &Service,
    request: Request<ReportCompletionRequest>,
) -> Result<ReportCompletionResponse, Problem> {
    let message = request.get_ref();
    let reporting = parse(message)?;
    permit(About::Organ(reporting.organ)).await?;
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    service
        .desk
        .database
        .once("report_completion", asked, move |tx| {
            let reporting = reporting.clone();
            Box::pin(async move { report(tx, reporting).await })
        })
        .await
}

fn parse(request: &ReportCompletionRequest) -> Result<Reporting, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&request.request_id);
    let matter = violations.id("matter_id", &request.matter_id);
    let organ = violations.id("organ_id", &request.organ_id);
    let report = violations.text("report", &request.report, 1, 4000);
    let (matter, organ) = violations.finish_with(matter.zip(organ))?;
    Ok(Reporting {
        matter,
        organ,
        report,
    })
}

async fn report(tx: &mut Tx, reporting: Reporting) -> Result<ReportCompletionResponse, Problem> {
    let Reporting {
        matter,
        organ,
        report,
    } = reporting;
    let now = tx.now();
    let mut chains = lock_for(tx, matter, |_| Some(organ)).await?;
    let hop = chains.get(matter)?.report_completion(organ, now, report)?;
    tx.tell(Fact::CompletionReported(CompletionReported {
        matter_id: matter.to_string(),
        forwarding_id: hop.id.to_string(),
        organ_id: organ.to_string(),
    }));
    store::chain::save(tx.connection(), &chains).await?;
    Ok(ReportCompletionResponse {
        forwarding: Some(wire::forwarding(matter, &hop)),
    })
}
