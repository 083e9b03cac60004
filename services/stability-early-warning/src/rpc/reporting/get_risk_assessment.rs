//! One risk assessment.

use huiyin_proto::stability_early_warning::v1::{
    GetRiskAssessmentRequest, GetRiskAssessmentResponse,
};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::list_risk_assessments::sees;
use crate::reporting::wire;
use crate::service::Service;
use crate::store::risk_assessment;

/// Finds an assessment.
///
/// # Errors
/// When there is none of this id for who asks.
pub(crate) async fn answer(
    service: &Service,
    message: GetRiskAssessmentRequest,
) -> Result<GetRiskAssessmentResponse, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("assessment_id", &message.assessment_id);
    let id = violations.finish_with(id)?;
    let mut connection = service.desk.database.reading().await?;
    let found = risk_assessment::find(&mut connection, id).await?;
    let found = found.filter(sees).ok_or_else(|| Problem::NotFound {
        what: "assessment",
        id: id.to_string(),
    })?;
    Ok(GetRiskAssessmentResponse {
        assessment: Some(wire::assessment(&found)),
    })
}
