//! Shifts.

use huiyin_domain::ids::{OrganId, ShiftId};
use huiyin_domain::time::Instant;
use huiyin_domain::warning::duty::{OnDuty, Stretch};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{duty_hand_over, duty_substitution, most, stretch, word};
use crate::duty::{Roster, Shift};

/// Shifts of one organ in the days that are looked at, at most.
const MOST: i64 = 5000;

struct Row {
    shift_id: Uuid,
    organ_id: Uuid,
    place_code: String,
    from_at: Instant,
    to_at: Instant,
    post: String,
    deputy: String,
    leader: String,
    duty_phone: String,
}

impl TryFrom<Row> for Shift {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: ShiftId::from_uuid(row.shift_id),
            organ: OrganId::from_uuid(row.organ_id),
            place: word("duty_shift.place_code", &row.place_code)?,
            time: stretch("duty_shift", (row.from_at, row.to_at))?,
            posts: OnDuty {
                post: row.post,
                deputy: row.deputy,
                leader: row.leader,
            },
            duty_phone: row.duty_phone,
            relieved: Vec::new(),
            hand_over: None,
        })
    }
}

/// Shifts with the posts that took over in them.
async fn whole(connection: &mut PgConnection, rows: Vec<Row>) -> Result<Vec<Shift>, Problem> {
    let shifts: Result<Vec<Shift>, Problem> = rows.into_iter().map(Shift::try_from).collect();
    let mut shifts = shifts?;
    if shifts.is_empty() {
        return Ok(shifts);
    }
    let ids: Vec<Uuid> = shifts.iter().map(|shift| shift.id.uuid()).collect();
    for (id, relieved) in duty_substitution::of(connection, &ids).await? {
        if let Some(shift) = shifts.iter_mut().find(|shift| shift.id == id) {
            shift.relieved.push(relieved);
        }
    }
    Ok(shifts)
}

/// Writes the shifts of a roster.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    roster: &Roster,
) -> Result<(), sqlx::Error> {
    let all = &roster.shifts;
    let texts = |of: fn(&Shift) -> &String| -> Vec<String> {
        all.iter().map(|shift| of(shift).clone()).collect()
    };
    let ids: Vec<Uuid> = all.iter().map(|shift| shift.id.uuid()).collect();
    let from: Vec<Instant> = all.iter().map(|shift| shift.time.from()).collect();
    let to: Vec<Instant> = all.iter().map(|shift| shift.time.to()).collect();
    sqlx::query!(
        "INSERT INTO duty_shift (shift_id, roster_id, organ_id, place_code, from_at, to_at, post, deputy, leader, duty_phone)
         SELECT set.shift_id, $1, $2, $3, set.from_at, set.to_at, set.post, set.deputy, set.leader, set.duty_phone
         FROM unnest($4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::text[])
              AS set (shift_id, from_at, to_at, post, deputy, leader, duty_phone)",
        roster.id.uuid(),
        roster.organ.0.uuid(),
        roster.organ.1.as_str(),
        &ids,
        &from,
        &to,
        &texts(|shift| &shift.posts.post),
        &texts(|shift| &shift.posts.deputy),
        &texts(|shift| &shift.posts.leader),
        &texts(|shift| &shift.duty_phone),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When somebody is on duty at organs within a stretch of time.
pub(crate) async fn kept(
    connection: &mut PgConnection,
    organs: &[OrganId],
    (from, to): (Instant, Instant),
) -> Result<Vec<(OrganId, Stretch)>, Problem> {
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT organ_id, from_at, to_at FROM duty_shift
         WHERE organ_id = ANY($1) AND to_at > $2 AND from_at < $3 ORDER BY organ_id, from_at LIMIT $4",
        &ids,
        from,
        to,
        most(&ids).saturating_mul(MOST),
    )
    .fetch_all(connection)
    .await?;
    let kept = rows.into_iter().map(|row| {
        let time = stretch("duty_shift", (row.from_at, row.to_at))?;
        Ok((OrganId::from_uuid(row.organ_id), time))
    });
    kept.collect()
}

/// The shifts that are running at organs, with the posts that took over; at most one each.
pub(crate) async fn running(
    connection: &mut PgConnection,
    organs: &[OrganId],
    now: Instant,
) -> Result<Vec<Shift>, Problem> {
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT shift_id, organ_id, place_code, from_at, to_at, post, deputy, leader, duty_phone FROM duty_shift
         WHERE organ_id = ANY($1) AND to_at > $2 AND from_at <= $2 LIMIT $3",
        &ids,
        now,
        most(&ids),
    )
    .fetch_all(&mut *connection)
    .await?;
    whole(connection, rows).await
}

/// The shifts of an organ that have not ended at an instant, earliest first.
pub(crate) async fn from(
    connection: &mut PgConnection,
    organ: OrganId,
    at: Instant,
) -> Result<Vec<Shift>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT shift_id, organ_id, place_code, from_at, to_at, post, deputy, leader, duty_phone FROM duty_shift
         WHERE organ_id = $1 AND to_at > $2 ORDER BY from_at LIMIT $3",
        organ.uuid(),
        at,
        MOST,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Shift::try_from).collect()
}

/// A shift of an organ, locked, with everything that became of it.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    (id, organ): (ShiftId, OrganId),
) -> Result<Option<Shift>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT shift_id, organ_id, place_code, from_at, to_at, post, deputy, leader, duty_phone FROM duty_shift
         WHERE shift_id = $1 AND organ_id = $2 FOR UPDATE",
        id.uuid(),
        organ.uuid(),
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut shift = whole(&mut *connection, rows).await?.pop();
    if let Some(shift) = &mut shift {
        let handed_over = duty_hand_over::of(connection, &[id.uuid()]).await?;
        shift.hand_over = handed_over.into_iter().next();
    }
    Ok(shift)
}

/// Which shifts a list wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Of this organ.
    pub(crate) organ: Option<OrganId>,
    /// That have not ended at this instant.
    pub(crate) from: Option<Instant>,
    /// Behind this one.
    pub(crate) after: Option<(Instant, ShiftId)>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page of shifts, by their beginning, with everything that became of them.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<Shift>, Problem> {
    let (after_time, after_id) = wanted.after.map(|(at, id)| (at, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT shift_id, organ_id, place_code, from_at, to_at, post, deputy, leader, duty_phone FROM duty_shift
         WHERE ($1::uuid IS NULL OR organ_id = $1) AND ($2::timestamptz IS NULL OR to_at > $2)
           AND ($3::timestamptz IS NULL OR (from_at, shift_id) > ($3, $4))
         ORDER BY from_at, shift_id LIMIT $5",
        wanted.organ.map(OrganId::uuid),
        wanted.from,
        after_time,
        after_id,
        wanted.limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut shifts = whole(&mut *connection, rows).await?;
    let ids: Vec<Uuid> = shifts.iter().map(|shift| shift.id.uuid()).collect();
    for hand_over in duty_hand_over::of(connection, &ids).await? {
        if let Some(shift) = shifts.iter_mut().find(|shift| shift.id == hand_over.from.0) {
            shift.hand_over = Some(hand_over);
        }
    }
    Ok(shifts)
}
