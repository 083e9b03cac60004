//! The simplified procedure: its limits go with the forwarding.

use crate::city::*;
use huiyin_domain::ids::MatterId;
use huiyin_proto::events::v1::SimplifiedLimits;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::routing::v1::*;
use huiyin_proto::vocabulary::v1::ForwardingKind;
use tonic::Code;
use tonic_types::StatusExt as _;

fn simplified(matter: MatterId, kind: ForwardingKind) -> ForwardMatterRequest {
    ForwardMatterRequest {
        request_id: format!("{matter}"),
        matter_id: matter.to_string(),
        from_organ: office("431202", "petition_office").to_string(),
        to_organ: office("431202", "education").to_string(),
        kind: kind.into(),
        limit_days: if kind == ForwardingKind::Assign {
            20
        } else {
            0
        },
        post: "head of the petition office".to_owned(),
        reason: "clear and small".to_owned(),
        simplified: true,
    }
}

#[tokio::test]
async fn a_clear_small_initial_claim_goes_the_simplified_way_with_the_limits_of_its_place() {
    let mut city = City::new().await;
    let matter = city.claim("land_and_homestead").await;
    let request = simplified(matter, ForwardingKind::Transfer);
    let hop = city
        .client
        .forward_matter(request)
        .await
        .unwrap()
        .into_inner();
    let limits = SimplifiedLimits {
        passing: 1,
        acceptance: 3,
        opinion: 10,
    };
    assert_eq!(hop.forwarding.unwrap().simplified, Some(limits));
    let told = city.hops(matter).await;
    let ways: Vec<_> = told.iter().map(|hop| hop.simplified).collect();
    assert_eq!(ways, [None, Some(limits)]);
    let request = ListForwardingsRequest {
        matter_id: matter.to_string(),
        ..Default::default()
    };
    let listed = city
        .client
        .list_forwardings(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.forwardings[1].simplified, Some(limits));
}

#[tokio::test]
async fn what_is_assigned_repeated_or_collective_is_refused_with_the_reason() {
    let mut city = City::new().await;
    let (repeated, fact) = claim("land_and_homestead");
    let Fact::MatterRegistered(mut fact) = fact else {
        panic!("a registration");
    };
    fact.repeat_of = MatterId::from_uuid(uuid::Uuid::from_u128(1)).to_string();
    city.hears(vec![Fact::MatterRegistered(fact)]).await;
    let (collective, fact) = claim("land_and_homestead");
    let Fact::MatterRegistered(mut fact) = fact else {
        panic!("a registration");
    };
    fact.persons = 5;
    city.hears(vec![Fact::MatterRegistered(fact)]).await;
    let initial = city.claim("land_and_homestead").await;
    for (matter, kind, words) in [
        (repeated, ForwardingKind::Transfer, "raised before"),
        (collective, ForwardingKind::Transfer, "fewer than 5 persons"),
        (initial, ForwardingKind::Assign, "that is assigned"),
    ] {
        let refused = city.client.forward_matter(simplified(matter, kind)).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let violations = refused.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "simplified");
        assert!(violations[0].description.contains(words), "{violations:?}");
        assert_eq!(city.hops(matter).await.len(), 1, "nothing was sent on");
    }
}
