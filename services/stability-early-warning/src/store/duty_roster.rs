//! Rosters: which hours an organ covers from when on.

use huiyin_domain::ids::OrganId;
use huiyin_domain::time::{Date, Instant};
use huiyin_domain::warning::duty::{DutyCover, DutyHours};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer, most};
use crate::duty::Roster;

/// Rosters of one organ that can hold or begin in a stretch of days at most.
const MOST: i64 = 1000;

/// Writes a roster, without its shifts.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    roster: &Roster,
    at: Instant,
) -> Result<(), Problem> {
    let hours = roster.cover.hours;
    sqlx::query!(
        "INSERT INTO duty_roster (roster_id, organ_id, begins, hours_from, hours_to, post, set_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        roster.id.uuid(),
        roster.organ.0.uuid(),
        roster.cover.begins,
        hours.map(|hours| integer(hours.from())).transpose()?,
        hours.map(|hours| integer(hours.to())).transpose()?,
        roster.post,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What organs cover from the day before this one on, in the order in which it begins and was set.
pub(crate) async fn covers(
    connection: &mut PgConnection,
    organs: &[OrganId],
    since: Date,
) -> Result<Vec<(OrganId, DutyCover)>, Problem> {
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.uuid()).collect();
    let before = since.pred_opt().unwrap_or(since);
    let rows = sqlx::query!(
        "SELECT organ_id, begins, hours_from, hours_to FROM duty_roster AS roster
         WHERE organ_id = ANY($1)
           AND begins >= coalesce((SELECT max(earlier.begins) FROM duty_roster AS earlier
                                   WHERE earlier.organ_id = roster.organ_id AND earlier.begins <= $2), '-infinity')
         ORDER BY organ_id, begins, set_at, roster_id LIMIT $3",
        &ids,
        before,
        most(&ids).saturating_mul(MOST),
    )
    .fetch_all(connection)
    .await?;
    let covers = rows.into_iter().map(|row| {
        let hours = row.hours_from.zip(row.hours_to).map(|(from, to)| {
            let from = count("duty_roster.hours_from", from)?;
            let to = count("duty_roster.hours_to", to)?;
            DutyHours::new(from, to).ok_or_else(|| {
                Problem::Unexpected(format!("column duty_roster.hours: {from} to {to}"))
            })
        });
        let cover = DutyCover {
            begins: row.begins,
            hours: hours.transpose()?,
        };
        Ok((OrganId::from_uuid(row.organ_id), cover))
    });
    covers.collect()
}
