//! Lists: page by page, by filter, and refused when asked wrongly.

use huiyin_proto::supervision::v1::{
    ListClocksRequest, ListOpenLinesRequest, ListOrdersRequest, OrderState,
};
use huiyin_service_kit::page::PageToken;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::office::{
    Office, accepted, forwarded, matter, organ, referred, registered, replied, withdrawn,
};

fn reason(refused: &Status) -> String {
    refused
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_line_is_open_until_the_matter_is_answered_referred_or_withdrawn() {
    let office = Office::open("2026-01-12").await;
    office
        .intake(
            "2026-01-05",
            (1..=5)
                .map(|number| registered(number, "2026-01-05"))
                .collect(),
        )
        .await;
    let hops = vec![
        forwarded(1, 1, 1),
        forwarded(2, 1, 2),
        forwarded(3, 1, 1),
        referred(4),
    ];
    office.routing("2026-01-07", hops).await;
    office
        .intake(
            "2026-01-08",
            vec![accepted(3, 1), replied(3, 1), withdrawn(2)],
        )
        .await;
    let mut client = office.client.clone();
    let all = client
        .list_open_lines(ListOpenLinesRequest::default())
        .await
        .unwrap()
        .into_inner();
    let lines: Vec<String> = all
        .lines
        .iter()
        .map(|line| format!("{} {} {}", line.number, line.organ_id, line.next_due_date))
        .collect();
    assert_eq!(
        lines,
        [
            format!("XF2026000001 {} 2026-01-14", organ(1)),
            "XF2026000005  2026-01-20".to_owned()
        ]
    );
    let of_organ = ListOpenLinesRequest {
        organ_id: organ(1),
        ..ListOpenLinesRequest::default()
    };
    assert_eq!(
        client
            .list_open_lines(of_organ)
            .await
            .unwrap()
            .into_inner()
            .lines
            .len(),
        1
    );
}

#[tokio::test]
async fn a_line_known_only_from_routing_is_listed_once_its_registration_arrives() {
    let office = Office::open("2026-01-12").await;
    office.routing("2026-01-07", vec![forwarded(1, 1, 1)]).await;
    let mut client = office.client.clone();
    let lines = client
        .list_open_lines(ListOpenLinesRequest::default())
        .await
        .unwrap()
        .into_inner()
        .lines;
    assert!(lines.is_empty());
    office
        .intake("2026-01-05", vec![registered(1, "2026-01-05")])
        .await;
    let lines = client
        .list_open_lines(ListOpenLinesRequest::default())
        .await
        .unwrap()
        .into_inner()
        .lines;
    assert_eq!((lines.len(), lines[0].organ_id.clone()), (1, organ(1)));
}

#[tokio::test]
async fn lists_go_on_page_by_page_without_gap_or_repeat() {
    let office = Office::open("2026-01-05").await;
    office
        .intake(
            "2026-01-05",
            (1..=5)
                .map(|number| registered(number, "2026-01-05"))
                .collect(),
        )
        .await;
    office.comes("2026-01-21").await;
    let mut client = office.client.clone();
    let (mut orders, mut lines) = (Vec::new(), Vec::new());
    let mut request = ListOrdersRequest {
        page_size: 2,
        state: OrderState::Open.into(),
        ..ListOrdersRequest::default()
    };
    loop {
        let page = client
            .list_orders(request.clone())
            .await
            .unwrap()
            .into_inner();
        orders.extend(page.orders.into_iter().map(|order| order.matter_id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let mut request = ListOpenLinesRequest {
        page_size: 2,
        ..ListOpenLinesRequest::default()
    };
    loop {
        let page = client
            .list_open_lines(request.clone())
            .await
            .unwrap()
            .into_inner();
        lines.extend(page.lines.into_iter().map(|line| line.matter_id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    orders.sort();
    let expected: Vec<String> = (1..=5).map(matter).collect();
    assert_eq!((orders, lines), (expected.clone(), expected));
}

#[tokio::test]
async fn clocks_go_on_page_by_page() {
    let office = Office::open("2026-01-12").await;
    office.accepted_matter().await;
    let mut client = office.client.clone();
    let mut request = ListClocksRequest {
        matter_id: matter(1),
        page_size: 1,
        page_token: String::new(),
    };
    let mut kinds = Vec::new();
    loop {
        let page = client
            .list_clocks(request.clone())
            .await
            .unwrap()
            .into_inner();
        kinds.extend(page.clocks.iter().map(|clock| clock.kind));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(kinds, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_wrong_question_is_refused_with_its_reason() {
    let office = Office::open("2026-01-12").await;
    let mut client = office.client.clone();
    let wrong = ListOrdersRequest {
        organ_id: "x".to_owned(),
        state: 9,
        page_size: 501,
        page_token: "00".to_owned(),
    };
    let refused = client.list_orders(wrong).await.unwrap_err();
    let details = refused.get_error_details();
    let fields: Vec<&str> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|wrong| wrong.field.as_str())
        .collect();
    assert_eq!(fields, ["organ_id", "state", "page_size"]);
    let token = ListOrdersRequest {
        page_token: "zz".to_owned(),
        ..ListOrdersRequest::default()
    };
    assert_eq!(
        reason(&client.list_orders(token).await.unwrap_err()),
        "WRONG_PAGE_TOKEN"
    );
    for far in ["+262142-12-31", "-0044-03-15", "2026-01-12\0"] {
        let forged = ListOrdersRequest {
            page_token: PageToken::issue(
                &format!("{far}/{}", uuid::Uuid::nil()),
                "orders organ= state=0",
            ),
            ..ListOrdersRequest::default()
        };
        assert_eq!(
            reason(&client.list_orders(forged).await.unwrap_err()),
            "WRONG_PAGE_TOKEN"
        );
    }
    let unknown = ListClocksRequest {
        matter_id: matter(9),
        page_size: 0,
        page_token: String::new(),
    };
    assert_eq!(
        client.list_clocks(unknown).await.unwrap_err().code(),
        Code::NotFound
    );
}
