//! The clock of decisions: the database's, so that all services agree. In the development profile a
//! row replaces it and is moved by hand. This is the one file that reads a clock.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant as Monotonic};

use chrono::{DateTime, Utc};
use huiyin_domain::time::Instant;
use sqlx::{PgConnection, PgPool};

use crate::settings::Profile;
use crate::status::Problem;

/// How often the distance to the database's clock is measured anew.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// The clock of decisions of one service.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The database's clock, followed by a measured distance so that no call waits for it.
    Database(Arc<Followed>),
    /// A row moved by hand; development profile only.
    ByHand,
}

/// A database clock as last measured.
#[derive(Debug)]
pub struct Followed {
    measured: RwLock<(DateTime<Utc>, Monotonic)>,
}

impl Clock {
    /// The clock a profile uses: moved by hand in development when the row is there, the
    /// database's otherwise.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(profile: Profile, pool: &PgPool) -> Result<Self, Problem> {
        if profile == Profile::Development && row_exists(pool).await? {
            return Ok(Self::ByHand);
        }
        let measured = RwLock::new(measure(pool).await?);
        Ok(Self::Database(Arc::new(Followed { measured })))
    }

    /// The present instant, as every decision of this transaction sees it.
    ///
    /// # Errors
    /// When the row moved by hand cannot be read.
    pub async fn now(&self, connection: &mut PgConnection) -> Result<Instant, sqlx::Error> {
        match self {
            Self::Database(followed) => Ok(followed.now()),
            Self::ByHand => {
                sqlx::query_scalar("SELECT now_time FROM development.clock")
                    .fetch_one(connection)
                    .await
            }
        }
    }

    /// The present instant of a followed database clock; `None` for a clock moved by hand, which only
    /// the database can tell.
    #[must_use]
    pub fn followed(&self) -> Option<Instant> {
        match self {
            Self::Database(followed) => Some(followed.now()),
            Self::ByHand => None,
        }
    }

    /// Whether this clock is moved by hand.
    #[must_use]
    pub fn is_by_hand(&self) -> bool {
        matches!(self, Self::ByHand)
    }

    /// Keeps the distance to the database's clock fresh; returns only when `pool` closes.
    pub async fn follow(self, pool: PgPool) {
        let Self::Database(followed) = self else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(MEASURE_EVERY).await;
            match measure(&pool).await {
                Ok(measured) => followed.set(measured),
                Err(problem) => {
                    tracing::debug!(error = %problem, "the database's clock was not read")
                }
            }
        }
    }
}

impl Followed {
    fn now(&self) -> Instant {
        let (at, when) = match self.measured.read() {
            Ok(measured) => *measured,
            Err(poisoned) => *poisoned.into_inner(),
        };
        at + when.elapsed()
    }

    fn set(&self, measured: (DateTime<Utc>, Monotonic)) {
        match self.measured.write() {
            Ok(mut place) => *place = measured,
            Err(poisoned) => *poisoned.into_inner() = measured,
        }
    }
}

async fn row_exists(pool: &PgPool) -> Result<bool, Problem> {
    Ok(
        sqlx::query_scalar("SELECT to_regclass('development.clock') IS NOT NULL")
            .fetch_one(pool)
            .await?,
    )
}

async fn measure(pool: &PgPool) -> Result<(DateTime<Utc>, Monotonic), Problem> {
    let asked = Monotonic::now();
    let at: DateTime<Utc> = sqlx::query_scalar("SELECT clock_timestamp()")
        .fetch_one(pool)
        .await?;
    // half of the round trip has passed since the database looked
    Ok((at + asked.elapsed() / 2, Monotonic::now()))
}
