//! `huiyin audit`: looks at what the services left behind, again and again or once.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};
use huiyin_auditor::{Auditor, Reach, keep, table};
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::server::pages;
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::telemetry;

/// How long everything may take to end after SIGTERM.
const END_WITHIN: Duration = Duration::from_secs(9);

/// How it is looked.
#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    /// Look once and print what was found; fails when something is broken, silent or could not be looked at
    #[arg(long)]
    once: bool,
    /// Look back to the beginning, and not at the newest rows alone; takes minutes where there are millions
    #[arg(long, requires = "once")]
    everything: bool,
}

/// Looks until SIGTERM, or once.
///
/// # Errors
/// When the settings name nothing to look at; once also when something is broken.
pub async fn run(settings: Option<&Path>, args: AuditArgs) -> Result<()> {
    let settings = Settings::load(settings)?;
    let reach = if args.everything {
        Reach::Everything
    } else {
        Reach::Newest
    };
    let auditor = Auditor::open(&settings, reach)?;
    if args.once {
        once(auditor).await
    } else {
        again_and_again(auditor, settings).await
    }
}

async fn once(mut auditor: Auditor) -> Result<()> {
    let report = auditor.look().await;
    print!("{}", table(&report));
    let broken = report.findings.broken();
    let names: Vec<&str> = broken.iter().map(|invariant| invariant.name()).collect();
    ensure!(broken.is_empty(), "broken: {}", names.join(", "));
    ensure!(
        report.is_complete(),
        "not everything could be looked at, see above"
    );
    ensure!(
        report.is_well(),
        "a process says nothing more, or a service has none, see above"
    );
    Ok(())
}

async fn again_and_again(auditor: Auditor, settings: Settings) -> Result<()> {
    let telemetry = telemetry::start(&settings, "huiyin-audit")?;
    let stopper = Stopper::on_signals()?;
    if let Some(listen) = settings.telemetry.metrics_listen {
        let listener = pages::bind(listen).await?;
        stopper.spawn("pages", pages::serve(listener, stopper.clone()));
    }
    tracing::info!(
        services = settings.audit.databases.len(),
        every.seconds = settings.audit.every.as_secs(),
        "auditing"
    );
    stopper.spawn("audit", keep(auditor, settings.audit, stopper.clone()));
    let outcome = tokio::select! {
        () = stopper.stopping() => Ok(()),
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
