//! Takes in the spans of a constellation and searches each as it comes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use super::{Place, Search};

/// A collector that keeps nothing but what it finds.
#[derive(Clone)]
pub struct Collector(pub Arc<Mutex<Search>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut search = self.0.lock().unwrap();
        for resource in request.into_inner().resource_spans {
            let from = format!("{:?}", resource.resource);
            search.look(Place::DecodedSpan, "resource", from.as_bytes());
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                search.look(Place::Span, &span.name, &span.encode_to_vec());
                search.look(
                    Place::DecodedSpan,
                    &span.name,
                    format!("{span:?}").as_bytes(),
                );
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Listens on a free port.
    pub async fn listen() -> (Self, SocketAddr) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let collector = Self(Arc::new(Mutex::new(Search::new())));
        let service = TraceServiceServer::new(collector.clone());
        tokio::spawn(
            tonic::transport::Server::builder()
                .add_service(service.max_decoding_message_size(64 << 20))
                .serve_with_incoming(TcpListenerStream::new(listener)),
        );
        (collector, address)
    }
}
