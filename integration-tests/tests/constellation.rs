//! The five services together: reflection, health, drain, one trace, the hand-moved clock.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::{Up, claim, until};
use huiyin_proto::development::v1::MoveClockRequest;
use huiyin_proto::intake::v1::ListMattersRequest;
use huiyin_service_kit::names::ServiceName;
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

async fn listed(up: &Up, service: ServiceName) -> BTreeSet<String> {
    let mut reflection = ServerReflectionClient::new(up.channel(service).await);
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = reflection
        .server_reflection_info(tokio_stream::once(ask))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.next().await.unwrap().unwrap();
    match answer.message_response.unwrap() {
        MessageResponse::ListServicesResponse(list) => list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect(),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn reflection_and_health_know_the_five_services() {
    let up = Up::start().await;
    let names = [
        (ServiceName::Intake, "huiyin.intake.v1.IntakeService"),
        (ServiceName::Routing, "huiyin.routing.v1.RoutingService"),
        (
            ServiceName::Supervision,
            "huiyin.supervision.v1.SupervisionService",
        ),
        (
            ServiceName::StabilityEarlyWarning,
            "huiyin.stability_early_warning.v1.StabilityEarlyWarningService",
        ),
        (
            ServiceName::Statistics,
            "huiyin.statistics.v1.StatisticsService",
        ),
    ];
    for (service, name) in names {
        let listed = listed(&up, service).await;
        assert!(
            listed.contains(name)
                && listed.contains("huiyin.feed.v1.FeedService")
                && listed.contains("huiyin.log.v1.LogService"),
            "{listed:?}"
        );
        let mut health = HealthClient::new(up.channel(service).await);
        let answer = health
            .check(HealthCheckRequest {
                service: name.to_owned(),
            })
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.status, 1, "{name} is serving");
    }
    up.stop().await;
}

#[tokio::test]
async fn the_clock_cannot_be_moved_when_it_is_not_laid_for_that() {
    let up = Up::start().await; // on the present time
    let to_time = Some(prost_types::Timestamp {
        seconds: 4_000_000_000,
        nanos: 0,
    });
    let status = up
        .clock(ServiceName::Intake)
        .await
        .move_clock(MoveClockRequest { to_time })
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    up.stop().await;
}

#[tokio::test]
async fn outside_the_development_profile_there_is_no_clock_to_move() {
    let up = Up::start_empty(&[("HUIYIN__PROFILE", "production".to_owned())]).await;
    let to_time = Some(prost_types::Timestamp {
        seconds: 4_000_000_000,
        nanos: 0,
    });
    for service in ServiceName::ALL {
        let mut clock = up.clock(service).await;
        let refused = clock.move_clock(MoveClockRequest { to_time }).await;
        assert_eq!(
            refused.unwrap_err().code(),
            Code::Unimplemented,
            "{service}"
        );
    }
    up.stop().await;
}

#[tokio::test]
async fn sigterm_during_load_finishes_what_was_begun_and_loses_nothing() {
    let up = Up::start().await;
    let (answered, stop) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let mut callers = Vec::new();
    for caller in 0..8 {
        let (mut intake, answered, stop) =
            (up.intake().await, Arc::clone(&answered), Arc::clone(&stop));
        callers.push(tokio::spawn(async move {
            let mut number = 0;
            while !stop.load(Ordering::SeqCst) {
                let request = claim(&format!("load-{caller}-{number}"));
                if intake.register_matter(request).await.is_ok() {
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                number += 1;
            }
        }));
    }
    until("two hundred registrations", || async {
        (answered.load(Ordering::SeqCst) > 200).then_some(())
    })
    .await;
    let before = up.pid(ServiceName::Intake);
    let asked = std::time::Instant::now();
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &before.to_string()])
            .status()
            .unwrap()
            .success()
    );
    // the harness of `up` starts it again; the old process must have ended by itself
    until("the next process of intake", || async {
        (up.pid(ServiceName::Intake) != before).then_some(())
    })
    .await;
    assert!(asked.elapsed().as_secs() < 10, "drained within ten seconds");
    let log = up.log(ServiceName::Intake);
    assert!(
        log.contains("draining") && !log.contains("panicked"),
        "{log}"
    );
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
    let (kept, answered) = (count(&up).await, answered.load(Ordering::SeqCst));
    assert!(
        kept >= answered,
        "{answered} registrations were answered, {kept} are kept"
    );
    up.stop().await;
}

async fn count(up: &Up) -> usize {
    let mut total = 0;
    let mut page_token = String::new();
    loop {
        let request = ListMattersRequest {
            page_size: 500,
            page_token,
            ..ListMattersRequest::default()
        };
        let page = up
            .intake()
            .await
            .list_matters(request)
            .await
            .unwrap()
            .into_inner();
        total += page.matters.len();
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return total;
        }
    }
}
