//! Risk assessments, newest first.

use huiyin_proto::stability_early_warning::v1::{
    ListRiskAssessmentsRequest, ListRiskAssessmentsResponse,
};
use huiyin_service_kit::authorization::{is_asked, subject};
use huiyin_service_kit::page::{instant_key, read_instant_key};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{Listing, optional_id, size, split_key};
use crate::reporting::{RiskAssessment, wire};
use crate::service::Service;
use crate::store::risk_assessment;

/// Lists a page of assessments.
///
/// # Errors
/// Every wrong field at once; a token of another list.
pub(crate) async fn answer(
    service: &Service,
    message: ListRiskAssessmentsRequest,
) -> Result<ListRiskAssessmentsResponse, Problem> {
    let mut violations = Violations::default();
    let organ = optional_id(&mut violations, "organ_id", &message.organ_id);
    let size = size(&mut violations, message.page_size);
    violations.finish()?;
    let listing = Listing {
        size,
        fingerprint: format!("risk assessments organ={}", message.organ_id),
    };
    let after = listing.after(&message.page_token, |key| {
        let (at, id) = split_key(key)?;
        Some((read_instant_key(at)?, id))
    })?;
    let mut connection = service.desk.database.reading().await?;
    let mut made = risk_assessment::list(&mut connection, organ, after, listing.limit()).await?;
    made.retain(sees);
    let (made, next_page_token) = listing.cut(made, |made| {
        format!("{} {}", instant_key(made.recorded_at), made.id.uuid())
    });
    Ok(ListRiskAssessmentsResponse {
        assessments: made.iter().map(wire::assessment).collect(),
        next_page_token,
    })
}

/// Whether who asks made the assessment, or oversees the place where what was assessed takes effect.
pub(super) fn sees(made: &RiskAssessment) -> bool {
    let own = subject().and_then(|subject| subject.standing);
    !is_asked()
        || own.is_some_and(|own| {
            own.organ == made.organ || (own.oversees && made.place.is_within(&own.territory))
        })
}
