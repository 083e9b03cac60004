//! Intake: the matter register, the vault of petitioners, evaluations. What was raised, by what
//! channel, and where does it stand?
//!
//! Registrations are one statement ([`REGISTER_STATEMENT`]); every other change of a matter loads it locked,
//! asks the domain's stage machine, and writes it guarded by its step. No personal field leaves here.

mod keys;
mod known;
mod matter;
mod numbers;
mod petition;
mod raised;
mod reactions;
mod receipt;
mod registrar;
mod rpc;
mod screening;
mod service;
mod store;
mod vault;
mod wire;

use futures::future::BoxFuture;
use huiyin_proto::intake::v1::intake_service_server::{IntakeServiceServer, SERVICE_NAME};
use huiyin_proto::intake::v1::vault_service_server::{self, VaultServiceServer};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::run::{Context, Desk, House, Lists, RunError, run};
use huiyin_service_kit::server;
use huiyin_service_kit::status::Problem;
use sqlx::migrate::Migrator;
use tonic::service::Routes;

/// The service's own tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The statement of registrations, so that a bench can run the very same one.
pub const REGISTER_STATEMENT: &str = include_str!("store/register.sql");

/// Runs the service until it is stopped.
pub fn serve(context: Context) -> BoxFuture<'static, Result<(), RunError>> {
    run(
        context,
        House {
            name: ServiceName::Intake,
            migrations: &MIGRATIONS,
            lists,
        },
    )
}

/// What the service answers, what it does about others' events, what it does when timers are due.
pub fn lists(desk: Desk) -> BoxFuture<'static, Result<Lists, Problem>> {
    Box::pin(async move {
        let service = service::Service::start(desk).await?;
        Ok(Lists {
            rpcs: Routes::new(
                IntakeServiceServer::new(service.clone())
                    .max_decoding_message_size(server::MAX_DECODE)
                    .max_encoding_message_size(server::MAX_ENCODE),
            )
            .add_service(
                VaultServiceServer::new(service)
                    .max_decoding_message_size(server::MAX_DECODE)
                    .max_encoding_message_size(server::MAX_ENCODE),
            ),
            grpc_names: vec![SERVICE_NAME, vault_service_server::SERVICE_NAME],
            works: Vec::new(),
            reactions: vec![reactions::to_routing(), reactions::to_supervision()],
            sweeps: Vec::new(),
        })
    })
}
