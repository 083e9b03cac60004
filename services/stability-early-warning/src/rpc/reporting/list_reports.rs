//! Reports, latest period first.

use huiyin_proto::stability_early_warning::v1::{ListReportsRequest, ListReportsResponse};
use huiyin_service_kit::page::read_date_key;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{Listing, is_on_edge, optional_id, size, split_key};
use crate::reporting::wire;
use crate::service::Service;
use crate::store::organ_report::{self, Wanted};

/// Lists a page of reports.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListReportsRequest,
) -> Result<ListReportsResponse, Problem> {
    let mut violations = Violations::default();
    let organ = optional_id(&mut violations, "organ_id", &message.organ_id);
    let to = optional_id(&mut violations, "to_organ", &message.to_organ);
    let state = wire::state(&mut violations, message.state);
    let size = size(&mut violations, message.page_size);
    violations.finish()?;
    let listing = Listing {
        size,
        fingerprint: format!(
            "reports organ={} to={} state={} late_only={} open_orders_only={}",
            message.organ_id,
            message.to_organ,
            message.state,
            message.late_only,
            message.open_orders_only
        ),
    };
    let after = listing.after(&message.page_token, |key| {
        let (day, id) = split_key(key)?;
        Some((read_date_key(day)?, id))
    })?;
    let wanted = Wanted {
        organ,
        to,
        state,
        late_only: message.late_only,
        open_orders_only: message.open_orders_only,
        after,
        limit: listing.limit(),
    };
    let mut connection = service.desk.database.reading().await?;
    let mut reports = organ_report::list(&mut connection, &wanted).await?;
    reports.retain(|report| is_on_edge(report.organ, report.to, report.to_place));
    let (reports, next_page_token) = listing.cut(reports, |report| {
        format!("{} {}", report.period.last, report.id.uuid())
    });
    Ok(ListReportsResponse {
        reports: reports.iter().map(wire::report).collect(),
        next_page_token,
    })
}
