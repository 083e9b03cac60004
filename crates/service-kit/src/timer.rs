//! Timers, not scans: one narrow row for each thing that waits for an instant. A sweep takes what is
//! due, in the transaction of its effect.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use huiyin_domain::time::Instant;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::database::{Database, Tx};
use crate::lifecycle::Stopper;
use crate::metrics;
use crate::status::Problem;

/// Timers fired in one transaction at most.
const BATCH: i64 = 200;
/// The shortest and the longest pause between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// A timer that is due; it is taken off in the transaction that fires it.
#[derive(Clone, Debug)]
pub struct Due {
    /// What it belongs to.
    pub reference: Uuid,
    /// When it was due.
    pub fire_at: Instant,
}

/// The effect of due timers.
pub type Fire =
    Arc<dyn for<'a> Fn(&'a mut Tx, &'a [Due]) -> BoxFuture<'a, Result<(), Problem>> + Send + Sync>;

/// What a service does when timers of a kind are due.
#[derive(Clone)]
pub struct Sweep {
    /// Kind of the timers.
    pub kind: &'static str,
    /// The effect.
    pub fire: Fire,
}

impl Sweep {
    /// A sweep over one kind of timers.
    pub fn of<F>(kind: &'static str, fire: F) -> Self
    where
        F: for<'a> Fn(&'a mut Tx, &'a [Due]) -> BoxFuture<'a, Result<(), Problem>>
            + Send
            + Sync
            + 'static,
    {
        Self {
            kind,
            fire: Arc::new(fire),
        }
    }
}

/// Arms a timer, or moves one that is armed.
///
/// # Errors
/// When the database refuses.
pub async fn arm(
    connection: &mut PgConnection,
    kind: &str,
    reference: Uuid,
    at: Instant,
) -> Result<(), sqlx::Error> {
    arm_all(connection, kind, &[(reference, at)]).await
}

/// Arms or moves several timers of one kind; each reference at most once.
///
/// # Errors
/// When the database refuses.
pub async fn arm_all(
    connection: &mut PgConnection,
    kind: &str,
    timers: &[(Uuid, Instant)],
) -> Result<(), sqlx::Error> {
    if timers.is_empty() {
        return Ok(());
    }
    let (references, instants): (Vec<Uuid>, Vec<Instant>) = timers.iter().copied().unzip();
    sqlx::query!(
        "INSERT INTO timer (kind, ref, fire_at) SELECT $1, * FROM unnest($2::uuid[], $3::timestamptz[])
         ON CONFLICT (kind, ref) DO UPDATE SET fire_at = excluded.fire_at, version = timer.version + 1",
        kind,
        &references,
        &instants,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Arms a timer unless it is armed.
///
/// # Errors
/// When the database refuses.
pub async fn arm_first(
    connection: &mut PgConnection,
    kind: &str,
    reference: Uuid,
    at: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO timer (kind, ref, fire_at) VALUES ($1, $2, $3) ON CONFLICT (kind, ref) DO NOTHING",
        kind,
        reference,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Disarms timers; one that is not armed stays so.
///
/// # Errors
/// When the database refuses.
pub async fn disarm(
    connection: &mut PgConnection,
    kind: &str,
    references: &[Uuid],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM timer WHERE kind = $1 AND ref = ANY($2)",
        kind,
        references
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Disarms one timer; gives when it would have fired.
///
/// # Errors
/// When the database refuses.
pub async fn take(
    connection: &mut PgConnection,
    kind: &str,
    reference: Uuid,
) -> Result<Option<Instant>, sqlx::Error> {
    sqlx::query_scalar!(
        "DELETE FROM timer WHERE kind = $1 AND ref = $2 RETURNING fire_at",
        kind,
        reference,
    )
    .fetch_optional(connection)
    .await
}

/// Fires due timers of one kind until the process stops.
pub async fn run(database: Database, sweep: Sweep, stopper: Stopper) {
    let mut pause = PAUSES.0;
    let mut woken = Box::pin(database.pokes().sweeps().notified());
    loop {
        woken.as_mut().enable();
        let fired = match fire_due(&database, &sweep).await {
            Ok(fired) => fired,
            Err(problem) => {
                tracing::warn!(kind = sweep.kind, %problem, "due timers could not be fired; trying again");
                0
            }
        };
        if fired == usize::try_from(BATCH).unwrap_or(usize::MAX) && !stopper.is_stopping() {
            continue;
        }
        pause = if fired > 0 {
            PAUSES.0
        } else {
            (pause * 2).min(PAUSES.1)
        };
        tokio::select! {
            () = woken.as_mut() => {
                pause = PAUSES.0;
                woken.set(database.pokes().sweeps().notified());
            }
            () = tokio::time::sleep(pause) => {}
            () = stopper.stopping() => break,
        }
    }
}

pub(crate) async fn fire_due(database: &Database, sweep: &Sweep) -> Result<usize, Problem> {
    if !is_any_due(database, sweep.kind).await? {
        return Ok(0);
    }
    let wanted = sweep.clone();
    let fired = database
        .transaction("sweep", move |tx| {
            let sweep = wanted.clone();
            Box::pin(async move {
                let now = tx.now();
                let due = take_due(tx.connection(), sweep.kind, now).await?;
                if !due.is_empty() {
                    (sweep.fire)(tx, &due).await?;
                }
                Ok::<Vec<(Instant, Instant)>, Problem>(
                    due.iter().map(|timer| (timer.fire_at, now)).collect(),
                )
            })
        })
        .await?;
    let labels = [
        ("service", database.service().as_str()),
        ("kind", sweep.kind),
    ];
    metrics::count("huiyin_timers_fired", fired.len() as u64, &labels);
    for (fire_at, now) in &fired {
        metrics::observe(
            "huiyin_timers_late_seconds",
            (*now - *fire_at).as_seconds_f64(),
            &labels,
        );
    }
    Ok(fired.len())
}

/// A look without a transaction: most of the time nothing is due.
async fn is_any_due(database: &Database, kind: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM timer WHERE kind = $1 AND fire_at <= $2) AS "due!""#,
        kind,
        database.now(),
    )
    .fetch_one(database.pool())
    .await
}

async fn take_due(
    connection: &mut PgConnection,
    kind: &str,
    now: Instant,
) -> Result<Vec<Due>, sqlx::Error> {
    let mut due = sqlx::query_as!(
        Due,
        r#"DELETE FROM timer WHERE (kind, ref) IN (
             SELECT kind, ref FROM timer WHERE kind = $1 AND fire_at <= $2
             ORDER BY fire_at, ref LIMIT $3 FOR UPDATE SKIP LOCKED)
         RETURNING ref AS reference, fire_at"#,
        kind,
        now,
        BATCH,
    )
    .fetch_all(connection)
    .await?;
    due.sort_by_key(|timer| (timer.fire_at, timer.reference));
    Ok(due)
}
