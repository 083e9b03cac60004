//! Batches of open clocks computed anew after a change of the calendar.

use huiyin_domain::ids::{BatchId, MatterId};
use huiyin_domain::law::{ClockId, Due};
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Page, column, number, word};
use crate::deadline::Key;
use crate::follow::{Anew, Moved};

/// The lock between those who follow facts by a calendar and whoever publishes the next.
pub(super) const CALENDAR: i64 = 0x6361_6c65_6e64_6172;

/// A batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reprojection {
    /// Its id.
    pub(crate) id: BatchId,
    /// The year that was published.
    pub(crate) year: i32,
    /// Version of the calendar before.
    pub(crate) calendar_before: String,
    /// Version of the calendar now.
    pub(crate) calendar_version: String,
    /// Post that published it.
    pub(crate) post: String,
    /// When it was begun.
    pub(crate) started_at: Instant,
    /// When all were computed.
    pub(crate) finished_at: Option<Instant>,
    /// The last matter that was computed.
    pub(crate) after_matter: Option<MatterId>,
    /// Clocks that ran and were computed anew.
    pub(crate) open_clocks: u64,
    /// Those whose due day moved.
    pub(crate) moved: u64,
    /// Those that are certain now.
    pub(crate) confirmed: u64,
}

/// Keeps calendars from being published until this transaction ends; others may share it.
pub(crate) async fn share(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT pg_advisory_xact_lock_shared($1)", CALENDAR)
        .fetch_one(connection)
        .await?;
    Ok(())
}

/// Waits until nobody follows facts, and keeps everybody from it until this transaction ends.
pub(crate) async fn exclude(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", CALENDAR)
        .fetch_one(connection)
        .await?;
    Ok(())
}

/// Writes a new batch.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    batch: &Reprojection,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO reprojection (batch_id, year, calendar_before, calendar_version, post, started_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        batch.id.uuid(),
        batch.year,
        batch.calendar_before,
        batch.calendar_version,
        batch.post,
        batch.started_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A batch.
pub(crate) async fn read(
    connection: &mut PgConnection,
    id: BatchId,
) -> Result<Option<Reprojection>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT year, calendar_before, calendar_version, post, started_at, finished_at, after_matter, open_clocks,
                moved, confirmed
         FROM reprojection WHERE batch_id = $1",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    let count = |stored: i64| u64::try_from(stored).unwrap_or(0);
    Ok(row.map(|row| Reprojection {
        id,
        year: row.year,
        calendar_before: row.calendar_before,
        calendar_version: row.calendar_version,
        post: row.post,
        started_at: row.started_at,
        finished_at: row.finished_at,
        after_matter: row.after_matter.map(MatterId::from_uuid),
        open_clocks: count(row.open_clocks),
        moved: count(row.moved),
        confirmed: count(row.confirmed),
    }))
}

/// Writes how far a batch has come.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    id: BatchId,
    anew: &Anew,
    (after, finished_at): (Option<MatterId>, Option<Instant>),
) -> Result<(), sqlx::Error> {
    let count = |counted: u64| i64::try_from(counted).unwrap_or(i64::MAX);
    sqlx::query!(
        "UPDATE reprojection
         SET after_matter = coalesce($2, after_matter), finished_at = $3, open_clocks = open_clocks + $4,
             moved = moved + $5, confirmed = confirmed + $6
         WHERE batch_id = $1",
        id.uuid(),
        after.map(MatterId::uuid),
        finished_at,
        count(anew.running),
        count(u64::try_from(anew.moved.len()).unwrap_or(u64::MAX)),
        count(anew.confirmed),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the clocks whose due day moved.
pub(crate) async fn insert_moved(
    connection: &mut PgConnection,
    id: BatchId,
    moved: &[Moved],
) -> Result<(), sqlx::Error> {
    if moved.is_empty() {
        return Ok(());
    }
    let matters: Vec<Uuid> = moved.iter().map(|moved| moved.matter.uuid()).collect();
    let kinds: Vec<String> = moved
        .iter()
        .map(|moved| moved.clock.0.to_string())
        .collect();
    let cycles: Vec<i32> = moved.iter().map(|moved| column(moved.clock.1)).collect();
    let dates = |of: fn(&Moved) -> Date| -> Vec<Date> { moved.iter().map(of).collect() };
    sqlx::query!(
        "INSERT INTO moved_deadline (batch_id, matter_id, kind, cycle, raw_before, due_before, raw_due, due)
         SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::integer[], $5::date[], $6::date[], $7::date[],
                                  $8::date[])
         ON CONFLICT DO NOTHING",
        id.uuid(),
        &matters,
        &kinds,
        &cycles,
        &dates(|moved| moved.before.raw),
        &dates(|moved| moved.before.rolled),
        &dates(|moved| moved.now.raw),
        &dates(|moved| moved.now.rolled),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A clock that a batch moved, with the day on which it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The clock.
    pub(crate) moved: Moved,
    /// When it started; none when a late fact showed that it never ran.
    pub(crate) started: Option<Instant>,
}

/// A page of the clocks that a batch moved.
pub(crate) async fn page(
    connection: &mut PgConnection,
    id: BatchId,
    page: &Page<(MatterId, Key)>,
) -> Result<Vec<Listed>, Problem> {
    let after = page.after;
    let rows = sqlx::query!(
        r#"SELECT moved.matter_id, moved.kind, moved.cycle, raw_before, due_before, moved.raw_due, moved.due,
                  clock.started_at AS "started_at?"
           FROM moved_deadline AS moved
           LEFT JOIN clock ON clock.matter_id = moved.matter_id AND clock.kind = moved.kind
                          AND clock.cycle = moved.cycle
           WHERE batch_id = $1
             AND ($2::uuid IS NULL
                  OR (moved.matter_id, moved.kind, moved.cycle) > ($2, $3::text, $4::integer))
           ORDER BY moved.matter_id, moved.kind, moved.cycle LIMIT $5"#,
        id.uuid(),
        after.map(|(matter, _)| matter.uuid()),
        after.map(|(_, (kind, _))| kind.as_str()),
        after.map(|(_, (_, cycle))| column(cycle)),
        page.limit,
    )
    .fetch_all(connection)
    .await?;
    let due = |raw, rolled| Due {
        raw,
        rolled,
        provisional: false,
    };
    let listed = rows.into_iter().map(|row| {
        let kind: ClockId = word(&row.kind)?;
        Ok(Listed {
            moved: Moved {
                matter: MatterId::from_uuid(row.matter_id),
                clock: (kind, number(row.cycle)),
                before: due(row.raw_before, row.due_before),
                now: due(row.raw_due, row.due),
            },
            started: row.started_at,
        })
    });
    listed.collect()
}
