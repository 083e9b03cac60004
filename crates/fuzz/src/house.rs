//! The five services in this process over real databases, everything permitted to everybody: what is left is what they read.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, Full};
use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::Event;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::run::{Desk, Lists};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::testing::TestDesk;
use sqlx::migrate::Migrator;
use tokio::runtime::Runtime;
use tonic::body::Body;
use tonic::codegen::{Bytes, http};
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use crate::contract::METHODS;

/// How long a call may take; a watch ends with it.
const WITHIN: Duration = Duration::from_millis(500);

/// The house.
pub(crate) static HOUSE: LazyLock<House> = LazyLock::new(House::new);

/// The five services.
pub(crate) struct House {
    runtime: Runtime,
    rooms: Vec<(ServiceName, Room)>,
}

struct Room {
    desk: TestDesk,
    rpcs: Routes,
    reactions: Vec<Reaction>,
}

type Opening = fn(Desk) -> BoxFuture<'static, Result<Lists, Problem>>;

impl House {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let rooms = runtime.block_on(async {
            let mut rooms = Vec::new();
            for service in ServiceName::ALL {
                rooms.push((service, Room::new(service).await));
            }
            rooms
        });
        Self { runtime, rooms }
    }

    fn room(&self, service: ServiceName) -> &Room {
        let found = self.rooms.iter().find(|(name, _)| *name == service);
        &found.unwrap().1
    }

    /// Calls a method: the first byte says which, the second whether the rest is a message or a whole body, and whether it says
    /// that it is compressed.
    pub(crate) fn call(&self, data: &[u8]) {
        let [method, kind, message @ ..] = data else {
            return;
        };
        let Some(method) = METHODS.get(usize::from(*method) % METHODS.len()) else {
            return;
        };
        let is_whole = kind & 1 == 1;
        let is_compressed = kind & 2 == 2;
        let mut body = Vec::new();
        if !is_whole {
            body.push(u8::from(is_compressed));
            body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        }
        body.extend(message);
        let rpcs = self.room(method.service).rpcs.clone();
        let status = self.runtime.block_on(answered(rpcs, &method.path, body));
        // who cannot be read hears so from the codec, in words without details; what is INTERNAL with details, we did not expect
        let is_ours = status.code() == Code::Internal && !status.details().is_empty();
        let is_known = !matches!(status.code(), Code::Unknown | Code::DataLoss);
        assert!(is_known && !is_ours, "{} answers {status:?}", method.path);
    }

    /// Every reaction hears an event. It may refuse it; it must not break.
    pub(crate) fn hear(&self, event: &Event) {
        for (service, room) in &self.rooms {
            for reaction in &room.reactions {
                let heard = self.runtime.block_on(room.hear(reaction, event));
                if let Err(problem) = heard {
                    let status = Status::from(problem);
                    let is_known = !matches!(status.code(), Code::Unknown | Code::DataLoss);
                    assert!(is_known, "{service} answers {status:?}");
                }
            }
        }
    }
}

impl Room {
    async fn new(service: ServiceName) -> Self {
        let (migrations, lists): (&Migrator, Opening) = match service {
            ServiceName::Intake => (&huiyin_intake::MIGRATIONS, huiyin_intake::lists),
            ServiceName::Routing => (&huiyin_routing::MIGRATIONS, huiyin_routing::lists),
            ServiceName::Supervision => {
                (&huiyin_supervision::MIGRATIONS, huiyin_supervision::lists)
            }
            ServiceName::StabilityEarlyWarning => (
                &huiyin_stability_early_warning::MIGRATIONS,
                huiyin_stability_early_warning::lists,
            ),
            ServiceName::Statistics => (&huiyin_statistics::MIGRATIONS, huiyin_statistics::lists),
        };
        let clock: Instant = "2026-01-05T02:00:00Z".parse().unwrap();
        let desk = TestDesk::new(service, migrations, clock).await.unwrap();
        let lists = lists(desk.desk.clone()).await.unwrap();
        Self {
            rpcs: desk.open_to_all(lists.rpcs),
            reactions: lists.reactions,
            desk,
        }
    }

    async fn hear(&self, reaction: &Reaction, event: &Event) -> Result<(), Problem> {
        let react = Arc::clone(&reaction.react);
        let events: Arc<[Event]> = Arc::from([event.clone()]);
        self.desk
            .database()
            .transaction("fuzz", move |tx| {
                let (react, events) = (Arc::clone(&react), Arc::clone(&events));
                Box::pin(async move { react(tx, &events).await })
            })
            .await
    }
}

/// What a call is answered.
async fn answered(rpcs: Routes, path: &str, body: Vec<u8>) -> Status {
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
    let request = http::Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-encoding", "gzip")
        .body(Body::new(body))
        .unwrap();
    let answered = async {
        let response = rpcs.oneshot(request).await.unwrap();
        if let Some(status) = Status::from_header_map(response.headers()) {
            return status;
        }
        let body = response.into_body().collect().await;
        let trailers = body.ok().and_then(|body| body.trailers().cloned());
        let status = trailers.and_then(|trailers| Status::from_header_map(&trailers));
        status.unwrap_or_else(|| Status::unknown("no status"))
    };
    let ended = tokio::time::timeout(WITHIN, answered).await;
    ended.unwrap_or_else(|_| Status::deadline_exceeded("it was left"))
}
