//! An organ records the risk assessment of a decision or project of its own.

use huiyin_domain::reporting::{RiskLevel, RiskOutcome};
use huiyin_domain::time::{Instant, local_date};
use huiyin_proto::stability_early_warning::v1::{
    RecordRiskAssessmentRequest, RecordRiskAssessmentResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::{directory, known, own_place, past_day, subject_code};
use crate::reporting::{RiskAssessment, wire};
use crate::rpc::nameless;
use crate::service::Service;
use crate::store::risk_assessment;
use crate::wire::kept;

/// Records an assessment.
///
/// # Errors
/// Every wrong field at once; an outcome that may not follow from the risk. [`Problem::Unavailable`] before the offices are known.
pub(crate) async fn answer(
    service: &Service,
    request: Request<RecordRiskAssessmentRequest>,
) -> Result<RecordRiskAssessmentResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let made = read(service, &message).await?;
    permit(About::Organ(made.organ)).await?;
    service
        .desk
        .database
        .once("record_risk_assessment", asked, move |tx| {
            let made = made.clone();
            Box::pin(async move {
                tx.as_house().await?;
                risk_assessment::insert(tx.connection(), &made).await?;
                Ok(RecordRiskAssessmentResponse {
                    assessment: Some(wire::assessment(&made)),
                })
            })
        })
        .await
}

async fn read(
    service: &Service,
    message: &RecordRiskAssessmentRequest,
) -> Result<RiskAssessment, Problem> {
    let mut connection = service.desk.database.reading().await?;
    let directory = directory(service, &mut connection).await?;
    let now: Instant = kept(service.desk.database.now());
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = known(&mut violations, ("organ_id", &message.organ_id), &directory);
    let place = own_place(&mut violations, ("place_code", &message.place_code), organ);
    let kind = wire::assessed_kind(&mut violations, message.kind);
    let title = nameless(&mut violations, "title", &message.title, (1, 200));
    let subject = subject_code(&mut violations, "subject", &message.subject);
    let risk = wire::risk(&mut violations, message.risk);
    let outcome = wire::outcome(&mut violations, message.outcome);
    if let Some((risk, outcome)) = risk.zip(outcome) {
        check_outcome(&mut violations, risk, outcome);
    }
    let measures = nameless(&mut violations, "measures", &message.measures, (1, 4000));
    let assessed = past_day(
        &mut violations,
        "assessed_date",
        &message.assessed_date,
        local_date(now),
    );
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let judged = risk.zip(outcome).zip(kind);
    let ((organ, place), (assessed, ((risk, outcome), kind))) =
        violations.finish_with(organ.zip(place).zip(assessed.zip(judged)))?;
    Ok(RiskAssessment {
        id: chance::new_id(),
        organ: organ.id,
        place,
        kind,
        title,
        subject,
        risk,
        outcome,
        measures,
        assessed,
        post,
        recorded_at: now,
    })
}

fn check_outcome(violations: &mut Violations, risk: RiskLevel, outcome: RiskOutcome) {
    let following = RiskOutcome::following(risk);
    let allowed: Vec<&str> = following.iter().map(|outcome| outcome.as_str()).collect();
    let words = format!(
        "is {outcome}, which may not follow from a {risk} risk; allowed: {}",
        allowed.join(", ")
    );
    violations.check("outcome", outcome.may_follow(risk), words);
}
