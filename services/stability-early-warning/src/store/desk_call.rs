//! Which notice each call of a recipient is in.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{AlertId, NoticeId, OrganId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::UrgentKind;
use huiyin_domain::warning::storm::Form;
use huiyin_proto::stability_early_warning::v1::RecipientState;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer, most, word};

/// A call of a recipient that has its place.
#[derive(Clone, Debug)]
pub(crate) struct PlacedCall {
    /// The row of the recipient.
    pub(crate) recipient: Uuid,
    /// 0 when it was addressed, n at its n-th escalation.
    pub(crate) number: u32,
    /// Whose desk.
    pub(crate) organ: OrganId,
    /// Where the alert is.
    pub(crate) place: TerritoryCode,
    /// Its kind.
    pub(crate) kind: UrgentKind,
    /// The notice it is in.
    pub(crate) notice: NoticeId,
    /// What that is.
    pub(crate) form: Form,
    /// Whether it rings at once.
    pub(crate) rings: bool,
}

/// What calls of an instant add to one notice.
struct Added<'c> {
    first: &'c PlacedCall,
    rings: u32,
    calls: u32,
}

fn added(placed: &[PlacedCall]) -> BTreeMap<NoticeId, Added<'_>> {
    let mut added: BTreeMap<NoticeId, Added<'_>> = BTreeMap::new();
    for call in placed {
        let notice = added.entry(call.notice).or_insert(Added {
            first: call,
            rings: 0,
            calls: 0,
        });
        notice.rings += u32::from(call.rings);
        notice.calls += 1;
    }
    added
}

/// Writes calls of an instant with the notices that they open, and what they add to others, in one statement.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    placed: &[PlacedCall],
    now: Instant,
) -> Result<(), Problem> {
    let added = added(placed);
    let (mut ids, mut organs, mut forms) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rung, mut called) = (Vec::new(), Vec::new());
    for (notice, added) in &added {
        ids.push(notice.uuid());
        organs.push(added.first.organ.uuid());
        forms.push(added.first.form.to_string());
        rung.push(integer(added.rings)?);
        called.push(integer(added.calls)?);
    }
    let mut numbers = Vec::with_capacity(placed.len());
    for call in placed {
        numbers.push(integer(call.number)?);
    }
    let recipients: Vec<Uuid> = placed.iter().map(|call| call.recipient).collect();
    let notices: Vec<Uuid> = placed.iter().map(|call| call.notice.uuid()).collect();
    let rings: Vec<bool> = placed.iter().map(|call| call.rings).collect();
    let places: Vec<String> = placed.iter().map(|call| call.place.to_string()).collect();
    let kinds: Vec<String> = placed.iter().map(|call| call.kind.to_string()).collect();
    sqlx::query!(
        "WITH placed AS (
             SELECT * FROM unnest($7::uuid[], $8::integer[], $9::uuid[], $10::boolean[], $11::text[], $12::text[])
                           AS placed (recipient_id, call, notice_id, rings, place, kind)),
         about AS (
             SELECT notice_id, array_agg(DISTINCT place) AS places, array_agg(DISTINCT kind) AS kinds
             FROM placed GROUP BY notice_id),
         opened AS (
             INSERT INTO desk_notice AS notice (notice_id, organ_id, form, opened_at, rung_at, rings, calls, place_codes, kinds)
             SELECT added.notice_id, added.organ_id, added.form, $6::timestamptz, CASE WHEN added.rings > 0 THEN $6 END, added.rings,
                    added.calls, about.places[1:100], about.kinds
             FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::integer[])
                  AS added (notice_id, organ_id, form, rings, calls) JOIN about ON about.notice_id = added.notice_id
             ON CONFLICT (notice_id) DO UPDATE
             SET rung_at = coalesce(excluded.rung_at, notice.rung_at), rings = notice.rings + excluded.rings,
                 calls = notice.calls + excluded.calls,
                 place_codes = ARRAY(SELECT DISTINCT unnest(notice.place_codes || excluded.place_codes)
                                     ORDER BY 1 LIMIT 100),
                 kinds = ARRAY(SELECT DISTINCT unnest(notice.kinds || excluded.kinds) ORDER BY 1))
         INSERT INTO desk_call (recipient_id, call, notice_id, called_at, rings)
         SELECT recipient_id, call, notice_id, $6, rings FROM placed",
        &ids,
        &organs,
        &forms,
        &rung,
        &called,
        now,
        &recipients,
        &numbers,
        &notices,
        &rings,
        &places,
        &kinds,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Where a call is, as a desk sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The alert.
    pub(crate) alert: AlertId,
    /// Whose desk.
    pub(crate) organ: OrganId,
    /// Which call.
    pub(crate) number: u32,
    /// The notice it is in.
    pub(crate) notice: NoticeId,
    /// What that is.
    pub(crate) form: Form,
    /// Whether it rang at once.
    pub(crate) rings: bool,
}

/// Where calls are, of those that who asks may see.
pub(crate) async fn places(
    connection: &mut PgConnection,
    asked: &[(AlertId, OrganId, u32)],
) -> Result<Vec<Place>, Problem> {
    let alerts: Vec<Uuid> = asked.iter().map(|(alert, _, _)| alert.uuid()).collect();
    let organs: Vec<Uuid> = asked.iter().map(|(_, organ, _)| organ.uuid()).collect();
    let mut numbers = Vec::with_capacity(asked.len());
    for (_, _, number) in asked {
        numbers.push(integer(*number)?);
    }
    let rows = sqlx::query!(
        "SELECT r.alert_id, r.organ_id, c.call, c.notice_id, n.form, c.rings
         FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS asked (alert_id, organ_id, call)
         JOIN alert_recipient r ON r.alert_id = asked.alert_id AND r.organ_id = asked.organ_id
         JOIN desk_call c ON c.recipient_id = r.recipient_id AND c.call = asked.call
         JOIN desk_notice n ON n.notice_id = c.notice_id LIMIT $4",
        &alerts,
        &organs,
        &numbers,
        most(asked),
    )
    .fetch_all(connection)
    .await?;
    let places = rows.into_iter().map(|row| {
        Ok(Place {
            alert: AlertId::from_uuid(row.alert_id),
            organ: OrganId::from_uuid(row.organ_id),
            number: count("desk_call.call", row.call)?,
            notice: NoticeId::from_uuid(row.notice_id),
            form: word("desk_notice.form", &row.form)?,
            rings: row.rings,
        })
    });
    places.collect()
}

/// A call in its notice.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The row of the recipient.
    pub(crate) recipient: Uuid,
    /// The alert.
    pub(crate) alert: AlertId,
    /// Which call.
    pub(crate) number: u32,
    /// When.
    pub(crate) called_at: Instant,
    /// Whether it rang at once.
    pub(crate) rings: bool,
    /// Kind of the alert.
    pub(crate) kind: UrgentKind,
    /// Where.
    pub(crate) place: TerritoryCode,
    /// How far the recipient has got.
    pub(crate) state: RecipientState,
}

/// Which calls of a notice are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The notice.
    pub(crate) notice: NoticeId,
    /// Only those whose recipient waits.
    pub(crate) waiting_only: bool,
    /// Behind this one.
    pub(crate) after: Option<(Instant, Uuid, u32)>,
    /// At most so many.
    pub(crate) limit: i64,
}

struct Row {
    recipient_id: Uuid,
    alert_id: Uuid,
    call: i32,
    called_at: DateTime<Utc>,
    rings: bool,
    kind: String,
    place_code: String,
    state: String,
}

impl TryFrom<Row> for Member {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            recipient: row.recipient_id,
            alert: AlertId::from_uuid(row.alert_id),
            number: count("desk_call.call", row.call)?,
            called_at: row.called_at,
            rings: row.rings,
            kind: word("alert.kind", &row.kind)?,
            place: word("alert.place_code", &row.place_code)?,
            state: state(&row.state)?,
        })
    }
}

fn state(stored: &str) -> Result<RecipientState, Problem> {
    match stored {
        "waiting" => Ok(RecipientState::Waiting),
        "acknowledged" => Ok(RecipientState::Acknowledged),
        "acknowledged_late" => Ok(RecipientState::AcknowledgedLate),
        "refused" => Ok(RecipientState::Refused),
        other => Err(Problem::Unexpected(format!(
            "column alert_recipient.state: {other:?}"
        ))),
    }
}

/// A page of the calls of a notice, in the order in which they came.
pub(crate) async fn of_notice(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<Member>, Problem> {
    let (after_time, after_id) = wanted.after.map(|(at, id, _)| (at, id)).unzip();
    let after_call = wanted.after.map(|(_, _, call)| integer(call)).transpose()?;
    let rows = sqlx::query_as!(
        Row,
        "SELECT c.recipient_id, r.alert_id, c.call, c.called_at, c.rings, a.kind, a.place_code, r.state
         FROM desk_call c JOIN alert_recipient r ON r.recipient_id = c.recipient_id JOIN alert a ON a.alert_id = r.alert_id
         WHERE c.notice_id = $1 AND (NOT $2 OR r.state = 'waiting')
           AND ($3::timestamptz IS NULL OR (c.called_at, c.recipient_id, c.call) > ($3, $4, $5))
         ORDER BY c.called_at, c.recipient_id, c.call LIMIT $6",
        wanted.notice.uuid(),
        wanted.waiting_only,
        after_time,
        after_id,
        after_call,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Member::try_from).collect()
}
