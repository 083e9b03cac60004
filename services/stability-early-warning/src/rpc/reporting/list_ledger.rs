//! The rolling ledger, oldest dispute first.

use huiyin_proto::stability_early_warning::v1::{ListLedgerRequest, ListLedgerResponse};
use huiyin_service_kit::page::{instant_key, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{Listing, is_on_edge, optional_id, size, split_key};
use crate::reporting::wire;
use crate::service::Service;
use crate::store::dispute::{self, Wanted};

/// Lists a page of the ledger.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListLedgerRequest,
) -> Result<ListLedgerResponse, Problem> {
    let mut violations = Violations::default();
    let organ = optional_id(&mut violations, "organ_id", &message.organ_id);
    let to = optional_id(&mut violations, "to_organ", &message.to_organ);
    let size = size(&mut violations, message.page_size);
    violations.finish()?;
    let listing = Listing {
        size,
        fingerprint: format!(
            "ledger organ={} to={} open_only={}",
            message.organ_id, message.to_organ, message.open_only
        ),
    };
    let after = listing.after(&message.page_token, |key| {
        let (at, id) = split_key(key)?;
        Some((read_instant_key(at)?, id))
    })?;
    let wanted = Wanted {
        organ,
        to,
        open_only: message.open_only,
        after,
        limit: listing.limit(),
    };
    let mut connection = service.desk.database.reading().await?;
    let mut disputes = dispute::list(&mut connection, &wanted).await?;
    disputes.retain(|dispute| is_on_edge(dispute.reported_by, dispute.to, dispute.to_place));
    let (disputes, next_page_token) = listing.cut(disputes, |dispute| {
        format!("{} {}", instant_key(dispute.opened_at), dispute.id.uuid())
    });
    Ok(ListLedgerResponse {
        disputes: disputes.iter().map(wire::dispute).collect(),
        next_page_token,
    })
}
