//! Who sequences. A lease has a term; the term is locked in every transaction of its holder, so that
//! a holder that slept past its time cannot write.

use std::time::{Duration, Instant as Monotonic};

use sqlx::{PgConnection, PgPool};

/// How long a lease lasts without renewal.
pub const LASTS: Duration = Duration::from_millis(1500);
/// How often a holder renews.
pub const RENEW_EVERY: Duration = Duration::from_millis(500);

/// A lease as held.
#[derive(Clone, Debug)]
pub struct Lease {
    /// What is held.
    pub name: &'static str,
    /// Who holds it.
    pub holder: String,
    /// The fence.
    pub term: i64,
}

/// Takes or renews a lease; `None` while somebody else holds it. One that ends later than any lease lasts was written by a clock
/// that has gone back since: it is taken over, because its holder may be dead, and one that lives is fenced off.
///
/// # Errors
/// When the database does not answer.
pub async fn take(
    pool: &PgPool,
    name: &'static str,
    holder: &str,
) -> Result<Option<Lease>, sqlx::Error> {
    let lasts = LASTS.as_secs_f64();
    let term = sqlx::query_scalar!(
        "INSERT INTO lease AS held (name, holder, term, expires_at)
         VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
         ON CONFLICT (name) DO UPDATE
         SET holder = excluded.holder,
             term = CASE WHEN held.holder = excluded.holder THEN held.term ELSE held.term + 1 END,
             expires_at = excluded.expires_at
         WHERE held.holder = excluded.holder OR held.expires_at < clock_timestamp()
            OR held.expires_at > clock_timestamp() + make_interval(secs => 2 * $3)
         RETURNING term",
        name,
        holder,
        lasts,
    )
    .fetch_optional(pool)
    .await?;
    Ok(term.map(|term| Lease {
        name,
        holder: holder.to_owned(),
        term,
    }))
}

/// Keeps a lease that is held, or takes it: renewed as often as it must be.
///
/// # Errors
/// When the database does not answer.
pub async fn keep(
    pool: &PgPool,
    (name, holder): (&'static str, &str),
    held: Option<(Lease, Monotonic)>,
) -> Result<Option<(Lease, Monotonic)>, sqlx::Error> {
    if let Some((_, renewed)) = &held
        && renewed.elapsed() < RENEW_EVERY
    {
        return Ok(held);
    }
    let asked = Monotonic::now();
    let lease = take(pool, name, holder).await?;
    Ok(lease.map(|lease| (lease, asked)))
}

/// Whether a lease is held; it stays so until the end of the transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn is_held(connection: &mut PgConnection, lease: &Lease) -> Result<bool, sqlx::Error> {
    let held = sqlx::query_scalar!(
        r#"SELECT 1 AS "held!" FROM lease WHERE name = $1 AND holder = $2 AND term = $3 FOR SHARE"#,
        lease.name,
        lease.holder,
        lease.term,
    )
    .fetch_optional(connection)
    .await?;
    Ok(held.is_some())
}

/// Gives a lease back, so that the next holder need not wait.
///
/// # Errors
/// When the database does not answer.
pub async fn give_back(pool: &PgPool, lease: &Lease) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE lease SET expires_at = clock_timestamp() - interval '1 second'
         WHERE name = $1 AND holder = $2 AND term = $3",
        lease.name,
        lease.holder,
        lease.term,
    )
    .execute(pool)
    .await?;
    Ok(())
}
