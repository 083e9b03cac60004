//! The clock of decisions: the database's, so that all services agree. In the development profile it may
//! stand at an instant that is moved by hand. This is the one file that reads a clock.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant as Monotonic};

use chrono::{DateTime, SubsecRound as _, Utc};
use huiyin_domain::time::Instant;
use sqlx::PgPool;

use crate::settings::Profile;
use crate::status::Problem;

/// How often the distance to the database's clock is measured anew.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// The clock of decisions of one service. It tells whole microseconds, as the database keeps them.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The database's clock, followed by a measured distance so that no call waits for it.
    Database(Arc<Followed>),
    /// A clock moved by hand, the same for all services; development profile only.
    ByHand(Arc<RwLock<Instant>>),
}

/// A database clock as last measured.
#[derive(Debug)]
pub struct Followed {
    measured: RwLock<(DateTime<Utc>, Monotonic)>,
}

/// What the machine says what time it is: certificates and tokens are judged by it, also where the clock of decisions is moved by
/// hand, because those who issue them know nothing of that hand.
#[expect(clippy::disallowed_methods, reason = "the one file that reads a clock")]
#[must_use]
pub fn of_the_machine() -> Instant {
    Utc::now()
}

impl Clock {
    /// The clock a profile uses: moved by hand in development when its row is there, the
    /// database's otherwise.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(profile: Profile, pool: &PgPool) -> Result<Self, Problem> {
        if profile == Profile::Development && row_exists(pool).await? {
            let stands_at = sqlx::query_scalar("SELECT now_time FROM development.clock")
                .fetch_one(pool)
                .await?;
            return Ok(Self::ByHand(Arc::new(RwLock::new(stands_at))));
        }
        let measured = RwLock::new(measure(pool).await?);
        Ok(Self::Database(Arc::new(Followed { measured })))
    }

    /// The present instant, as every decision taken now sees it.
    #[must_use]
    pub fn now(&self) -> Instant {
        match self {
            Self::Database(followed) => followed.now().trunc_subsecs(6),
            Self::ByHand(stands_at) => *stands_at.read().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Whether this clock is moved by hand.
    #[must_use]
    pub fn is_by_hand(&self) -> bool {
        matches!(self, Self::ByHand(_))
    }

    /// Moves a clock that is moved by hand, never back; any other goes by itself.
    ///
    /// Besides the hand this is called for what others tell: an effect never comes before its cause,
    /// also when the cause has heard of the new time first.
    pub fn move_to(&self, to: Instant) {
        match self {
            Self::Database(_) => {}
            Self::ByHand(stands_at) => {
                let mut stands_at = stands_at.write().unwrap_or_else(PoisonError::into_inner);
                *stands_at = to.max(*stands_at);
            }
        }
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
        let measured = self.measured.read();
        let (at, when) = *measured.unwrap_or_else(PoisonError::into_inner);
        at + when.elapsed()
    }

    fn set(&self, measured: (DateTime<Utc>, Monotonic)) {
        *self
            .measured
            .write()
            .unwrap_or_else(PoisonError::into_inner) = measured;
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
