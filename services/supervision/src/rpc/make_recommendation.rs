//! A petition office recommends something to an organ (art. 40).

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::law::ClockId;
use huiyin_domain::local::{Asked as Local, LocalRuleId, LocalRules};
use huiyin_domain::supervision::{Fact, FactKind};
use huiyin_domain::time::local_date;
use huiyin_domain::vocabulary::RecommendationKind;
use huiyin_proto::events::v1::RecommendationMade;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::supervision::v1::{MakeRecommendationRequest, MakeRecommendationResponse};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::authorization::{About, hand, permit};
use huiyin_service_kit::chance;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::extend_deadline::facts_of;
use super::{known_organ, wrong};
use crate::follow::follow;
use crate::heard::Heard;
use crate::service::Service;
use crate::store::clock;
use crate::store::recommendation::{self, Recommendation};
use crate::wire;

pub(crate) async fn answer(
    service: &Service,
    request: Request<MakeRecommendationRequest>,
) -> Result<MakeRecommendationResponse, Problem> {
    let message = request.get_ref();
    let asked = Asked::of(request.metadata(), &message.request_id, message);
    let given = Given::parse(message)?;
    permit(About::Organ(given.from)).await?;
    let service = service.clone();
    let database = service.desk.database.clone();
    database
        .once("make_recommendation", asked, move |tx| {
            let (service, given) = (service.clone(), given.clone());
            Box::pin(async move { make(tx, &service, &given).await })
        })
        .await
}

/// A recommendation as it was given.
#[derive(Clone, Debug)]
struct Given {
    matter: MatterId,
    from: OrganId,
    organ: OrganId,
    kind: RecommendationKind,
    words: String,
    post: String,
}

impl Given {
    fn parse(message: &MakeRecommendationRequest) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        violations.request_id(&message.request_id);
        let matter = violations.id("matter_id", &message.matter_id);
        let from = violations.id("from_organ", &message.from_organ);
        let organ = violations.id("organ_id", &message.organ_id);
        violations.check(
            "organ_id",
            organ.is_none() || from != organ,
            "is the office that recommends",
        );
        let kind = violations
            .choice("kind", message.kind, words::RecommendationKind::as_str_name)
            .and_then(wire::recommendation_kind);
        let words = violations.text("recommendation", &message.recommendation, 1, 4000);
        let post = violations.text("post", &message.post, 1, 100);
        let ((matter, from), (organ, kind)) =
            violations.finish_with(matter.zip(from).zip(organ.zip(kind)))?;
        Ok(Self {
            matter,
            from,
            organ,
            kind,
            words,
            post,
        })
    }
}

async fn make(
    tx: &mut Tx,
    service: &Service,
    given: &Given,
) -> Result<MakeRecommendationResponse, Problem> {
    let facts = facts_of(tx, given.matter).await?;
    let limit_days = limit_days(tx, &service.local, given).await?;
    let now = tx.now();
    let earlier = facts
        .iter()
        .filter(|fact| matches!(fact.kind, FactKind::Recommended { .. }));
    let cycle = u32::try_from(earlier.count() + 1).unwrap_or(u32::MAX);
    let made = Recommendation {
        id: chance::new_id(),
        matter: given.matter,
        cycle,
        from: given.from,
        organ: given.organ,
        kind: given.kind,
        made_at: now,
        due: None,
        answered: None,
    };
    hand(tx.connection(), &[(given.matter, given.organ)]).await?;
    recommendation::insert(tx.connection(), &made, (&given.words, &given.post)).await?;
    tx.tell(Told::RecommendationMade(RecommendationMade {
        recommendation_id: made.id.to_string(),
        matter_id: given.matter.to_string(),
        kind: wire::recommendation_word(given.kind).into(),
        organ_id: given.organ.to_string(),
        limit_days,
    }));
    let kind = FactKind::Recommended {
        recommendation: made.id,
        to: given.organ,
        limit_days,
    };
    let heard = Heard {
        matter: given.matter,
        source: made.id.uuid(),
        fact: Fact { at: now, kind },
        registration: None,
    };
    follow(tx, &service.desk.almanac, &[heard]).await?;
    let key = (ClockId::RecommendationAnswer, cycle);
    let mut kept = clock::of(tx.connection(), &[given.matter.uuid()]).await?;
    let deadlines = kept.remove(&given.matter).unwrap_or_default();
    let begun = deadlines.iter().find(|deadline| deadline.key() == key);
    let made = Recommendation {
        due: begun.map(|deadline| deadline.due.rolled),
        ..made
    };
    Ok(MakeRecommendationResponse {
        recommendation: Some(wire::recommendation(&made)),
    })
}

/// The limit at the organ's place today, if that office may recommend to it.
async fn limit_days(tx: &mut Tx, local: &LocalRules, given: &Given) -> Result<u32, Problem> {
    let from = known_organ(tx, "from_organ", given.from).await?;
    let organ = known_organ(tx, "organ_id", given.organ).await?;
    if !from.is_petition_office_of(&organ) {
        let words = format!(
            "must be a petition office whose place contains that of {}",
            given.organ
        );
        return Err(wrong("from_organ", words));
    }
    let asked = Local::of(organ.territory, local_date(tx.now()));
    Ok(local.value(LocalRuleId::RecommendationAnswer, asked))
}
