//! Posts that took over what remained of a shift.

use huiyin_domain::ids::ShiftId;
use huiyin_domain::warning::duty::Substitution;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{most, word};
use crate::duty::Relieved;

/// Substitutions in one shift at most.
pub(crate) const MOST: i64 = 50;

/// Writes a substitution of a locked shift, behind those that are there.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    shift: ShiftId,
    relieved: &Relieved,
) -> Result<(), sqlx::Error> {
    let substitution = &relieved.substitution;
    sqlx::query!(
        "INSERT INTO duty_substitution (shift_id, number, role, post, from_at, reason, said_at)
         SELECT $1, 1 + coalesce(max(number), 0), $2, $3, $4, $5, $6 FROM duty_substitution WHERE shift_id = $1",
        shift.uuid(),
        substitution.role.as_str(),
        substitution.post,
        substitution.from,
        relieved.reason,
        relieved.said_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The substitutions of shifts, in the order in which they were said.
pub(crate) async fn of(
    connection: &mut PgConnection,
    shifts: &[Uuid],
) -> Result<Vec<(ShiftId, Relieved)>, Problem> {
    let rows = sqlx::query!(
        "SELECT shift_id, role, post, from_at, reason, said_at FROM duty_substitution
         WHERE shift_id = ANY($1) ORDER BY shift_id, number LIMIT $2",
        shifts,
        most(shifts).saturating_mul(MOST),
    )
    .fetch_all(connection)
    .await?;
    let of = rows.into_iter().map(|row| {
        let relieved = Relieved {
            substitution: Substitution {
                role: word("duty_substitution.role", &row.role)?,
                post: row.post,
                from: row.from_at,
            },
            reason: row.reason,
            said_at: row.said_at,
        };
        Ok((ShiftId::from_uuid(row.shift_id), relieved))
    });
    of.collect()
}
