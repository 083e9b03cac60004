//! Whoever falls silent is missed: a stopped process of a service by the auditor, a stopped auditor by whoever watches it from
//! outside. The processes are the real ones; a stopped process is one that SIGSTOP stopped, which ends nothing and answers nobody.

mod common;

use std::time::{Duration, Instant};

use common::auditing::{Audit, kill, quick};
use common::{Up, until};
use huiyin_auditor::LOOK_WITHIN;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Settings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What is promised: a stopped process is seen within a minute.
const PROMISED: Duration = Duration::from_secs(60);
/// A scrape, which the chart asks for every 15 s, and the interval at which the alarms of the audit are judged
/// (deploy/prometheus/rules.yaml), together.
const PROMETHEUS: Duration = Duration::from_secs(20);

/// By day two of the five, by night each in its turn.
fn stopped() -> Vec<ServiceName> {
    let seeds = std::env::var("HUIYIN_SEEDS").ok();
    let by_night = seeds.is_some_and(|seeds| seeds.parse::<u32>().is_ok_and(|seeds| seeds > 5));
    let all = ServiceName::ALL;
    if by_night {
        all.to_vec()
    } else {
        vec![ServiceName::StabilityEarlyWarning, ServiceName::Intake]
    }
}

#[tokio::test]
async fn a_stopped_process_is_found_within_a_minute() {
    let up = Up::start_empty(&quick()).await;
    let audit = Audit::start(&up, &[]);
    for service in ServiceName::ALL {
        let alive = format!("huiyin_audit_processes{{service=\"{service}\"}}");
        audit.until_measured(&alive, 1.0).await;
    }
    for service in stopped() {
        let silent = format!("huiyin_audit_silent_processes{{service=\"{service}\"}}");
        audit.until_measured(&silent, 0.0).await;
        let id = u32::try_from(up.pid(service)).unwrap();
        kill(id, "-STOP");
        let began = Instant::now();
        audit.until_measured(&silent, 1.0).await;
        let found = began.elapsed();
        assert!(found < PROMISED, "{service} was found after {found:?}");
        println!("{service}: found after {:.1} s", found.as_secs_f64());
        for other in ServiceName::ALL.iter().filter(|other| **other != service) {
            let silent = format!("huiyin_audit_silent_processes{{service=\"{other}\"}}");
            assert_eq!(audit.measured(&silent).await, Some(0.0), "{other}");
        }
        kill(id, "-CONT");
        audit.until_measured(&silent, 0.0).await;
    }
    for invariant in 1..=10 {
        let violations = format!("huiyin_audit_violations{{invariant=\"I{invariant}\"}}");
        assert_eq!(audit.measured(&violations).await, Some(0.0), "I{invariant}");
    }
    assert!(audit.ended_by("-TERM").await, "it ends in order");
    up.stop().await;
}

#[test]
fn what_the_settings_leave_out_adds_up_to_a_minute() {
    let audit = Settings::from_toml("").unwrap().audit;
    assert!(audit.silent_after >= 2 * audit.beats_every);
    // the last beat lies before the stop
    let found = audit.silent_after + audit.every + LOOK_WITHIN + PROMETHEUS;
    assert!(found <= PROMISED, "{found:?}");
}

/// Whoever watches from outside: takes what is asked of it and answers.
async fn watch(heard: mpsc::UnboundedSender<Instant>, listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut asked = [0; 2048];
        let length = stream.read(&mut asked).await.unwrap_or(0);
        if asked[..length].starts_with(b"GET /sign/of/life HTTP/1.1")
            && heard.send(Instant::now()).is_ok()
        {
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.ok();
        }
    }
}

#[tokio::test]
async fn a_stopped_auditor_is_missed_by_whoever_watches_it_from_outside() {
    let up = Up::start_empty(&quick()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sign/of/life", listener.local_addr().unwrap());
    let (sender, mut heard) = mpsc::unbounded_channel();
    let watching = tokio::spawn(watch(sender, listener));
    let audit = Audit::start(&up, &[("HUIYIN__AUDIT__OUTSIDE_URL", url)]);
    let patience = LOOK_WITHIN * 2;
    for _ in 0..3 {
        let sign = tokio::time::timeout(common::WITHIN, heard.recv()).await;
        assert!(sign.unwrap().is_some());
    }
    kill(audit.id(), "-STOP");
    // what was under way when it was stopped may still arrive
    let under_way = tokio::time::timeout(patience, heard.recv()).await.is_ok();
    let missed = !under_way || tokio::time::timeout(patience, heard.recv()).await.is_err();
    assert!(missed, "a stopped auditor gives signs of life");
    kill(audit.id(), "-CONT");
    let again = tokio::time::timeout(common::WITHIN, heard.recv()).await;
    assert!(again.unwrap().is_some());
    // a watch that does not answer stops nothing
    watching.abort();
    watching.await.unwrap_err();
    until("a sign that is lost", || async {
        audit
            .measured("huiyin_audit_signs_total{outcome=\"lost\"}")
            .await
    })
    .await;
    let series = "huiyin_audit_last_success_timestamp_seconds";
    let last = audit.measured(series).await.unwrap();
    until("another look", || async {
        (audit.measured(series).await? > last).then_some(())
    })
    .await;
    let ready = audit.page("/ready").await.unwrap();
    assert!(ready.starts_with("HTTP/1.0 200"), "{ready}");
    assert!(audit.ended_by("-TERM").await, "it ends in order");
    up.stop().await;
}
