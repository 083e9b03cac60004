//! One report with everything said in it and of it.

use huiyin_proto::stability_early_warning::v1::{GetReportRequest, GetReportResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{is_on_edge, no_report};
use crate::reporting::wire;
use crate::service::Service;
use crate::store::{organ_report, report_order, report_version};

/// Finds a report.
///
/// # Errors
/// When there is none of this id for who asks.
pub(crate) async fn answer(
    service: &Service,
    message: GetReportRequest,
) -> Result<GetReportResponse, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("report_id", &message.report_id);
    let id = violations.finish_with(id)?;
    let mut connection = service.desk.database.reading().await?;
    let found = organ_report::find(&mut connection, id).await?;
    let found = found
        .filter(|report| is_on_edge(report.organ, report.to, report.to_place))
        .ok_or_else(|| no_report(id))?;
    let versions = report_version::of(&mut connection, id).await?;
    let orders = report_order::of(&mut connection, id).await?;
    Ok(GetReportResponse {
        report: Some(wire::report(&found)),
        versions: versions.iter().map(wire::version).collect(),
        orders: orders.iter().map(wire::order).collect(),
    })
}
