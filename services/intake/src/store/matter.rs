//! The register.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::matter::Stage;
use huiyin_domain::territory::TerritoryCode;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::stage::Columns;
use super::{most, progress_step, word};
use crate::matter::Matter;

struct Row {
    matter_id: Uuid,
    number: String,
    channel: String,
    category: String,
    subject: String,
    place_code: String,
    persons: i32,
    registered_by: Uuid,
    received_at: DateTime<Utc>,
    registered_at: DateTime<Utc>,
    about_organ: Option<Uuid>,
    repeat_of: Option<Uuid>,
    stage: String,
    stage_organ: Option<Uuid>,
    stage_at: DateTime<Utc>,
    stage_opinion: Option<Uuid>,
    stage_reason: Option<String>,
    step: i32,
}

impl TryFrom<Row> for Matter {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let persons = u32::try_from(row.persons);
        let columns = Columns {
            stage: row.stage,
            organ: row.stage_organ,
            at: row.stage_at,
            opinion: row.stage_opinion,
            reason: row.stage_reason,
        };
        Ok(Self {
            id: MatterId::from_uuid(row.matter_id),
            number: row.number,
            channel: word("matter.channel", &row.channel)?,
            category: word("matter.category", &row.category)?,
            subject: row.subject,
            place: word("matter.place_code", &row.place_code)?,
            persons: persons
                .map_err(|error| Problem::Unexpected(format!("column matter.persons: {error}")))?,
            registered_by: OrganId::from_uuid(row.registered_by),
            received_at: row.received_at,
            registered_at: row.registered_at,
            about: row.about_organ.map(OrganId::from_uuid),
            repeat_of: row.repeat_of.map(MatterId::from_uuid),
            stage: Stage::try_from(columns)?,
            step: row.step,
            reached: Vec::new(),
        })
    }
}

/// Which matters a list wants.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Place codes from here ...
    pub(crate) from_place: TerritoryCode,
    /// ... to here.
    pub(crate) to_place: TerritoryCode,
    /// With this organ; none means any.
    pub(crate) organ: Option<Uuid>,
    /// At this stage; empty means any.
    pub(crate) stage: &'static str,
    /// Behind the one registered at this instant with this id.
    pub(crate) after: (DateTime<Utc>, Uuid),
    /// At most so many.
    pub(crate) limit: i64,
}

/// One matter by id or by number, to look at.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: Option<MatterId>,
    number: &str,
) -> Result<Option<Matter>, Problem> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT matter_id, number, channel, category, subject, place_code, persons, registered_by, received_at,
                registered_at, about_organ, shown_repeat(category, repeat_of) AS "repeat_of?", stage, stage_organ, stage_at,
                stage_opinion, stage_reason, step
         FROM matter WHERE matter_id = $1 OR number = $2 LIMIT 1"#,
        id.map(MatterId::uuid),
        number,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Matter::try_from).transpose()
}

/// Those of the matters that are known, in no order.
pub(crate) async fn find_all(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<Vec<Matter>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT matter_id, number, channel, category, subject, place_code, persons, registered_by, received_at,
                registered_at, about_organ, shown_repeat(category, repeat_of) AS "repeat_of?", stage, stage_organ, stage_at,
                stage_opinion, stage_reason, step
         FROM matter WHERE matter_id = ANY($1) LIMIT $2"#,
        ids,
        most(ids),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Matter::try_from).collect()
}

/// One matter, locked.
///
/// # Errors
/// [`Problem::NotFound`] when there is none with this id.
pub(crate) async fn lock_one(
    connection: &mut PgConnection,
    id: MatterId,
) -> Result<Matter, Problem> {
    lock(connection, &[id.uuid()])
        .await?
        .pop()
        .ok_or_else(|| Problem::NotFound {
            what: "matter",
            id: id.to_string(),
        })
}

/// Those of the matters that are known, locked, by id: always in this order, so that two never wait
/// for each other.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<Vec<Matter>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT matter_id, number, channel, category, subject, place_code, persons, registered_by, received_at,
                registered_at, about_organ, shown_repeat(category, repeat_of) AS "repeat_of?", stage, stage_organ, stage_at,
                stage_opinion, stage_reason, step
         FROM matter WHERE matter_id = ANY($1) ORDER BY matter_id LIMIT $2 FOR UPDATE"#,
        ids,
        most(ids),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Matter::try_from).collect()
}

/// A page of matters, newest first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<Matter>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT matter_id, number, channel, category, subject, place_code, persons, registered_by, received_at,
                registered_at, about_organ, shown_repeat(category, repeat_of) AS "repeat_of?", stage, stage_organ, stage_at,
                stage_opinion, stage_reason, step
         FROM matter
         WHERE place_code BETWEEN $1 AND $2 AND ($3::uuid IS NULL OR stage_organ = $3)
           AND ($4 = '' OR stage = $4)
           AND (registered_at, matter_id) < ($5, $6)
         ORDER BY registered_at DESC, matter_id DESC LIMIT $7"#,
        wanted.from_place.as_str(),
        wanted.to_place.as_str(),
        wanted.organ,
        wanted.stage,
        wanted.after.0,
        wanted.after.1,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Matter::try_from).collect()
}

/// Writes where matters stand now and the steps on their way, each guarded by the step it was loaded at.
///
/// # Errors
/// [`Problem::ChangedMeanwhile`] when one of them was changed since.
pub(crate) async fn save(
    connection: &mut PgConnection,
    matters: &[&Matter],
) -> Result<(), Problem> {
    let moved: Vec<&Matter> = matters
        .iter()
        .copied()
        .filter(|matter| !matter.reached.is_empty())
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    let written = update(connection, &moved).await?;
    if usize::try_from(written).ok() != Some(moved.len()) {
        return Err(Problem::ChangedMeanwhile);
    }
    progress_step::insert(connection, &moved).await?;
    Ok(())
}

async fn update(connection: &mut PgConnection, moved: &[&Matter]) -> Result<u64, sqlx::Error> {
    let columns: Vec<Columns> = moved
        .iter()
        .map(|matter| Columns::of(&matter.stage, matter.stage_at()))
        .collect();
    let ids: Vec<Uuid> = moved.iter().map(|matter| matter.id.uuid()).collect();
    let steps: Vec<i32> = moved.iter().map(|matter| matter.step).collect();
    let further: Vec<i32> = moved
        .iter()
        .map(|matter| i32::try_from(matter.reached.len()).unwrap_or(1))
        .collect();
    let stages: Vec<String> = columns.iter().map(|stage| stage.stage.clone()).collect();
    let organs: Vec<Option<Uuid>> = columns.iter().map(|stage| stage.organ).collect();
    let instants: Vec<DateTime<Utc>> = columns.iter().map(|stage| stage.at).collect();
    let opinions: Vec<Option<Uuid>> = columns.iter().map(|stage| stage.opinion).collect();
    let reasons: Vec<Option<String>> = columns.into_iter().map(|stage| stage.reason).collect();
    let updated = sqlx::query!(
        "UPDATE matter
         SET stage = moved.stage, stage_organ = moved.organ, stage_at = moved.reached_at,
             stage_opinion = moved.opinion, stage_reason = moved.reason, step = matter.step + moved.further
         FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::text[], $5::uuid[], $6::timestamptz[],
                     $7::uuid[], $8::text[])
              AS moved (matter_id, step, further, stage, organ, reached_at, opinion, reason)
         WHERE matter.matter_id = moved.matter_id AND matter.step = moved.step",
        &ids,
        &steps,
        &further,
        &stages,
        organs.as_slice() as &[Option<Uuid>],
        &instants,
        opinions.as_slice() as &[Option<Uuid>],
        reasons.as_slice() as &[Option<String>],
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected())
}

/// The matter with a number.
pub(crate) async fn with_number(
    connection: &mut PgConnection,
    number: &str,
) -> Result<Option<MatterId>, sqlx::Error> {
    let id = sqlx::query_scalar!("SELECT matter_id FROM matter WHERE number = $1", number)
        .fetch_optional(connection)
        .await?;
    Ok(id.map(MatterId::from_uuid))
}
