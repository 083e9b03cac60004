//! Looks again and again until the process is stopped.

use std::time::Instant;

use huiyin_service_kit::clock::of_the_machine;
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::metrics;
use huiyin_service_kit::ping::ping;
use huiyin_service_kit::settings::{AuditSettings, OutsideWatch};

use crate::auditor::Auditor;

/// The name by which the auditor says that it is ready.
const READY: &str = "huiyin.audit";

/// Looks every `settings.every` until the process is stopped; after each look that missed nothing it gives the sign of life to
/// whoever watches from outside. Whether that arrives changes nothing here.
pub async fn keep(mut auditor: Auditor, settings: AuditSettings, stopper: Stopper) {
    stopper.readiness().set(READY, false);
    let mut turn = tokio::time::interval(settings.every);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turn.tick() => {}
            () = stopper.stopping() => break,
        }
        let began = Instant::now();
        let report = tokio::select! {
            report = auditor.look() => report,
            () = stopper.stopping() => break,
        };
        let took = began.elapsed().as_secs_f64();
        report.measure();
        metrics::observe("huiyin_audit_duration_seconds", took, &[]);
        report.log();
        stopper.readiness().set(READY, report.is_complete());
        if !report.is_complete() {
            continue;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds since 1970 are far below 2^52"
        )]
        let now = of_the_machine().timestamp_millis() as f64 / 1e3;
        metrics::gauge("huiyin_audit_last_success_timestamp_seconds", now, &[]);
        if let Some(outside) = &settings.outside {
            tokio::select! {
                () = give_sign(outside) => {}
                () = stopper.stopping() => break,
            }
        }
    }
    stopper.readiness().set(READY, false);
}

async fn give_sign(outside: &OutsideWatch) {
    let outcome = match ping(&outside.address, outside.authorities.clone()).await {
        Ok(()) => "arrived",
        Err(error) => {
            tracing::warn!(%error, "the sign of life did not arrive");
            "lost"
        }
    };
    metrics::count("huiyin_audit_signs", 1, &[("outcome", outcome)]);
}
