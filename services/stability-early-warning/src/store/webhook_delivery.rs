//! What organs' own systems are to be told.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{AlertId, EventId, OrganId, WebhookId};
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::Level;
use huiyin_domain::warning::webhooks::Then;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::count;
use crate::webhooks::{Delivery, DeliveryState, Webhook, notice_of};

/// A notice that reached the desk of a level.
#[derive(Clone, Debug)]
pub(crate) struct ToTell {
    pub(crate) event: EventId,
    pub(crate) alert: AlertId,
    pub(crate) notice: &'static str,
    /// The organ that it is about.
    pub(crate) about: OrganId,
    pub(crate) body: String,
}

/// A delivery that an attempt is under way for.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    /// Where to.
    pub(crate) webhook: Webhook,
    pub(crate) event: EventId,
    pub(crate) body: String,
    /// Of this attempt, counted from 1.
    pub(crate) number: u32,
    /// The same, counted since the delivery was last driven.
    pub(crate) tries: u32,
    /// When that was.
    pub(crate) since: Instant,
}

/// Writes a row for each of the notices and each open webhook of an organ of the level that may see it: a recipient of what is raised
/// for it, and of everything else whoever was told of the alert. Never for one that is excluded.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    level: Level,
    told: &[ToTell],
    now: Instant,
) -> Result<(), sqlx::Error> {
    let events: Vec<Uuid> = told.iter().map(|told| told.event.uuid()).collect();
    let alerts: Vec<Uuid> = told.iter().map(|told| told.alert.uuid()).collect();
    let about: Vec<Uuid> = told.iter().map(|told| told.about.uuid()).collect();
    let notices: Vec<String> = told.iter().map(|told| told.notice.to_owned()).collect();
    let bodies: Vec<String> = told.iter().map(|told| told.body.clone()).collect();
    sqlx::query!(
        "INSERT INTO webhook_delivery (webhook_id, event_id, alert_id, notice, body, told_at, since, next_at)
         SELECT webhook.webhook_id, told.event_id, told.alert_id, told.notice, told.body, $7, $7, $7
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
              AS told (event_id, alert_id, about, notice, body)
         JOIN alert_told AS knows ON knows.alert_id = told.alert_id
              AND (told.notice <> 'raised' OR knows.organ_id = told.about)
         JOIN webhook ON webhook.organ_id = knows.organ_id AND webhook.ended_at IS NULL
              AND told.notice = ANY(webhook.notices)
         JOIN office ON office.organ_id = knows.organ_id AND office.level = $1
         WHERE NOT EXISTS (SELECT 1 FROM alert_exclusion AS excluded
                           WHERE excluded.alert_id = told.alert_id AND excluded.organ_id = knows.organ_id)
         ON CONFLICT (webhook_id, event_id) DO NOTHING",
        level.as_str(),
        &events,
        &alerts,
        &about,
        &notices,
        &bodies,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Locks open webhooks that have something due and a place free, those whose receivers answer first; others that claim go past them.
pub(crate) async fn lock_ready(
    connection: &mut PgConnection,
    now: Instant,
    most: i64,
) -> Result<Vec<WebhookId>, sqlx::Error> {
    let ready = sqlx::query_scalar!(
        "SELECT webhook_id FROM webhook
         WHERE ended_at IS NULL
           AND EXISTS (SELECT 1 FROM webhook_delivery AS due
                       WHERE due.webhook_id = webhook.webhook_id AND due.state = 'waiting' AND due.next_at <= $1)
           AND (SELECT count(*) FROM webhook_delivery AS under_way
                WHERE under_way.webhook_id = webhook.webhook_id AND under_way.leased_until > $1)
               < CASE WHEN failures = 0 THEN concurrency ELSE 1 END
         ORDER BY failures, webhook_id LIMIT $2
         FOR UPDATE SKIP LOCKED",
        now,
        most,
    )
    .fetch_all(connection)
    .await?;
    Ok(ready.into_iter().map(WebhookId::from_uuid).collect())
}

/// Claims what is due of webhooks that are locked until an instant, as much as each has places free.
pub(crate) async fn claim(
    connection: &mut PgConnection,
    ready: &[WebhookId],
    (now, until): (Instant, Instant),
    most: i64,
) -> Result<Vec<Claimed>, Problem> {
    let ids: Vec<Uuid> = ready.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        "WITH open AS (
             SELECT webhook_id, failures,
                    CASE WHEN failures = 0 THEN concurrency ELSE 1 END
                    - (SELECT count(*) FROM webhook_delivery AS under_way
                       WHERE under_way.webhook_id = webhook.webhook_id AND under_way.leased_until > $2) AS free
             FROM webhook WHERE webhook_id = ANY($1)),
         taken AS (
             SELECT due.webhook_id, due.event_id FROM open
             CROSS JOIN LATERAL (
                 SELECT webhook_id, event_id FROM webhook_delivery AS waiting
                 WHERE waiting.webhook_id = open.webhook_id AND waiting.state = 'waiting' AND waiting.next_at <= $2
                 ORDER BY next_at, event_id LIMIT greatest(open.free, 0)) AS due
             ORDER BY open.failures, due.event_id LIMIT $4)
         UPDATE webhook_delivery AS d
         SET attempts = attempts + 1, tries = tries + 1, leased_until = $3, next_at = $3
         FROM taken, webhook
         WHERE (d.webhook_id, d.event_id) = (taken.webhook_id, taken.event_id) AND webhook.webhook_id = d.webhook_id
         RETURNING d.webhook_id, d.event_id, d.body, d.attempts, d.tries, d.since, webhook.organ_id, webhook.url,
                   webhook.concurrency, webhook.version, webhook.former_until, webhook.set_at",
        &ids,
        now,
        until,
        most,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Claimed {
                webhook: Webhook {
                    id: WebhookId::from_uuid(row.webhook_id),
                    organ: OrganId::from_uuid(row.organ_id),
                    url: row.url,
                    notices: Vec::new(),
                    concurrency: count("webhook.concurrency", row.concurrency)?,
                    version: count("webhook.version", row.version)?,
                    former_until: row.former_until,
                    set_at: row.set_at,
                    ended: None,
                },
                event: EventId::from_uuid(row.event_id),
                body: row.body,
                number: count("webhook_delivery.attempts", row.attempts)?,
                tries: count("webhook_delivery.tries", row.tries)?,
                since: row.since,
            })
        })
        .collect()
}

/// Whether a delivery still waits for what this attempt came to; locks it.
pub(crate) async fn is_still(
    connection: &mut PgConnection,
    (webhook, event): (WebhookId, EventId),
    number: u32,
) -> Result<bool, Problem> {
    let found = sqlx::query_scalar!(
        "SELECT attempts FROM webhook_delivery
         WHERE webhook_id = $1 AND event_id = $2 AND state = 'waiting' AND attempts = $3 FOR UPDATE",
        webhook.uuid(),
        event.uuid(),
        super::integer(number)?,
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

/// Writes what follows an attempt.
pub(crate) async fn settle(
    connection: &mut PgConnection,
    (webhook, event): (WebhookId, EventId),
    then: Then,
    now: Instant,
) -> Result<(), sqlx::Error> {
    let (state, next, settled) = match then {
        Then::Delivered => ("delivered", None, Some(now)),
        Then::Again(next) => ("waiting", Some(next), None),
        Then::GivenUp | Then::Gone => ("given_up", None, Some(now)),
    };
    sqlx::query!(
        "UPDATE webhook_delivery SET state = $3, next_at = $4, settled_at = $5, leased_until = NULL
         WHERE webhook_id = $1 AND event_id = $2",
        webhook.uuid(),
        event.uuid(),
        state,
        next,
        settled,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives up all that waits for a webhook that is locked.
pub(crate) async fn give_up_all(
    connection: &mut PgConnection,
    webhook: WebhookId,
    now: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_delivery SET state = 'given_up', next_at = NULL, settled_at = $2, leased_until = NULL
         WHERE webhook_id = $1 AND state = 'waiting'",
        webhook.uuid(),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Which deliveries that were given up are driven again.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// Those of these events.
    Events(Vec<EventId>),
    /// Those that reached the desk from an instant on and before another.
    Between(Instant, Instant),
}

/// Lets deliveries of a webhook that is locked wait again, the oldest first and at most so many; says how many.
pub(crate) async fn redrive(
    connection: &mut PgConnection,
    webhook: WebhookId,
    wanted: &Wanted,
    (now, most): (Instant, i64),
) -> Result<u64, sqlx::Error> {
    let (events, from, to) = match wanted {
        Wanted::Events(events) => {
            let events: Vec<Uuid> = events.iter().map(|event| event.uuid()).collect();
            (Some(events), None, None)
        }
        Wanted::Between(from, to) => (None, Some(*from), Some(*to)),
    };
    let driven = sqlx::query!(
        "UPDATE webhook_delivery SET state = 'waiting', since = $2, next_at = $2, settled_at = NULL, tries = 0
         WHERE webhook_id = $1 AND event_id IN (
             SELECT event_id FROM webhook_delivery
             WHERE webhook_id = $1 AND state = 'given_up'
               AND ($3::uuid[] IS NULL OR event_id = ANY($3))
               AND ($4::timestamptz IS NULL OR told_at >= $4) AND ($5::timestamptz IS NULL OR told_at < $5)
             ORDER BY told_at, event_id LIMIT $6)",
        webhook.uuid(),
        now,
        events.as_deref(),
        from,
        to,
        most,
    )
    .execute(connection)
    .await?;
    Ok(driven.rows_affected())
}

/// Removes deliveries that were settled until an instant, with their attempts, the oldest first and at most so many; says how many.
pub(crate) async fn remove(
    connection: &mut PgConnection,
    until: Instant,
    most: i64,
) -> Result<u64, sqlx::Error> {
    let removed = sqlx::query!(
        "WITH old AS (
             SELECT webhook_id, event_id FROM webhook_delivery WHERE settled_at <= $1
             ORDER BY settled_at LIMIT $2 FOR UPDATE),
         made AS (DELETE FROM webhook_attempt USING old
                  WHERE (webhook_attempt.webhook_id, webhook_attempt.event_id) = (old.webhook_id, old.event_id))
         DELETE FROM webhook_delivery AS told USING old
         WHERE (told.webhook_id, told.event_id) = (old.webhook_id, old.event_id)",
        until,
        most,
    )
    .execute(connection)
    .await?;
    Ok(removed.rows_affected())
}

/// Which deliveries a list wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed {
    pub(crate) webhook: WebhookId,
    /// Only those that stand so.
    pub(crate) state: Option<&'static str>,
    /// Behind this one.
    pub(crate) after: Option<(Instant, EventId)>,
    /// At most so many.
    pub(crate) limit: i64,
}

struct Row {
    event_id: Uuid,
    alert_id: Uuid,
    notice: String,
    told_at: DateTime<Utc>,
    state: String,
    next_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Delivery {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let state = match (row.state.as_str(), row.next_at, row.settled_at) {
            ("delivered", _, Some(at)) => DeliveryState::Delivered(at),
            ("given_up", _, Some(at)) => DeliveryState::GivenUp(at),
            (_, Some(next), _) => DeliveryState::Waiting(next),
            (state, None, _) => {
                let words = format!("a delivery that is {state} says not since when");
                return Err(Problem::Unexpected(words));
            }
        };
        Ok(Self {
            event: EventId::from_uuid(row.event_id),
            alert: AlertId::from_uuid(row.alert_id),
            notice: notice_of(&row.notice)?,
            told_at: row.told_at,
            state,
        })
    }
}

/// A page of deliveries, newest first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Listed,
) -> Result<Vec<Delivery>, Problem> {
    let (after_time, after_id) = wanted.after.map(|(at, id)| (at, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT event_id, alert_id, notice, told_at, state, next_at, settled_at
         FROM webhook_delivery
         WHERE webhook_id = $1 AND ($2::text IS NULL OR state = $2)
           AND ($3::timestamptz IS NULL OR (told_at, event_id) < ($3, $4))
         ORDER BY told_at DESC, event_id DESC LIMIT $5",
        wanted.webhook.uuid(),
        wanted.state,
        after_time,
        after_id,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}
