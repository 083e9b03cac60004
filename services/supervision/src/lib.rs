//! Supervision: clocks, register lines and orders. Is it answered in time, and which organ failed what?
//!
//! What happened to a matter is kept as facts (`store::clock_fact`); its clocks and its register line
//! are functions of them, recomputed whenever a fact arrives (`follow`) and so the same in whatever
//! order the streams of others are read. A due day that passes becomes an order (`sweeps`).

mod deadline;
mod follow;
mod heard;
mod line;
mod order;
mod reactions;
mod rpc;
mod service;
mod store;
mod sweeps;
mod wire;

use futures::future::BoxFuture;
use huiyin_proto::supervision::v1::supervision_service_server::{
    SERVICE_NAME, SupervisionServiceServer,
};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::run::{Context, Desk, House, Lists, RunError, run};
use huiyin_service_kit::server;
use huiyin_service_kit::status::Problem;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

use crate::store::remedy::REMEDIES;

/// The service's own tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Runs the service until it is stopped.
pub fn serve(context: Context) -> BoxFuture<'static, Result<(), RunError>> {
    run(
        context,
        House {
            name: ServiceName::Supervision,
            migrations: &MIGRATIONS,
            lists,
        },
    )
}

/// What the service answers, what it does about others' events, what it does when timers are due.
pub fn lists(desk: Desk) -> BoxFuture<'static, Result<Lists, Problem>> {
    Box::pin(async move {
        let almanac = desk.almanac.clone();
        let service = service::Service::start(desk).await?;
        let works = vec![REMEDIES.work(&service.desk, service.remedies.clone())?];
        Ok(Lists {
            rpcs: Routes::new(
                SupervisionServiceServer::new(service)
                    .max_decoding_message_size(server::MAX_DECODE)
                    .max_encoding_message_size(server::MAX_ENCODE),
            ),
            grpc_names: vec![SERVICE_NAME],
            works,
            reactions: reactions::all(&almanac),
            sweeps: vec![
                sweeps::deadline(almanac.clone()),
                sweeps::reproject::reprojection(almanac),
            ],
        })
    })
}
