//! Puts every canary into one of each kind of place, so that a search which looks there finds it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use huiyin_proto::events::v1::Event;
use huiyin_service_kit::names::ServiceName;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::places::{database, stream_server};

/// Plants a canary in all of them but the metrics, which no service lets anybody write. Blanks set it apart from what is there.
pub async fn everywhere(canary: &str, folder: &Path, collector: SocketAddr) {
    let canary = &format!(" {canary} ");
    rows(canary, folder).await;
    redis::cmd("XADD")
        .arg("planted")
        .arg("*")
        .arg("event")
        .arg(canary)
        .query_async::<String>(&mut stream_server(folder).await)
        .await
        .unwrap();
    let mut log = std::fs::OpenOptions::new();
    let path = folder.join(format!("{}.log", ServiceName::Routing));
    let mut log = log.append(true).open(path).unwrap();
    writeln!(log, "{{\"message\":\"{canary}\"}}").unwrap();
    let span = Span {
        name: format!("told {canary}"),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    let mut client = TraceServiceClient::connect(format!("http://{collector}"))
        .await
        .unwrap();
    let request = ExportTraceServiceRequest { resource_spans };
    client.export(request).await.unwrap();
}

async fn rows(canary: &str, folder: &Path) {
    let mut database = database(folder).await;
    let (id, payload): (String, Vec<u8>) =
        sqlx::query_as("SELECT event_id::text, payload FROM intake.feed LIMIT 1")
            .fetch_one(&mut database)
            .await
            .unwrap();
    let mut event = Event::decode(&payload[..]).unwrap();
    event.trace_parent.push_str(canary);
    sqlx::query("UPDATE intake.feed SET payload = $2 WHERE event_id::text = $1")
        .bind(id)
        .bind(event.encode_to_vec())
        .execute(&mut database)
        .await
        .unwrap();
    for text in [
        "UPDATE stability_early_warning.alert SET facts = facts || $1",
        "UPDATE stability_early_warning.webhook_delivery SET body = body || $1",
        "INSERT INTO routing.stream_head (stream) VALUES ($1)",
    ] {
        let planted = sqlx::query(text)
            .bind(canary)
            .execute(&mut database)
            .await
            .unwrap();
        assert!(planted.rows_affected() > 0, "there is nothing to: {text}");
    }
}
