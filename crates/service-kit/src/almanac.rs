//! The work calendar as this service knows it: that of the release and the notices published since. Supervision publishes
//! them; who counts days keeps its own copy, which follows supervision's stream.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use huiyin_domain::calendar::{Calendars, YearNotice};
use huiyin_domain::time::{Date, Instant};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{Event, WorkCalendarPublished};
use sqlx::PgConnection;

use crate::database::{Database, Tx};
use crate::lifecycle::Stopper;
use crate::names::ServiceName;
use crate::road::consumer::Reaction;
use crate::status::Problem;
use crate::violations::Violations;

/// How often the calendars are read again.
const READ_AGAIN: Duration = Duration::from_secs(5);

/// The calendars in memory, shared by all of a process.
#[derive(Clone, Debug)]
pub struct Almanac {
    known: Arc<RwLock<Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    /// The last edition that was read.
    edition: i64,
    calendars: Arc<Calendars>,
}

impl Default for Almanac {
    fn default() -> Self {
        let known = Known {
            edition: 0,
            calendars: Arc::new(Calendars::embedded()),
        };
        Self {
            known: Arc::new(RwLock::new(known)),
        }
    }
}

impl Almanac {
    /// The calendars as they are now: one small statement when nothing was published.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn current(&self, connection: &mut PgConnection) -> Result<Arc<Calendars>, Problem> {
        let edition = sqlx::query_scalar!(
            r#"SELECT COALESCE(max(edition), 0) AS "edition!" FROM work_calendar_notice"#
        )
        .fetch_one(&mut *connection)
        .await?;
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.edition == edition {
                return Ok(Arc::clone(&known.calendars));
            }
        }
        let mut calendars = Calendars::embedded();
        for (published_at, notice) in published(connection).await? {
            calendars.publish(published_at, &notice).map_err(|wrong| {
                Problem::Unexpected(format!("table work_calendar_notice: {wrong}"))
            })?;
        }
        let calendars = Arc::new(calendars);
        tracing::info!(
            edition,
            version = calendars.newest().version(),
            "the work calendar was read"
        );
        let known = Known {
            edition,
            calendars: Arc::clone(&calendars),
        };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(calendars)
    }

    /// The calendars as they were last read, a few seconds ago at most while the service runs.
    #[must_use]
    pub fn latest(&self) -> Arc<Calendars> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&known.calendars)
    }

    /// Reads the calendars again and again until the service stops.
    pub(crate) async fn keep_up(self, database: Database, stopper: Stopper) {
        loop {
            if let Ok(mut connection) = database.pool().acquire().await
                && let Err(problem) = self.current(&mut connection).await
            {
                tracing::warn!(%problem, "the work calendar could not be read; trying again");
            }
            tokio::select! {
                () = tokio::time::sleep(READ_AGAIN) => {}
                () = stopper.stopping() => break,
            }
        }
    }

    /// Keeps what supervision publishes.
    pub fn follow_supervision() -> Reaction {
        Reaction::to(ServiceName::Supervision, |tx, events| {
            Box::pin(follow(tx, events))
        })
    }
}

/// Keeps the notices among events of supervision.
///
/// # Errors
/// When a notice breaks the contract, or the database refuses.
pub async fn follow(tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    for event in events {
        let Some(Fact::WorkCalendarPublished(fact)) = &event.fact else {
            continue;
        };
        let mut violations = Violations::default();
        let at = violations.time("occurred_time", event.occurred_time.as_ref());
        let notice = told(&mut violations, fact);
        let (at, notice) = violations.finish_with(at.zip(notice))?;
        keep(tx.connection(), at, &notice).await?;
    }
    Ok(())
}

fn told(violations: &mut Violations, fact: &WorkCalendarPublished) -> Option<YearNotice> {
    let year = i32::try_from(fact.year).ok();
    violations.check("year", year.is_some(), "is no year");
    Some(YearNotice {
        year: year?,
        version: fact.version.clone(),
        source: fact.source.clone(),
        days_off: dates(violations, "days_off", &fact.days_off),
        working_weekends: dates(violations, "working_weekends", &fact.working_weekends),
    })
}

/// The days of a list, each written like 2026-01-31; at most 366.
pub fn dates(violations: &mut Violations, field: &str, given: &[String]) -> Vec<Date> {
    const MOST: usize = 366;
    let number = given.len();
    violations.check(
        field,
        number <= MOST,
        format!("are {number} days; at most {MOST} are allowed"),
    );
    let days = given.iter().take(MOST).enumerate();
    days.filter_map(|(place, day)| violations.date(&format!("{field}[{place}]"), day))
        .collect()
}

/// Writes a notice; one whose version is known stays as it is.
///
/// # Errors
/// When the database refuses.
pub async fn keep(
    connection: &mut PgConnection,
    published_at: Instant,
    notice: &YearNotice,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO work_calendar_notice (year, version, source, days_off, working_weekends, published_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (version) DO NOTHING",
        notice.year,
        notice.version,
        notice.source,
        &notice.days_off,
        &notice.working_weekends,
        published_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn published(
    connection: &mut PgConnection,
) -> Result<Vec<(Instant, YearNotice)>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT year, version, source, days_off, working_weekends, published_at
         FROM work_calendar_notice ORDER BY edition LIMIT 10000"
    )
    .fetch_all(connection)
    .await?;
    let published = rows.into_iter().map(|row| {
        let notice = YearNotice {
            year: row.year,
            version: row.version,
            source: row.source,
            days_off: row.days_off,
            working_weekends: row.working_weekends,
        };
        (row.published_at, notice)
    });
    Ok(published.collect())
}
