//! Where organs' own systems are told.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{OrganId, WebhookId};
use huiyin_domain::time::Instant;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer};
use crate::webhooks::{EndedBy, Webhook, notice_of, notice_word};

struct Row {
    webhook_id: Uuid,
    organ_id: Uuid,
    url: String,
    notices: Vec<String>,
    concurrency: i32,
    version: i32,
    former_until: Option<DateTime<Utc>>,
    set_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    ended_by: Option<String>,
}

impl TryFrom<Row> for Webhook {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let ended_by = match row.ended_by.as_deref() {
            Some("gone") => EndedBy::Gone,
            Some(_) | None => EndedBy::Organ,
        };
        let notices: Result<Vec<_>, Problem> =
            row.notices.iter().map(|word| notice_of(word)).collect();
        Ok(Self {
            id: WebhookId::from_uuid(row.webhook_id),
            organ: OrganId::from_uuid(row.organ_id),
            url: row.url,
            notices: notices?,
            concurrency: count("webhook.concurrency", row.concurrency)?,
            version: count("webhook.version", row.version)?,
            former_until: row.former_until,
            set_at: row.set_at,
            ended: row.ended_at.map(|at| (at, ended_by)),
        })
    }
}

/// Writes a new webhook.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    webhook: &Webhook,
) -> Result<(), Problem> {
    let notices = webhook.notices.iter();
    let notices: Vec<String> = notices
        .filter_map(|kind| notice_word(*kind).map(str::to_owned))
        .collect();
    sqlx::query!(
        "INSERT INTO webhook (webhook_id, organ_id, url, notices, concurrency, set_at) VALUES ($1, $2, $3, $4, $5, $6)",
        webhook.id.uuid(),
        webhook.organ.uuid(),
        webhook.url,
        &notices,
        integer(webhook.concurrency)?,
        webhook.set_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many webhooks of an organ have not ended. Whoever asks next for the same organ waits until the transaction ends.
pub(crate) async fn count_open(
    connection: &mut PgConnection,
    organ: OrganId,
) -> Result<i64, sqlx::Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('webhook ' || $1::uuid::text, 0))",
        organ.uuid(),
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "open!" FROM webhook WHERE organ_id = $1 AND ended_at IS NULL"#,
        organ.uuid(),
    )
    .fetch_one(connection)
    .await
}

/// A webhook of an organ, if who asks sees it.
pub(crate) async fn find(
    connection: &mut PgConnection,
    (organ, id): (OrganId, WebhookId),
) -> Result<Option<Webhook>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT webhook_id, organ_id, url, notices, concurrency, version, former_until, set_at, ended_at, ended_by
         FROM webhook WHERE webhook_id = $1 AND organ_id = $2",
        id.uuid(),
        organ.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(Webhook::try_from).transpose()
}

/// A webhook, locked.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    id: WebhookId,
) -> Result<Option<Webhook>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT webhook_id, organ_id, url, notices, concurrency, version, former_until, set_at, ended_at, ended_by
         FROM webhook WHERE webhook_id = $1 FOR UPDATE",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(Webhook::try_from).transpose()
}

/// A page of the webhooks of an organ, newest first, behind one of them.
pub(crate) async fn list(
    connection: &mut PgConnection,
    organ: OrganId,
    after: Option<(Instant, WebhookId)>,
    limit: i64,
) -> Result<Vec<Webhook>, Problem> {
    let (after_time, after_id) = after.map(|(at, id)| (at, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT webhook_id, organ_id, url, notices, concurrency, version, former_until, set_at, ended_at, ended_by
         FROM webhook
         WHERE organ_id = $1 AND ($2::timestamptz IS NULL OR (set_at, webhook_id) < ($2, $3))
         ORDER BY set_at DESC, webhook_id DESC LIMIT $4",
        organ.uuid(),
        after_time,
        after_id,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Webhook::try_from).collect()
}

/// Writes the version of the secret of a webhook that is locked, and until when the one before signs too.
pub(crate) async fn rotate(
    connection: &mut PgConnection,
    webhook: &Webhook,
) -> Result<(), Problem> {
    sqlx::query!(
        "UPDATE webhook SET version = $2, former_until = $3 WHERE webhook_id = $1",
        webhook.id.uuid(),
        integer(webhook.version)?,
        webhook.former_until,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes when and why a webhook that is locked ended.
pub(crate) async fn end(
    connection: &mut PgConnection,
    webhook: &Webhook,
) -> Result<(), sqlx::Error> {
    let (at, by) = webhook.ended.unzip();
    sqlx::query!(
        "UPDATE webhook SET ended_at = $2, ended_by = $3 WHERE webhook_id = $1",
        webhook.id.uuid(),
        at,
        by.map(EndedBy::as_str),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts an attempt that failed; one that did not begins the count anew.
pub(crate) async fn count_failure(
    connection: &mut PgConnection,
    id: WebhookId,
    delivered: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook SET failures = CASE WHEN $2 THEN 0 ELSE least(failures, 1000000) + 1 END
         WHERE webhook_id = $1 AND NOT ($2 AND failures = 0)",
        id.uuid(),
        delivered,
    )
    .execute(connection)
    .await?;
    Ok(())
}
