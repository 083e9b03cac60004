//! What a recipient does about an alert is done by a post that is on duty, while a shift of the organ is running. Without one the
//! organ acts as it did before it had rosters.

use std::collections::HashMap;

use huiyin_domain::ids::OrganId;
use huiyin_domain::time::Instant;
use huiyin_domain::warning::duty::OnDuty;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;

use crate::store::duty_shift;

/// Refuses a post that is not on duty in the running shift of its organ.
///
/// # Errors
/// [`Problem::NotOnDuty`] with the posts that are.
pub(crate) async fn check(
    connection: &mut PgConnection,
    (organ, post): (OrganId, &str),
    now: Instant,
) -> Result<(), Problem> {
    match of(connection, &[organ], now).await?.get(&organ) {
        Some(on_duty) if on_duty.role_of(post).is_none() => Err(Problem::NotOnDuty {
            on_duty: on_duty.posts().map(str::to_owned).to_vec(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Who is on duty at those of the organs that have a running shift.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn of(
    connection: &mut PgConnection,
    organs: &[OrganId],
    now: Instant,
) -> Result<HashMap<OrganId, OnDuty>, Problem> {
    let running = duty_shift::running(connection, organs, now).await?;
    let on_duty = running
        .iter()
        .map(|shift| (shift.organ, shift.on_duty(now)));
    Ok(on_duty.collect())
}
