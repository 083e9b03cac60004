//! Counted matters, who has them in hand, and whether they were answered.

use std::collections::BTreeMap;

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

/// Records to which organ each matter was forwarded; the last hop holds.
pub(crate) async fn hand(
    connection: &mut PgConnection,
    hands: &BTreeMap<MatterId, (OrganId, u32)>,
) -> Result<(), Problem> {
    let matters: Vec<Uuid> = hands.keys().map(|matter| matter.uuid()).collect();
    let organs: Vec<Uuid> = hands.values().map(|(organ, _)| organ.uuid()).collect();
    let hops = hands.values().map(|(_, hop)| integer(*hop));
    let hops = hops.collect::<Result<Vec<i32>, Problem>>()?;
    sqlx::query!(
        "INSERT INTO matter_holder (matter_id, organ_id, hop)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[])
         ON CONFLICT (matter_id) DO UPDATE SET organ_id = excluded.organ_id, hop = excluded.hop
         WHERE matter_holder.hop < excluded.hop",
        &matters,
        &organs,
        &hops,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records that matters were answered; the first answer to each stands.
pub(crate) async fn answer(
    connection: &mut PgConnection,
    answers: &BTreeMap<MatterId, (OrganId, Instant)>,
) -> Result<(), sqlx::Error> {
    let matters: Vec<Uuid> = answers.keys().map(|matter| matter.uuid()).collect();
    let organs: Vec<Uuid> = answers.values().map(|(organ, _)| organ.uuid()).collect();
    let times: Vec<Instant> = answers.values().map(|(_, at)| *at).collect();
    sqlx::query!(
        "UPDATE counted_matter AS counted SET answered_at = answer.at, answered_by = answer.organ_id
         FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS answer (matter_id, organ_id, at)
         WHERE counted.matter_id = ANY($1) AND counted.matter_id = answer.matter_id AND counted.answered_at IS NULL",
        &matters,
        &organs,
        &times,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes out matters that were withdrawn: nobody owes an answer to them. That they were raised stays counted.
pub(crate) async fn remove(
    connection: &mut PgConnection,
    matters: &[MatterId],
) -> Result<(), sqlx::Error> {
    let matters: Vec<Uuid> = matters.iter().map(|matter| matter.uuid()).collect();
    sqlx::query!(
        "DELETE FROM counted_matter WHERE matter_id = ANY($1)",
        &matters
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The organs that have unanswered matters of places and a subject in hand that came on these days.
pub(crate) async fn owing(
    connection: &mut PgConnection,
    (places, subject): (&[TerritoryCode], &str),
    (from, to): (Date, Date),
) -> Result<Vec<OrganId>, sqlx::Error> {
    let places = words(places);
    let organs = sqlx::query_scalar!(
        r#"SELECT DISTINCT coalesce(matter_holder.organ_id, registered_by) AS "organ!"
           FROM counted_matter LEFT JOIN matter_holder USING (matter_id)
           WHERE subject = $1 AND day BETWEEN $2 AND $3 AND answered_at IS NULL
             AND EXISTS (SELECT 1 FROM unnest($4::text[]) AS place WHERE starts_with(place_code, significant(place)))
           ORDER BY 1 LIMIT $5"#,
        subject,
        from,
        to,
        &places,
        ORGANS,
    )
    .fetch_all(connection)
    .await?;
    Ok(organs.into_iter().map(OrganId::from_uuid).collect())
}

/// Those of the matters of places and a subject that an organ has answered.
pub(crate) async fn answered_by(
    connection: &mut PgConnection,
    (places, subject): (&[TerritoryCode], &str),
    (organ, matters): (OrganId, &[MatterId]),
) -> Result<Vec<MatterId>, sqlx::Error> {
    let ids: Vec<Uuid> = matters.iter().map(|matter| matter.uuid()).collect();
    let places = words(places);
    let answered = sqlx::query_scalar!(
        "SELECT matter_id FROM counted_matter
         WHERE matter_id = ANY($1) AND subject = $2 AND answered_by = $4
           AND EXISTS (SELECT 1 FROM unnest($3::text[]) AS place WHERE starts_with(place_code, significant(place)))
         LIMIT $5",
        &ids,
        subject,
        &places,
        organ.uuid(),
        most(&ids),
    )
    .fetch_all(connection)
    .await?;
    Ok(answered.into_iter().map(MatterId::from_uuid).collect())
}

fn words(places: &[TerritoryCode]) -> Vec<String> {
    places.iter().map(ToString::to_string).collect()
}
