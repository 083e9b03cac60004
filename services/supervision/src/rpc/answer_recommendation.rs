//! An organ answers a recommendation in writing (art. 40).

use huiyin_domain::ids::{OrganId, RecommendationId};
use huiyin_domain::supervision::{Fact, FactKind};
use huiyin_domain::vocabulary::Adoption;
use huiyin_proto::events::v1::RecommendationAnswered;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::supervision::v1::{AnswerRecommendationRequest, AnswerRecommendationResponse};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::must_see;
use crate::follow::follow;
use crate::heard::Heard;
use crate::store::recommendation::{self, Recommendation};
use crate::wire;

const ACTION: &str = "answer_recommendation";

pub(crate) async fn answer(
    desk: &Desk,
    request: Request<AnswerRecommendationRequest>,
) -> Result<AnswerRecommendationResponse, Problem> {
    let message = request.get_ref();
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let given = Given::parse(message)?;
    permit(About::Organ(given.organ)).await?;
    let almanac = desk.almanac.clone();
    desk.database
        .once(ACTION, asked, move |tx| {
            let (almanac, given) = (almanac.clone(), given.clone());
            Box::pin(async move { keep(tx, &almanac, &given).await })
        })
        .await
}

/// An answer as it was given.
#[derive(Clone, Debug)]
struct Given {
    recommendation: RecommendationId,
    organ: OrganId,
    adoption: Adoption,
    answer: String,
}

impl Given {
    fn parse(message: &AnswerRecommendationRequest) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        violations.request_id(&message.request_id);
        let recommendation = violations.id("recommendation_id", &message.recommendation_id);
        let organ = violations.id("organ_id", &message.organ_id);
        let adoption = violations
            .choice("adoption", message.adoption, words::Adoption::as_str_name)
            .and_then(wire::adoption);
        let answer = violations.text("answer", &message.answer, 1, 4000);
        let ((recommendation, organ), adoption) =
            violations.finish_with(recommendation.zip(organ).zip(adoption))?;
        Ok(Self {
            recommendation,
            organ,
            adoption,
            answer,
        })
    }
}

async fn keep(
    tx: &mut Tx,
    almanac: &Almanac,
    given: &Given,
) -> Result<AnswerRecommendationResponse, Problem> {
    let known = recommendation::read(tx.connection(), given.recommendation)
        .await?
        .ok_or_else(|| Problem::NotFound {
            what: "recommendation",
            id: given.recommendation.to_string(),
        })?;
    must_see(tx.connection(), known.matter).await?;
    if known.organ != given.organ {
        let words = format!("{ACTION} is only for {}, which it was made to", known.organ);
        return Err(Problem::NotYours { words });
    }
    let now = tx.now();
    let given_answer = (given.adoption, given.answer.as_str());
    if !recommendation::answer(tx.connection(), known.id, given_answer, now).await? {
        return Err(Problem::NotAllowedNow {
            action: ACTION.to_owned(),
            state: "answered".to_owned(),
            allowed: Vec::new(),
        });
    }
    tx.tell(Told::RecommendationAnswered(RecommendationAnswered {
        recommendation_id: known.id.to_string(),
        matter_id: known.matter.to_string(),
        organ_id: known.organ.to_string(),
        adoption: wire::adoption_word(given.adoption).into(),
    }));
    let recommendation = known.id;
    let heard = Heard {
        matter: known.matter,
        // the recommendation itself is the source of its making
        source: chance::new_uuid(),
        fact: Fact {
            at: now,
            kind: FactKind::AdoptionAnswered { recommendation },
        },
        registration: None,
    };
    follow(tx, almanac, &[heard]).await?;
    let known = Recommendation {
        answered: Some((now, given.adoption)),
        ..known
    };
    Ok(AnswerRecommendationResponse {
        recommendation: Some(wire::recommendation(&known)),
    })
}
