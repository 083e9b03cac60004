use huiyin_proto::intake::v1::{
    BatchGetMattersRequest, GetMatterRequest, ListMattersRequest, RegisterMatterRequest,
};
use huiyin_proto::vocabulary::v1 as words;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::house::{House, OTHER_VILLAGE, petition, refusal};

async fn listed(house: &House, wanted: ListMattersRequest) -> (Vec<String>, String) {
    let page = house
        .intake
        .clone()
        .list_matters(wanted)
        .await
        .unwrap()
        .into_inner();
    (
        page.matters
            .into_iter()
            .map(|matter| matter.matter_id)
            .collect(),
        page.next_page_token,
    )
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest_and_miss_nothing() {
    let house = House::open().await;
    let mut registered = Vec::new();
    for number in 0..5 {
        registered.push(
            house
                .register(petition(&format!("matter-{number}")))
                .await
                .matter_id,
        );
        if number == 2 {
            house.move_clock("2025-03-04T01:00:00Z").await;
        }
    }
    registered.reverse();
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let wanted = ListMattersRequest {
            page_size: 2,
            page_token: token,
            ..ListMattersRequest::default()
        };
        let (page, next) = listed(&house, wanted).await;
        seen.extend(page);
        token = next;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, registered);
}

#[tokio::test]
async fn a_list_is_filtered_by_place_stage_and_organ() {
    let house = House::open().await;
    let (forwarded, organ) = house.forwarded().await;
    let other = RegisterMatterRequest {
        place_code: OTHER_VILLAGE.to_owned(),
        ..petition("other")
    };
    let other = house.register(other).await;
    let all = ListMattersRequest::default();
    let wanted = [
        ListMattersRequest {
            place_code: OTHER_VILLAGE.to_owned(),
            ..all.clone()
        },
        ListMattersRequest {
            stage: words::Stage::Registered.into(),
            ..all.clone()
        },
    ];
    for wanted in wanted {
        assert_eq!(listed(&house, wanted).await.0, [other.matter_id.as_str()]);
    }
    let wanted = ListMattersRequest {
        organ_id: organ.to_string(),
        ..all.clone()
    };
    assert_eq!(listed(&house, wanted).await.0, [forwarded.matter_id]);
    let county = ListMattersRequest {
        place_code: "431202".to_owned(),
        ..all
    };
    assert_eq!(listed(&house, county).await.0.len(), 2);
}

#[tokio::test]
async fn a_token_of_another_filter_and_wrong_filters_are_refused() {
    let house = House::open().await;
    for number in 0..2 {
        house.register(petition(&format!("matter-{number}"))).await;
    }
    let first = ListMattersRequest {
        page_size: 1,
        ..ListMattersRequest::default()
    };
    let (_, token) = listed(&house, first).await;
    let other = ListMattersRequest {
        stage: 1,
        page_token: token,
        ..ListMattersRequest::default()
    };
    let refused = house.intake.clone().list_matters(other).await.unwrap_err();
    assert_eq!(
        refusal(&refused),
        (Code::InvalidArgument, "WRONG_PAGE_TOKEN".to_owned())
    );
    let wrong = ListMattersRequest {
        place_code: "43120".to_owned(),
        organ_id: "organ".to_owned(),
        stage: 99,
        page_size: 501,
        page_token: String::new(),
    };
    let refused = house.intake.clone().list_matters(wrong).await.unwrap_err();
    for field in ["place_code", "organ_id", "stage", "page_size"] {
        assert!(
            refused.message().contains(field),
            "{field} is not in {}",
            refused.message()
        );
    }
}

#[tokio::test]
async fn a_matter_is_read_by_id_or_by_number() {
    let house = House::open().await;
    let receipt = house.register(petition("one")).await;
    let by_number = GetMatterRequest {
        number: receipt.number.clone(),
        matter_id: String::new(),
    };
    let read = house
        .intake
        .clone()
        .get_matter(by_number)
        .await
        .unwrap()
        .into_inner()
        .matter
        .unwrap();
    assert_eq!(read, house.matter(&receipt.matter_id).await);
    let refused = house
        .intake
        .clone()
        .get_matter(GetMatterRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let unknown = GetMatterRequest {
        number: "431202-2025-99999999".to_owned(),
        matter_id: String::new(),
    };
    assert_eq!(
        house
            .intake
            .clone()
            .get_matter(unknown)
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn many_matters_are_read_at_once_in_the_order_asked_for() {
    let house = House::open().await;
    let first = house.register(petition("one")).await.matter_id;
    let second = house.register(petition("two")).await.matter_id;
    let unknown = huiyin_domain::ids::MatterId::from_uuid(uuid::Uuid::nil()).to_string();
    let asked = |matter_ids: Vec<&str>| BatchGetMattersRequest {
        matter_ids: matter_ids.into_iter().map(str::to_owned).collect(),
    };
    let mut intake = house.intake.clone();
    let read = intake
        .batch_get_matters(asked(vec![&second, &unknown, &first, &second]))
        .await
        .unwrap()
        .into_inner()
        .matters;
    assert_eq!(
        read,
        [house.matter(&second).await, house.matter(&first).await]
    );
    let none = intake.batch_get_matters(asked(Vec::new())).await;
    assert_eq!(wrong_fields(&none.unwrap_err()), ["matter_ids"]);
    let broken = intake.batch_get_matters(asked(vec![&first, "x"])).await;
    assert_eq!(wrong_fields(&broken.unwrap_err()), ["matter_ids[1]"]);
}

fn wrong_fields(status: &tonic::Status) -> Vec<String> {
    let details = status.get_details_bad_request().unwrap();
    let wrong = details.field_violations.into_iter();
    wrong.map(|violation| violation.field).collect()
}
