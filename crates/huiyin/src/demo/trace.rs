//! Receives OTLP traces and prints one as a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span as OtlpSpan;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use super::act::lock;

/// A span as received.
#[derive(Clone, Debug)]
pub struct Span {
    /// Hex id of the trace.
    pub trace: String,
    /// Hex id of the span.
    pub id: String,
    /// Hex id of the parent; empty at the root.
    pub parent: String,
    /// Name.
    pub name: String,
    /// Process that made it.
    pub process: String,
    /// Road an event came by: "redis" or "feed"; empty for other spans.
    pub road: String,
    /// Start, nanoseconds since 1970.
    pub start: u64,
    /// End, nanoseconds since 1970.
    pub end: u64,
}

/// Spans received so far. A real OTLP receiver over gRPC.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    spans: Arc<Mutex<Vec<Span>>>,
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut spans = lock(&self.spans);
        for resource in request.into_inner().resource_spans {
            let attributes = resource
                .resource
                .map(|resource| resource.attributes)
                .unwrap_or_default();
            let process = text(&attributes, "service.name");
            for span in resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans)
            {
                spans.push(received(&process, span));
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn received(process: &str, span: OtlpSpan) -> Span {
    Span {
        trace: hex::encode(&span.trace_id),
        id: hex::encode(&span.span_id),
        parent: hex::encode(&span.parent_span_id),
        road: text(&span.attributes, "messaging.system"),
        name: span.name,
        process: process.to_owned(),
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
    }
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|attribute| attribute.key == key);
    match value.and_then(|attribute| attribute.value.as_ref()?.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(_) | None => String::new(),
    }
}

impl Receiver {
    /// Listens on a free loopback port until the program ends.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn listen() -> Result<(Self, SocketAddr)> {
        let receiver = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .context("no port for traces")?;
        let address = listener.local_addr().context("no port for traces")?;
        let service = TraceServiceServer::new(receiver.clone());
        tokio::spawn(async move {
            let served = tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await;
            if let Err(error) = served {
                tracing::warn!(%error, "traces are no longer received");
            }
        });
        Ok((receiver, address))
    }

    /// The spans of the trace that went through most processes.
    #[must_use]
    pub fn widest(&self) -> Vec<Span> {
        let mut traces: BTreeMap<String, Vec<Span>> = BTreeMap::new();
        for span in lock(&self.spans).iter() {
            traces
                .entry(span.trace.clone())
                .or_default()
                .push(span.clone());
        }
        let width = |spans: &Vec<Span>| {
            let processes: BTreeSet<&str> =
                spans.iter().map(|span| span.process.as_str()).collect();
            (processes.len(), spans.len())
        };
        traces.into_values().max_by_key(width).unwrap_or_default()
    }
}

/// A new sampled W3C traceparent.
#[must_use]
pub fn new_parent() -> String {
    let trace = huiyin_service_kit::chance::new_uuid().simple().to_string();
    let span: String = huiyin_service_kit::chance::new_uuid()
        .simple()
        .to_string()
        .chars()
        .skip(16)
        .collect();
    format!("00-{trace}-{span}-01")
}

/// The spans as a tree, in milliseconds from the first.
#[must_use]
pub fn tree(spans: &[Span]) -> Vec<String> {
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let begin = spans.iter().map(|span| span.start).min().unwrap_or(0);
    let mut lines = Vec::new();
    let mut roots: Vec<&Span> = spans
        .iter()
        .filter(|span| !ids.contains(span.parent.as_str()))
        .collect();
    roots.sort_by_key(|span| span.start);
    for root in roots {
        branch(spans, root, begin, String::new(), &mut lines);
    }
    lines
}

fn branch(spans: &[Span], span: &Span, begin: u64, indent: String, lines: &mut Vec<String>) {
    let at = span.start.saturating_sub(begin) as f64 / 1e6;
    let lasted = span.end.saturating_sub(span.start) as f64 / 1e6;
    let road = match span.road.as_str() {
        "redis" => "  (by the stream)",
        "feed" => "  (by the feed)",
        _ => "",
    };
    let process = span.process.trim_start_matches("huiyin-");
    lines.push(format!(
        "{indent}{process}: {}  at {at:.1} ms, {lasted:.1} ms{road}",
        span.name
    ));
    let mut children: Vec<&Span> = spans
        .iter()
        .filter(|child| child.parent == span.id)
        .collect();
    children.sort_by_key(|child| child.start);
    for child in children {
        branch(spans, child, begin, format!("{indent}   "), lines);
    }
}
