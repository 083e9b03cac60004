//! Counted matters, who has them in hand, and whether they were answered.

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{integer, most};
use crate::hot_spots::counting::Counted;

/// Organs that owe answers to one hot spot at most.
const ORGANS: i64 = 200;

/// Writes matters; gives those that are new.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    counted: &[Counted],
) -> Result<Vec<MatterId>, sqlx::Error> {
    let ids: Vec<Uuid> = counted.iter().map(|one| one.matter.uuid()).collect();
    let places: Vec<String> = counted.iter().map(|one| one.place.to_string()).collect();
    let subjects: Vec<String> = counted.iter().map(|one| one.subject.clone()).collect();
    let days: Vec<Date> = counted.iter().map(|one| one.day).collect();
    let offices: Vec<Uuid> = counted.iter().map(|one| one.registered_by.uuid()).collect();
    let new = sqlx::query_scalar!(
        "INSERT INTO counted_matter (matter_id, place_code, subject, day, registered_by)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[], $5::uuid[])
         ON CONFLICT (matter_id) DO NOTHING RETURNING matter_id",
        &ids,
        &places,
        &subjects,
        &days,
        &offices,
    )
    .fetch_all(connection)
    .await?;
    Ok(new.into_iter().map(MatterId::from_uuid).collect())
}

/// Records to which organ a matter was forwarded; the last hop holds.
pub(crate) async fn hand(
    connection: &mut PgConnection,
    matter: MatterId,
    (to, hop): (OrganId, u32),
) -> Result<(), Problem> {
    sqlx::query!(
        "INSERT INTO matter_holder (matter_id, organ_id, hop) VALUES ($1, $2, $3)
         ON CONFLICT (matter_id) DO UPDATE SET organ_id = excluded.organ_id, hop = excluded.hop
         WHERE matter_holder.hop < excluded.hop",
        matter.uuid(),
        to.uuid(),
        integer(hop)?,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records that a matter was answered; the first answer stands.
pub(crate) async fn answer(
    connection: &mut PgConnection,
    matter: MatterId,
    (by, at): (OrganId, Instant),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE counted_matter SET answered_at = $2, answered_by = $3 WHERE matter_id = $1 AND answered_at IS NULL",
        matter.uuid(),
        at,
        by.uuid(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes out a matter that was withdrawn: nobody owes an answer to it. That it was raised stays counted.
pub(crate) async fn remove(
    connection: &mut PgConnection,
    matter: MatterId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM counted_matter WHERE matter_id = $1",
        matter.uuid()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The organs that have unanswered matters of a place and subject in hand that came on these days.
pub(crate) async fn owing(
    connection: &mut PgConnection,
    (place, subject): (TerritoryCode, &str),
    (from, to): (Date, Date),
) -> Result<Vec<OrganId>, sqlx::Error> {
    let organs = sqlx::query_scalar!(
        r#"SELECT DISTINCT coalesce(matter_holder.organ_id, registered_by) AS "organ!"
           FROM counted_matter LEFT JOIN matter_holder USING (matter_id)
           WHERE subject = $1 AND day BETWEEN $2 AND $3 AND starts_with(place_code, significant($4)) AND answered_at IS NULL
           ORDER BY 1 LIMIT $5"#,
        subject,
        from,
        to,
        place.as_str(),
        ORGANS,
    )
    .fetch_all(connection)
    .await?;
    Ok(organs.into_iter().map(OrganId::from_uuid).collect())
}

/// Those of the matters of a place and subject that an organ has answered.
pub(crate) async fn answered_by(
    connection: &mut PgConnection,
    (place, subject): (TerritoryCode, &str),
    (organ, matters): (OrganId, &[MatterId]),
) -> Result<Vec<MatterId>, sqlx::Error> {
    let ids: Vec<Uuid> = matters.iter().map(|matter| matter.uuid()).collect();
    let answered = sqlx::query_scalar!(
        "SELECT matter_id FROM counted_matter
         WHERE matter_id = ANY($1) AND subject = $2 AND starts_with(place_code, significant($3)) AND answered_by = $4 LIMIT $5",
        &ids,
        subject,
        place.as_str(),
        organ.uuid(),
        most(&ids),
    )
    .fetch_all(connection)
    .await?;
    Ok(answered.into_iter().map(MatterId::from_uuid).collect())
}
