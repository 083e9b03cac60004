//! Shifts, by their beginning.

use huiyin_proto::stability_early_warning::v1::{ListDutyShiftsRequest, ListDutyShiftsResponse};
use huiyin_service_kit::page::{instant_key, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::sees;
use crate::duty::wire;
use crate::rpc::reporting::{Listing, optional_id, size, split_key};
use crate::service::Service;
use crate::store::duty_shift::{self, Wanted};
use crate::wire::kept;

/// Lists a page of shifts.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListDutyShiftsRequest,
) -> Result<ListDutyShiftsResponse, Problem> {
    let mut violations = Violations::default();
    let organ = optional_id(&mut violations, "organ_id", &message.organ_id);
    let from = message
        .from_time
        .as_ref()
        .and_then(|from| violations.time("from_time", Some(from)))
        .map(kept);
    let size = size(&mut violations, message.page_size);
    violations.finish()?;
    let listing = Listing {
        size,
        fingerprint: format!(
            "duty shifts organ={} from={}",
            message.organ_id,
            from.map(instant_key).unwrap_or_default()
        ),
    };
    let after = listing.after(&message.page_token, |key| {
        let (at, id) = split_key(key)?;
        Some((read_instant_key(at)?, id))
    })?;
    let wanted = Wanted {
        organ,
        from,
        after,
        limit: listing.limit(),
    };
    let mut connection = service.desk.database.reading().await?;
    let mut shifts = duty_shift::list(&mut connection, &wanted).await?;
    shifts.retain(|shift| sees(shift.organ, shift.place));
    let (shifts, next_page_token) = listing.cut(shifts, |shift| {
        format!("{} {}", instant_key(shift.time.from()), shift.id.uuid())
    });
    Ok(ListDutyShiftsResponse {
        shifts: shifts.iter().map(wire::shift).collect(),
        next_page_token,
    })
}
