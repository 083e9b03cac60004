//! Everything that five services over a folder have left behind, searched piece by piece.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use futures::TryStreamExt as _;
use huiyin_proto::events::v1::Event;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::stability_early_warning_service_client::StabilityEarlyWarningServiceClient;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::server::Connection;
use huiyin_service_kit::settings::Settings;
use prost::Message as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};

use super::{Place, Search};
use crate::common::servers::{channel_as, metrics, owner, postgres_command};
use crate::common::until;

/// Searches all of them.
pub async fn all(search: &mut Search, folder: &Path) {
    events(search, folder).await;
    alerts(search, folder).await;
    rows(search, folder);
    streams(search, folder).await;
    for service in ServiceName::ALL {
        log(search, folder, service);
        let page = metrics(folder, service).await;
        series(search, service, &page);
    }
}

/// The private database as who owns it.
pub async fn database(folder: &Path) -> PgConnection {
    let (port, password) = owner(folder);
    let options = PgConnectOptions::new()
        .host("127.0.0.1")
        .port(port)
        .username("huiyin")
        .password(&password)
        .database("huiyin");
    PgConnection::connect_with(&options).await.unwrap()
}

/// Every event of the feed of every service.
async fn events(search: &mut Search, folder: &Path) {
    let mut database = database(folder).await;
    for service in ServiceName::ALL {
        let text = format!("SELECT stream, payload FROM {}.feed", service.key());
        let mut events =
            sqlx::query_as::<_, (String, Vec<u8>)>(sqlx::AssertSqlSafe(text)).fetch(&mut database);
        while let Some((stream, payload)) = events.try_next().await.unwrap() {
            let event = Event::decode(&payload[..]).unwrap();
            assert!(
                event.fact.is_some(),
                "an event of {stream} that says nothing"
            );
            search.look(Place::Event, &stream, &payload);
            search.look(
                Place::DecodedEvent,
                &stream,
                format!("{event:?}").as_bytes(),
            );
        }
    }
}

/// Every alert and notice, as the duty desk of the city reads it.
async fn alerts(search: &mut Search, folder: &Path) {
    let settings = Settings::load(Some(&folder.join("settings.toml"))).unwrap();
    let channel = channel_as(&settings, ServiceName::StabilityEarlyWarning, "duty-desk").await;
    let mut desk = StabilityEarlyWarningServiceClient::new(channel);
    let mut list = pb::ListAlertsRequest {
        page_size: 200,
        ..Default::default()
    };
    loop {
        let page = desk.list_alerts(list.clone()).await.unwrap().into_inner();
        for alert in page.alerts {
            let alert_id = alert.alert_id.clone();
            let whole = desk.get_alert(pb::GetAlertRequest { alert_id }).await;
            let whole = format!("{:?}", whole.unwrap().into_inner());
            search.look(Place::Alert, &alert.alert_id, whole.as_bytes());
        }
        list.page_token = page.next_page_token;
        if list.page_token.is_empty() {
            break;
        }
    }
    let mut list = pb::ListNoticesRequest {
        page_size: 200,
        ..Default::default()
    };
    loop {
        let page = desk.list_notices(list.clone()).await.unwrap().into_inner();
        for notice in page.notices {
            let text = format!("{notice:?}");
            search.look(Place::Alert, &notice.notice_id, text.as_bytes());
        }
        list.page_token = page.next_page_token;
        if list.page_token.is_empty() {
            break;
        }
    }
}

/// Every row of every table of every service, as a dump writes it.
fn rows(search: &mut Search, folder: &Path) {
    let mut dump = postgres_command(folder, "pg_dump")
        .args(["--dbname", "huiyin"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(dump.stdout.take().unwrap());
    let mut table = String::new();
    for line in lines.split(b'\n') {
        let line = line.unwrap();
        if let Some(copied) = line.strip_prefix(b"COPY ") {
            table = String::from_utf8_lossy(copied).into_owned();
        }
        let place = match table.split([' ', '.']).take(2).collect::<Vec<_>>()[..] {
            ["stability_early_warning", "webhook_delivery"] => Place::WebhookBody,
            ["stability_early_warning", _] => Place::WarningRow,
            _ => Place::Row,
        };
        search.look(place, &table, &line);
    }
    assert!(dump.wait().unwrap().success());
}

/// A connection to the stream server.
pub async fn stream_server(folder: &Path) -> Connection {
    let settings = Settings::load(Some(&folder.join("settings.toml"))).unwrap();
    let server = settings.stream_server().unwrap().unwrap();
    until("the stream server", || async {
        server.connect(None).await.ok()
    })
    .await
}

/// Every entry of every stream.
async fn streams(search: &mut Search, folder: &Path) {
    let mut server = stream_server(folder).await;
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut server)
        .await
        .unwrap();
    for key in keys {
        let kind: String = redis::cmd("TYPE")
            .arg(&key)
            .query_async(&mut server)
            .await
            .unwrap();
        if kind != "stream" {
            continue;
        }
        let entries: Vec<(String, Vec<Vec<u8>>)> = redis::cmd("XRANGE")
            .arg(&key)
            .arg("-")
            .arg("+")
            .query_async(&mut server)
            .await
            .unwrap();
        for (_, words) in entries {
            search.look(Place::StreamEntry, &key, &words.concat());
        }
    }
}

fn log(search: &mut Search, folder: &Path, service: ServiceName) {
    let file = std::fs::File::open(folder.join(format!("{service}.log"))).unwrap();
    for line in BufReader::new(file).split(b'\n') {
        search.look(Place::LogLine, service.as_str(), &line.unwrap());
    }
}

/// Every series of a page of metrics.
pub fn series(search: &mut Search, service: ServiceName, page: &str) {
    for line in page.lines() {
        search.look(Place::Metric, service.as_str(), line.as_bytes());
    }
}
