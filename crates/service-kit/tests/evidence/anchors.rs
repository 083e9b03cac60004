use std::net::SocketAddr;

use huiyin_proto::log::v1::log_service_client::LogServiceClient;
use huiyin_proto::log::v1::log_service_server::LogServiceServer;
use huiyin_proto::log::v1::*;
use huiyin_proto::vocabulary::v1::Category;
use huiyin_service_kit::client;
use huiyin_service_kit::evidence::anchoring::{Handing, Keeper as At};
use huiyin_service_kit::evidence::head::{Head, LogName as Log};
use huiyin_service_kit::evidence::rpc::LogRpc;
use huiyin_service_kit::evidence::verify::{Finding, HeadAt, Keeper};
use huiyin_service_kit::evidence::{proof, wire};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Address;
use huiyin_service_kit::status::Problem;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::{Code, Request, Status};

use super::house::{House, registered, withdrawn};

/// The log's rpcs of a service, behind the policies.
fn rpcs(house: &House) -> Routes {
    let rpc = LogRpc {
        database: house.database().clone(),
        domain: None,
    };
    house
        .desk
        .guarded(Routes::new(LogServiceServer::new(rpc)))
        .unwrap()
}

async fn serve(house: &House) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = Server::builder()
        .add_routes(rpcs(house))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    address
}

/// Intake hands its heads in there.
fn handing(address: SocketAddr) -> Handing {
    let channel = client::channel(&Address::of_socket(address).unwrap(), None);
    Handing::at(At {
        name: "routing",
        client: LogServiceClient::new(client::calling(channel, ServiceName::Intake)),
    })
}

/// As somebody asks.
fn by<T>(caller: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("x-huiyin-caller", caller.parse().unwrap());
    request
}

async fn list(house: &House, caller: &str, log: LogName) -> Result<Vec<Anchor>, Status> {
    let request = ListAnchorsRequest {
        origin: "intake".to_owned(),
        log: log.into(),
        page_size: 2,
        page_token: String::new(),
    };
    let mut client = LogServiceClient::new(rpcs(house));
    let (mut anchors, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = ListAnchorsRequest {
            page_token,
            ..request.clone()
        };
        let page = client.list_anchors(by(caller, asked)).await?.into_inner();
        anchors.extend(page.anchors);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(anchors);
        }
    }
}

async fn told(house: &House, numbers: std::ops::Range<u128>, milliseconds: i64) {
    house.tell(numbers.map(withdrawn).collect()).await;
    house.record_all(milliseconds).await;
}

#[tokio::test]
async fn the_next_service_keeps_the_heads_and_asks_for_the_proof_it_lacks() {
    let (intake, routing) = (
        House::open(ServiceName::Intake).await,
        House::open(ServiceName::Routing).await,
    );
    let address = serve(&routing).await;
    let mut known = handing(address);
    intake
        .tell(vec![registered(9999, Category::Denunciation)])
        .await;
    for round in 0..5 {
        told(
            &intake,
            round * 40..round * 40 + 40,
            i64::try_from(round).unwrap() * 100,
        )
        .await;
        // every other time by a process that has just been started
        let mut anew = handing(address);
        let handing = if round % 2 == 0 {
            &mut known
        } else {
            &mut anew
        };
        for log in Log::ALL {
            handing.hand_in(intake.database(), log).await.unwrap();
            handing.hand_in(intake.database(), log).await.unwrap();
        }
    }
    let anchors = list(&routing, "service/supervision", LogName::Open)
        .await
        .unwrap();
    let sizes: Vec<u64> = anchors
        .iter()
        .map(|anchor| anchor.head.as_ref().unwrap().size)
        .collect();
    assert_eq!(sizes, [40, 80, 120, 160, 200]);
    let report = intake
        .verify(Keeper::Database(routing.superuser(4).await))
        .await;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let anchors: Vec<u64> = report.logs.iter().map(|log| log.anchors).collect();
    assert_eq!(anchors, [5, 1]);
}

#[tokio::test]
async fn a_log_that_was_cut_back_is_refused_by_its_keeper_and_found() {
    let (intake, routing) = (
        House::open(ServiceName::Intake).await,
        House::open(ServiceName::Routing).await,
    );
    let address = serve(&routing).await;
    told(&intake, 0..5, 0).await;
    intake
        .by_force("CREATE TABLE earlier AS SELECT * FROM log_head")
        .await;
    told(&intake, 5..9, 5000).await;
    handing(address)
        .hand_in(intake.database(), Log::Open)
        .await
        .unwrap();
    // back to the first head, with everything that came after it
    intake
        .by_force(
            "DELETE FROM log_entry WHERE index >= 5; DELETE FROM feed WHERE seq > 5; DELETE FROM log_head_history WHERE number > 1;
             UPDATE stream_head SET seq = 5; UPDATE log_cursor SET seq = 5;
             DELETE FROM log_head; INSERT INTO log_head SELECT * FROM earlier; DROP TABLE earlier",
        )
        .await;
    intake.is_sound([5, 0]).await;
    let outdated = handing(address).hand_in(intake.database(), Log::Open).await;
    assert!(
        matches!(outdated, Err(Problem::HeadContradicts { .. })),
        "{outdated:?}"
    );
    let report = intake
        .verify(Keeper::Database(routing.superuser(4).await))
        .await;
    let cut = Finding::CutBack(
        HeadAt::Anchor {
            log: Log::Open,
            size: 9,
        },
        5,
    );
    assert_eq!(report.findings.first, [cut]);
    // it goes on as if nothing had been
    told(&intake, 5..7, 9000).await;
    let refused = handing(address).hand_in(intake.database(), Log::Open).await;
    assert!(
        matches!(refused, Err(Problem::HeadContradicts { .. })),
        "{refused:?}"
    );
    told(&intake, 7..30, 9000).await;
    let refused = handing(address).hand_in(intake.database(), Log::Open).await;
    assert!(
        matches!(refused, Err(Problem::HeadContradicts { .. })),
        "{refused:?}"
    );
    assert_eq!(
        list(&routing, "service/intake", LogName::Open)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn what_could_not_be_handed_in_is_in_the_next_head() {
    let (intake, routing) = (
        House::open(ServiceName::Intake).await,
        House::open(ServiceName::Routing).await,
    );
    let away = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = away.local_addr().unwrap();
    drop(away);
    let mut nobody = handing(address);
    told(&intake, 0..3, 0).await;
    let refused = nobody.hand_in(intake.database(), Log::Open).await;
    assert!(
        matches!(refused, Err(Problem::Unavailable { .. })),
        "{refused:?}"
    );
    told(&intake, 3..6, 10).await;
    handing(serve(&routing).await)
        .hand_in_all(intake.database())
        .await;
    let anchors = list(&routing, "service/intake", LogName::Open)
        .await
        .unwrap();
    assert_eq!(anchors.len(), 1);
    assert_eq!(anchors[0].head.as_ref().unwrap().size, 6);
}

#[tokio::test]
async fn nobody_hands_in_for_another() {
    let (intake, routing) = (
        House::open(ServiceName::Intake).await,
        House::open(ServiceName::Routing).await,
    );
    told(&intake, 0..3, 0).await;
    let mut reading = intake.database().reading().await.unwrap();
    let head = proof::newest(&mut reading, Log::Open).await.unwrap();
    let below = Head {
        origin: "huaihua.example/intake".parse().unwrap(),
        ..head.head.clone()
    };
    let below = below.signed(&intake.recorder.key);
    let mut client = LogServiceClient::new(rpcs(&routing));
    for (caller, signed, code) in [
        ("service/intake", &head, Code::Ok),
        ("service/statistics", &head, Code::PermissionDenied),
        ("service/intake", &below, Code::PermissionDenied),
        ("caller/huaihua.example", &below, Code::Ok),
        ("caller/changsha.example", &below, Code::PermissionDenied),
        ("caller/intake", &head, Code::PermissionDenied),
        ("operator/night", &head, Code::PermissionDenied),
    ] {
        let request = AnchorHeadRequest {
            head: Some(wire::head(signed)),
            ..AnchorHeadRequest::default()
        };
        let answer = client.anchor_head(by(caller, request)).await;
        let found = answer.map_or_else(|status| status.code(), |_| Code::Ok);
        assert_eq!(found, code, "{caller} {}", signed.head.origin);
    }
}

#[tokio::test]
async fn a_head_that_is_not_signed_is_not_kept() {
    let (intake, routing) = (
        House::open(ServiceName::Intake).await,
        House::open(ServiceName::Routing).await,
    );
    told(&intake, 0..3, 0).await;
    let mut reading = intake.database().reading().await.unwrap();
    let mut head = proof::newest(&mut reading, Log::Open).await.unwrap();
    head.head.size += 1;
    let request = AnchorHeadRequest {
        head: Some(wire::head(&head)),
        ..AnchorHeadRequest::default()
    };
    let mut client = LogServiceClient::new(rpcs(&routing));
    let refused = client.anchor_head(by("service/intake", request)).await;
    assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(routing.count("SELECT count(*) FROM anchor").await, 0);
}

#[tokio::test]
async fn an_operator_sees_the_open_log_and_what_is_sealed_is_for_services() {
    let house = House::open(ServiceName::Intake).await;
    house
        .tell(vec![registered(1, Category::Denunciation)])
        .await;
    told(&house, 2..4, 0).await;
    let mut client = LogServiceClient::new(rpcs(&house));
    for (caller, log, code) in [
        ("service/routing", LogName::Open, Code::Ok),
        ("service/routing", LogName::Sealed, Code::Ok),
        ("operator/night", LogName::Open, Code::Ok),
        ("operator/night", LogName::Sealed, Code::PermissionDenied),
        ("caller/platform", LogName::Open, Code::PermissionDenied),
        ("nobody", LogName::Open, Code::Unauthenticated),
    ] {
        let code_of = |status: Status| status.code();
        let head = client
            .get_head(by(caller, GetHeadRequest { log: log.into() }))
            .await;
        assert_eq!(
            head.map_or_else(code_of, |_| Code::Ok),
            code,
            "{caller} {log:?}"
        );
        let request = GetConsistencyRequest {
            log: log.into(),
            from_size: 1,
            to_size: 0,
        };
        let proof = client.get_consistency(by(caller, request)).await;
        assert_eq!(
            proof.map_or_else(code_of, |_| Code::Ok),
            code,
            "{caller} {log:?}"
        );
        let anchors = list(&house, caller, log).await;
        assert_eq!(
            anchors.map_or_else(code_of, |_| Code::Ok),
            code,
            "{caller} {log:?}"
        );
    }
}
