//! The auditor over a running house: what it prints, and that it cries no wolf while alerts are raised, told and acknowledged.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::auditing::{Audit, kill, quick};
use common::{Up, office, program, until};
use huiyin_auditor::Invariant;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::{chance, wire};
use tokio::process::Command;

/// Alerts raised while the auditor looks.
const ALERTS: usize = 200;
/// How many raise them at a time.
const AT_A_TIME: usize = 4;

fn report() -> pb::RaiseAlertRequest {
    let now = huiyin_service_kit::clock::of_the_machine();
    let known = Some(wire::timestamp(now - chrono::TimeDelta::minutes(1)));
    pb::RaiseAlertRequest {
        request_id: chance::new_uuid().to_string(),
        kind: words::UrgentKind::DangerToLife.into(),
        place_code: "431202".to_owned(),
        organ_id: office(),
        persons: 3,
        happened_time: known,
        known_time: known,
        facts: "the dam leaks".to_owned(),
        measures: "the village is cleared".to_owned(),
        duty_phone: "0745-2712345".to_owned(),
        ..pb::RaiseAlertRequest::default()
    }
}

async fn raise(up: &Up, raised: &Arc<AtomicUsize>) {
    let mut warning = up.warning().await;
    while raised.fetch_add(1, Ordering::SeqCst) < ALERTS {
        let answer = warning.raise_alert(report()).await.unwrap().into_inner();
        let alert = answer.alert.unwrap();
        let request = pb::AcknowledgeAlertRequest {
            request_id: chance::new_uuid().to_string(),
            alert_id: alert.alert_id,
            organ_id: office(),
            post: "officer on duty".to_owned(),
            take_over: false,
        };
        warning.acknowledge_alert(request).await.unwrap();
    }
}

#[tokio::test]
async fn while_alerts_are_raised_and_acknowledged_nothing_is_broken() {
    let up = Up::start_with(&quick()).await;
    let audit = Audit::start(&up, &[]);
    let looks = "huiyin_audit_duration_seconds_count";
    until("a first look", || async { audit.measured(looks).await }).await;
    let raised = Arc::new(AtomicUsize::new(0));
    let raising = futures::future::join_all((0..AT_A_TIME).map(|_| raise(&up, &raised)));
    let looking = async {
        let mut seen = 0.0;
        while raised.load(Ordering::SeqCst) < ALERTS || seen < 3.0 {
            for invariant in Invariant::ALL {
                let series = format!(
                    "huiyin_audit_violations{{invariant=\"{}\"}}",
                    invariant.name()
                );
                let violations = audit.measured(&series).await;
                assert_eq!(violations, Some(0.0), "{}", invariant.name());
            }
            let failures = audit.page("/metrics").await.unwrap();
            assert!(!failures.contains("huiyin_audit_failures_total"));
            seen = audit.measured(looks).await.unwrap();
        }
    };
    futures::join!(raising, looking);
    let (success, printed) = once(&up, &["--everything"]).await;
    assert!(success, "{printed}");
    for said in ["dam", "village", "officer", "0745"] {
        let page = audit.page("/metrics").await.unwrap();
        assert!(!printed.contains(said) && !page.contains(said));
    }
    assert!(audit.ended_by("-TERM").await, "it ends in order");
    up.stop().await;
}

async fn once(up: &Up, more: &[&str]) -> (bool, String) {
    let output = Command::new(program())
        .envs(quick())
        .arg("--settings")
        .arg(up.folder.path().join("settings.toml"))
        .args(["audit", "--once"])
        .args(more)
        .output()
        .await
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).unwrap())
}

#[tokio::test]
async fn an_audit_of_once_prints_what_is_broken_and_fails() {
    let up = Up::start_empty(&quick()).await;
    let printed = until("a house that is well", || async {
        let (success, printed) = once(&up, &[]).await;
        success.then_some(printed)
    })
    .await;
    let holding = printed.lines().filter(|line| line.contains("  holds  "));
    assert_eq!(holding.count(), 11, "{printed}");
    let id = u32::try_from(up.pid(ServiceName::Routing)).unwrap();
    kill(id, "-STOP");
    let printed = until("a silent process", || async {
        let (success, printed) = once(&up, &[]).await;
        (!success).then_some(printed)
    })
    .await;
    assert!(printed.contains(" silent for "), "{printed}");
    kill(id, "-CONT");
    up.stop().await;
}
