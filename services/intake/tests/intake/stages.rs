use huiyin_domain::organs::{DISCIPLINE_INSPECTION, POLITICAL_LEGAL};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{MatterAccepted, MatterDeclined};
use huiyin_proto::intake::v1::DeclineMatterRequest;
use huiyin_proto::vocabulary::v1 as words;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::house::{
    House, acceptance, delivery, forwarding, opinion, organ, petition, refusal, withdrawal,
};

#[tokio::test]
async fn a_matter_goes_from_registration_to_reply() {
    let house = House::open().await;
    let (receipt, organ) = house.replied().await;
    let matter = house.matter(&receipt.matter_id).await;
    assert_eq!(matter.stage(), words::Stage::Replied);
    assert_eq!(matter.organ_id, organ.to_string());
    let told = house.test.told().await.unwrap();
    let told: Vec<&str> = told
        .iter()
        .map(|fact| match fact {
            Fact::MatterRegistered(_) => "registered",
            Fact::MatterAccepted(_) => "accepted",
            Fact::ReplyDelivered(_) => "replied",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["registered", "accepted", "replied"]);
}

#[tokio::test]
async fn an_acceptance_is_recorded_once_and_told_with_its_organ() {
    let house = House::open().await;
    let (receipt, organ) = house.forwarded().await;
    house.move_clock("2025-03-05T02:00:00Z").await;
    let request = acceptance(&receipt.matter_id, organ);
    let first = house
        .intake
        .clone()
        .accept_matter(request.clone())
        .await
        .unwrap()
        .into_inner();
    let again = house
        .intake
        .clone()
        .accept_matter(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    assert_eq!(
        first.matter.unwrap(),
        house.matter(&receipt.matter_id).await
    );
    let accepted = MatterAccepted {
        matter_id: receipt.matter_id,
        organ_id: organ.to_string(),
    };
    assert_eq!(
        house.test.told().await.unwrap()[1..],
        [Fact::MatterAccepted(accepted)]
    );
}

#[tokio::test]
async fn only_the_organ_that_has_the_matter_accepts_it() {
    let house = House::open().await;
    let (receipt, _) = house.forwarded().await;
    let other = acceptance(&receipt.matter_id, organ("4312", POLITICAL_LEGAL));
    let refused = house.intake.clone().accept_matter(other).await.unwrap_err();
    assert_eq!(
        refusal(&refused),
        (Code::PermissionDenied, "NOT_YOURS".to_owned())
    );
}

#[tokio::test]
async fn what_is_too_early_is_refused_with_what_is_allowed_now() {
    let house = House::open().await;
    let receipt = house.register(petition("one")).await;
    let organ = organ("4312", POLITICAL_LEGAL);
    let refused = house
        .intake
        .clone()
        .accept_matter(acceptance(&receipt.matter_id, organ))
        .await
        .unwrap_err();
    assert_eq!(
        refusal(&refused),
        (
            Code::FailedPrecondition,
            "ACTION_NOT_ALLOWED_NOW".to_owned()
        )
    );
    let violation = refused
        .get_details_precondition_failure()
        .unwrap()
        .violations
        .remove(0);
    assert_eq!(violation.description, "allowed: forward, refer, withdraw");
    let refused = house
        .intake
        .clone()
        .deliver_reply(delivery(&receipt.matter_id, organ))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_decline_names_reason_and_right_channel_and_leaves_the_way_open() {
    let house = House::open().await;
    let (receipt, organ_id) = house.forwarded().await;
    let decline = DeclineMatterRequest {
        matter_id: receipt.matter_id.clone(),
        organ_id: organ_id.to_string(),
        reason: words::DeclineReason::StatutoryRoute.into(),
        right_channel: "the arbitration commission of the county".to_owned(),
        request_id: "decline".to_owned(),
    };
    let wordless = DeclineMatterRequest {
        reason: 0,
        right_channel: String::new(),
        ..decline.clone()
    };
    let refused = house
        .intake
        .clone()
        .decline_matter(wordless)
        .await
        .unwrap_err();
    assert_eq!(
        refused
            .get_details_bad_request()
            .unwrap()
            .field_violations
            .len(),
        2
    );
    house.intake.clone().decline_matter(decline).await.unwrap();
    let declined = MatterDeclined {
        matter_id: receipt.matter_id.clone(),
        organ_id: organ_id.to_string(),
        reason: words::DeclineReason::StatutoryRoute.into(),
    };
    assert_eq!(
        house.test.told().await.unwrap()[1..],
        [Fact::MatterDeclined(declined)]
    );
    let channel = organ("431202", POLITICAL_LEGAL);
    house
        .routing_tells(vec![forwarding(
            &receipt.matter_id,
            channel,
            words::ForwardingKind::Refer,
        )])
        .await;
    assert_eq!(
        house.matter(&receipt.matter_id).await.stage(),
        words::Stage::Referred
    );
}

#[tokio::test]
async fn a_run_moves_many_matters_and_one_matter_more_than_once() {
    let house = House::open().await;
    let (one, two) = (
        house.register(petition("one")).await,
        house.register(petition("two")).await,
    );
    let (first, second) = (
        organ("431202", POLITICAL_LEGAL),
        organ("431202", DISCIPLINE_INSPECTION),
    );
    let kind = words::ForwardingKind::Transfer;
    house
        .routing_tells(vec![
            forwarding(&one.matter_id, first, kind),
            forwarding(&two.matter_id, first, kind),
            forwarding(&one.matter_id, second, kind),
        ])
        .await;
    assert_eq!(
        house.matter(&one.matter_id).await.organ_id,
        second.to_string()
    );
    assert_eq!(
        house.matter(&two.matter_id).await.organ_id,
        first.to_string()
    );
    assert_eq!(house.rows("progress_step").await, 5);
    house
        .intake
        .clone()
        .accept_matter(acceptance(&one.matter_id, second))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_comes_late_from_routing_leaves_a_matter_where_it_is() {
    let house = House::open().await;
    let (accepted, organ_id) = house.forwarded().await;
    house
        .intake
        .clone()
        .accept_matter(acceptance(&accepted.matter_id, organ_id))
        .await
        .unwrap();
    let withdrawn = house.register(petition("withdrawn")).await;
    house
        .intake
        .clone()
        .withdraw_matter(withdrawal(&withdrawn))
        .await
        .unwrap();
    let other = organ("4312", POLITICAL_LEGAL);
    house
        .routing_tells(vec![
            forwarding(&accepted.matter_id, other, words::ForwardingKind::Transfer),
            forwarding(&withdrawn.matter_id, other, words::ForwardingKind::Transfer),
            opinion(&withdrawn.matter_id, other),
        ])
        .await;
    assert_eq!(
        house.matter(&accepted.matter_id).await.stage(),
        words::Stage::Accepted
    );
    assert_eq!(
        house.matter(&withdrawn.matter_id).await.stage(),
        words::Stage::Withdrawn
    );
}
