//! Deliveries are kept for so many days after they were taken in or given up, then removed with their attempts: once a day, so many at
//! a time.

use huiyin_domain::time::{Duration, Instant};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::metrics;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer::{self, Due, Sweep};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::service::Service;
use crate::store::webhook_delivery;
use crate::wire::kept;

/// The one timer: for the next removal.
const WEBHOOK_KEPT: &str = "webhook_kept";
/// Deliveries that are removed in one transaction at most; the rest follows at once.
const AT_A_TIME: i64 = 1000;
/// Between two removals.
const PAUSE: Duration = Duration::days(1);

/// Removes what was settled long enough ago.
pub(crate) fn sweep(service: &Service) -> Sweep {
    let keep = service.deliveries_kept;
    Sweep::of(WEBHOOK_KEPT, move |tx, due| {
        Box::pin(async move { remove(tx, due, keep).await })
    })
}

/// Begins to remove, from the first webhook on.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn begin(connection: &mut PgConnection, now: Instant) -> Result<(), sqlx::Error> {
    timer::arm_first(connection, WEBHOOK_KEPT, Uuid::nil(), now + PAUSE).await
}

async fn remove(tx: &mut Tx, due: &[Due], keep: Duration) -> Result<(), Problem> {
    if due.is_empty() {
        return Ok(());
    }
    let now = kept(tx.now());
    let removed = webhook_delivery::remove(tx.connection(), now - keep, AT_A_TIME).await?;
    metrics::count("huiyin_webhook_deliveries_removed", removed, &[]);
    let all = removed < AT_A_TIME.unsigned_abs();
    let next = if all { now + PAUSE } else { now };
    timer::arm(tx.connection(), WEBHOOK_KEPT, Uuid::nil(), next).await?;
    Ok(())
}
