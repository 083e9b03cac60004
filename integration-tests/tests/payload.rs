//! What petitioners say of themselves and of their matters never leaves the vault: every event, alert, notice, webhook body, row,
//! stream entry, log line, span and metric of a played year is searched for it. By day the first days of a year, by night all of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
mod searching;

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use common::servers::channel_as;
use common::{folder, office, program, until};
use huiyin_proto::stability_early_warning::v1::SetWebhookRequest;
use huiyin_proto::stability_early_warning::v1::webhook_service_client::WebhookServiceClient;
use huiyin_service_kit::local::free_port;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Settings;
use searching::spans::Collector;
use searching::{CANARIES, Place, Search, places, planting};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// How much of the year is played: all of it, as the demo does, or its first days.
fn year() -> Vec<&'static str> {
    match std::env::var("HUIYIN_YEAR").as_deref() {
        Ok("whole") => Vec::new(),
        Ok(_) | Err(_) => vec!["--matters", "60", "--days", "12"],
    }
}

/// Begins to play a year of which nothing is thrown away: every line of the logs, every span, and a webhook whose receiver is dead.
fn begin(folder: &Path, collector: std::net::SocketAddr, receiver: u16) -> Child {
    let warning = "HUIYIN__STABILITY_EARLY_WARNING__WEBHOOK";
    Command::new(program())
        .args(["demo", "--json", "--any-ports", "--folder"])
        .arg(folder)
        .args(["--traces-to", &collector.to_string()])
        .args(year())
        .env("HUIYIN__TELEMETRY__TRACE_RATIO", "1.0")
        .env("HUIYIN__TELEMETRY__LOG_LEVEL", "debug")
        .env(format!("{warning}_KEY"), "k".repeat(32))
        .env(format!("{warning}_NETWORKS"), "127.0.0.0/8")
        .env(format!("{warning}_PORTS"), receiver.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Reads what the demo says until a line holds these words.
async fn says(said: &mut Lines<BufReader<ChildStderr>>, words: &str) {
    let mut before = Vec::new();
    while let Some(line) = said.next_line().await.unwrap() {
        if line.contains(words) {
            return;
        }
        before.push(line);
    }
    unreachable!("the demo ended before it said {words}: {before:?}");
}

/// The system of the city's petition office is told of everything.
async fn set_webhook(folder: &Path, receiver: u16) {
    let settings = Settings::load(Some(&folder.join("settings.toml"))).unwrap();
    let channel = channel_as(&settings, ServiceName::StabilityEarlyWarning, "duty-desk").await;
    let request = SetWebhookRequest {
        request_id: "webhook".to_owned(),
        organ_id: office(),
        url: format!("https://127.0.0.1:{receiver}/"),
        ..SetWebhookRequest::default()
    };
    let client = WebhookServiceClient::new(channel);
    until("an office that is known there", || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.set_webhook(request).await.ok() }
    })
    .await;
}

/// What a search of everything finds, with the spans that came meanwhile.
async fn search(folder: &Path, spans: &Arc<Mutex<Search>>) -> Search {
    let mut search = Search::new();
    places::all(&mut search, folder).await;
    let mut spans = spans.lock().unwrap();
    search.looked.append(&mut spans.looked);
    search.found.append(&mut spans.found);
    search
}

#[tokio::test]
async fn nothing_a_petitioner_says_is_in_any_event_alert_log_line_span_or_metric_of_a_year() {
    let (folder, receiver) = (folder(), free_port().unwrap());
    let (collector, address) = Collector::listen().await;
    let mut demo = begin(folder.path(), address, receiver);
    let mut said = BufReader::new(demo.stderr.take().unwrap()).lines();
    says(&mut said, "playing 2025").await;
    set_webhook(folder.path(), receiver).await;
    says(&mut said, "everything keeps running").await;
    until("spans", || async {
        let looked = &collector.0.lock().unwrap().looked;
        looked.contains_key(&Place::Span).then_some(())
    })
    .await;
    let searched = search(folder.path(), &collector.0).await;
    eprintln!("{}", searched.figures());
    let looked: Vec<Place> = searched.looked.keys().copied().collect();
    assert_eq!(looked, Place::ALL, "every place holds something");
    assert!(searched.found.is_empty(), "{:#?}", searched.found);

    for (_, whole) in CANARIES {
        planting::everywhere(whole, folder.path(), address).await;
    }
    let mut planted = search(folder.path(), &collector.0).await;
    let page = CANARIES.map(|(_, whole)| format!("huiyin_planted{{said=\"{whole}\"}} 1\n"));
    places::series(&mut planted, ServiceName::Intake, &page.concat());
    for place in Place::ALL {
        for (begins, _) in CANARIES {
            let found = planted.found.contains_key(&(place, begins));
            assert!(found, "{begins} was planted in {place:?} and not found");
        }
    }
    // the services send the last of their spans when they end
    let id = demo.id().unwrap().to_string();
    let told = Command::new("kill").args(["-INT", &id]).status().await;
    assert!(told.unwrap().success() && demo.wait().await.unwrap().success());
    let last = collector.0.lock().unwrap();
    assert!(last.found.is_empty(), "{:#?}", last.found);
}
