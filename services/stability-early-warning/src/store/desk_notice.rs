//! Notices of duty desks.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{AlertId, NoticeId, OrganId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::UrgentKind;
use huiyin_domain::warning::storm::Form;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, most, word};

/// A notice as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// Id.
    pub(crate) id: NoticeId,
    /// Whose desk.
    pub(crate) organ: OrganId,
    /// What it is.
    pub(crate) form: Form,
    /// When it was opened.
    pub(crate) opened_at: Instant,
    /// When it rang last.
    pub(crate) rung_at: Option<Instant>,
    /// How often it has rung.
    pub(crate) rings: u32,
    /// Calls in it.
    pub(crate) calls: u32,
    /// Where they are from, at most 100.
    pub(crate) places: Vec<TerritoryCode>,
    /// Their kinds.
    pub(crate) kinds: Vec<UrgentKind>,
}

struct Row {
    notice_id: Uuid,
    organ_id: Uuid,
    form: String,
    opened_at: DateTime<Utc>,
    rung_at: Option<DateTime<Utc>>,
    rings: i32,
    calls: i32,
    place_codes: Vec<String>,
    kinds: Vec<String>,
}

impl TryFrom<Row> for Notice {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let places = row.place_codes.iter();
        let kinds = row.kinds.iter();
        Ok(Self {
            id: NoticeId::from_uuid(row.notice_id),
            organ: OrganId::from_uuid(row.organ_id),
            form: word("desk_notice.form", &row.form)?,
            opened_at: row.opened_at,
            rung_at: row.rung_at,
            rings: count("desk_notice.rings", row.rings)?,
            calls: count("desk_notice.calls", row.calls)?,
            places: places
                .map(|place| word("desk_notice.place_codes", place))
                .collect::<Result<_, _>>()?,
            kinds: kinds
                .map(|kind| word("desk_notice.kinds", kind))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Writes that notices of locked desks rang.
pub(crate) async fn ring(
    connection: &mut PgConnection,
    notices: &[NoticeId],
    now: Instant,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = notices.iter().map(|notice| notice.uuid()).collect();
    sqlx::query!(
        "UPDATE desk_notice SET rung_at = $2, rings = rings + 1 WHERE notice_id = ANY($1)",
        &ids,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whom a bundle rings for: alerts that did not ring when they came, have not been rung for since, and wait for an
/// acknowledgement.
#[derive(Clone, Debug)]
pub(crate) struct Unheard {
    /// The bundle.
    pub(crate) notice: NoticeId,
    /// How many alerts.
    pub(crate) alerts: u32,
    /// The first 100 of them.
    pub(crate) first: Vec<AlertId>,
    /// Where they are, at most 100.
    pub(crate) places: Vec<TerritoryCode>,
    /// Their kinds.
    pub(crate) kinds: Vec<UrgentKind>,
}

/// Whom bundles would ring for now; none of one in which nobody waits.
pub(crate) async fn unheard(
    connection: &mut PgConnection,
    notices: &[NoticeId],
) -> Result<Vec<Unheard>, Problem> {
    let ids: Vec<Uuid> = notices.iter().map(|notice| notice.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT n.notice_id, count(DISTINCT a.alert_id)::integer AS "alerts!",
                  (array_agg(DISTINCT a.alert_id))[1:100] AS "first!",
                  (array_agg(DISTINCT a.place_code))[1:100] AS "places!", array_agg(DISTINCT a.kind) AS "kinds!"
           FROM desk_notice n JOIN desk_call c ON c.notice_id = n.notice_id
           JOIN alert_recipient r ON r.recipient_id = c.recipient_id JOIN alert a ON a.alert_id = r.alert_id
           WHERE n.notice_id = ANY($1) AND NOT c.rings AND (n.rung_at IS NULL OR n.rung_at <= c.called_at)
             AND r.state = 'waiting'
           GROUP BY n.notice_id LIMIT $2"#,
        &ids,
        most(&ids),
    )
    .fetch_all(connection)
    .await?;
    let unheard = rows.into_iter().map(|row| {
        let places = row.places.iter();
        let kinds = row.kinds.iter();
        Ok(Unheard {
            notice: NoticeId::from_uuid(row.notice_id),
            alerts: count("desk_call.alerts", row.alerts)?,
            first: row.first.into_iter().map(AlertId::from_uuid).collect(),
            places: places
                .map(|place| word("alert.place_code", place))
                .collect::<Result<_, _>>()?,
            kinds: kinds
                .map(|kind| word("alert.kind", kind))
                .collect::<Result<_, _>>()?,
        })
    });
    unheard.collect()
}

/// A notice, for who may see it.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: NoticeId,
) -> Result<Option<Notice>, Problem> {
    let row = sqlx::query_as!(
        Row,
        "SELECT notice_id, organ_id, form, opened_at, rung_at, rings, calls, place_codes, kinds
         FROM desk_notice WHERE notice_id = $1",
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(Notice::try_from).transpose()
}

/// A page of the notices of a desk, newest first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    organ: OrganId,
    after: Option<(Instant, NoticeId)>,
    limit: i64,
) -> Result<Vec<Notice>, Problem> {
    let (after_time, after_id) = after.map(|(at, id)| (at, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT notice_id, organ_id, form, opened_at, rung_at, rings, calls, place_codes, kinds
         FROM desk_notice
         WHERE organ_id = $1 AND ($2::timestamptz IS NULL OR (opened_at, notice_id) < ($2, $3))
         ORDER BY opened_at DESC, notice_id DESC LIMIT $4",
        organ.uuid(),
        after_time,
        after_id,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Notice::try_from).collect()
}
