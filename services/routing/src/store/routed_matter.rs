//! Matters as competence sees them.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::matter::Stage;
use huiyin_domain::routing::MatterToRoute;
use huiyin_domain::subject::Subject;
use huiyin_domain::time::{Date, start_of_day};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{count, integer, word};
use crate::chain::RoutedMatter;

struct Row {
    matter_id: Uuid,
    category: String,
    subject: String,
    place_code: String,
    registered_by: Uuid,
    about_organ: Option<Uuid>,
    initial: bool,
    persons: i32,
    opinion_clock: bool,
    stage: Json<Stage>,
    version: i64,
}

impl TryFrom<Row> for RoutedMatter {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: MatterId::from_uuid(row.matter_id),
            category: word("routed_matter.category", &row.category)?,
            subject: Subject::from_code(&row.subject)
                .map_err(|error| Problem::Unexpected(error.to_string()))?,
            place: word("routed_matter.place_code", &row.place_code)?,
            registered_by: OrganId::from_uuid(row.registered_by),
            about: row.about_organ.map(OrganId::from_uuid),
            initial: row.initial,
            persons: count("routed_matter.persons", row.persons)?,
            opinion_clock: row.opinion_clock,
            stage: row.stage.0,
            version: row.version,
        })
    }
}

/// One matter, to look at.
pub(crate) async fn read(
    connection: &mut PgConnection,
    matter: MatterId,
) -> Result<Option<RoutedMatter>, Problem> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT matter_id, category, subject, place_code, registered_by, about_organ, initial, persons,
                  opinion_clock, stage AS "stage: Json<Stage>", version
           FROM routed_matter WHERE matter_id = $1"#,
        matter.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(RoutedMatter::try_from).transpose()
}

/// Those of the matters that are known, locked, by id.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<Vec<RoutedMatter>, Problem> {
    let most = i64::try_from(matters.len()).unwrap_or(i64::MAX);
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT matter_id, category, subject, place_code, registered_by, about_organ, initial, persons,
                  opinion_clock, stage AS "stage: Json<Stage>", version
           FROM routed_matter WHERE matter_id = ANY($1) ORDER BY matter_id LIMIT $2 FOR UPDATE"#,
        matters,
        most,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(RoutedMatter::try_from).collect()
}

/// Writes matters that were just registered.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    matters: &[&RoutedMatter],
) -> Result<(), Problem> {
    let ids: Vec<Uuid> = matters.iter().map(|matter| matter.id.uuid()).collect();
    let categories: Vec<String> = matters
        .iter()
        .map(|matter| matter.category.to_string())
        .collect();
    let subjects: Vec<String> = matters
        .iter()
        .map(|matter| matter.subject.code.clone())
        .collect();
    let places: Vec<String> = matters
        .iter()
        .map(|matter| matter.place.to_string())
        .collect();
    let offices: Vec<Uuid> = matters
        .iter()
        .map(|matter| matter.registered_by.uuid())
        .collect();
    let about: Vec<Option<Uuid>> = matters
        .iter()
        .map(|matter| matter.about.map(OrganId::uuid))
        .collect();
    let initial: Vec<bool> = matters.iter().map(|matter| matter.initial).collect();
    let persons: Vec<i32> = matters
        .iter()
        .map(|matter| integer(matter.persons))
        .collect::<Result<_, _>>()?;
    let clocks: Vec<bool> = matters.iter().map(|matter| matter.opinion_clock).collect();
    let stages: Vec<Json<Stage>> = matters.iter().map(|matter| Json(matter.stage)).collect();
    sqlx::query!(
        "INSERT INTO routed_matter
             (matter_id, category, subject, place_code, registered_by, about_organ, initial, persons, opinion_clock,
              stage)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::bool[],
                              $8::int[], $9::bool[], $10::jsonb[])",
        &ids,
        &categories,
        &subjects,
        &places,
        &offices,
        about.as_slice() as &[Option<Uuid>],
        &initial,
        &persons,
        &clocks,
        stages.as_slice() as &[Json<Stage>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes where known matters stand now, each only if it is still of the version that was read; gives
/// how many were.
pub(crate) async fn update(
    connection: &mut PgConnection,
    matters: &[&RoutedMatter],
) -> Result<u64, sqlx::Error> {
    let ids: Vec<Uuid> = matters.iter().map(|matter| matter.id.uuid()).collect();
    let stages: Vec<Json<Stage>> = matters.iter().map(|matter| Json(matter.stage)).collect();
    let versions: Vec<i64> = matters.iter().map(|matter| matter.version).collect();
    let updated = sqlx::query!(
        "UPDATE routed_matter SET stage = changed.stage, version = changed.version + 1
         FROM unnest($1::uuid[], $2::jsonb[], $3::bigint[]) AS changed (matter_id, stage, version)
         WHERE routed_matter.matter_id = changed.matter_id AND routed_matter.version = changed.version",
        &ids,
        stages.as_slice() as &[Json<Stage>],
        &versions,
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected())
}

/// A matter as competence sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past {
    /// The matter.
    pub(crate) id: MatterId,
    /// What a decision needs to know of it.
    pub(crate) matter: MatterToRoute,
}

/// A run of matters by id, of those that were forwarded for the first time on a day or later.
pub(crate) async fn past(
    connection: &mut PgConnection,
    since: Option<Date>,
    after: Option<MatterId>,
    limit: i64,
) -> Result<Vec<Past>, Problem> {
    let rows = sqlx::query!(
        "SELECT matter_id, category, subject, place_code, about_organ
         FROM routed_matter
         WHERE matter_id > $1
           AND ($2::timestamptz IS NULL
                OR (SELECT forwarded_at FROM forwarding
                    WHERE forwarding.matter_id = routed_matter.matter_id AND hop = 1) >= $2)
         ORDER BY matter_id LIMIT $3",
        after.map_or(Uuid::nil(), MatterId::uuid),
        since.map(start_of_day),
        limit,
    )
    .fetch_all(connection)
    .await?;
    let past = rows.into_iter().map(|row| {
        Ok(Past {
            id: MatterId::from_uuid(row.matter_id),
            matter: MatterToRoute {
                category: word("routed_matter.category", &row.category)?,
                subject: Subject::from_code(&row.subject)
                    .map_err(|error| Problem::Unexpected(error.to_string()))?,
                place: word("routed_matter.place_code", &row.place_code)?,
                about: row.about_organ.map(OrganId::from_uuid),
            },
        })
    });
    past.collect()
}
