//! Fixes a table as a published report.

use huiyin_domain::ids::ReportId;
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::ReportPublished;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::statistics::v1::{PublishReportRequest, PublishReportResponse, Report, Table};
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::{chance, wire};
use prost::Message as _;
use tonic::Request;

use super::get_table;
use crate::period::Period;
use crate::store::report::{self, Kept};

pub(crate) async fn answer(
    desk: &Desk,
    request: Request<PublishReportRequest>,
) -> Result<PublishReportResponse, Problem> {
    let message = request.get_ref();
    let mut violations = Violations::default();
    let request_id = violations.request_id(&message.request_id);
    violations.finish()?;
    let period = Period::parse((&message.from_date, &message.to_date, &message.place_code))?;
    period.permitted().await?;
    let asked = Asked::of(request.metadata(), &request_id, message);
    desk.database
        .once("publish_report", asked, move |tx| {
            let period = period.clone();
            Box::pin(async move {
                // a report is for everybody, so it counts nothing that is sealed from anybody
                tx.as_public(period.place).await?;
                let table = get_table::table(tx.connection(), &period).await?;
                let id: ReportId = chance::new_id();
                let kept = kept(id, &period, tx.now(), &table);
                report::insert(tx.connection(), &kept).await?;
                tx.tell(Fact::ReportPublished(ReportPublished {
                    report_id: id.to_string(),
                    from_date: period.from.to_string(),
                    to_date: period.to.to_string(),
                }));
                Ok(PublishReportResponse {
                    report: Some(shown(&kept, Some(table))),
                })
            })
        })
        .await
}

fn kept(id: ReportId, period: &Period, now: Instant, table: &Table) -> Kept {
    Kept {
        report_id: id.uuid(),
        published_at: now,
        from_date: period.from,
        to_date: period.to,
        place_code: period
            .place
            .as_ref()
            .map_or("", |place| place.as_str())
            .to_owned(),
        document: table.encode_to_vec(),
    }
}

/// A report as it is answered.
pub(crate) fn shown(kept: &Kept, table: Option<Table>) -> Report {
    Report {
        report_id: ReportId::from_uuid(kept.report_id).to_string(),
        published_time: Some(wire::timestamp(kept.published_at)),
        from_date: kept.from_date.to_string(),
        to_date: kept.to_date.to_string(),
        place_code: kept.place_code.clone(),
        table,
    }
}
