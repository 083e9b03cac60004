use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::{DISCIPLINE_INSPECTION, PETITION_OFFICE, TOWNSHIP_GOVERNMENT};
use huiyin_proto::events::v1::PetitionRead;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::intake::v1::*;
use huiyin_proto::vocabulary::v1 as words;
use tonic::{Code, Response, Status};

use super::house::{House, by, forwarding, office, organ, petition, refusal};

fn township() -> OrganId {
    organ("431202001", TOWNSHIP_GOVERNMENT)
}

fn inspection() -> OrganId {
    organ("431202", DISCIPLINE_INSPECTION)
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
    house
        .routing_tells(vec![forwarding(
            &receipt.matter_id,
            inspection(),
            words::ForwardingKind::Transfer,
        )])
        .await;
    receipt
}

fn reading(matter_id: &str, organ: OrganId) -> ReadPetitionRequest {
    ReadPetitionRequest {
        matter_id: matter_id.to_owned(),
        organ_id: organ.to_string(),
        purpose: "examination of the facts".to_owned(),
    }
}

async fn read(
    house: &House,
    (organ, post): (OrganId, &str),
    matter_id: &str,
) -> Result<Response<ReadPetitionResponse>, Status> {
    let request = by(organ, post, reading(matter_id, organ));
    house.guarded.clone().read_petition(request).await
}

async fn listed(house: &House, (organ, post): (OrganId, &str)) -> Vec<String> {
    let request = by(organ, post, ListMattersRequest::default());
    let list = house.guarded.clone().list_matters(request).await.unwrap();
    let matters = list.into_inner().matters.into_iter();
    matters.map(|matter| matter.matter_id).collect()
}

#[tokio::test]
async fn a_denunciation_is_there_for_posts_for_denunciations_that_it_is_not_sealed_from() {
    let house = House::open().await;
    let receipt = denounced(&house).await;
    let claim = house.register(petition("claim")).await;
    let (both, one) = (
        vec![claim.matter_id.clone(), receipt.matter_id.clone()],
        vec![claim.matter_id.clone()],
    );
    let station = organ("431202001", PETITION_OFFICE);
    let city = organ("4312", PETITION_OFFICE);
    for (reader, post, seen) in [
        (township(), "sealed-desk", &one),
        (station, "sealed-desk", &one),
        (office(), "office", &one),
        (office(), "sealed-desk", &both),
        (city, "sealed-desk", &both),
        (city, "office", &one),
    ] {
        let who = format!("{post} of {reader}");
        assert_eq!(&listed(&house, (reader, post)).await, seen, "{who}");
        let request = GetMatterRequest {
            matter_id: receipt.matter_id.clone(),
            number: String::new(),
        };
        let got = house
            .guarded
            .clone()
            .get_matter(by(reader, post, request))
            .await;
        assert_eq!(got.is_ok(), seen.len() == 2, "{who}");
        let request = BatchGetMattersRequest {
            matter_ids: both.clone(),
        };
        let batch = house
            .guarded
            .clone()
            .batch_get_matters(by(reader, post, request))
            .await;
        assert_eq!(
            batch.unwrap().into_inner().matters.len(),
            seen.len(),
            "{who}"
        );
    }
}

/// The same petitioner denounces an organ, or nobody who is named, at the same place, at an office.
fn again(request_id: &str, at: OrganId, about: Option<OrganId>) -> RegisterMatterRequest {
    RegisterMatterRequest {
        category: words::Category::Denunciation.into(),
        received_by: at.to_string(),
        about_organ: about.map(|about| about.to_string()).unwrap_or_default(),
        petitioner: Some(Petitioner {
            id_number: "43120219700101001X".to_owned(),
            ..Petitioner::default()
        }),
        ..petition(request_id)
    }
}

#[tokio::test]
async fn whoever_registers_the_repeat_of_a_denunciation_that_is_sealed_from_it_learns_nothing_of_that()
 {
    let house = House::open().await;
    let station = organ("431202001", PETITION_OFFICE);
    let first = house
        .register(again("first", office(), Some(station)))
        .await;
    let registered = async |at: OrganId, request_id: &str| {
        let request = by(at, "sealed-desk", again(request_id, at, None));
        let answer = house.guarded.clone().register_matter(request).await;
        answer.unwrap().into_inner()
    };
    let sealed = registered(station, "second").await;
    assert_eq!(
        (sealed.repeat_of.as_str(), sealed.repeat_reason.as_str()),
        ("", "")
    );
    assert_eq!(
        registered(office(), "third").await.repeat_of,
        first.matter_id
    );
    for (reader, shown) in [(station, ""), (office(), first.matter_id.as_str())] {
        let request = by(
            reader,
            "sealed-desk",
            GetMatterRequest {
                matter_id: sealed.matter_id.clone(),
                number: String::new(),
            },
        );
        let got = house.guarded.clone().get_matter(request).await.unwrap();
        assert_eq!(got.into_inner().matter.unwrap().repeat_of, shown);
        let request = by(reader, "sealed-desk", ListMattersRequest::default());
        let list = house.guarded.clone().list_matters(request).await.unwrap();
        let matters = list.into_inner().matters;
        let listed = matters.iter().find(|one| one.matter_id == sealed.matter_id);
        assert_eq!(listed.unwrap().repeat_of, shown);
    }
}

#[tokio::test]
async fn a_denunciation_sent_by_mistake_to_the_denounced_organ_is_still_not_there_for_it() {
    let house = House::open().await;
    let receipt = denounced(&house).await;
    house
        .routing_tells(vec![forwarding(
            &receipt.matter_id,
            township(),
            words::ForwardingKind::Transfer,
        )])
        .await;
    let desk = (township(), "sealed-desk");
    assert_eq!(listed(&house, desk).await, Vec::<String>::new());
    let refused = read(&house, desk, &receipt.matter_id).await.unwrap_err();
    assert_eq!(refusal(&refused), (Code::NotFound, "NOT_FOUND".to_owned()));
    let accept = AcceptMatterRequest {
        matter_id: receipt.matter_id.clone(),
        organ_id: township().to_string(),
        request_id: "accept".to_owned(),
    };
    let accept = by(township(), "sealed-desk", accept);
    let refused = house
        .guarded
        .clone()
        .accept_matter(accept)
        .await
        .unwrap_err();
    assert_eq!(refusal(&refused), (Code::NotFound, "NOT_FOUND".to_owned()));
    assert_eq!(house.rows("petition_reading").await, 0);
}

#[tokio::test]
async fn a_petition_is_read_by_whoever_handles_it_and_every_reading_is_recorded() {
    let house = House::open().await;
    let receipt = denounced(&house).await;
    let desk = (inspection(), "sealed-desk");
    let found = read(&house, desk, &receipt.matter_id)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(found.petitioner.unwrap().name, "somebody");
    assert_eq!(found.main_request, "the well is dirty");
    assert_eq!(house.rows("petition_reading").await, 1);
    // it registered the matter, and handles it no longer
    let refused = read(&house, (office(), "sealed-desk"), &receipt.matter_id).await;
    assert_eq!(
        refusal(&refused.unwrap_err()),
        (Code::PermissionDenied, "NOT_YOURS".to_owned())
    );
    let purposeless = ReadPetitionRequest {
        purpose: String::new(),
        ..reading(&receipt.matter_id, inspection())
    };
    let purposeless = by(inspection(), "sealed-desk", purposeless);
    let refused = house
        .guarded
        .clone()
        .read_petition(purposeless)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(house.rows("petition_reading").await, 1);
}

#[tokio::test]
async fn every_reading_is_told_by_the_post_that_read_and_by_nothing_personal() {
    let house = House::open().await;
    let receipt = denounced(&house).await;
    let desk = (inspection(), "sealed-desk");
    read(&house, desk, &receipt.matter_id).await.unwrap();
    let refused = read(&house, (office(), "sealed-desk"), &receipt.matter_id).await;
    assert!(refused.is_err());
    let told = house.test.told().await.unwrap();
    let expected = Fact::PetitionRead(PetitionRead {
        matter_id: receipt.matter_id.clone(),
        organ_id: inspection().to_string(),
        post: "sealed-desk".to_owned(),
    });
    let (last, earlier) = told.split_last().unwrap();
    assert_eq!(*last, expected);
    assert!(
        !earlier
            .iter()
            .any(|fact| matches!(fact, Fact::PetitionRead(_)))
    );
    // and it is logged where denunciations are
    house.logged().await;
    assert_eq!(house.rows("log_entry WHERE log = 'sealed'").await, 2);
    assert_eq!(house.rows("log_entry WHERE log = 'open'").await, 0);
}

#[tokio::test]
async fn another_post_of_the_organ_that_handles_a_denunciation_reads_nothing() {
    let house = House::open().await;
    let receipt = denounced(&house).await;
    for post in [
        "handler",
        "head",
        "registration-desk",
        "duty-desk",
        "nobody",
    ] {
        let refused = read(&house, (inspection(), post), &receipt.matter_id).await;
        let code = refused.unwrap_err().code();
        assert!(
            matches!(code, Code::NotFound | Code::PermissionDenied),
            "{post}: {code}"
        );
    }
    assert_eq!(house.rows("petition_reading").await, 0);
}

#[tokio::test]
async fn before_it_is_forwarded_the_registering_office_reads_it() {
    let house = House::open().await;
    let receipt = house.register(petition("one")).await;
    assert!(
        read(&house, (office(), "office"), &receipt.matter_id)
            .await
            .is_ok()
    );
    let refused = read(&house, (township(), "handler"), &receipt.matter_id).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
}
