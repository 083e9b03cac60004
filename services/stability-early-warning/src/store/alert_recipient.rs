//! Who was addressed, and how far each got.

mod listing;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_domain::time::Instant;
use huiyin_domain::warning::Step;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer, most, word};
use crate::alert::{Acknowledgement, By, Recipient};

pub(crate) use listing::{Wanted, everybody, list, of};

/// Recipients of one alert at most: more a report is not raised for. Whoever is added later is among the offices above.
pub(crate) const MOST_RECIPIENTS: i64 = 10_000;

struct Row {
    recipient_id: Uuid,
    alert_id: Uuid,
    organ_id: Uuid,
    level: String,
    role: String,
    reason: String,
    state: String,
    step: i32,
    escalations: i32,
    ack_due: DateTime<Utc>,
    delivered_at: Option<DateTime<Utc>>,
    acked_at: Option<DateTime<Utc>>,
    acked_by_post: Option<String>,
    quorum: i32,
    posts: i32,
    report_due: Option<DateTime<Utc>>,
    refusal: Option<String>,
    right_organ: Option<Uuid>,
    ladder: String,
}

impl TryFrom<Row> for Recipient {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let by = row
            .acked_by_post
            .zip(row.acked_at)
            .map(|(post, at)| By { post, at });
        let refusal = row.refusal.zip(row.right_organ);
        let acknowledgement = match (row.state.as_str(), by, refusal) {
            ("waiting", None, None) => Acknowledgement::Waiting,
            ("acknowledged", Some(by), None) => Acknowledgement::InTime(by),
            ("acknowledged_late", Some(by), None) => Acknowledgement::Late(by),
            ("refused", Some(by), Some((reason, right_organ))) => Acknowledgement::Refused {
                by,
                reason,
                right_organ: OrganId::from_uuid(right_organ),
            },
            (state, _, _) => {
                return Err(Problem::Unexpected(format!(
                    "column alert_recipient.state: {state:?}"
                )));
            }
        };
        Ok(Self {
            id: row.recipient_id,
            alert: AlertId::from_uuid(row.alert_id),
            organ: OrganId::from_uuid(row.organ_id),
            level: word("alert_recipient.level", &row.level)?,
            role: word("alert_recipient.role", &row.role)?,
            reason: row.reason,
            step: Step::from_number(count("alert_recipient.step", row.step)?),
            escalations: count("alert_recipient.escalations", row.escalations)?,
            ack_due: row.ack_due,
            delivered_at: row.delivered_at,
            acknowledgement,
            ladder: row.ladder,
            quorum: count("alert_recipient.quorum", row.quorum)?,
            posts: count("alert_recipient.posts", row.posts)?,
            report_due: row.report_due,
        })
    }
}

/// The row of an organ that an alert is addressed to; not locked.
pub(crate) async fn id_of(
    connection: &mut PgConnection,
    alert: AlertId,
    organ: OrganId,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT recipient_id FROM alert_recipient WHERE alert_id = $1 AND organ_id = $2",
        alert.uuid(),
        organ.uuid(),
    )
    .fetch_optional(connection)
    .await
}

/// The rows of an organ that alerts are addressed to, of those it is addressed by; not locked.
pub(crate) async fn ids_of(
    connection: &mut PgConnection,
    alerts: &[AlertId],
    organ: OrganId,
) -> Result<Vec<(AlertId, Uuid)>, sqlx::Error> {
    let wanted: Vec<Uuid> = alerts.iter().map(|alert| alert.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT alert_id, recipient_id FROM alert_recipient WHERE alert_id = ANY($1) AND organ_id = $2 LIMIT $3",
        &wanted,
        organ.uuid(),
        most(&wanted),
    )
    .fetch_all(connection)
    .await?;
    let found = rows.into_iter();
    Ok(found
        .map(|row| (AlertId::from_uuid(row.alert_id), row.recipient_id))
        .collect())
}

/// Locks a recipient.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    recipient: Uuid,
) -> Result<Recipient, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT recipient_id, alert_id, organ_id, level, role, reason, state, step, escalations, ack_due, delivered_at,
                acked_at, acked_by_post, quorum, posts, report_due, refusal, right_organ, ladder
         FROM alert_recipient WHERE recipient_id = $1 FOR UPDATE",
        recipient,
    )
    .fetch_one(connection)
    .await?;
    row.try_into()
}

/// Writes how far locked recipients have got: who acknowledged, how many posts, until when they hold it.
pub(crate) async fn write(
    connection: &mut PgConnection,
    recipient: &Recipient,
) -> Result<(), Problem> {
    let by = recipient.acknowledgement.by();
    let refusal = match &recipient.acknowledgement {
        Acknowledgement::Refused {
            reason,
            right_organ,
            ..
        } => Some((reason.as_str(), right_organ.uuid())),
        Acknowledgement::Waiting | Acknowledgement::InTime(_) | Acknowledgement::Late(_) => None,
    };
    sqlx::query!(
        "UPDATE alert_recipient
         SET state = $2, acked_at = $3, acked_by_post = $4, posts = $5, report_due = $6, refusal = $7, right_organ = $8
         WHERE recipient_id = $1",
        recipient.id,
        recipient.acknowledgement.as_str(),
        by.map(|by| by.at),
        by.map(|by| by.post.as_str()),
        integer(recipient.posts)?,
        recipient.report_due,
        refusal.map(|(reason, _)| reason),
        refusal.map(|(_, right)| right),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Who holds an alert until somebody reports on, locked, in the order in which all lock them.
pub(crate) async fn lock_holders(
    connection: &mut PgConnection,
    alert: AlertId,
) -> Result<Vec<Recipient>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT recipient_id, alert_id, organ_id, level, role, reason, state, step, escalations, ack_due, delivered_at,
                acked_at, acked_by_post, quorum, posts, report_due, refusal, right_organ, ladder
         FROM alert_recipient WHERE alert_id = $1 AND report_due IS NOT NULL
         ORDER BY recipient_id LIMIT $2 FOR UPDATE",
        alert.uuid(),
        MOST_RECIPIENTS,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Recipient::try_from).collect()
}

/// Writes until when recipients hold an alert; none once its thread has ended.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    holders: &[Recipient],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = holders.iter().map(|recipient| recipient.id).collect();
    let dues: Vec<Option<Instant>> = holders
        .iter()
        .map(|recipient| recipient.report_due)
        .collect();
    sqlx::query!(
        "UPDATE alert_recipient AS recipient SET report_due = held.report_due
         FROM unnest($1::uuid[], $2::timestamptz[]) AS held (recipient_id, report_due)
         WHERE recipient.recipient_id = ANY($1) AND recipient.recipient_id = held.recipient_id",
        &ids,
        &dues as &[Option<Instant>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What is open at an organ, by id: what nobody has acknowledged, and what it holds until somebody reports on.
pub(crate) async fn open_at(
    connection: &mut PgConnection,
    organ: OrganId,
    limit: i64,
) -> Result<Vec<AlertId>, sqlx::Error> {
    let open = sqlx::query_scalar!(
        "SELECT alert_id FROM alert_recipient
         WHERE organ_id = $1 AND (state = 'waiting' OR report_due IS NOT NULL) ORDER BY alert_id LIMIT $2",
        organ.uuid(),
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(open.into_iter().map(AlertId::from_uuid).collect())
}

/// Writes that alerts reached the desks of organs at an instant; gives the recipients they had not
/// reached before. The rows are found one by one over the unique index, whatever the planner thought of
/// the table's size when it first met this statement: a burst fills an empty table in seconds.
pub(crate) async fn deliver(
    connection: &mut PgConnection,
    reached: &[(AlertId, OrganId)],
    at: Instant,
) -> Result<Vec<Recipient>, Problem> {
    let (alerts, organs): (Vec<Uuid>, Vec<Uuid>) = reached
        .iter()
        .map(|(alert, organ)| (alert.uuid(), organ.uuid()))
        .unzip();
    let rows = sqlx::query_as!(
        Row,
        "UPDATE alert_recipient SET delivered_at = $3
         WHERE recipient_id = ANY (ARRAY(
                   SELECT known.recipient_id
                   FROM unnest($1::uuid[], $2::uuid[]) AS given (alert_id, organ_id)
                   CROSS JOIN LATERAL (
                       SELECT addressed.recipient_id FROM alert_recipient AS addressed
                       WHERE addressed.alert_id = given.alert_id AND addressed.organ_id = given.organ_id
                       LIMIT 1) AS known))
           AND delivered_at IS NULL
         RETURNING recipient_id, alert_id, organ_id, level, role, reason, state, step, escalations, ack_due, delivered_at,
                   acked_at, acked_by_post, quorum, posts, report_due, refusal, right_organ, ladder",
        &alerts,
        &organs,
        at,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Recipient::try_from).collect()
}

/// Locks recipients. Their state is looked at behind the lock, so that the rows are found by their key and not among
/// everybody who waits.
pub(crate) async fn lock_all(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<Vec<Recipient>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT recipient_id, alert_id, organ_id, level, role, reason, state, step, escalations, ack_due, delivered_at,
                acked_at, acked_by_post, quorum, posts, report_due, refusal, right_organ, ladder
         FROM alert_recipient WHERE recipient_id = ANY($1) ORDER BY recipient_id LIMIT $2 FOR UPDATE",
        ids,
        most(ids),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Recipient::try_from).collect()
}

/// Writes the steps that locked recipients have reached, each one escalation after its last; whoever is escalated waits.
pub(crate) async fn escalate(
    connection: &mut PgConnection,
    reached: &[Recipient],
) -> Result<(), Problem> {
    let ids: Vec<Uuid> = reached.iter().map(|recipient| recipient.id).collect();
    let (steps, counts) = numbers(reached)?;
    sqlx::query!(
        "UPDATE alert_recipient AS recipient
         SET step = reached.step, escalations = reached.escalations, state = 'waiting', acked_at = NULL,
             acked_by_post = NULL, report_due = NULL, posts = CASE recipient.state WHEN 'waiting' THEN recipient.posts ELSE 0 END
         FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS reached (recipient_id, step, escalations)
         WHERE recipient.recipient_id = ANY($1) AND recipient.recipient_id = reached.recipient_id
           AND recipient.escalations = reached.escalations - 1",
        &ids,
        &steps,
        &counts,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Step and count of each as columns keep them.
pub(super) fn numbers(reached: &[Recipient]) -> Result<(Vec<i32>, Vec<i32>), Problem> {
    let mut steps = Vec::with_capacity(reached.len());
    let mut counts = Vec::with_capacity(reached.len());
    for recipient in reached {
        steps.push(integer(recipient.step.number())?);
        counts.push(integer(recipient.escalations)?);
    }
    Ok((steps, counts))
}

/// Recipients as an `unnest` takes them, a column each.
pub(super) struct Columns {
    pub(super) ids: Vec<Uuid>,
    pub(super) alerts: Vec<Uuid>,
    pub(super) organs: Vec<Uuid>,
    pub(super) levels: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) reasons: Vec<String>,
    pub(super) dues: Vec<Instant>,
    pub(super) quorums: Vec<i32>,
    pub(super) ladders: Vec<String>,
}

/// Recipients by columns.
pub(super) fn columns<'r>(
    recipients: impl IntoIterator<Item = &'r Recipient>,
) -> Result<Columns, Problem> {
    let mut columns = Columns {
        ids: Vec::new(),
        alerts: Vec::new(),
        organs: Vec::new(),
        levels: Vec::new(),
        roles: Vec::new(),
        reasons: Vec::new(),
        dues: Vec::new(),
        quorums: Vec::new(),
        ladders: Vec::new(),
    };
    for recipient in recipients {
        columns.ids.push(recipient.id);
        columns.alerts.push(recipient.alert.uuid());
        columns.organs.push(recipient.organ.uuid());
        columns.levels.push(recipient.level.to_string());
        columns.roles.push(recipient.role.as_str().to_owned());
        columns.reasons.push(recipient.reason.clone());
        columns.dues.push(recipient.ack_due);
        columns.quorums.push(integer(recipient.quorum)?);
        columns.ladders.push(recipient.ladder.clone());
    }
    Ok(columns)
}

/// Adds recipients to their alerts; gives the rows of those that were not addressed before.
pub(crate) async fn add(
    connection: &mut PgConnection,
    wanted: &[Recipient],
) -> Result<HashSet<Uuid>, Problem> {
    let columns = columns(wanted)?;
    let added = sqlx::query_scalar!(
        "INSERT INTO alert_recipient (recipient_id, alert_id, organ_id, level, role, reason, ack_due, quorum, ladder)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                              $8::integer[], $9::text[])
         ON CONFLICT (alert_id, organ_id) DO NOTHING
         RETURNING recipient_id",
        &columns.ids,
        &columns.alerts,
        &columns.organs,
        &columns.levels,
        &columns.roles,
        &columns.reasons,
        &columns.dues,
        &columns.quorums,
        &columns.ladders,
    )
    .fetch_all(connection)
    .await?;
    Ok(added.into_iter().collect())
}
