//! The organ corrects its report: a new version, beside those before.

use huiyin_domain::ids::{OrganId, ReportId};
use huiyin_domain::time::local_date;
use huiyin_proto::stability_early_warning::v1::{CorrectReportRequest, CorrectReportResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::content::{self, Against};
use super::{directory, known, locked, refused, reports};
use crate::reporting::filing::{self, Content};
use crate::reporting::{Report, wire};
use crate::service::Service;
use crate::store::report_schedule;
use crate::wire::kept;

#[derive(Clone, Debug)]
struct Correction {
    organ: OrganId,
    report: ReportId,
    content: Content,
}

/// Takes in a correction.
///
/// # Errors
/// Every wrong field at once; when the report is another organ's or never came.
pub(crate) async fn answer(
    service: &Service,
    request: Request<CorrectReportRequest>,
) -> Result<CorrectReportResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let correction = read(service, &message).await?;
    permit(About::Organ(correction.organ)).await?;
    service
        .desk
        .database
        .once("correct_report", asked, move |tx| {
            let correction = correction.clone();
            Box::pin(async move { correct(tx, &correction).await })
        })
        .await
}

async fn read(service: &Service, message: &CorrectReportRequest) -> Result<Correction, Problem> {
    let mut connection = service.desk.database.reading().await?;
    let directory = directory(service, &mut connection).await?;
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = known(&mut violations, ("organ_id", &message.organ_id), &directory);
    let report = violations.id("report_id", &message.report_id);
    let against = Against {
        organ,
        directory: &directory,
        today: local_date(service.desk.database.now()),
    };
    let content = content::parse(&mut violations, message.content.as_ref(), &against);
    let (organ, (report, content)) = violations.finish_with(organ.zip(report.zip(content)))?;
    Ok(Correction {
        organ: organ.id,
        report,
        content,
    })
}

async fn correct(tx: &mut Tx, given: &Correction) -> Result<CorrectReportResponse, Problem> {
    let whose = (given.organ, reports as fn(&Report) -> OrganId, "handed in");
    let report = locked(tx, given.report, whose).await?;
    if let Some(schedule) = report.schedule {
        let due_by = report_schedule::find(tx.connection(), schedule).await?;
        let round_the_clock = due_by.is_some_and(|due_by| due_by.round_the_clock);
        content::check_phone(round_the_clock, &given.content)?;
    }
    let corrected = Report {
        state: report.state.correct().map_err(refused)?,
        ..report
    };
    let at = kept(tx.now());
    let version = filing::file(tx, &corrected, &given.content, at).await?;
    Ok(CorrectReportResponse {
        report: Some(wire::report(&corrected)),
        version: Some(wire::version(&version)),
    })
}
