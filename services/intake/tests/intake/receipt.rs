use huiyin_domain::organs::TOWNSHIP_GOVERNMENT;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::*;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::evidence::head::LogName;
use huiyin_service_kit::evidence::receipt::Receipt;
use tonic::{Code, Status};

use super::house::{House, organ, petition, refusal};

async fn proof(house: &House, of: &RegisterMatterResponse) -> Result<Receipt, Status> {
    let request = GetReceiptRequest {
        number: of.number.clone(),
        query_code: of.query_code.to_lowercase(),
    };
    let answer = house.intake.clone().get_receipt(request).await?;
    Ok(Receipt::of_wire(&answer.into_inner().receipt.unwrap()).unwrap())
}

#[tokio::test]
async fn a_petitioner_gets_a_proof_that_can_be_checked_without_the_office() {
    let house = House::open().await;
    let other = house.register(petition("other")).await;
    let registered = house.register(petition("one")).await;
    house.logged().await;
    let receipt = proof(&house, &registered).await.unwrap();
    let proved = receipt.check(Some(house.recorder.key.public())).unwrap();
    let Some(Fact::MatterRegistered(fact)) = proved.event.unwrap().fact else {
        panic!("the receipt is of another event")
    };
    assert_eq!(
        (fact.matter_id, fact.number),
        (registered.matter_id, registered.number)
    );
    assert_eq!((receipt.head.head.log, receipt.index), (LogName::Open, 1));
    // later ones do not take it away
    house.register(petition("later")).await;
    house.logged().await;
    let again = proof(&house, &other).await.unwrap();
    assert_eq!((again.index, again.head.head.size), (0, 3));
}

#[tokio::test]
async fn a_registration_that_is_not_logged_yet_is_asked_for_again() {
    let house = House::open().await;
    let registered = house.register(petition("one")).await;
    let refused = proof(&house, &registered).await.unwrap_err();
    assert_eq!(
        refusal(&refused),
        (Code::Unavailable, "UNAVAILABLE".to_owned())
    );
}

#[tokio::test]
async fn without_number_and_code_there_is_no_proof() {
    let house = House::open().await;
    let registered = house.register(petition("one")).await;
    house.logged().await;
    let wrong = RegisterMatterResponse {
        query_code: "BCDFGHJKLMNP".to_owned(),
        ..registered
    };
    let refused = proof(&house, &wrong).await.unwrap_err();
    assert_eq!(refusal(&refused), (Code::NotFound, "NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn the_proof_of_a_denunciation_is_in_the_sealed_log() {
    let house = House::open().await;
    house.register(petition("claim")).await;
    let denunciation = RegisterMatterRequest {
        category: words::Category::Denunciation.into(),
        about_organ: organ("431202001", TOWNSHIP_GOVERNMENT).to_string(),
        ..petition("denunciation")
    };
    let registered = house.register(denunciation).await;
    house.logged().await;
    let receipt = proof(&house, &registered).await.unwrap();
    assert_eq!((receipt.head.head.log, receipt.index), (LogName::Sealed, 0));
    assert!(receipt.check(None).unwrap().event.is_some());
}

#[tokio::test]
async fn an_office_from_which_it_is_sealed_prints_a_proof_without_what_it_says() {
    let house = House::open().await;
    let township = organ("431202001", TOWNSHIP_GOVERNMENT);
    let denunciation = |request_id: &str| RegisterMatterRequest {
        category: words::Category::Denunciation.into(),
        about_organ: township.to_string(),
        received_by: township.to_string(),
        petitioner: Some(Petitioner {
            phone: "13900000000".to_owned(),
            ..Petitioner::default()
        }),
        ..petition(request_id)
    };
    house.register(denunciation("first")).await;
    // the event of this one names the one before
    let repeat = house.register(denunciation("repeat")).await;
    assert_eq!(repeat.repeat_of, "");
    house.logged().await;
    let receipt = proof(&house, &repeat).await.unwrap();
    assert_eq!(receipt.payload, Vec::<u8>::new());
    let proved = receipt.check(Some(house.recorder.key.public())).unwrap();
    assert_eq!(proved.event, None);
}

#[tokio::test]
async fn an_office_prints_a_proof_without_the_earlier_denunciation_that_is_sealed_from_it() {
    let house = House::open().await;
    let township = organ("431202001", TOWNSHIP_GOVERNMENT);
    let denunciation = |request_id: &str, about: String| RegisterMatterRequest {
        category: words::Category::Denunciation.into(),
        about_organ: about,
        received_by: township.to_string(),
        petitioner: Some(Petitioner {
            phone: "13900000000".to_owned(),
            ..Petitioner::default()
        }),
        ..petition(request_id)
    };
    house
        .register(denunciation("first", township.to_string()))
        .await;
    // this one is about nobody who is named, and its event names the one before
    let repeat = house.register(denunciation("repeat", String::new())).await;
    house.logged().await;
    let receipt = proof(&house, &repeat).await.unwrap();
    assert_eq!(receipt.payload, Vec::<u8>::new());
    let proved = receipt.check(Some(house.recorder.key.public())).unwrap();
    assert_eq!(proved.event, None);
}
