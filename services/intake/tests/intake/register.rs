use huiyin_domain::routing::CompetenceRules;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{self as events, MatterRegistered};
use huiyin_proto::intake::v1::{Petitioner, RegisterMatterRequest};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire::timestamp;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::house::{House, VILLAGE, at, office, petition, refusal};

#[tokio::test]
async fn a_registration_is_answered_with_a_receipt_and_told() {
    let house = House::open().await;
    let receipt = house.register(petition("one")).await;
    let digits = receipt.number.strip_prefix("431202-2025-").unwrap();
    assert!(
        digits.len() == 8 && digits.parse::<u32>().is_ok(),
        "{digits}"
    );
    assert_eq!(receipt.query_code.len(), 12);
    assert_eq!(receipt.forward_due_date, "2025-03-18");
    assert_eq!(receipt.warnings, Vec::<String>::new());
    let told = MatterRegistered {
        matter_id: receipt.matter_id.clone(),
        number: receipt.number.clone(),
        channel: words::Channel::Letter.into(),
        category: words::Category::Claim.into(),
        subject: "environment".to_owned(),
        place_code: VILLAGE.to_owned(),
        persons: 1,
        registered_by: office().to_string(),
        received_time: Some(timestamp(at("2025-03-03T01:00:00Z"))),
        repeat_of: String::new(),
        agent: false,
        about_organ: String::new(),
    };
    assert_eq!(
        house.test.told().await.unwrap(),
        [Fact::MatterRegistered(told)]
    );
    let matter = house.matter(&receipt.matter_id).await;
    assert_eq!(matter.stage(), words::Stage::Registered);
    assert_eq!(matter.actions_allowed, ["forward", "refer", "withdraw"]);
}

#[tokio::test]
async fn a_number_that_was_given_is_not_given_again() {
    let house = House::open().await;
    let first = house.register(petition("one")).await;
    // forgotten that it was asked: the same number is drawn for it
    sqlx::query("DELETE FROM idempotency")
        .execute(house.test.database().writing())
        .await
        .unwrap();
    let second = house.register(petition("one")).await;
    assert_ne!(first.matter_id, second.matter_id);
    assert_ne!(first.number, second.number);
    for receipt in [first, second] {
        assert_eq!(
            house.matter(&receipt.matter_id).await.number,
            receipt.number
        );
    }
}

#[tokio::test]
async fn a_hundred_calls_with_one_request_id_make_one_matter_and_equal_answers() {
    let house = House::open().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let mut intake = house.intake.clone();
        calls.spawn(async move {
            intake
                .register_matter(known_petitioner("same"))
                .await
                .unwrap()
                .into_inner()
        });
    }
    let receipts = calls.join_all().await;
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]));
    for table in ["matter", "petition", "progress_step", "outbox"] {
        assert_eq!(house.rows(table).await, 1, "{table}");
    }
}

fn known_petitioner(request_id: &str) -> RegisterMatterRequest {
    let petitioner = Petitioner {
        phone: "0745-2710000".to_owned(),
        ..Petitioner::default()
    };
    RegisterMatterRequest {
        petitioner: Some(petitioner),
        ..petition(request_id)
    }
}

#[tokio::test]
async fn a_request_id_with_another_body_is_refused() {
    let house = House::open().await;
    house.register(petition("one")).await;
    let other = RegisterMatterRequest {
        main_request: "the road is broken".to_owned(),
        ..petition("one")
    };
    let refused = house
        .intake
        .clone()
        .register_matter(other)
        .await
        .unwrap_err();
    assert_eq!(
        refusal(&refused),
        (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned())
    );
    assert_eq!(house.rows("matter").await, 1);
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once_and_nothing_is_written() {
    let house = House::open().await;
    let wrong = RegisterMatterRequest {
        request_id: String::new(),
        channel: 99,
        category: 0,
        subject: "weather".to_owned(),
        place_code: "110105".to_owned(),
        received_by: office().to_string().replace('0', "1"),
        received_time: Some(timestamp(at("2025-03-03T01:00:01Z"))),
        persons: 100_001,
        main_request: " ".to_owned(),
        facts: "水".repeat(400_000),
        about_organ: "organ_1".to_owned(),
        ..RegisterMatterRequest::default()
    };
    let refused = house
        .intake
        .clone()
        .register_matter(wrong)
        .await
        .unwrap_err();
    assert_eq!(
        refusal(&refused),
        (Code::InvalidArgument, "INVALID_FIELDS".to_owned())
    );
    let details = refused.get_details_bad_request().unwrap();
    let fields: Vec<&str> = details
        .field_violations
        .iter()
        .map(|wrong| wrong.field.as_str())
        .collect();
    let expected = [
        "request_id",
        "channel",
        "category",
        "subject",
        "place_code",
        "received_by",
        "received_time",
        "persons",
        "about_organ",
        "facts",
        "main_request",
    ];
    assert_eq!(fields, expected);
    for table in [
        "matter",
        "petition",
        "progress_step",
        "outbox",
        "idempotency",
    ] {
        assert_eq!(house.rows(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_malformed_place_is_told_from_an_unknown_one() {
    let house = House::open().await;
    for (place, words) in [
        ("4312021", "2, 4, 6, 9 or 12 digits"),
        ("110105", "is no territory that was loaded"),
    ] {
        let wrong = RegisterMatterRequest {
            place_code: place.to_owned(),
            ..petition("one")
        };
        let refused = house
            .intake
            .clone()
            .register_matter(wrong)
            .await
            .unwrap_err();
        assert!(refused.message().contains(words), "{}", refused.message());
    }
}

#[tokio::test]
async fn a_place_that_was_unknown_is_known_as_soon_as_routing_tells_of_it() {
    let house = House::empty().await;
    assert!(
        house
            .intake
            .clone()
            .register_matter(petition("one"))
            .await
            .is_err()
    );
    let territories = vec![huiyin_proto::events::v1::Territory {
        code: VILLAGE.to_owned(),
        name: "一村".to_owned(),
        level: words::Level::Village.into(),
        parent_code: "431202001000".to_owned(),
    }];
    let told = huiyin_proto::events::v1::TerritoriesEstablished { territories };
    house
        .routing_tells(vec![Fact::TerritoriesEstablished(told)])
        .await;
    let refused = house
        .intake
        .clone()
        .register_matter(petition("one"))
        .await
        .unwrap_err();
    assert_eq!(refused.message(), "received_by is no organ that was loaded");
}

#[tokio::test]
async fn six_representatives_are_recorded_with_a_warning() {
    let house = House::open().await;
    let representatives: Vec<String> = (1..=6).map(|number| format!("代表{number}")).collect();
    let visit = RegisterMatterRequest {
        channel: words::Channel::Visit.into(),
        persons: 30,
        representatives: representatives.clone(),
        ..petition("visit")
    };
    let receipt = house.register(visit).await;
    assert_eq!(receipt.warnings.len(), 1, "{:?}", receipt.warnings);
    let kept = house.read(&receipt.matter_id, office()).await;
    assert_eq!(kept.representatives, representatives);
}

#[tokio::test]
async fn a_matter_raised_too_high_is_registered_and_told_the_right_window() {
    let house = House::open().await;
    let nation = super::house::organ("000000000000", huiyin_domain::organs::PETITION_OFFICE);
    let high = RegisterMatterRequest {
        received_by: nation.to_string(),
        ..petition("high")
    };
    let receipt = house.register(high).await;
    assert!(
        receipt
            .warnings
            .iter()
            .any(|warning| warning.contains("the right window")),
        "{:?}",
        receipt.warnings
    );
}

/// The rules of this release, with the environment handled at the province from the day on.
fn environment_at_the_province(valid_from: &str) -> Fact {
    let rules = CompetenceRules::embedded().file().rules.iter();
    let rules = rules.map(|rule| events::ActivatedRule {
        subject: rule.subject.clone(),
        place_code: rule.place.to_string(),
        level: match rule.subject.as_str() {
            "environment" => words::Level::Province.into(),
            _ => words::Level::County.into(),
        },
        function: rule.function.clone().unwrap_or_default(),
    });
    Fact::RulesActivated(events::RulesActivated {
        version: "2025-03-04".to_owned(),
        valid_from: valid_from.to_owned(),
        post: "director of the petition office".to_owned(),
        source: "a notice of the province".to_owned(),
        rules: rules.collect(),
    })
}

#[tokio::test]
async fn the_right_window_is_that_of_the_competence_rules_in_force() {
    let house = House::open().await;
    house
        .routing_tells(vec![environment_at_the_province("2025-03-04")])
        .await;
    let nation = super::house::organ("000000000000", huiyin_domain::organs::PETITION_OFFICE);
    let warned = async |request_id: &str| {
        let high = RegisterMatterRequest {
            received_by: nation.to_string(),
            ..petition(request_id)
        };
        let receipt = house.register(high).await;
        let window = |warning: &String| warning.contains("the right window");
        receipt.warnings.iter().any(window)
    };
    assert!(warned("the-day-before").await);
    house.move_clock("2025-03-04T01:00:00Z").await;
    assert!(
        !warned("the-day").await,
        "the nation is the next-higher level of the province"
    );
}

#[tokio::test]
async fn no_personal_field_is_told() {
    let house = House::open().await;
    let petitioner = Petitioner {
        name: "somebody".to_owned(),
        address: "somewhere".to_owned(),
        phone: "13800000000".to_owned(),
        id_number: "43120219700101001X".to_owned(),
    };
    let request = RegisterMatterRequest {
        petitioner: Some(petitioner),
        representatives: vec!["somebody else".to_owned()],
        facts: "what happened".to_owned(),
        ..petition("one")
    };
    house.register(request).await;
    let told = format!("{:?}", house.test.told().await.unwrap());
    for personal in [
        "somebody",
        "somewhere",
        "13800000000",
        "43120219700101001X",
        "what happened",
        "the well",
    ] {
        assert!(!told.contains(personal), "{personal} is in {told}");
    }
}
