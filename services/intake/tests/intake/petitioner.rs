use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{self as events, MatterEvaluated};
use huiyin_proto::intake::v1::{EvaluateMatterRequest, GetProgressRequest, RegisterMatterResponse};
use huiyin_proto::vocabulary::v1 as words;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::house::{House, office, organ, petition, refusal, withdrawal};

fn evaluation(
    receipt: &RegisterMatterResponse,
    addressee: words::EvaluationAddressee,
) -> EvaluateMatterRequest {
    EvaluateMatterRequest {
        number: receipt.number.clone(),
        query_code: receipt.query_code.clone(),
        addressee: addressee.into(),
        satisfaction: words::Satisfaction::BasicallySatisfied.into(),
        text: "it took long".to_owned(),
        request_id: format!("evaluate-{}", addressee.as_str_name()),
    }
}

#[tokio::test]
async fn progress_shows_each_step_and_its_organ() {
    let house = House::open().await;
    let (receipt, organ) = house.answered().await;
    let request = GetProgressRequest {
        number: receipt.number.clone(),
        query_code: receipt.query_code.to_lowercase(),
    };
    let progress = house
        .intake
        .clone()
        .get_progress(request)
        .await
        .unwrap()
        .into_inner();
    let steps: Vec<_> = progress
        .steps
        .iter()
        .map(|step| (step.stage(), step.organ_id.as_str()))
        .collect();
    let (office, organ) = (office().to_string(), organ.to_string());
    let expected = [
        (words::Stage::Registered, office.as_str()),
        (words::Stage::Forwarded, organ.as_str()),
        (words::Stage::Accepted, organ.as_str()),
        (words::Stage::OpinionIssued, organ.as_str()),
    ];
    assert_eq!(steps, expected);
    assert_eq!(progress.stage(), words::Stage::OpinionIssued);
}

#[tokio::test]
async fn progress_shows_what_became_of_a_request_for_review() {
    let house = House::open().await;
    let (receipt, _) = house.replied().await;
    let above = organ("4312", "ecology").to_string();
    let progress = async || {
        let request = GetProgressRequest {
            number: receipt.number.clone(),
            query_code: receipt.query_code.clone(),
        };
        let mut client = house.intake.clone();
        let answer = client.get_progress(request).await.unwrap().into_inner();
        answer.remedies
    };
    let asked = events::RemedyRequested {
        matter_id: receipt.matter_id.clone(),
        remedy: words::Remedy::Review.into(),
        organ_id: above.clone(),
    };
    house
        .supervision_tells(vec![Fact::RemedyRequested(asked)])
        .await;
    let [step] = progress().await.try_into().unwrap();
    assert_eq!(
        (step.remedy(), step.organ_id),
        (words::Remedy::Review, above.clone())
    );
    assert!(step.requested_time.is_some() && step.delivered_time.is_none());
    let delivered = events::RemedyOpinionDelivered {
        matter_id: receipt.matter_id.clone(),
        remedy: words::Remedy::Review.into(),
        organ_id: above,
        outcome: words::RemedyOutcome::Changed.into(),
    };
    house
        .supervision_tells(vec![Fact::RemedyOpinionDelivered(delivered)])
        .await;
    let [step] = progress().await.try_into().unwrap();
    assert_eq!(step.outcome(), words::RemedyOutcome::Changed);
    assert!(step.requested_time.is_some() && step.delivered_time.is_some());
}

#[tokio::test]
async fn a_wrong_number_and_a_wrong_code_are_answered_alike() {
    let house = House::open().await;
    let receipt = house.register(petition("one")).await;
    let mut answers = Vec::new();
    for (number, code) in [
        ("431202-2025-99999999", receipt.query_code.as_str()),
        (receipt.number.as_str(), "BCDFGHJKLMNP"),
    ] {
        let request = GetProgressRequest {
            number: number.to_owned(),
            query_code: code.to_owned(),
        };
        let refused = house
            .intake
            .clone()
            .get_progress(request)
            .await
            .unwrap_err();
        assert_eq!(refusal(&refused), (Code::NotFound, "NOT_FOUND".to_owned()));
        answers.push((
            refused.message().to_owned(),
            refused.get_details_error_info().unwrap().metadata,
        ));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn each_addressee_is_evaluated_once_after_the_reply() {
    let house = House::open().await;
    let (receipt, organ) = house.replied().await;
    let handling = evaluation(&receipt, words::EvaluationAddressee::HandlingOrgan);
    let first = house
        .intake
        .clone()
        .evaluate_matter(handling.clone())
        .await
        .unwrap()
        .into_inner();
    let again = house
        .intake
        .clone()
        .evaluate_matter(handling.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    let anew = EvaluateMatterRequest {
        request_id: "anew".to_owned(),
        ..handling
    };
    let refused = house
        .intake
        .clone()
        .evaluate_matter(anew)
        .await
        .unwrap_err();
    assert_eq!(
        refusal(&refused),
        (
            Code::FailedPrecondition,
            "ACTION_NOT_ALLOWED_NOW".to_owned()
        )
    );
    let office_too = evaluation(&receipt, words::EvaluationAddressee::PetitionOffice);
    house
        .intake
        .clone()
        .evaluate_matter(office_too)
        .await
        .unwrap();
    let evaluated = |addressee: words::EvaluationAddressee, organ_id: String| {
        Fact::MatterEvaluated(MatterEvaluated {
            matter_id: receipt.matter_id.clone(),
            addressee: addressee.into(),
            satisfaction: words::Satisfaction::BasicallySatisfied.into(),
            organ_id,
        })
    };
    let expected = [
        evaluated(words::EvaluationAddressee::HandlingOrgan, organ.to_string()),
        evaluated(
            words::EvaluationAddressee::PetitionOffice,
            office().to_string(),
        ),
    ];
    assert_eq!(house.test.told().await.unwrap()[3..], expected);
}

#[tokio::test]
async fn before_the_reply_there_is_nothing_to_evaluate() {
    let house = House::open().await;
    let (receipt, _) = house.answered().await;
    let early = evaluation(&receipt, words::EvaluationAddressee::HandlingOrgan);
    let refused = house
        .intake
        .clone()
        .evaluate_matter(early)
        .await
        .unwrap_err();
    assert_eq!(
        refusal(&refused),
        (
            Code::FailedPrecondition,
            "ACTION_NOT_ALLOWED_NOW".to_owned()
        )
    );
    assert_eq!(house.rows("evaluation").await, 0);
}

#[tokio::test]
async fn a_petitioner_withdraws_until_the_reply() {
    let house = House::open().await;
    let (receipt, _) = house.forwarded().await;
    let withdrawn = house
        .intake
        .clone()
        .withdraw_matter(withdrawal(&receipt))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(withdrawn.matter.unwrap().stage(), words::Stage::Withdrawn);

    let house = House::open().await;
    let (receipt, _) = house.replied().await;
    let refused = house
        .intake
        .clone()
        .withdraw_matter(withdrawal(&receipt))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}
