//! The hops of matters.

use chrono::{DateTime, Utc};
use huiyin_domain::ids::{ForwardingId, MatterId, OrganId};
use huiyin_domain::routing::Reason;
use huiyin_domain::supervision::SimplifiedLimits;
use huiyin_service_kit::authorization;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{count, integer, word};
use crate::chain::{Completion, Hop, Objection, Onward, Post};

struct Row {
    forwarding_id: Uuid,
    matter_id: Uuid,
    hop: i32,
    from_organ: Uuid,
    to_organ: Uuid,
    kind: String,
    limit_days: i32,
    forwarded_at: DateTime<Utc>,
    state: String,
    reasons: Json<Vec<Reason>>,
    decided_by_post: Option<String>,
    post_reason: Option<String>,
    objection: Option<Json<Objection>>,
    completion: Option<Json<Completion>>,
    simplified: Option<Json<SimplifiedLimits>>,
}

impl TryFrom<Row> for Hop {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let reason = row.post_reason.unwrap_or_default();
        Ok(Self {
            id: ForwardingId::from_uuid(row.forwarding_id),
            number: count("forwarding.hop", row.hop)?,
            onward: Onward {
                from: OrganId::from_uuid(row.from_organ),
                to: OrganId::from_uuid(row.to_organ),
                kind: word("forwarding.kind", &row.kind)?,
                limit_days: count("forwarding.limit_days", row.limit_days)?,
                simplified: row.simplified.map(|limits| limits.0),
                reasons: row.reasons.0,
                post: row.decided_by_post.map(|name| Post { name, reason }),
            },
            at: row.forwarded_at,
            state: word("forwarding.state", &row.state)?,
            objection: row.objection.map(|objection| objection.0),
            completion: row.completion.map(|completion| completion.0),
        })
    }
}

/// Every hop of each of the matters, oldest first. Not limited in number: a chain with a hop missing
/// would be decided on wrongly.
pub(crate) async fn of_matters(
    connection: &mut PgConnection,
    matters: &[Uuid],
) -> Result<Vec<(MatterId, Hop)>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT forwarding_id, matter_id, hop, from_organ, to_organ, kind, limit_days, forwarded_at, state,
                  reasons AS "reasons: Json<Vec<Reason>>", decided_by_post, post_reason,
                  objection AS "objection: Json<Objection>", completion AS "completion: Json<Completion>",
                  simplified AS "simplified: Json<SimplifiedLimits>"
           FROM forwarding WHERE matter_id = ANY($1) ORDER BY matter_id, hop"#,
        matters,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| Ok((MatterId::from_uuid(row.matter_id), Hop::try_from(row)?)))
        .collect()
}

/// A page of the hops of a matter, oldest first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    matter: MatterId,
    after: i32,
    limit: i64,
) -> Result<Vec<Hop>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT forwarding_id, matter_id, hop, from_organ, to_organ, kind, limit_days, forwarded_at, state,
                  reasons AS "reasons: Json<Vec<Reason>>", decided_by_post, post_reason,
                  objection AS "objection: Json<Objection>", completion AS "completion: Json<Completion>",
                  simplified AS "simplified: Json<SimplifiedLimits>"
           FROM forwarding WHERE matter_id = $1 AND hop > $2 ORDER BY hop LIMIT $3"#,
        matter.uuid(),
        after,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Hop::try_from).collect()
}

/// Writes new hops, and that their receivers have the matters in hand.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    hops: &[(MatterId, &Hop)],
) -> Result<(), Problem> {
    if hops.is_empty() {
        return Ok(());
    }
    let hands = hops.iter().map(|(matter, hop)| (*matter, hop.to()));
    authorization::hand(connection, &hands.collect::<Vec<_>>()).await?;
    let ids: Vec<Uuid> = hops.iter().map(|(_, hop)| hop.id.uuid()).collect();
    let matters: Vec<Uuid> = hops.iter().map(|(matter, _)| matter.uuid()).collect();
    let numbers: Vec<i32> = hops
        .iter()
        .map(|(_, hop)| integer(hop.number))
        .collect::<Result<_, _>>()?;
    let from: Vec<Uuid> = hops.iter().map(|(_, hop)| hop.from().uuid()).collect();
    let to: Vec<Uuid> = hops.iter().map(|(_, hop)| hop.to().uuid()).collect();
    let kinds: Vec<String> = hops
        .iter()
        .map(|(_, hop)| hop.onward.kind.to_string())
        .collect();
    let limits: Vec<i32> = hops
        .iter()
        .map(|(_, hop)| integer(hop.onward.limit_days))
        .collect::<Result<_, _>>()?;
    let instants: Vec<DateTime<Utc>> = hops.iter().map(|(_, hop)| hop.at).collect();
    let states: Vec<String> = hops
        .iter()
        .map(|(_, hop)| hop.state.as_str().to_owned())
        .collect();
    let reasons: Vec<Json<&Vec<Reason>>> = hops
        .iter()
        .map(|(_, hop)| Json(&hop.onward.reasons))
        .collect();
    let (posts, post_reasons) = post_columns(hops);
    let simplified: Vec<Option<Json<SimplifiedLimits>>> = hops
        .iter()
        .map(|(_, hop)| hop.onward.simplified.map(Json))
        .collect();
    sqlx::query!(
        "INSERT INTO forwarding (forwarding_id, matter_id, hop, from_organ, to_organ, kind, limit_days, forwarded_at,
                                 state, reasons, decided_by_post, post_reason, simplified)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::uuid[], $6::text[], $7::int[],
                              $8::timestamptz[], $9::text[], $10::jsonb[], $11::text[], $12::text[], $13::jsonb[])",
        &ids,
        &matters,
        &numbers,
        &from,
        &to,
        &kinds,
        &limits,
        &instants,
        &states,
        reasons.as_slice() as &[Json<&Vec<Reason>>],
        posts.as_slice() as &[Option<String>],
        post_reasons.as_slice() as &[Option<String>],
        simplified.as_slice() as &[Option<Json<SimplifiedLimits>>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn post_columns(hops: &[(MatterId, &Hop)]) -> (Vec<Option<String>>, Vec<Option<String>>) {
    hops.iter()
        .map(|(_, hop)| hop.onward.post.as_ref())
        .map(|post| {
            (
                post.map(|post| post.name.clone()),
                post.map(|post| post.reason.clone()),
            )
        })
        .unzip()
}

/// Writes what became of known hops.
pub(crate) async fn update(
    connection: &mut PgConnection,
    hops: &[&Hop],
) -> Result<(), sqlx::Error> {
    if hops.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = hops.iter().map(|hop| hop.id.uuid()).collect();
    let states: Vec<String> = hops
        .iter()
        .map(|hop| hop.state.as_str().to_owned())
        .collect();
    let objections: Vec<Option<Json<&Objection>>> = hops
        .iter()
        .map(|hop| hop.objection.as_ref().map(Json))
        .collect();
    let completions: Vec<Option<Json<&Completion>>> = hops
        .iter()
        .map(|hop| hop.completion.as_ref().map(Json))
        .collect();
    sqlx::query!(
        "UPDATE forwarding
         SET state = changed.state, objection = changed.objection, completion = changed.completion
         FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::jsonb[])
              AS changed (forwarding_id, state, objection, completion)
         WHERE forwarding.forwarding_id = changed.forwarding_id",
        &ids,
        &states,
        objections.as_slice() as &[Option<Json<&Objection>>],
        completions.as_slice() as &[Option<Json<&Completion>>],
    )
    .execute(connection)
    .await?;
    Ok(())
}
