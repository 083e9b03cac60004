//! The register of referred matters, and the lock under which the facts of a matter are followed.

use std::collections::{BTreeMap, BTreeSet};

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::authorization::Seen;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::reprojection::CALENDAR;
use super::{Page, word};
use crate::heard::Heard;
use crate::line::{Course, Line, Registration};

struct Row {
    matter_id: Uuid,
    number: Option<String>,
    registered_by: Option<Uuid>,
    opened_at: Option<Instant>,
    organ_id: Option<Uuid>,
    closed_at: Option<Instant>,
    place_code: Option<String>,
    category: Option<String>,
    about_organ: Option<Uuid>,
}

impl Row {
    fn line(self) -> Result<(MatterId, Line), Problem> {
        let registration = match (self.number, self.registered_by, self.opened_at) {
            (Some(number), Some(office), Some(opened_at)) => Some(Registration {
                number,
                office: OrganId::from_uuid(office),
                opened_at,
                place: word(&self.place_code.unwrap_or_default())?,
                category: word(&self.category.unwrap_or_default())?,
                about: self.about_organ.map(OrganId::from_uuid),
            }),
            _ => None,
        };
        let course = Course {
            organ: self.organ_id.map(OrganId::from_uuid),
            closed_at: self.closed_at,
        };
        let line = Line {
            registration,
            course,
        };
        Ok((MatterId::from_uuid(self.matter_id), line))
    }
}

/// Locks the lines of the matters that were heard of, in the order of their ids so that two who do it
/// never wait for each other. Makes those that are missing and fills in registrations.
pub(crate) async fn open(
    connection: &mut PgConnection,
    heard: &[Heard],
) -> Result<BTreeMap<MatterId, Line>, Problem> {
    let opening = opening(heard);
    let matters: Vec<Uuid> = opening.keys().map(|matter| matter.uuid()).collect();
    let numbers: Vec<Option<&str>> = opening
        .values()
        .map(|known| known.map(|known| known.number.as_str()))
        .collect();
    let offices: Vec<Option<Uuid>> = opening
        .values()
        .map(|known| known.map(|known| known.office.uuid()))
        .collect();
    let opened: Vec<Option<Instant>> = opening
        .values()
        .map(|known| known.map(|known| known.opened_at))
        .collect();
    let places: Vec<Option<String>> = opening
        .values()
        .map(|known| known.map(|known| known.place.to_string()))
        .collect();
    let categories: Vec<Option<&str>> = opening
        .values()
        .map(|known| known.map(|known| known.category.as_str()))
        .collect();
    let about: Vec<Option<Uuid>> = opening
        .values()
        .map(|known| known.and_then(|known| known.about).map(OrganId::uuid))
        .collect();
    let rows = sqlx::query_as!(
        Row,
        "INSERT INTO register_line (matter_id, number, registered_by, opened_at, place_code, category, about_organ)
         SELECT given.matter_id, given.number, given.registered_by, given.opened_at, given.place_code, given.category,
                given.about_organ
         FROM (SELECT pg_advisory_xact_lock_shared($8)) AS calendar,
              unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::uuid[])
                  AS given (matter_id, number, registered_by, opened_at, place_code, category, about_organ)
         ON CONFLICT (matter_id) DO UPDATE
         SET number = coalesce(register_line.number, excluded.number),
             registered_by = coalesce(register_line.registered_by, excluded.registered_by),
             opened_at = coalesce(register_line.opened_at, excluded.opened_at),
             place_code = coalesce(register_line.place_code, excluded.place_code),
             category = coalesce(register_line.category, excluded.category),
             about_organ = coalesce(register_line.about_organ, excluded.about_organ)
         RETURNING matter_id, number, registered_by, opened_at, organ_id, closed_at, place_code, category, about_organ",
        &matters,
        &numbers as &[Option<&str>],
        &offices as &[Option<Uuid>],
        &opened as &[Option<Instant>],
        &places as &[Option<String>],
        &categories as &[Option<&str>],
        &about as &[Option<Uuid>],
        CALENDAR,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Row::line).collect()
}

/// Every matter that was heard of, with its registration if that was heard.
fn opening(heard: &[Heard]) -> BTreeMap<MatterId, Option<&Registration>> {
    let mut opening: BTreeMap<MatterId, Option<&Registration>> = BTreeMap::new();
    for Heard {
        matter,
        registration,
        ..
    } in heard
    {
        let known = opening.entry(*matter).or_default();
        *known = known.or(registration.as_ref());
    }
    opening
}

/// Locks the lines of these matters, in the order of their ids.
pub(crate) async fn lock_all(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<BTreeMap<MatterId, Line>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT matter_id, number, registered_by, opened_at, organ_id, closed_at, place_code, category,
                about_organ
         FROM register_line WHERE matter_id = ANY($1) ORDER BY matter_id FOR UPDATE",
        matters,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Row::line).collect()
}

/// Locks the lines of these matters that nobody else holds.
pub(crate) async fn lock_free(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<BTreeSet<MatterId>, sqlx::Error> {
    let free = sqlx::query_scalar!(
        "SELECT matter_id FROM register_line WHERE matter_id = ANY($1) FOR UPDATE SKIP LOCKED",
        matters,
    )
    .fetch_all(connection)
    .await?;
    Ok(free.into_iter().map(MatterId::from_uuid).collect())
}

/// The line of a matter, locked.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    matter: MatterId,
) -> Result<Option<Line>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT matter_id, number, registered_by, opened_at, organ_id, closed_at, place_code, category,
                about_organ
         FROM register_line WHERE matter_id = $1 FOR UPDATE",
        matter.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok(row.line()?.1)).transpose()
}

/// The line of a matter.
pub(crate) async fn get(
    connection: &mut PgConnection,
    matter: MatterId,
) -> Result<Option<Line>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT matter_id, number, registered_by, opened_at, organ_id, closed_at, place_code, category,
                about_organ
         FROM register_line WHERE matter_id = $1",
        matter.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok(row.line()?.1)).transpose()
}

/// Writes who must answer, and whether the line is cancelled. The lines are locked.
pub(crate) async fn set_courses(
    connection: &mut PgConnection,
    courses: &[(MatterId, Course)],
) -> Result<(), sqlx::Error> {
    if courses.is_empty() {
        return Ok(());
    }
    let matters: Vec<Uuid> = courses.iter().map(|(matter, _)| matter.uuid()).collect();
    let organs: Vec<Option<Uuid>> = courses
        .iter()
        .map(|(_, course)| course.organ.map(OrganId::uuid))
        .collect();
    let closed: Vec<Option<Instant>> = courses.iter().map(|(_, course)| course.closed_at).collect();
    sqlx::query!(
        "UPDATE register_line SET organ_id = course.organ_id, closed_at = course.closed_at
         FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS course (matter_id, organ_id, closed_at)
         WHERE register_line.matter_id = course.matter_id",
        &matters,
        &organs as &[Option<Uuid>],
        &closed as &[Option<Instant>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// An open line as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenLine {
    /// The matter.
    pub(crate) matter: MatterId,
    /// Its number.
    pub(crate) number: String,
    /// The organ that must answer; none before forwarding.
    pub(crate) organ: Option<OrganId>,
    /// When it was opened.
    pub(crate) opened_at: Instant,
    /// The earliest due day among the clocks that run.
    pub(crate) next_due: Option<Date>,
}

/// A page of the open lines, of one organ or of all, oldest first.
pub(crate) async fn page_open(
    connection: &mut PgConnection,
    organ: Option<OrganId>,
    page: &Page<(Instant, MatterId)>,
) -> Result<Vec<OpenLine>, sqlx::Error> {
    let after = page.after;
    let rows = sqlx::query!(
        r#"SELECT matter_id, number AS "number!", organ_id, opened_at AS "opened_at!",
                  (SELECT min(due) FROM clock
                   WHERE clock.matter_id = register_line.matter_id AND state = 'running') AS next_due
           FROM register_line
           WHERE closed_at IS NULL AND number IS NOT NULL
             AND ($1::uuid IS NULL OR organ_id = $1)
             AND ($2::timestamptz IS NULL OR (opened_at, matter_id) > ($2, $3::uuid))
           ORDER BY opened_at, matter_id LIMIT $4"#,
        organ.map(OrganId::uuid),
        after.map(|(opened, _)| opened),
        after.map(|(_, matter)| matter.uuid()),
        page.limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| OpenLine {
            matter: MatterId::from_uuid(row.matter_id),
            number: row.number,
            organ: row.organ_id.map(OrganId::from_uuid),
            opened_at: row.opened_at,
            next_due: row.next_due,
        })
        .collect())
}

/// What decides who sees these matters; those whose registration has not arrived are seen by nobody.
pub(crate) async fn seen(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<Vec<Seen>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT matter_id, number, registered_by, opened_at, organ_id, closed_at, place_code, category,
                about_organ
         FROM register_line WHERE matter_id = ANY($1)",
        matters,
    )
    .fetch_all(connection)
    .await?;
    let mut seen = Vec::with_capacity(rows.len());
    for row in rows {
        let (matter, line) = row.line()?;
        seen.extend(
            line.registration
                .map(|registration| registration.seen(matter)),
        );
    }
    Ok(seen)
}
