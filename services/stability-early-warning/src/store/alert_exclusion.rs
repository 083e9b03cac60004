//! Who must never be told of an alert.

use huiyin_domain::ids::{AlertId, OrganId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::alert_recipient::MOST_RECIPIENTS;

/// Writes who is excluded from which alert.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    excluded: &[(AlertId, OrganId)],
) -> Result<(), sqlx::Error> {
    if excluded.is_empty() {
        return Ok(());
    }
    let (alerts, organs): (Vec<Uuid>, Vec<Uuid>) = excluded
        .iter()
        .map(|(alert, organ)| (alert.uuid(), organ.uuid()))
        .unzip();
    sqlx::query!(
        "INSERT INTO alert_exclusion (alert_id, organ_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])",
        &alerts,
        &organs,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Who is excluded from the alerts.
pub(crate) async fn of(
    connection: &mut PgConnection,
    alerts: &[AlertId],
) -> Result<Vec<(AlertId, OrganId)>, sqlx::Error> {
    let wanted: Vec<Uuid> = alerts.iter().map(|alert| alert.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT alert_id, organ_id FROM alert_exclusion WHERE alert_id = ANY($1) LIMIT $2",
        &wanted,
        super::most(&wanted).saturating_mul(MOST_RECIPIENTS),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            (
                AlertId::from_uuid(row.alert_id),
                OrganId::from_uuid(row.organ_id),
            )
        })
        .collect())
}
