//! Who would have to answer, and why; decides nothing.

use huiyin_domain::ids::OrganId;
use huiyin_domain::routing::MatterToRoute;
use huiyin_domain::subject::{Subject, SubjectList};
use huiyin_proto::routing::v1::{DecideCompetenceRequest, DecideCompetenceResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use sqlx::PgConnection;
use tonic::Request;

use crate::onward::nobody;
use crate::service::Service;
use crate::{store, wire};

/// Who would have to answer.
pub(crate) async fn decide_competence(
    service: &Service,
    request: Request<DecideCompetenceRequest>,
) -> Result<DecideCompetenceResponse, Problem> {
    let mut connection = service.desk.database.pool().acquire().await?;
    let matter = parse(&mut connection, request.get_ref()).await?;
    let mut directory = service.organs.current(&mut connection).await?;
    let decision = service
        .organs
        .decide(&mut connection, &mut directory, &matter)
        .await?
        .map_err(nobody)?;
    Ok(DecideCompetenceResponse {
        organ: directory.get(decision.to).map(wire::organ),
        kind: wire::forwarding_word(decision.kind).into(),
        reasons: wire::reasons(&decision.reasons),
        rules_version: SubjectList::embedded().competence_version().to_owned(),
    })
}

async fn parse(
    connection: &mut PgConnection,
    request: &DecideCompetenceRequest,
) -> Result<MatterToRoute, Problem> {
    let mut violations = Violations::default();
    let category = wire::category(&mut violations, "category", request.category);
    let subject = Subject::from_code(&request.subject);
    if let Err(unknown) = &subject {
        violations.add(
            "subject",
            format!("is no subject; allowed are {}", unknown.allowed.join(", ")),
        );
    }
    let place = wire::territory_code(&mut violations, "place_code", &request.place_code);
    if let Some(place) = place {
        let there = !store::territory::find(connection, &[place])
            .await?
            .is_empty();
        violations.check(
            "place_code",
            there,
            format!("is {place}, which was never loaded"),
        );
    }
    let about: Option<OrganId> = match request.about_organ.as_str() {
        "" => None,
        organ => violations.id("about_organ", organ),
    };
    if let Some(about) = about {
        let there = !store::organ::find(connection, &[about]).await?.is_empty();
        violations.check("about_organ", there, "is no organ that was loaded");
    }
    let (category, (subject, place)) =
        violations.finish_with(category.zip(subject.ok().zip(place)))?;
    Ok(MatterToRoute {
        category,
        subject,
        place,
        about,
    })
}
