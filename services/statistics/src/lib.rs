//! Statistics: facts, tables, indicators and published reports. How many, how well, compared with what?
//!
//! Everything told by the other four is kept as one row for each matter, clock, order and recipient
//! (`reactions`), and counted when somebody asks (`rpc`).

mod heard;
mod period;
mod reactions;
mod rpc;
mod service;
mod store;
mod words;

use futures::future::BoxFuture;
use huiyin_proto::statistics::v1::statistics_service_server::{
    SERVICE_NAME, StatisticsServiceServer,
};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::run::{Context, Desk, House, Lists, RunError, run};
use huiyin_service_kit::server;
use huiyin_service_kit::status::Problem;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

/// The service's own tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Runs the service until it is stopped.
pub fn serve(context: Context) -> BoxFuture<'static, Result<(), RunError>> {
    run(
        context,
        House {
            name: ServiceName::Statistics,
            migrations: &MIGRATIONS,
            lists,
        },
    )
}

/// What the service answers, what it does about others' events, what it does when timers are due.
pub fn lists(desk: Desk) -> BoxFuture<'static, Result<Lists, Problem>> {
    Box::pin(async move {
        Ok(Lists {
            rpcs: Routes::new(
                StatisticsServiceServer::new(service::Service { desk })
                    .max_decoding_message_size(server::MAX_DECODE)
                    .max_encoding_message_size(server::MAX_ENCODE),
            ),
            grpc_names: vec![SERVICE_NAME],
            works: Vec::new(),
            reactions: reactions::all(),
            sweeps: Vec::new(),
        })
    })
}
