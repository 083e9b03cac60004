//! The way of a matter.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{MatterId, OrganId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::matter::{Matter, reached_at};

/// Steps that are read of one matter at most; more than any matter takes.
const MOST: i64 = 1000;

/// One step as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The word of the stage.
    pub(crate) stage: String,
    /// The organ.
    pub(crate) organ_id: Option<Uuid>,
    /// When.
    pub(crate) reached_at: DateTime<Utc>,
}

/// Writes the stages each matter reached since it was loaded.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    moved: &[&Matter],
) -> Result<(), sqlx::Error> {
    let mut ids: Vec<Uuid> = Vec::new();
    let mut steps: Vec<i32> = Vec::new();
    let mut stages: Vec<&'static str> = Vec::new();
    let mut organs: Vec<Option<Uuid>> = Vec::new();
    let mut instants: Vec<DateTime<Utc>> = Vec::new();
    for matter in moved {
        for (step, stage) in (matter.step + 1..).zip(&matter.reached) {
            ids.push(matter.id.uuid());
            steps.push(step);
            stages.push(stage.as_str());
            organs.push(stage.organ().map(OrganId::uuid));
            instants.push(reached_at(stage).unwrap_or(matter.registered_at));
        }
    }
    sqlx::query!(
        "INSERT INTO progress_step (matter_id, step, stage, organ_id, reached_at)
         SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::uuid[], $5::timestamptz[])",
        &ids,
        &steps,
        stages.as_slice() as &[&'static str],
        organs.as_slice() as &[Option<Uuid>],
        &instants,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The steps of a matter, oldest first.
pub(crate) async fn of_matter(
    connection: &mut PgConnection,
    matter: MatterId,
) -> Result<Vec<Step>, sqlx::Error> {
    sqlx::query_as!(
        Step,
        "SELECT stage, organ_id, reached_at FROM progress_step WHERE matter_id = $1 ORDER BY step LIMIT $2",
        matter.uuid(),
        MOST,
    )
    .fetch_all(connection)
    .await
}
