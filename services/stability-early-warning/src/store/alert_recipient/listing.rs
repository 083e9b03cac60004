//! Recipients as they are listed: of a warning to the offices below there are thousands.

use std::collections::HashMap;

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::{count, most, word};
use super::{MOST_RECIPIENTS, Row};
use crate::alert::{Addressed, LISTED, Recipient};

/// Whom the alerts are addressed to, by level from below and by organ: of each [`LISTED`] at most, offices below last, and always
/// the organ that asks.
pub(crate) async fn of(
    connection: &mut PgConnection,
    alerts: &[AlertId],
    asks: Option<OrganId>,
) -> Result<Addressed, Problem> {
    let wanted: Vec<Uuid> = alerts.iter().map(|alert| alert.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT recipient_id, alert_id, organ_id, level, role, reason, state, step, escalations, ack_due, delivered_at,
                acked_at, acked_by_post, quorum, posts, report_due, refusal, right_organ, ladder
         FROM alert_recipient
         WHERE recipient_id = ANY (ARRAY(
             SELECT listed.recipient_id FROM unnest($1::uuid[]) AS asked (alert_id) CROSS JOIN LATERAL (
                 (SELECT others.recipient_id FROM (
                      (SELECT r.recipient_id, 0 AS below FROM alert_recipient AS r
                       WHERE r.alert_id = asked.alert_id AND r.role <> 'offices_below' LIMIT $2)
                      UNION ALL
                      (SELECT r.recipient_id, 1 FROM alert_recipient AS r
                       WHERE r.alert_id = asked.alert_id AND r.role = 'offices_below' ORDER BY r.organ_id LIMIT $2)) AS others
                  ORDER BY others.below LIMIT $2)
                 UNION
                 SELECT own.recipient_id FROM alert_recipient AS own
                 WHERE own.alert_id = asked.alert_id AND own.organ_id = $3) AS listed))
         ORDER BY array_position('{village,township,county,city,province,nation}'::text[], level), organ_id LIMIT $4",
        &wanted,
        listed(),
        asks.map(|organ| organ.uuid()),
        most(&wanted).saturating_mul(listed() + 1),
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(Addressed {
        listed: rows
            .into_iter()
            .map(Recipient::try_from)
            .collect::<Result<_, _>>()?,
        counted: counted(connection, &wanted).await?,
    })
}

fn listed() -> i64 {
    i64::try_from(LISTED).unwrap_or(i64::MAX)
}

async fn counted(
    connection: &mut PgConnection,
    alerts: &[Uuid],
) -> Result<HashMap<AlertId, u32>, Problem> {
    let rows = sqlx::query!(
        r#"SELECT alert_id, count(*)::integer AS "recipients!" FROM alert_recipient
           WHERE alert_id = ANY($1) GROUP BY alert_id LIMIT $2"#,
        alerts,
        most(alerts),
    )
    .fetch_all(connection)
    .await?;
    let number = |stored| count("alert_recipient.recipients", stored);
    rows.into_iter()
        .map(|row| Ok((AlertId::from_uuid(row.alert_id), number(row.recipients)?)))
        .collect()
}

/// Which recipients of an alert are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The alert.
    pub(crate) alert: AlertId,
    /// Only those that have not acknowledged.
    pub(crate) waiting_only: bool,
    /// Behind this organ.
    pub(crate) after: Option<OrganId>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page of the recipients of an alert, by organ.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: Wanted,
) -> Result<Vec<Recipient>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT recipient_id, alert_id, organ_id, level, role, reason, state, step, escalations, ack_due, delivered_at,
                acked_at, acked_by_post, quorum, posts, report_due, refusal, right_organ, ladder
         FROM alert_recipient
         WHERE alert_id = $1 AND (NOT $2 OR state = 'waiting') AND ($3::uuid IS NULL OR organ_id > $3)
         ORDER BY organ_id LIMIT $4",
        wanted.alert.uuid(),
        wanted.waiting_only,
        wanted.after.map(|organ| organ.uuid()),
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Recipient::try_from).collect()
}

/// The rows of everybody an alert is addressed to, and their levels.
pub(crate) async fn everybody(
    connection: &mut PgConnection,
    alert: AlertId,
) -> Result<Vec<(Uuid, Level)>, Problem> {
    let rows = sqlx::query!(
        "SELECT recipient_id, level FROM alert_recipient WHERE alert_id = $1 ORDER BY recipient_id LIMIT $2",
        alert.uuid(),
        MOST_RECIPIENTS,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.recipient_id, word("alert_recipient.level", &row.level)?)))
        .collect()
}
