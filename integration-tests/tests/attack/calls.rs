//! Calls that say too much: lengths, depths, compression, and far too many of them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use http_body_util::{BodyExt as _, Full, StreamBody};
use huiyin_proto::intake::v1::GetMatterRequest;
use huiyin_proto::intake::v1::intake_service_client::IntakeServiceClient;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::MissedTickBehavior;
use tonic::codegen::Bytes;
use tonic::codegen::http;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use super::Target;
use super::flood::while_it_lasts;

const PATH: &str = "/huiyin.intake.v1.IntakeService/GetMatter";

/// Calls with such a body, one after the other, which all must be refused with this code.
async fn again(
    target: &Target,
    (encoding, code): (&str, Code),
    body: impl Fn() -> tonic::body::Body,
) {
    let channel = target.channel();
    let calling = async {
        loop {
            let status = posted(channel.clone(), encoding, body()).await;
            let may_be = [code, Code::ResourceExhausted, Code::Unavailable];
            assert!(may_be.contains(&status.code()), "{status:?}");
            target.does();
            target.is_refused();
            tokio::task::yield_now().await;
        }
    };
    while_it_lasts(target, calling).await;
}

/// What a call with this body comes to; unavailable when the connection is closed instead, for having been reset too often.
async fn posted(channel: Channel, encoding: &str, body: tonic::body::Body) -> Status {
    let mut request = http::Request::post(PATH)
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if !encoding.is_empty() {
        request = request.header("grpc-encoding", encoding);
    }
    let Ok(response) = channel.oneshot(request.body(body).unwrap()).await else {
        return Status::unavailable("the connection was closed");
    };
    Status::from_header_map(response.headers()).unwrap_or_else(|| Status::ok("it was answered"))
}

fn never<B>(body: B) -> tonic::body::Body
where
    B: http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    tonic::body::Body::new(body.map_err(|never| match never {}))
}

/// A message that announces a gibibyte, and the beginning of it.
pub async fn a_gibibyte(target: Target) {
    again(&target, ("", Code::InvalidArgument), || {
        let begin = Bytes::from_static(&[0, 0x40, 0, 0, 0, 1, 2, 3]);
        let more = futures::stream::iter([begin]).chain(futures::stream::pending());
        never(StreamBody::new(
            more.map(|bytes| Ok(http_body::Frame::data(bytes))),
        ))
    })
    .await;
}

/// Groups within groups of a field that nobody knows, ten thousand deep.
pub async fn nesting(target: Target) {
    again(&target, ("", Code::InvalidArgument), || {
        let mut message = vec![0, 0, 0, 0x27, 0x10];
        message.extend([0x1B; 10_000]);
        never(Full::new(Bytes::from(message)))
    })
    .await;
}

/// Half a gibibyte in three and a half megabytes, packed.
pub async fn a_bomb(target: Target) {
    let bomb = bomb(2_000_000);
    again(&target, ("gzip", Code::Unimplemented), || {
        never(Full::new(bomb.clone()))
    })
    .await;
}

/// A packed message that says one letter, and so many times "the last 258 letters again".
fn bomb(times: usize) -> Bytes {
    let mut packed = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    let (mut word, mut bits) = (0_u64, 0_u32);
    let mut push = |value: u64, length: u32| {
        word |= value << bits;
        bits += length;
        while bits >= 8 {
            packed.push(u8::try_from(word & 0xFF).unwrap());
            word >>= 8;
            bits -= 8;
        }
    };
    push(0b011, 3); // the last block, by the fixed codes
    push(u64::from(0x91_u8.reverse_bits()), 8); // the letter 'a'
    for _ in 0..times {
        push(u64::from(0b1100_0101_u8.reverse_bits()), 8); // a length of 258
        push(0, 5); // from one letter before
    }
    push(0, 7 + 7);
    let length = u32::try_from(packed.len()).unwrap().to_be_bytes();
    let message = [&[1], length.as_slice(), &packed].concat();
    message.into()
}

/// Connections of the caller that calls too often.
const CONNECTIONS: usize = 4;
/// Calls it has under way on each.
const UNDER_WAY: usize = 64;

/// A caller that calls so often a second, on several connections, and reads every answer. What it cannot even send, because its
/// connections are not read, is refused too.
pub async fn too_many(target: Target, a_second: u32) {
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| IntakeServiceClient::new(target.channel()))
        .collect();
    let room = Arc::new(Semaphore::new(CONNECTIONS * UNDER_WAY));
    let calling = async {
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / a_second);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for client in clients.iter().cycle() {
            ticks.tick().await;
            target.does();
            match Arc::clone(&room).try_acquire_owned() {
                Ok(room) => {
                    tokio::spawn(one_of_many(client.clone(), target.clone(), room));
                }
                Err(_) => target.is_refused(),
            }
        }
    };
    while_it_lasts(&target, calling).await;
}

async fn one_of_many(
    mut client: IntakeServiceClient<Channel>,
    target: Target,
    _room: OwnedSemaphorePermit,
) {
    let looks_at = GetMatterRequest {
        matter_id: "matter_0123456789abcdef0123456789abcdef".to_owned(),
        ..GetMatterRequest::default()
    };
    let answer = client.get_matter(looks_at).await;
    match answer.map_err(|status| status.code()) {
        Ok(_) | Err(Code::NotFound | Code::Cancelled) => {}
        // with words, or with its connection
        Err(_) => target.is_refused(),
    }
}
