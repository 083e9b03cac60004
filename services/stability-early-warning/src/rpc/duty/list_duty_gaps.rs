//! Gaps that were found in advance, by their beginning.

use huiyin_proto::stability_early_warning::v1::{ListDutyGapsRequest, ListDutyGapsResponse};
use huiyin_service_kit::page::{instant_key, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::sees;
use crate::duty::wire;
use crate::rpc::reporting::{Listing, optional_id, size, split_key};
use crate::service::Service;
use crate::store::duty_gap::{self, Wanted};

/// Lists a page of gaps.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListDutyGapsRequest,
) -> Result<ListDutyGapsResponse, Problem> {
    let mut violations = Violations::default();
    let organ = optional_id(&mut violations, "organ_id", &message.organ_id);
    let size = size(&mut violations, message.page_size);
    violations.finish()?;
    let listing = Listing {
        size,
        fingerprint: format!(
            "duty gaps organ={} open_only={}",
            message.organ_id, message.open_only
        ),
    };
    let after = listing.after(&message.page_token, |key| {
        let (at, id) = split_key(key)?;
        Some((read_instant_key(at)?, id))
    })?;
    let wanted = Wanted {
        organ,
        open_only: message.open_only,
        after,
        limit: listing.limit(),
    };
    let mut connection = service.desk.database.reading().await?;
    let mut gaps = duty_gap::list(&mut connection, &wanted).await?;
    gaps.retain(|gap| sees(gap.organ, gap.place));
    let (gaps, next_page_token) = listing.cut(gaps, |gap| {
        format!("{} {}", instant_key(gap.time.from()), gap.id.uuid())
    });
    Ok(ListDutyGapsResponse {
        gaps: gaps.iter().map(wire::gap).collect(),
        next_page_token,
    })
}
