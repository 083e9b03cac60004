//! Schedules, by their first day.

use huiyin_proto::stability_early_warning::v1::{
    ListReportSchedulesRequest, ListReportSchedulesResponse,
};
use huiyin_service_kit::page::read_date_key;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{Listing, is_on_edge, optional_id, size, split_key};
use crate::reporting::wire;
use crate::service::Service;
use crate::store::report_schedule::{self, Wanted};

/// Lists a page of schedules.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListReportSchedulesRequest,
) -> Result<ListReportSchedulesResponse, Problem> {
    let mut violations = Violations::default();
    let organ = optional_id(&mut violations, "organ_id", &message.organ_id);
    let to = optional_id(&mut violations, "to_organ", &message.to_organ);
    let size = size(&mut violations, message.page_size);
    violations.finish()?;
    let listing = Listing {
        size,
        fingerprint: format!(
            "report schedules organ={} to={}",
            message.organ_id, message.to_organ
        ),
    };
    let after = listing.after(&message.page_token, |key| {
        let (day, id) = split_key(key)?;
        Some((read_date_key(day)?, id))
    })?;
    let wanted = Wanted {
        organ,
        to,
        after,
        limit: listing.limit(),
    };
    let mut connection = service.desk.database.reading().await?;
    let mut schedules = report_schedule::list(&mut connection, &wanted).await?;
    schedules.retain(|kept| is_on_edge(kept.organ, kept.to, kept.to_place));
    let (schedules, next_page_token) = listing.cut(schedules, |kept| {
        format!("{} {}", kept.schedule.valid_from, kept.id.uuid())
    });
    Ok(ListReportSchedulesResponse {
        schedules: schedules.iter().map(wire::schedule).collect(),
        next_page_token,
    })
}
