//! Recommendations to organs (art. 40), and the limit of their places for the answer.

use huiyin_domain::local::LocalRules;
use huiyin_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;
use huiyin_proto::supervision::v1::{
    AnswerRecommendationRequest, ListRecommendationsRequest, MakeRecommendationRequest,
    Recommendation,
};
use huiyin_proto::vocabulary::v1::{Adoption, ClockKind, RecommendationKind};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::office::{Office, failure, matter, organ};

fn recommendation(request_id: &str, to: u128) -> MakeRecommendationRequest {
    MakeRecommendationRequest {
        request_id: request_id.to_owned(),
        matter_id: matter(1),
        from_organ: organ(4),
        organ_id: organ(to),
        kind: RecommendationKind::CompletePolicy.into(),
        recommendation: "the rule on homestead boundaries leaves out merged villages".to_owned(),
        post: "head of the petition office".to_owned(),
    }
}

fn answer(request_id: &str, made: &Recommendation, by: u128) -> AnswerRecommendationRequest {
    AnswerRecommendationRequest {
        request_id: request_id.to_owned(),
        recommendation_id: made.recommendation_id.clone(),
        organ_id: organ(by),
        adoption: Adoption::PartlyAdopted.into(),
        answer: "the rule is being changed".to_owned(),
    }
}

impl Office {
    async fn recommends(&self, request_id: &str, to: u128) -> Recommendation {
        let mut client = self.client.clone();
        let made = client
            .make_recommendation(recommendation(request_id, to))
            .await;
        made.unwrap().into_inner().recommendation.unwrap()
    }

    async fn list(&self, open: bool, page_token: &str) -> (Vec<Recommendation>, String) {
        let request = ListRecommendationsRequest {
            organ_id: String::new(),
            open,
            page_size: 1,
            page_token: page_token.to_owned(),
        };
        let mut client = self.client.clone();
        let page = client
            .list_recommendations(request)
            .await
            .unwrap()
            .into_inner();
        (page.recommendations, page.next_page_token)
    }
}

#[tokio::test]
async fn an_organ_answers_a_recommendation_within_the_limit_of_its_place() {
    let office = Office::open("2026-01-05").await;
    office.answered_matter().await;
    office.comes("2026-03-16").await;
    let made = office.recommends("m", 1).await;
    assert_eq!(made.due_date, "2026-04-15");
    assert_eq!(made, office.recommends("m", 1).await, "asked again");
    assert_eq!(office.list(true, "").await.0, std::slice::from_ref(&made));
    let mut client = office.client.clone();
    let other = client.answer_recommendation(answer("a", &made, 2)).await;
    assert_eq!(other.unwrap_err().code(), Code::PermissionDenied);
    office.comes("2026-04-15").await;
    let answered = client.answer_recommendation(answer("b", &made, 1)).await;
    let answered = answered.unwrap().into_inner().recommendation.unwrap();
    assert_eq!(answered.adoption(), Adoption::PartlyAdopted);
    assert!(office.list(true, "").await.0.is_empty());
    assert_eq!(office.list(false, "").await.0, [answered]);
    assert!(
        office
            .clocks(matter(1))
            .await
            .contains(&"recommendation_answer/1 2026-04-15 kept".to_owned())
    );
    let again = client.answer_recommendation(answer("c", &made, 1)).await;
    assert_eq!(again.unwrap_err().code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_recommendation_that_nobody_answers_becomes_an_order_and_each_has_its_own_clock() {
    let office = Office::open("2026-01-05").await;
    office.answered_matter().await;
    office.comes("2026-03-16").await;
    let first = office.recommends("m", 1).await;
    let second = office.recommends("n", 1).await;
    let (page, token) = office.list(false, "").await;
    let (rest, end) = office.list(false, &token).await;
    let mut listed = [page, rest].concat();
    listed.sort_by(|one, other| one.recommendation_id.cmp(&other.recommendation_id));
    let mut made = vec![first.clone(), second];
    made.sort_by(|one, other| one.recommendation_id.cmp(&other.recommendation_id));
    assert_eq!((listed, end.as_str()), (made, ""));
    let mut client = office.client.clone();
    client
        .answer_recommendation(answer("a", &first, 1))
        .await
        .unwrap();
    office.comes("2026-04-16").await;
    let orders = office.orders().await;
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].clock(), ClockKind::RecommendationAnswer);
    assert_eq!(failure(orders[0].failure), "recommendation_ignored");
}

#[tokio::test]
async fn a_place_sets_the_limit_for_the_answer() {
    let json = include_str!("../../../../crates/domain/data/local_rules.json").replace(
        "\"rules\": [",
        r#""rules": [{"rule": "recommendation_answer", "place": "4312", "value": 10, "valid_from": "2026-01-01", "source": "a notice of the city"},"#,
    );
    LocalRules::parse(&json).unwrap();
    let mut office = Office::open("2026-01-05").await;
    office.test.desk.local_rules = Some(json.into());
    office.lists = huiyin_supervision::lists(office.test.desk.clone())
        .await
        .unwrap();
    office.client =
        SupervisionServiceClient::new(office.test.open_to_all(office.lists.rpcs.clone()));
    office.answered_matter().await;
    office.comes("2026-03-16").await;
    assert_eq!(office.recommends("m", 1).await.due_date, "2026-03-26");
}

/// Recommendations that are refused, with the field and part of the words.
fn wrong(
    good: &MakeRecommendationRequest,
) -> Vec<(MakeRecommendationRequest, &'static str, &'static str)> {
    let changed = |change: fn(&mut MakeRecommendationRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    vec![
        (
            changed(|wrong| wrong.from_organ = organ(2)),
            "from_organ",
            "petition office",
        ),
        (
            changed(|wrong| wrong.organ_id = organ(5)),
            "from_organ",
            "whose place contains",
        ),
        (
            changed(|wrong| wrong.organ_id = organ(4)),
            "organ_id",
            "the office that recommends",
        ),
        (
            changed(|wrong| wrong.organ_id = organ(77)),
            "organ_id",
            "no organ that was loaded",
        ),
        (changed(|wrong| wrong.kind = 9), "kind", "HOLD_RESPONSIBLE"),
        (
            changed(|wrong| wrong.recommendation.clear()),
            "recommendation",
            "1 to 4000",
        ),
    ]
}

#[tokio::test]
async fn only_a_petition_office_of_the_place_recommends_and_not_to_itself() {
    let office = Office::open("2026-01-05").await;
    office.answered_matter().await;
    let mut client = office.client.clone();
    let good = recommendation("w", 1);
    for (request, field, words) in wrong(&good) {
        let refused = client.make_recommendation(request).await.unwrap_err();
        let violations = refused.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, field, "{violations:?}");
        assert!(violations[0].description.contains(words), "{violations:?}");
    }
    let unknown = MakeRecommendationRequest {
        matter_id: matter(8),
        ..good
    };
    let refused = client.make_recommendation(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert!(
        office.list(false, "").await.0.is_empty(),
        "nothing was kept"
    );
}
