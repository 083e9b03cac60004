use huiyin_proto::intake::v1::{Petitioner, RegisterMatterRequest};

use super::house::{House, OTHER_VILLAGE, petition, withdrawal};

fn by(id_number: &str, request_id: &str) -> RegisterMatterRequest {
    let petitioner = Petitioner {
        id_number: id_number.to_owned(),
        ..Petitioner::default()
    };
    RegisterMatterRequest {
        petitioner: Some(petitioner),
        ..petition(request_id)
    }
}

#[tokio::test]
async fn the_same_matter_again_is_linked_to_the_first_and_says_why() {
    let house = House::open().await;
    let first = house.register(by("43120219700101001x", "first")).await;
    let second = house.register(by("431202 19700101 001X", "second")).await;
    let third = house.register(by("43120219700101001X", "third")).await;
    assert_eq!(first.repeat_of, "");
    for again in [&second, &third] {
        assert_eq!(again.repeat_of, first.matter_id);
        let reason = &again.repeat_reason;
        assert!(
            reason.contains(&first.number) && reason.contains("2025-03-03"),
            "{reason}"
        );
        assert!(!reason.contains("001X"), "{reason}");
    }
    assert_eq!(
        house.matter(&second.matter_id).await.repeat_of,
        first.matter_id
    );
}

#[tokio::test]
async fn another_petitioner_subject_or_place_is_no_repeat() {
    let house = House::open().await;
    house.register(by("43120219700101001X", "first")).await;
    let others = [
        by("431202197001010020", "petitioner"),
        RegisterMatterRequest {
            subject: "medical".to_owned(),
            ..by("43120219700101001X", "subject")
        },
        RegisterMatterRequest {
            place_code: OTHER_VILLAGE.to_owned(),
            ..by("43120219700101001X", "place")
        },
        petition("nobody"),
        petition("nobody again"),
    ];
    for other in others {
        let name = other.request_id.replace(' ', "-");
        let receipt = house
            .register(RegisterMatterRequest {
                request_id: name.clone(),
                ..other
            })
            .await;
        assert_eq!(receipt.repeat_of, "", "{name}");
    }
}

#[tokio::test]
async fn nothing_is_closed_by_a_repeat() {
    let house = House::open().await;
    let first = house.register(by("43120219700101001X", "first")).await;
    house
        .intake
        .clone()
        .withdraw_matter(withdrawal(&first))
        .await
        .unwrap();
    let second = house.register(by("43120219700101001X", "second")).await;
    assert_eq!(second.repeat_of, first.matter_id);
    assert_eq!(
        house.matter(&second.matter_id).await.actions_allowed,
        ["forward", "refer", "withdraw"]
    );
}

#[tokio::test]
async fn of_many_at_the_same_moment_one_is_initial_and_the_others_repeat_it() {
    let house = House::open().await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..16 {
        let mut intake = house.intake.clone();
        calls.spawn(async move {
            let request = by("43120219700101001X", &format!("call-{number}"));
            intake.register_matter(request).await.unwrap().into_inner()
        });
    }
    let receipts = calls.join_all().await;
    let (initial, repeats): (Vec<_>, Vec<_>) = receipts
        .iter()
        .partition(|receipt| receipt.repeat_of.is_empty());
    assert_eq!((initial.len(), repeats.len()), (1, 15));
    assert!(
        repeats
            .iter()
            .all(|repeat| repeat.repeat_of == initial[0].matter_id)
    );
}
