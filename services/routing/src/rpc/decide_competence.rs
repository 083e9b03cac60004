//! Who would have to answer, and why; decides nothing.

use std::sync::Arc;

use huiyin_domain::ids::OrganId;
use huiyin_domain::routing::{CompetenceRules, MatterToRoute, route};
use huiyin_domain::subject::Subject;
use huiyin_domain::time::Date;
use huiyin_proto::routing::v1::{DecideCompetenceRequest, DecideCompetenceResponse};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::category;
use sqlx::PgConnection;
use tonic::Request;

use super::on_date;
use crate::onward::nobody;
use crate::service::Service;
use crate::{store, wire};

/// What is asked.
struct Question {
    matter: MatterToRoute,
    on: Date,
    proposed: Option<CompetenceRules>,
}

/// Who would have to answer.
pub(crate) async fn decide_competence(
    service: &Service,
    request: Request<DecideCompetenceRequest>,
) -> Result<DecideCompetenceResponse, Problem> {
    let mut connection = service.desk.database.reading().await?;
    let question = parse(service, &mut connection, request.get_ref()).await?;
    let rulebook = &service.rulebook;
    let mut in_force = rulebook.in_force(&mut connection, question.on).await?;
    if let Some(proposed) = question.proposed {
        in_force.competence = Arc::new(proposed);
    }
    let decision = route(&question.matter, &in_force.rules()).map_err(nobody)?;
    Ok(DecideCompetenceResponse {
        organ: in_force.directory.get(decision.to).map(wire::organ),
        kind: wire::forwarding_word(decision.kind).into(),
        reasons: wire::reasons(&decision.reasons),
        rules_version: in_force.competence.version().to_owned(),
    })
}

async fn parse(
    service: &Service,
    connection: &mut PgConnection,
    request: &DecideCompetenceRequest,
) -> Result<Question, Problem> {
    let mut violations = Violations::default();
    let category = category(&mut violations, "category", request.category);
    let subject = Subject::from_code(&request.subject);
    if let Err(unknown) = &subject {
        violations.add(
            "subject",
            format!("is no subject; allowed are {}", unknown.allowed.join(", ")),
        );
    }
    let place = violations.territory_code("place_code", &request.place_code);
    if let Some(place) = place {
        let places = service.rulebook.places.current(connection).await?;
        violations.check(
            "place_code",
            places.knows(place),
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
    let on = on_date(&mut violations, "on_date", &request.on_date, service);
    let proposed = request
        .proposed_rules
        .as_ref()
        .and_then(|rules| wire::competence_rules(&mut violations, "proposed_rules", Some(rules)));
    let ((category, subject), (place, on)) =
        violations.finish_with(category.zip(subject.ok()).zip(place.zip(on)))?;
    Ok(Question {
        matter: MatterToRoute {
            category,
            subject,
            place,
            about,
        },
        on,
        proposed,
    })
}
