use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use futures::StreamExt as _;
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use huiyin_proto::feed::v1::feed_service_client::FeedServiceClient;
use huiyin_proto::feed::v1::feed_service_server::{FeedService, FeedServiceServer};
use huiyin_proto::feed::v1::{
    ListStreamsRequest, ListStreamsResponse, ReadFeedRequest, ReadFeedResponse,
};
use prost::Message as _;
use tokio::sync::Notify;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::local::authority::{Authority, Validity};
use crate::settings::{Address, Quota};
use crate::tls::{Connector, Identity, KeyFiles, TrustDomain};
use crate::{client, metrics};

const NAME: &str = "huiyin.feed.v1.FeedService";

/// Answers by the name of the stream that is asked for.
#[derive(Clone, Default)]
struct Script {
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
    calls: Arc<AtomicUsize>,
}

#[tonic::async_trait]
impl FeedService for Script {
    async fn read_feed(
        &self,
        request: Request<ReadFeedRequest>,
    ) -> Result<Response<ReadFeedResponse>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match request.get_ref().stream.as_str() {
            "panic" => panic!("slipped"),
            "never" => std::future::pending().await,
            "wait" => {
                self.begun.notify_one();
                self.go_on.notified().await;
                Ok(Response::new(ReadFeedResponse {
                    head_seq: 7,
                    ..ReadFeedResponse::default()
                }))
            }
            "remaining" => {
                let left = call::remaining().map_or(0, |left| left.as_secs());
                Ok(Response::new(ReadFeedResponse {
                    head_seq: left,
                    ..ReadFeedResponse::default()
                }))
            }
            "caller" => {
                let caller = request.metadata().get(client::CALLER);
                let caller = caller.and_then(|caller| caller.to_str().ok());
                Err(Status::not_found(caller.unwrap_or("nobody")))
            }
            _ => Ok(Response::new(ReadFeedResponse::default())),
        }
    }

    async fn list_streams(
        &self,
        _: Request<ListStreamsRequest>,
    ) -> Result<Response<ListStreamsResponse>, Status> {
        Ok(Response::new(ListStreamsResponse::default()))
    }
}

struct Running {
    script: Script,
    address: SocketAddr,
    channel: Channel,
    stopper: Stopper,
    served: tokio::task::JoinHandle<Result<(), ServeError>>,
}

impl Running {
    fn client(&self) -> FeedServiceClient<Channel> {
        FeedServiceClient::new(self.channel.clone())
    }

    async fn read(&self, stream: &str) -> Result<Response<ReadFeedResponse>, Status> {
        self.client().read_feed(asking(stream)).await
    }
}

fn asking(stream: &str) -> ReadFeedRequest {
    ReadFeedRequest {
        stream: stream.to_owned(),
        ..ReadFeedRequest::default()
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn running() -> Running {
    running_within(LimitSettings::default())
}

fn running_within(limits: LimitSettings) -> Running {
    let (script, stopper) = (Script::default(), Stopper::new());
    let bound = bind(
        ServiceName::Intake,
        (loopback(), None),
        Door::unguarded(),
        limits,
    );
    let bound = bound.unwrap();
    let address = bound.address();
    let rpcs = Routes::new(
        FeedServiceServer::new(script.clone())
            .max_decoding_message_size(MAX_DECODE)
            .accept_compressed(CompressionEncoding::Gzip),
    );
    let served = tokio::spawn(serve_grpc(bound, rpcs, vec![NAME], stopper.clone()));
    let channel = client::channel(&Address::of_socket(address).unwrap(), None);
    Running {
        script,
        address,
        channel,
        stopper,
        served,
    }
}

fn reason(status: &Status) -> String {
    status
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

#[tokio::test]
async fn the_deadline_of_a_call_is_kept_and_known_to_its_handler() {
    let server = running();
    let mut late = Request::new(asking("never"));
    late.metadata_mut()
        .insert("grpc-timeout", "50m".parse().unwrap());
    let status = server.client().read_feed(late).await.unwrap_err();
    // the client gives up at the same instant; either side's word is right
    assert!(
        matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
        "{status:?}"
    );

    let mut asked = Request::new(asking("remaining"));
    asked.set_timeout(Duration::from_secs(3600));
    let left = server
        .client()
        .read_feed(asked)
        .await
        .unwrap()
        .get_ref()
        .head_seq;
    assert!((3590..3600).contains(&left), "{left}");
    let left = server.read("remaining").await.unwrap().get_ref().head_seq;
    assert!((5..ANSWER_WITHIN.as_secs()).contains(&left), "{left}");
}

#[tokio::test]
async fn the_request_id_is_returned_or_made() {
    let server = running();
    let mut given = Request::new(asking(""));
    given
        .metadata_mut()
        .insert("x-request-id", "r-1".parse().unwrap());
    let answer = server.client().read_feed(given).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "r-1");
    let answer = server.read("").await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap().len(), 32);
}

#[tokio::test]
async fn an_oversize_message_is_refused_in_words() {
    let server = running();
    let status = server.read(&"x".repeat(5 * 1024 * 1024)).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "INVALID_FIELDS")
    );
    assert_eq!(
        status.message(),
        "request is larger than the 4 MiB a message may have"
    );
    assert_eq!(server.script.calls.load(Ordering::SeqCst), 0);
    server.read("").await.unwrap();
}

#[tokio::test]
async fn a_panic_is_an_internal_error_of_one_call() {
    let server = running();
    let status = server.read("panic").await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Internal, "INTERNAL")
    );
    assert!(!status.message().contains("slipped"), "{status:?}");
    server.read("").await.unwrap();
}

/// A channel from another address of this machine, which is another caller where there is no TLS.
fn from(address: [u8; 4], server: &Running) -> Channel {
    let uri = format!("http://{}", server.address);
    Endpoint::from_shared(uri)
        .unwrap()
        .local_address(Some(address.into()))
        .connect_lazy()
}

fn calling_from(address: [u8; 4], server: &Running) -> FeedServiceClient<Channel> {
    FeedServiceClient::new(from(address, server))
}

#[tokio::test]
async fn a_full_server_lets_one_caller_wait_and_has_a_place_for_another() {
    let limits = LimitSettings {
        calls: 8,
        ..LimitSettings::default()
    };
    let server = running_within(limits);
    let mut waiting: Vec<_> = (0..6 + 64)
        .map(|_| {
            let mut client = server.client();
            tokio::spawn(async move { client.read_feed(asking("never")).await })
        })
        .collect();
    while server.script.calls.load(Ordering::SeqCst) < 6 {
        tokio::task::yield_now().await;
    }
    // one of its calls has waited for too long, or comes when its line is full
    let (refused, ..) = futures::future::select_all(&mut waiting).await;
    let status = refused.unwrap().unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "TOO_MANY_CALLS")
    );
    assert!(status.get_details_retry_info().is_some());
    assert_eq!(server.script.calls.load(Ordering::SeqCst), 6);
    calling_from([127, 0, 0, 2], &server)
        .read_feed(asking(""))
        .await
        .unwrap();
    HealthClient::new(server.channel.clone())
        .check(HealthCheckRequest {
            service: NAME.to_owned(),
        })
        .await
        .unwrap();
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_caller_beyond_its_quota_reads_when_to_call_again_and_another_is_answered() {
    let limits = LimitSettings {
        caller: Quota::of(1, 3),
        ..LimitSettings::default()
    };
    let server = running_within(limits);
    for _ in 0..3 {
        server.read("").await.unwrap();
    }
    let status = server.read("").await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "QUOTA_SPENT")
    );
    let retry = status.get_details_retry_info().unwrap().retry_delay;
    assert!(
        retry.is_some_and(|delay| delay > Duration::ZERO && delay <= Duration::from_secs(1)),
        "{retry:?}"
    );
    calling_from([127, 0, 0, 2], &server)
        .read_feed(asking(""))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_caller_has_so_many_connections_and_another_not_less_for_it() {
    let limits = LimitSettings {
        connections_of_one: 2,
        ..LimitSettings::default()
    };
    let server = running_within(limits);
    let mut kept = Vec::new();
    for taken in [true, true, false] {
        let mut client = calling_from([127, 0, 0, 3], &server);
        let answer = client.list_streams(ListStreamsRequest::default()).await;
        assert_eq!(answer.is_ok(), taken, "{answer:?}");
        kept.push(client);
    }
    server.read("").await.unwrap();
}

#[tokio::test]
async fn a_compressed_message_is_unpacked_to_its_limit_and_no_further() {
    let server = running();
    // 64 MiB of one letter are 64 KiB on the wire
    let bomb = asking(&"x".repeat(64 * 1024 * 1024));
    let status = server
        .client()
        .max_encoding_message_size(usize::MAX)
        .send_compressed(CompressionEncoding::Gzip)
        .read_feed(bomb)
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "INVALID_FIELDS")
    );
    assert_eq!(
        status.message(),
        "request is larger than the 4 MiB a message may have"
    );
    let fits = asking(&"x".repeat(3 * 1024 * 1024));
    server
        .client()
        .send_compressed(CompressionEncoding::Gzip)
        .read_feed(fits)
        .await
        .unwrap();
    assert_eq!(server.script.calls.load(Ordering::SeqCst), 1);
}

/// What a call with these bytes as its body, sent as they are, comes to.
async fn posted(
    server: &Running,
    body: impl http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
) -> Status {
    let request = http::Request::post(format!("/{NAME}/ReadFeed"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(body.map_err(|never| match never {})))
        .unwrap();
    let response = server.channel.clone().oneshot(request).await.unwrap();
    Status::from_header_map(response.headers()).unwrap_or_else(|| Status::ok(""))
}

fn message(body: &[u8]) -> Bytes {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0], length.as_slice(), body].concat().into()
}

#[tokio::test]
async fn what_is_no_message_is_refused_in_words_however_deep_it_is_nested() {
    let server = running();
    // groups of an unknown field within each other, as deep as they come
    let nested = [0x1B; 10_000];
    for body in [message(&nested), message(&[0xFF; 40])] {
        let status = posted(&server, Full::new(body)).await;
        assert_eq!(
            (status.code(), status.message()),
            (
                Code::InvalidArgument,
                "request cannot be read as the message of this method"
            )
        );
    }
    assert_eq!(server.script.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_length_of_a_gibibyte_is_refused_before_a_byte_of_it_came() {
    let server = running();
    let beginning = Bytes::from_static(&[0, 0x40, 0, 0, 0]);
    let never = futures::stream::iter([beginning]).chain(futures::stream::pending());
    let body = StreamBody::new(never.map(|bytes| Ok(Frame::data(bytes))));
    let status = posted(&server, body).await;
    assert_eq!(
        (status.code(), status.message()),
        (
            Code::InvalidArgument,
            "request is larger than the 4 MiB a message may have"
        )
    );
}

#[tokio::test]
async fn a_body_of_many_messages_is_as_large_as_one_and_no_larger() {
    let server = running();
    // each is small; together they never end
    let small = message(&asking(&"x".repeat(10_000)).encode_to_vec());
    let endless = futures::stream::repeat_with(move || Ok(Frame::data(small.clone())));
    let status = posted(&server, StreamBody::new(endless)).await;
    assert_eq!(
        (status.code(), status.message()),
        (
            Code::InvalidArgument,
            "request is larger than the 4 MiB a message may have"
        )
    );
}

#[tokio::test]
async fn a_connection_without_calls_is_closed_politely() {
    let limits = LimitSettings {
        idle: Duration::from_millis(300),
        ..LimitSettings::default()
    };
    let server = running_within(limits);
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let executor = hyper_util::rt::TokioExecutor::new();
    let stream = hyper_util::rt::TokioIo::new(stream);
    let (_sender, connection) =
        hyper::client::conn::http2::handshake::<_, _, tonic::body::Body>(executor, stream)
            .await
            .unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), connection).await;
    ended.unwrap().unwrap();
    let closed = "huiyin_connections_closed_total{reason=\"idle\",service=\"intake\"}";
    let text = metrics::render();
    assert!(text.contains(closed), "{closed} is not in\n{text}");
}

#[tokio::test]
async fn draining_lets_a_call_in_flight_finish() {
    let server = running();
    let mut client = server.client();
    let call = tokio::spawn(async move { client.read_feed(asking("wait")).await });
    server.script.begun.notified().await;
    assert!(server.stopper.readiness().is_ready());
    server.stopper.stop();
    while server.stopper.readiness().is_ready() {
        tokio::task::yield_now().await;
    }
    server.script.go_on.notify_one();
    assert_eq!(call.await.unwrap().unwrap().get_ref().head_seq, 7);
    server.served.await.unwrap().unwrap();
    server.stopper.drained().await;
}

#[tokio::test]
async fn draining_ends_streams_that_would_never_end() {
    let server = running();
    let asked = HealthCheckRequest {
        service: NAME.to_owned(),
    };
    let mut watch = HealthClient::new(server.channel.clone())
        .watch(asked)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status, 1);
    server.stopper.stop();
    assert_eq!(watch.message().await.unwrap().unwrap().status, 2);
    assert_eq!(watch.message().await.unwrap_err().code(), Code::Unavailable);
    server.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_hard_stop_drops_calls_in_flight() {
    let server = running();
    let mut client = server.client();
    let call = tokio::spawn(async move { client.read_feed(asking("wait")).await });
    server.script.begun.notified().await;
    server.stopper.stop_hard();
    server.served.await.unwrap().unwrap();
    call.abort();
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_key() {
    let server = running();
    let error = bind(
        ServiceName::Intake,
        (server.address, None),
        Door::unguarded(),
        LimitSettings::default(),
    )
    .unwrap_err()
    .to_string();
    assert_eq!(
        error,
        format!("address {} of [intake] listen is taken", server.address)
    );
    let error = pages::bind(server.address).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "address {} of [telemetry] metrics_listen is taken",
            server.address
        )
    );
}

#[tokio::test]
async fn reflection_lists_what_is_served() {
    let server = running();
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(server.channel.clone());
    let mut answers = client
        .server_reflection_info(tokio_stream::iter([ask]))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else {
        panic!("{answer:?}")
    };
    let names: Vec<_> = list
        .service
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            NAME,
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection"
        ]
    );
}

#[tokio::test]
async fn every_call_is_counted_by_its_code() {
    let server = running();
    server
        .client()
        .list_streams(ListStreamsRequest::default())
        .await
        .unwrap();
    let wanted = "code=\"OK\",method=\"ListStreams\",service=\"intake\"";
    let text = metrics::render();
    for name in [
        "huiyin_rpc_requests_total",
        "huiyin_rpc_duration_seconds_count",
    ] {
        let line = format!("{name}{{{wanted}}} 1");
        assert!(
            text.lines().any(|written| written == line),
            "{line} is not in\n{text}"
        );
    }
}

#[tokio::test]
async fn who_calls_is_what_the_certificate_says_whatever_the_caller_says() {
    let folder = tempfile::tempdir().unwrap();
    let domain: TrustDomain = "huaihua.example".parse().unwrap();
    let validity = Validity::from_today(1);
    let authority = Authority::new(domain.clone(), validity).unwrap();
    let keys = |who: &str, identity: &Identity| {
        let issued = authority.issue(identity, validity).unwrap();
        let write = |kind: &str, text: &str| {
            let path = folder.path().join(format!("{who}.{kind}"));
            std::fs::write(&path, text).unwrap();
            path
        };
        let files = KeyFiles {
            trust_domain: domain.clone(),
            certificate: write("pem", &issued.certificate),
            key: write("key", &issued.key),
            authorities: write("authorities", authority.certificate()),
            revoked: None,
        };
        Keys::load(files).unwrap()
    };
    let intake = Identity::Service(ServiceName::Intake);
    let platform = keys(
        "platform",
        &Identity::Caller("national-platform".to_owned()),
    );
    let door = keys("intake", &intake);
    let bound = bind(
        ServiceName::Intake,
        (loopback(), Some(door)),
        Door::unguarded(),
        LimitSettings::default(),
    )
    .unwrap();
    let address = Address::of_socket(bound.address()).unwrap();
    let stopper = Stopper::new();
    let rpcs = Routes::new(FeedServiceServer::new(Script::default()));
    let served = tokio::spawn(serve_grpc(bound, rpcs, vec![NAME], stopper.clone()));
    let channel = client::channel(&address, Some(Connector::new(platform, intake)));
    let mut claims_to_be = Request::new(asking("caller"));
    claims_to_be
        .metadata_mut()
        .insert(client::CALLER, "supervision".parse().unwrap());
    let answer = FeedServiceClient::new(channel)
        .read_feed(claims_to_be)
        .await;
    assert_eq!(answer.unwrap_err().message(), "caller/national-platform");
    // by no TLS at all
    let open = client::channel(&address, None);
    let refused = FeedServiceClient::new(open)
        .read_feed(asking("caller"))
        .await;
    let refused = refused.unwrap_err();
    assert!(
        refused.get_details_error_info().is_none(),
        "nobody answered"
    );
    stopper.stop();
    served.await.unwrap().unwrap();
}
