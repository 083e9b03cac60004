//! One published report: the document as it was printed.

use huiyin_domain::ids::kind;
use huiyin_proto::statistics::v1::{GetReportRequest, GetReportResponse, Table};
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use prost::Message as _;

use super::publish_report::shown;
use crate::store::report;

pub(crate) async fn answer(
    desk: &Desk,
    request: GetReportRequest,
) -> Result<GetReportResponse, Problem> {
    let mut violations = Violations::default();
    let id = violations.id::<kind::Report>("report_id", &request.report_id);
    let id = violations.finish_with(id)?;
    let mut connection = desk.database.reading().await?;
    let kept = report::find(&mut connection, id.uuid()).await?;
    let kept = kept.ok_or_else(|| Problem::NotFound {
        what: "report",
        id: id.to_string(),
    })?;
    let table = Table::decode(kept.document.as_slice())
        .map_err(|error| Problem::Unexpected(format!("a kept report does not decode: {error}")))?;
    Ok(GetReportResponse {
        report: Some(shown(&kept, Some(table))),
    })
}
