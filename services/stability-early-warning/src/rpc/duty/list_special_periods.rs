//! Special periods, newest first.

use huiyin_domain::time::local_date;
use huiyin_proto::stability_early_warning::v1::{
    ListSpecialPeriodsRequest, ListSpecialPeriodsResponse,
};
use huiyin_service_kit::page::read_date_key;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::is_near;
use crate::duty::wire;
use crate::rpc::reporting::{Listing, size, split_key};
use crate::service::Service;
use crate::store::special_period::{self, Wanted};

/// Lists a page of special periods.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListSpecialPeriodsRequest,
) -> Result<ListSpecialPeriodsResponse, Problem> {
    let mut violations = Violations::default();
    let size = size(&mut violations, message.page_size);
    violations.finish()?;
    let listing = Listing {
        size,
        fingerprint: format!("special periods open_only={}", message.open_only),
    };
    let after = listing.after(&message.page_token, |key| {
        let (day, id) = split_key(key)?;
        Some((read_date_key(day)?, id))
    })?;
    let today = local_date(service.desk.database.now());
    let wanted = Wanted {
        open_on: message.open_only.then_some(today),
        after,
        limit: listing.limit(),
    };
    let mut connection = service.desk.database.reading().await?;
    let mut periods = special_period::list(&mut connection, &wanted).await?;
    periods.retain(|period| is_near(period.place));
    let (periods, next_page_token) = listing.cut(periods, |period| {
        format!("{} {}", period.valid_from, period.id.uuid())
    });
    Ok(ListSpecialPeriodsResponse {
        periods: periods.iter().map(wire::special_period).collect(),
        next_page_token,
    })
}
