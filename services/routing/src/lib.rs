//! Routing: organs, territories, competence, the forwarding chain and opinions. Who must answer, and
//! why?
//!
//! The organs are kept in memory (`rulebook`); a matter and its hops are one value (`chain`) whose
//! verbs decide, and the rpcs and the reaction to intake only carry.

mod chain;
mod onward;
mod places;
mod reactions;
mod rpc;
mod rulebook;
mod service;
mod store;
mod wire;

use futures::future::BoxFuture;
use huiyin_proto::routing::v1::routing_service_server::{RoutingServiceServer, SERVICE_NAME};
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::run::{Context, Desk, House, Lists, RunError, run};
use huiyin_service_kit::server;
use huiyin_service_kit::status::Problem;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::store::opinion::OPINIONS;

/// The service's own tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Runs the service until it is stopped.
pub fn serve(context: Context) -> BoxFuture<'static, Result<(), RunError>> {
    run(
        context,
        House {
            name: ServiceName::Routing,
            migrations: &MIGRATIONS,
            lists,
        },
    )
}

/// What the service answers, what it does about others' events, what it does when timers are due.
pub fn lists(desk: Desk) -> BoxFuture<'static, Result<Lists, Problem>> {
    Box::pin(async move {
        let service = service::Service::start(desk).await?;
        let works = vec![OPINIONS.work(&service.desk, service.opinions.clone())?];
        Ok(Lists {
            reactions: vec![
                reactions::to_intake(service.rulebook.clone()),
                Almanac::follow_supervision(),
            ],
            rpcs: Routes::new(
                RoutingServiceServer::new(service)
                    .max_decoding_message_size(server::MAX_DECODE)
                    .max_encoding_message_size(server::MAX_ENCODE),
            ),
            grpc_names: vec![SERVICE_NAME],
            works,
            sweeps: Vec::new(),
        })
    })
}
