//! Hand-overs of shifts.

use huiyin_domain::ids::{AlertId, ShiftId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::most;
use crate::duty::HandOver;

/// Writes a hand-over; false when the shift was handed over before, and then nothing is written.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    hand_over: &HandOver,
) -> Result<bool, sqlx::Error> {
    let alerts: Vec<Uuid> = hand_over.alerts.iter().map(|alert| alert.uuid()).collect();
    let ((from, from_post), (to, to_post)) = (&hand_over.from, &hand_over.to);
    let written = sqlx::query!(
        "INSERT INTO duty_hand_over (from_shift, from_post, to_shift, to_post, alert_ids, notes, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (from_shift) DO NOTHING",
        from.uuid(),
        from_post,
        to.uuid(),
        to_post,
        &alerts,
        hand_over.notes,
        hand_over.at,
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() > 0)
}

/// How shifts were handed over.
pub(crate) async fn of(
    connection: &mut PgConnection,
    shifts: &[Uuid],
) -> Result<Vec<HandOver>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT from_shift, from_post, to_shift, to_post, alert_ids, notes, at FROM duty_hand_over
         WHERE from_shift = ANY($1) LIMIT $2",
        shifts,
        most(shifts),
    )
    .fetch_all(connection)
    .await?;
    let of = rows.into_iter().map(|row| HandOver {
        from: (ShiftId::from_uuid(row.from_shift), row.from_post),
        to: (ShiftId::from_uuid(row.to_shift), row.to_post),
        alerts: row.alert_ids.into_iter().map(AlertId::from_uuid).collect(),
        notes: row.notes,
        at: row.at,
    });
    Ok(of.collect())
}
