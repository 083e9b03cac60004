//! One trace shows a matter from its registration to the desk of the nation: checked with a real OTLP
//! receiver.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use common::{Up, WITHIN, claim};
use huiyin_proto::intake::v1::RegisterMatterRequest;
use huiyin_proto::vocabulary::v1 as words;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio::sync::watch;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// What the test looks at in a span.
#[derive(Clone, Debug)]
struct Span {
    id: Vec<u8>,
    parent: Vec<u8>,
    process: String,
    road: String,
    stream: String,
}

#[derive(Clone)]
struct Receiver {
    trace: Vec<u8>,
    spans: Arc<Mutex<Vec<Span>>>,
    received: watch::Sender<usize>,
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|attribute| attribute.key == key);
    match value.and_then(|attribute| attribute.value.as_ref()?.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(_) | None => String::new(),
    }
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut spans = self.spans.lock().unwrap();
        for resource in request.into_inner().resource_spans {
            let process = text(
                &resource.resource.unwrap_or_default().attributes,
                "service.name",
            );
            for span in resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans)
            {
                if span.trace_id == self.trace {
                    let (road, stream) = (
                        text(&span.attributes, "messaging.system"),
                        text(&span.attributes, "stream"),
                    );
                    let process = process.clone();
                    spans.push(Span {
                        id: span.span_id,
                        parent: span.parent_span_id,
                        process,
                        road,
                        stream,
                    });
                }
            }
        }
        self.received.send_modify(|received| *received += 1);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Receiver {
    /// The spans of the trace once one of them is of the nation's desk.
    async fn until_the_nation(&self) -> Vec<Span> {
        let mut received = self.received.subscribe();
        tokio::time::timeout(WITHIN, async {
            loop {
                let spans = self.spans.lock().unwrap().clone();
                if is_whole(&spans) {
                    return spans;
                }
                received.changed().await.unwrap();
            }
        })
        .await
        .unwrap()
    }
}

/// Each process sends its spans when it has gathered some: the desk's may arrive before those of the others.
fn is_whole(spans: &[Span]) -> bool {
    let known = |span: &&Span| span.stream == "alerts:{nation:0}";
    let Some(mut at) = spans.iter().find(known) else {
        return false;
    };
    while let Some(parent) = spans.iter().find(|span| span.id == at.parent) {
        at = parent;
    }
    let processes: BTreeSet<&str> = spans.iter().map(|span| span.process.as_str()).collect();
    at.process == "huiyin-intake"
        && processes.len() >= 3
        && spans.iter().any(|span| span.road == "redis")
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test]
async fn one_trace_goes_from_the_registration_to_the_desk_of_the_nation() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let trace = (0..16)
        .map(|n| u8::from_str_radix(&TRACE[2 * n..2 * n + 2], 16).unwrap())
        .collect();
    let receiver = Receiver {
        trace,
        spans: Arc::default(),
        received: watch::Sender::new(0),
    };
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(receiver.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let up = Up::start_with(&[("HUIYIN__TELEMETRY__OTLP_ENDPOINT", endpoint)]).await;
    let mut request = Request::new(RegisterMatterRequest {
        channel: words::Channel::Visit.into(),
        persons: 80,
        ..claim("gathering")
    });
    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    request
        .metadata_mut()
        .insert("traceparent", parent.parse().unwrap());
    up.intake().await.register_matter(request).await.unwrap();

    let spans = receiver.until_the_nation().await;
    let processes: BTreeSet<&str> = spans.iter().map(|span| span.process.as_str()).collect();
    assert!(processes.len() >= 3, "{processes:?}");
    assert!(
        spans.iter().any(|span| span.road == "redis"),
        "the hop over the stream server is in the trace"
    );
    let by_id: BTreeMap<&[u8], &Span> = spans
        .iter()
        .map(|span| (span.id.as_slice(), span))
        .collect();
    let mut at = spans
        .iter()
        .find(|span| span.stream == "alerts:{nation:0}")
        .unwrap();
    let mut way = vec![at.process.as_str()];
    while let Some(parent) = by_id.get(at.parent.as_slice()) {
        at = parent;
        way.push(at.process.as_str());
    }
    assert_eq!(
        way.last(),
        Some(&"huiyin-intake"),
        "from the nation's desk back to the registration: {way:?}"
    );
    up.stop().await;
}
