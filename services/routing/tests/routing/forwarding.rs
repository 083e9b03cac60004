//! A matter goes from organ to organ until one answers.

use crate::city::*;
use huiyin_domain::organs;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{MatterDeclined, MatterWithdrawn};
use huiyin_proto::routing::v1::*;
use huiyin_proto::vocabulary::v1::{Category, DeclineReason, ForwardingKind, OpinionKind};
use huiyin_service_kit::chance;
use tonic::Code;

#[tokio::test]
async fn a_run_of_registrations_is_routed_with_reasons_and_the_registering_office_as_sender() {
    let city = City::new().await;
    let (land, first) = claim("land_and_homestead");
    let (court, second) = claim("litigation_related");
    city.hears(vec![first, second]).await;
    let hop = city.hops(land).await.remove(0);
    assert_eq!(
        hop.from_organ,
        office("431202", "petition_office").to_string()
    );
    assert_eq!(
        hop.to_organ,
        office("431202", "natural_resources").to_string()
    );
    assert_eq!(
        (hop.kind(), hop.opinion_clock, hop.hop),
        (ForwardingKind::Transfer, true, 1)
    );
    assert_eq!(hop.reasons[0].rule_id, "competence/land_and_homestead");
    let referred = city.hops(court).await.remove(0);
    assert_eq!(
        (referred.kind(), referred.opinion_clock),
        (ForwardingKind::Refer, false)
    );
}

#[tokio::test]
async fn without_an_organ_a_matter_is_unrouted_until_a_post_decides() {
    let mut city = City::empty().await;
    let matter = city.claim("education").await;
    let told = city.desk.told().await.unwrap();
    let [Fact::MatterUnrouted(unrouted)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert!(unrouted.reasons[0].words.contains("holds education"));
    city.load_territories("t", territory_rows(&places()))
        .await
        .unwrap();
    let rows = organ_rows(&organs::generate(&places()));
    city.client
        .load_organs(LoadOrgansRequest {
            request_id: "o".into(),
            rows,
        })
        .await
        .unwrap();
    let request = ForwardMatterRequest {
        request_id: "f".to_owned(),
        matter_id: matter.to_string(),
        from_organ: office("4312", "petition_office").to_string(),
        to_organ: office("431202", "education").to_string(),
        kind: ForwardingKind::Assign.into(),
        limit_days: 30,
        post: "head of the petition office".to_owned(),
        reason: "the county's schools".to_owned(),
        simplified: false,
    };
    let hop = city
        .client
        .forward_matter(request)
        .await
        .unwrap()
        .into_inner()
        .forwarding
        .unwrap();
    assert_eq!((hop.hop, hop.state()), (1, ForwardingState::Open));
    assert_eq!(
        hop.reasons[1].words,
        "head of the petition office: the county's schools"
    );
    let told = city.hops(matter).await.remove(0);
    assert_eq!(told.limit_days, 30);
    assert!(
        told.reasons
            .iter()
            .all(|reason| !reason.words.contains("schools")),
        "free words stay here"
    );
}

#[tokio::test]
async fn organs_loaded_by_another_process_are_found_by_the_next_registration() {
    let mut city = City::new().await;
    city.claim("education").await; // the organs are in memory now
    let other = huiyin_routing::lists(city.desk.desk.clone()).await.unwrap();
    let mut client = routing_service_client::RoutingServiceClient::new(other.rpcs);
    let row = OrganRow {
        line: 1,
        organ_id: office("431202", "education").to_string(),
        name: "撤销".to_owned(),
        level: level(huiyin_domain::vocabulary::Level::County),
        territory_code: "431202".to_owned(),
        functions: vec!["closed_down".to_owned()],
    };
    client
        .load_organs(LoadOrgansRequest {
            request_id: "x".into(),
            rows: vec![row],
        })
        .await
        .unwrap();
    let matter = city.claim("education").await;
    assert_eq!(
        city.hops(matter).await[0].to_organ,
        office("4312", "education").to_string()
    );
    assert_eq!(city.states(matter).await, [ForwardingState::Open]);
}

#[tokio::test]
async fn an_agreed_objection_sends_the_matter_to_an_organ_that_has_not_had_it() {
    let mut city = City::new().await;
    let matter = city.claim("education").await;
    city.object(matter).await.unwrap();
    let next = city.agree(matter, None).await.unwrap();
    assert_eq!(next.to_organ, office("4312", "education").to_string());
    assert_eq!(
        (next.hop, next.from_organ),
        (2, office("431202", "petition_office").to_string())
    );
    assert_eq!(
        city.states(matter).await,
        [ForwardingState::Returned, ForwardingState::Open]
    );
    let told = city.desk.told().await.unwrap();
    let tail: Vec<_> = told[told.len() - 3..].iter().collect();
    assert!(matches!(
        tail.as_slice(),
        [
            Fact::ForwardingObjected(_),
            Fact::ObjectionAgreed(_),
            Fact::MatterForwarded(_)
        ]
    ));
}

#[tokio::test]
async fn after_three_hops_without_acceptance_the_lowest_common_superior_decides() {
    let mut city = City::new().await;
    let matter = city.claim("education").await;
    city.object(matter).await.unwrap();
    city.agree(matter, Some(office("431202", "health")))
        .await
        .unwrap();
    city.object(matter).await.unwrap();
    city.agree(matter, Some(office("431221", "education")))
        .await
        .unwrap();
    city.object(matter).await.unwrap();
    let arbiter = city
        .agree(matter, Some(office("431202", "justice")))
        .await
        .unwrap();
    assert_eq!(
        arbiter.to_organ,
        office("4312", "petition_office").to_string()
    );
    assert_eq!((arbiter.hop, arbiter.kind()), (4, ForwardingKind::ReportUp));
    let rules: Vec<_> = arbiter
        .reasons
        .iter()
        .map(|reason| reason.rule_id.as_str())
        .collect();
    assert!(rules.contains(&"routing/arbitration"), "{rules:?}");
}

#[tokio::test]
async fn an_objection_after_five_working_days_is_refused_and_names_the_day() {
    let mut city = City::new().await;
    let matter = city.claim("education").await;
    city.desk
        .move_clock(at("2026-01-12T16:00:00Z"))
        .await
        .unwrap();
    let refused = city.object(matter).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(
        refused.message().contains("2026-01-12"),
        "{}",
        refused.message()
    );
}

#[tokio::test]
async fn a_refused_objection_leaves_the_organ_competent() {
    let mut city = City::new().await;
    let matter = city.claim("education").await;
    city.object(matter).await.unwrap();
    let request = RefuseObjectionRequest {
        request_id: "r".to_owned(),
        matter_id: matter.to_string(),
        post: "head of the petition office".to_owned(),
        reason: "it runs the school".to_owned(),
    };
    city.client.refuse_objection(request).await.unwrap();
    assert_eq!(city.states(matter).await, [ForwardingState::Open]);
    assert_eq!(
        city.agree(matter, None).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
}

#[tokio::test]
async fn the_organ_that_accepted_answers_once_and_the_same_request_gives_the_same_answer() {
    let mut city = City::new().await;
    let matter = city.claim("education").await;
    let school = office("431202", "education");
    let request = IssueOpinionRequest {
        request_id: "i".to_owned(),
        matter_id: matter.to_string(),
        organ_id: school.to_string(),
        kind: OpinionKind::Support.into(),
        reasons: "the place is due".to_owned(),
        legal_basis: "Compulsory Education Law, article 12".to_owned(),
    };
    let early = city
        .client
        .issue_opinion(request.clone())
        .await
        .unwrap_err();
    assert_eq!(early.code(), Code::FailedPrecondition);
    city.hears(vec![accepted(matter, school)]).await;
    let foreign = IssueOpinionRequest {
        organ_id: office("431202", "health").to_string(),
        ..request.clone()
    };
    assert_eq!(
        city.client.issue_opinion(foreign).await.unwrap_err().code(),
        Code::PermissionDenied
    );
    let answer = city
        .client
        .issue_opinion(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(
        answer.next_remedy.contains("30 days") && answer.next_remedy.contains("35"),
        "{}",
        answer.next_remedy
    );
    assert_eq!(
        city.client
            .issue_opinion(request)
            .await
            .unwrap()
            .into_inner(),
        answer
    );
    assert_eq!(city.states(matter).await, [ForwardingState::Answered]);
    let told = city.desk.told().await.unwrap();
    assert_eq!(
        told.iter()
            .filter(|fact| matches!(fact, Fact::OpinionIssued(_)))
            .count(),
        1
    );
}

#[tokio::test]
async fn what_intake_records_moves_the_hops_within_one_run() {
    let mut city = City::new().await;
    let (one, other, third) = (
        city.claim("education").await,
        city.claim("medical").await,
        claim("education"),
    );
    let declined = MatterDeclined {
        matter_id: other.to_string(),
        organ_id: office("431202", "health").to_string(),
        reason: DeclineReason::OutsideCompetence.into(),
    };
    city.hears(vec![
        third.1,
        accepted(one, office("431202", "education")),
        Fact::MatterDeclined(declined),
        Fact::MatterWithdrawn(MatterWithdrawn {
            matter_id: one.to_string(),
        }),
        Fact::MatterWithdrawn(MatterWithdrawn {
            matter_id: third.0.to_string(),
        }),
    ])
    .await;
    assert_eq!(city.states(one).await, [ForwardingState::Accepted]);
    assert_eq!(city.states(other).await, [ForwardingState::Declined]);
    assert_eq!(city.states(third.0).await, [ForwardingState::Closed]);
    assert_eq!(
        city.object(one).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
}

#[tokio::test]
async fn a_matter_never_goes_to_the_organ_it_is_about() {
    let mut city = City::new().await;
    let (matter, fact) = claim("education");
    let Fact::MatterRegistered(mut registered) = fact else {
        panic!()
    };
    registered.about_organ = office("431202", "education").to_string();
    city.hears(vec![Fact::MatterRegistered(registered)]).await;
    assert_eq!(
        city.hops(matter).await[0].to_organ,
        office("4312", "petition_office").to_string()
    );
    city.object(matter).await.unwrap();
    let refused = city
        .agree(matter, Some(office("431202", "education")))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_denunciation_never_goes_below_the_denounced_organ() {
    let mut city = City::new().await;
    let (matter, fact) = claim("official_misconduct");
    let Fact::MatterRegistered(mut registered) = fact else {
        panic!()
    };
    registered.category = Category::Denunciation.into();
    registered.about_organ = office("4312", "petition_office").to_string();
    city.hears(vec![Fact::MatterRegistered(registered)]).await;
    let hop = city.hops(matter).await.remove(0);
    assert_eq!(
        hop.to_organ,
        office("43", "discipline_inspection").to_string()
    );
    city.object(matter).await.unwrap();
    let below = office("431202", "discipline_inspection");
    let refused = city.agree(matter, Some(below)).await.unwrap_err();
    assert!(refused.message().contains("to_organ"), "{refused}");
    // nothing of the refused call was written
    assert_eq!(city.states(matter).await, [ForwardingState::Objected]);
}

#[tokio::test]
async fn of_two_holders_the_same_one_answers_in_whichever_order_they_were_loaded() {
    let twin = |line, hex: &str| OrganRow {
        line,
        organ_id: format!("organ_{}", hex.repeat(32)),
        name: "二".to_owned(),
        level: level(huiyin_domain::vocabulary::Level::County),
        territory_code: "431202".to_owned(),
        functions: vec!["education".to_owned()],
    };
    for order in [["a", "0"], ["0", "a"]] {
        let mut city = City::empty().await;
        city.load_territories("t", territory_rows(&places()))
            .await
            .unwrap();
        for hex in order {
            let request = LoadOrgansRequest {
                request_id: hex.to_owned(),
                rows: vec![twin(1, hex)],
            };
            city.client.load_organs(request).await.unwrap();
            city.claim("education").await;
        }
        let matter = city.claim("education").await;
        assert_eq!(city.hops(matter).await[0].to_organ, twin(1, "0").organ_id);
    }
}

#[tokio::test]
async fn a_hundred_equal_calls_forward_once() {
    let city = City::new().await;
    let matter = city.claim("education").await;
    let request = ForwardMatterRequest {
        request_id: "same".to_owned(),
        matter_id: matter.to_string(),
        from_organ: office("431202", "petition_office").to_string(),
        to_organ: office("431202", "health").to_string(),
        kind: ForwardingKind::Transfer.into(),
        post: "head of the petition office".to_owned(),
        reason: "the school's clinic".to_owned(),
        ..Default::default()
    };
    let calls = (0..100).map(|_| {
        let (mut client, request) = (city.client.clone(), request.clone());
        tokio::spawn(async move { client.forward_matter(request).await.unwrap().into_inner() })
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(city.hops(matter).await.len(), 2);
}

#[tokio::test]
async fn a_forwarding_is_refused_with_every_wrong_field() {
    let mut city = City::new().await;
    let request = ForwardMatterRequest {
        kind: 77,
        limit_days: 3,
        ..Default::default()
    };
    let refused = city.client.forward_matter(request).await.unwrap_err();
    for field in [
        "request_id",
        "matter_id",
        "from_organ",
        "to_organ",
        "kind",
        "post",
        "reason",
    ] {
        assert!(
            refused.message().contains(field),
            "{field}: {}",
            refused.message()
        );
    }
    let unknown = city.object_unknown().await;
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn a_dry_run_decides_nothing_and_names_the_version_of_the_rules() {
    let mut city = City::new().await;
    let told = city.desk.told().await.unwrap().len();
    let mut request = DecideCompetenceRequest {
        category: Category::Claim.into(),
        subject: "land_and_homestead".to_owned(),
        place_code: VILLAGE.to_owned(),
        ..Default::default()
    };
    let answer = city
        .client
        .decide_competence(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.organ.unwrap().name, "鹤城区自然资源局");
    assert!(!answer.reasons.is_empty() && !answer.rules_version.is_empty());
    assert_eq!(city.desk.told().await.unwrap().len(), told);
    request.place_code = "431299".to_owned();
    request.subject = "weather".to_owned();
    let refused = city.client.decide_competence(request).await.unwrap_err();
    assert!(refused.message().contains("place_code") && refused.message().contains("subject"));
}

impl City {
    async fn object_unknown(&mut self) -> tonic::Status {
        let request = ObjectToForwardingRequest {
            request_id: "u".to_owned(),
            matter_id: chance::new_id::<huiyin_domain::ids::kind::Matter>().to_string(),
            organ_id: office("4312", "health").to_string(),
            reason: "unknown".to_owned(),
        };
        self.client.object_to_forwarding(request).await.unwrap_err()
    }
}
