//! `huiyin serve` and `huiyin migrate`: any subset of the five services in one process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use huiyin_service_kit::database::Database;
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::run::{Context, RunError, migrate as migrate_tables};
use huiyin_service_kit::server::pages;
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::telemetry;
use sqlx::migrate::Migrator;

use crate::law;

/// How long everything may take to end after SIGTERM.
const END_WITHIN: Duration = Duration::from_secs(9);

/// The door of a service.
fn door(service: ServiceName, context: Context) -> BoxFuture<'static, Result<(), RunError>> {
    match service {
        ServiceName::Intake => huiyin_intake::serve(context),
        ServiceName::Routing => huiyin_routing::serve(context),
        ServiceName::Supervision => huiyin_supervision::serve(context),
        ServiceName::StabilityEarlyWarning => huiyin_stability_early_warning::serve(context),
        ServiceName::Statistics => huiyin_statistics::serve(context),
    }
}

/// The tables of a service.
fn tables(service: ServiceName) -> &'static Migrator {
    match service {
        ServiceName::Intake => &huiyin_intake::MIGRATIONS,
        ServiceName::Routing => &huiyin_routing::MIGRATIONS,
        ServiceName::Supervision => &huiyin_supervision::MIGRATIONS,
        ServiceName::StabilityEarlyWarning => &huiyin_stability_early_warning::MIGRATIONS,
        ServiceName::Statistics => &huiyin_statistics::MIGRATIONS,
    }
}

/// What is served, and until when.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Which services; several share this process
    #[arg(required = true, value_name = "SERVICE")]
    services: Vec<ServiceName>,
    /// End as by SIGTERM when the standard input ends: so nobody outlives whoever started it, however that ended
    #[arg(long, hide = true)]
    until_input_ends: bool,
}

/// Serves until SIGTERM; calls in flight finish, nothing is left untracked.
///
/// # Errors
/// When a service cannot start, or a worker of it ends unasked.
pub async fn serve(settings: Option<&Path>, args: &ServeArgs) -> Result<()> {
    let services = &args.services;
    let settings = Settings::load(settings)?;
    law::install(&settings)?;
    let process = match services.as_slice() {
        [one] => format!("huiyin-{one}"),
        _ => "huiyin".to_owned(),
    };
    let telemetry = telemetry::start(&settings, &process)?;
    let stopper = Stopper::on_signals()?;
    if args.until_input_ends {
        stop_when_input_ends(&stopper)?;
    }
    if let Some(listen) = settings.telemetry.metrics_listen {
        let listener = pages::bind(listen).await?;
        stopper.spawn("pages", pages::serve(listener, stopper.clone()));
    }
    let context = Context {
        settings: Arc::new(settings),
        stopper: stopper.clone(),
    };
    let mut running: FuturesUnordered<_> = services
        .iter()
        .map(|service| door(*service, context.clone()))
        .collect();
    let outcome = tokio::select! {
        outcome = until_all_end(&mut running, &stopper) => outcome,
        fatal = stopper.fatal() => Err(anyhow!("{} cannot go on: {}", fatal.name, fatal.reason)),
    };
    let drained = stopper.drain(END_WITHIN).await;
    telemetry.shutdown().await;
    outcome?;
    if let Err(undrained) = drained {
        bail!("{undrained}");
    }
    Ok(())
}

/// A thread of its own, which nobody waits for: a reading of the standard input cannot be taken back.
fn stop_when_input_ends(stopper: &Stopper) -> Result<()> {
    let stopper = stopper.clone();
    std::thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            // an error ends it like an end does
            let _ended = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            tracing::info!("draining; whoever started this process is gone");
            stopper.stop();
            std::thread::sleep(END_WITHIN);
            stopper.stop_hard();
        })
        .map(drop)
        .context("a thread cannot be started")
}

async fn until_all_end(
    running: &mut FuturesUnordered<BoxFuture<'static, Result<(), RunError>>>,
    stopper: &Stopper,
) -> Result<()> {
    while let Some(ended) = running.next().await {
        ended?;
        if !stopper.is_stopping() {
            bail!("a service ended unasked");
        }
    }
    Ok(())
}

/// Brings tables up to date and ends.
///
/// # Errors
/// Names the service whose tables could not be made.
pub async fn migrate(settings: Option<&Path>, services: Vec<ServiceName>) -> Result<()> {
    let settings = Settings::load(settings)?;
    let services = if services.is_empty() {
        settings.services().collect()
    } else {
        services
    };
    if services.is_empty() {
        bail!("the settings name no service: give a file with --settings");
    }
    for service in services {
        let database =
            Database::connect(service, settings.profile, settings.service(service)?).await?;
        migrate_tables(&database, tables(service)).await?;
        eprintln!("huiyin: the tables of {service} are up to date");
    }
    Ok(())
}
