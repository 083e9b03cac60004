//! Stability early warning: what must the levels above know now?
//!
//! An urgent report is addressed to every level above in the transaction that commits it (`fan_out`),
//! travels on the urgent stream of each recipient's level, and escalates until somebody acknowledges
//! (`sweeps`). What organs owe those above them periodically is in `reporting`,
//! what each day's counts show in `hot_spots`, who is on duty in `duty`, how organs' own systems are told in `webhooks`. It
//! warns of matters, places and
//! organs' silence; it knows no persons.

mod alert;
mod bells;
mod duty;
mod excluded;
mod fan_out;
mod hot_spots;
mod limits;
mod nameless;
mod offices;
mod reactions;
mod reporting;
mod rpc;
mod service;
mod store;
mod storm;
mod sweeps;
mod thread;
mod told;
mod webhooks;
mod wire;

use futures::future::BoxFuture;
use huiyin_proto::stability_early_warning::v1::duty_service_server::{
    self as duty_server, DutyServiceServer,
};
use huiyin_proto::stability_early_warning::v1::hot_spot_service_server::{
    self as hot_spot_server, HotSpotServiceServer,
};
use huiyin_proto::stability_early_warning::v1::reporting_service_server::{
    self as reporting_server, ReportingServiceServer,
};
use huiyin_proto::stability_early_warning::v1::stability_early_warning_service_server::{
    SERVICE_NAME, StabilityEarlyWarningServiceServer,
};
use huiyin_proto::stability_early_warning::v1::webhook_service_server::{
    self as webhook_server, WebhookServiceServer,
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
            name: ServiceName::StabilityEarlyWarning,
            migrations: &MIGRATIONS,
            lists,
        },
    )
}

/// What the service answers, what it does about others' events, what it does when timers are due.
pub fn lists(desk: Desk) -> BoxFuture<'static, Result<Lists, Problem>> {
    Box::pin(async move {
        let service = service::Service::new(desk)?;
        Ok(Lists {
            works: webhooks::sending::work(&service).into_iter().collect(),
            reactions: reactions::all(&service),
            sweeps: vec![
                sweeps::acknowledgement(service.clone()),
                sweeps::report(service.clone()),
                reporting::missing::report_due(),
                hot_spots::looking::day_ended(service.clone()),
                duty::looking::duty_look(service.clone()),
                duty::looking::special_period(service.clone()),
                storm::ring(service.clone()),
                webhooks::keeping::sweep(&service),
            ],
            rpcs: Routes::new(
                StabilityEarlyWarningServiceServer::new(service.clone())
                    .max_decoding_message_size(server::MAX_DECODE)
                    .max_encoding_message_size(server::MAX_ENCODE),
            )
            .add_service(
                ReportingServiceServer::new(service.clone())
                    .max_decoding_message_size(server::MAX_DECODE)
                    .max_encoding_message_size(server::MAX_ENCODE),
            )
            .add_service(
                HotSpotServiceServer::new(service.clone())
                    .max_decoding_message_size(server::MAX_DECODE)
                    .max_encoding_message_size(server::MAX_ENCODE),
            )
            .add_service(
                DutyServiceServer::new(service.clone())
                    .max_decoding_message_size(server::MAX_DECODE)
                    .max_encoding_message_size(server::MAX_ENCODE),
            )
            .add_service(
                WebhookServiceServer::new(service)
                    .max_decoding_message_size(server::MAX_DECODE)
                    .max_encoding_message_size(server::MAX_ENCODE),
            ),
            grpc_names: vec![
                SERVICE_NAME,
                reporting_server::SERVICE_NAME,
                hot_spot_server::SERVICE_NAME,
                duty_server::SERVICE_NAME,
                webhook_server::SERVICE_NAME,
            ],
        })
    })
}
