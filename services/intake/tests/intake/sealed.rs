use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::{DISCIPLINE_INSPECTION, PETITION_OFFICE, TOWNSHIP_GOVERNMENT};
use huiyin_proto::intake::v1::*;
use huiyin_proto::vocabulary::v1 as words;
use tonic::{Code, Request};

use super::house::{House, forwarding, office, organ, petition, refusal};

fn township() -> OrganId {
    organ("431202001", TOWNSHIP_GOVERNMENT)
}

/// A denunciation about the township, with the discipline inspection of the county.
async fn denounced(house: &House) -> RegisterMatterResponse {
    let denunciation = RegisterMatterRequest {
        category: words::Category::Denunciation.into(),
        about_organ: township().to_string(),
        petitioner: Some(Petitioner {
            name: "somebody".to_owned(),
            ..Petitioner::default()
        }),
        ..petition("denunciation")
    };
    let receipt = house.register(denunciation).await;
    let inspection = organ("431202", DISCIPLINE_INSPECTION);
    house
        .routing_tells(vec![forwarding(
            &receipt.matter_id,
            inspection,
            words::ForwardingKind::Transfer,
        )])
        .await;
    receipt
}

fn called_by<T>(organ: OrganId, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("x-huiyin-caller", organ.to_string().parse().unwrap());
    request
}

fn reading(matter_id: &str, organ: OrganId) -> ReadPetitionRequest {
    ReadPetitionRequest {
        matter_id: matter_id.to_owned(),
        organ_id: organ.to_string(),
        purpose: "examination of the facts".to_owned(),
    }
}

#[tokio::test]
async fn a_denunciation_is_not_there_for_the_denounced_organ_nor_for_those_below() {
    let house = House::open().await;
    let receipt = denounced(&house).await;
    let other = house.register(petition("claim")).await;
    for (reader, seen) in [
        (township(), vec![&other.matter_id]),
        (office(), vec![&other.matter_id, &receipt.matter_id]),
        (
            organ("4312", PETITION_OFFICE),
            vec![&other.matter_id, &receipt.matter_id],
        ),
    ] {
        let request = called_by(reader, ListMattersRequest::default());
        let list = house
            .intake
            .clone()
            .list_matters(request)
            .await
            .unwrap()
            .into_inner();
        let listed: Vec<String> = list
            .matters
            .into_iter()
            .map(|matter| matter.matter_id)
            .collect();
        assert_eq!(listed.iter().collect::<Vec<_>>(), seen, "{reader}");
        let request = GetMatterRequest {
            matter_id: receipt.matter_id.clone(),
            number: String::new(),
        };
        let read = house
            .intake
            .clone()
            .get_matter(called_by(reader, request))
            .await;
        assert_eq!(read.is_ok(), seen.len() == 2, "{reader}");
        let request = BatchGetMattersRequest {
            matter_ids: vec![receipt.matter_id.clone(), other.matter_id.clone()],
        };
        let batch = house
            .intake
            .clone()
            .batch_get_matters(called_by(reader, request))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(batch.matters.len(), seen.len(), "{reader}");
    }
}

#[tokio::test]
async fn a_list_of_what_the_denounced_organ_has_leaves_out_what_is_about_it() {
    let house = House::open().await;
    let receipt = denounced(&house).await;
    // sent by mistake to the very organ it is about
    house
        .routing_tells(vec![forwarding(
            &receipt.matter_id,
            township(),
            words::ForwardingKind::Transfer,
        )])
        .await;
    let wanted = ListMattersRequest {
        organ_id: township().to_string(),
        ..ListMattersRequest::default()
    };
    let listed = house
        .intake
        .clone()
        .list_matters(wanted)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.matters, Vec::new());
    let refused = house
        .intake
        .clone()
        .read_petition(reading(&receipt.matter_id, township()))
        .await
        .unwrap_err();
    assert_eq!(refusal(&refused), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert_eq!(house.rows("petition_reading").await, 0);
}

#[tokio::test]
async fn a_petition_is_read_by_whoever_handles_it_and_every_reading_is_recorded() {
    let house = House::open().await;
    let receipt = denounced(&house).await;
    let inspection = organ("431202", DISCIPLINE_INSPECTION);
    let read = house
        .intake
        .clone()
        .read_petition(reading(&receipt.matter_id, inspection))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(read.petitioner.unwrap().name, "somebody");
    assert_eq!(read.main_request, "the well is dirty");
    assert_eq!(house.rows("petition_reading").await, 1);
    let refused = house
        .intake
        .clone()
        .read_petition(reading(&receipt.matter_id, office()))
        .await
        .unwrap_err();
    assert_eq!(
        refusal(&refused),
        (Code::PermissionDenied, "NOT_YOURS".to_owned())
    );
    let purposeless = ReadPetitionRequest {
        purpose: String::new(),
        ..reading(&receipt.matter_id, inspection)
    };
    assert_eq!(
        house
            .intake
            .clone()
            .read_petition(purposeless)
            .await
            .unwrap_err()
            .code(),
        Code::InvalidArgument
    );
    assert_eq!(house.rows("petition_reading").await, 1);
}

#[tokio::test]
async fn before_it_is_forwarded_the_registering_office_reads_it() {
    let house = House::open().await;
    let receipt = house.register(petition("one")).await;
    assert!(
        house
            .intake
            .clone()
            .read_petition(reading(&receipt.matter_id, office()))
            .await
            .is_ok()
    );
    assert!(
        house
            .intake
            .clone()
            .read_petition(reading(&receipt.matter_id, township()))
            .await
            .is_err()
    );
}
