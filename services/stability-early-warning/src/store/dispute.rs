//! The rolling ledger of disputes.

use huiyin_domain::ids::{DisputeId, OrganId, ReportId};
use huiyin_domain::time::{Date, Instant};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::word;
use crate::reporting::{Closing, Dispute};

struct Row {
    dispute_id: Uuid,
    reported_by: Uuid,
    to_organ: Uuid,
    to_place: String,
    place_code: String,
    subject: String,
    found_date: Date,
    organ_id: Uuid,
    limit_date: Date,
    facts: String,
    opened_in: Uuid,
    opened_at: Instant,
    closed_in: Option<Uuid>,
    closed_at: Option<Instant>,
    result: Option<String>,
    reported_times: i64,
}

impl TryFrom<Row> for Dispute {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let closed = row.closed_in.zip(row.closed_at).zip(row.result);
        Ok(Self {
            id: DisputeId::from_uuid(row.dispute_id),
            reported_by: OrganId::from_uuid(row.reported_by),
            to: OrganId::from_uuid(row.to_organ),
            to_place: word("dispute.to_place", &row.to_place)?,
            place: word("dispute.place_code", &row.place_code)?,
            subject: row.subject,
            found: row.found_date,
            organ: OrganId::from_uuid(row.organ_id),
            limit: row.limit_date,
            facts: row.facts,
            opened_in: ReportId::from_uuid(row.opened_in),
            opened_at: row.opened_at,
            closed: closed.map(|((report, at), result)| Closing {
                report: ReportId::from_uuid(report),
                at,
                result,
            }),
            reported_times: u32::try_from(row.reported_times).unwrap_or(u32::MAX),
        })
    }
}

/// Locks the ledger of an edge until the transaction ends.
pub(crate) async fn lock_edge(
    connection: &mut PgConnection,
    (organ, to): (OrganId, OrganId),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO report_edge (organ_id, to_organ) VALUES ($1, $2)
         ON CONFLICT (organ_id, to_organ) DO UPDATE SET to_organ = excluded.to_organ",
        organ.uuid(),
        to.uuid(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The disputes that are open on an edge that is locked, oldest first.
///
/// # Errors
/// When there are more than can be carried into one report.
pub(crate) async fn open(
    connection: &mut PgConnection,
    (organ, to): (OrganId, OrganId),
    limit: i64,
) -> Result<Vec<DisputeId>, sqlx::Error> {
    let open = sqlx::query_scalar!(
        "SELECT dispute_id FROM dispute WHERE reported_by = $1 AND to_organ = $2 AND closed_at IS NULL
         ORDER BY opened_at, dispute_id LIMIT $3",
        organ.uuid(),
        to.uuid(),
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(open.into_iter().map(DisputeId::from_uuid).collect())
}

/// Writes disputes of one edge that a report opens.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    opened: &[Dispute],
) -> Result<(), sqlx::Error> {
    let Some(first) = opened.first() else {
        return Ok(());
    };
    let ids: Vec<Uuid> = opened.iter().map(|dispute| dispute.id.uuid()).collect();
    let places: Vec<String> = opened
        .iter()
        .map(|dispute| dispute.place.to_string())
        .collect();
    let subjects: Vec<String> = opened
        .iter()
        .map(|dispute| dispute.subject.clone())
        .collect();
    let found: Vec<Date> = opened.iter().map(|dispute| dispute.found).collect();
    let organs: Vec<Uuid> = opened.iter().map(|dispute| dispute.organ.uuid()).collect();
    let limits: Vec<Date> = opened.iter().map(|dispute| dispute.limit).collect();
    let facts: Vec<String> = opened.iter().map(|dispute| dispute.facts.clone()).collect();
    sqlx::query!(
        "INSERT INTO dispute (dispute_id, reported_by, to_organ, to_place, opened_in, opened_at, place_code, subject, found_date,
                              organ_id, limit_date, facts)
         SELECT dispute_id, $1, $2, $3, $4, $5, place_code, subject, found_date, organ_id, limit_date, facts
         FROM unnest($6::uuid[], $7::text[], $8::text[], $9::date[], $10::uuid[], $11::date[], $12::text[])
              AS opened (dispute_id, place_code, subject, found_date, organ_id, limit_date, facts)",
        first.reported_by.uuid(),
        first.to.uuid(),
        first.to_place.as_str(),
        first.opened_in.uuid(),
        first.opened_at,
        &ids,
        &places,
        &subjects,
        &found,
        &organs,
        &limits,
        &facts,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Closes disputes that are open, each with its result.
pub(crate) async fn close(
    connection: &mut PgConnection,
    (report, at): (ReportId, Instant),
    closed: &[(DisputeId, String)],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = closed.iter().map(|(dispute, _)| dispute.uuid()).collect();
    let results: Vec<String> = closed.iter().map(|(_, result)| result.clone()).collect();
    sqlx::query!(
        "UPDATE dispute SET closed_in = $1, closed_at = $2, result = ended.result
         FROM unnest($3::uuid[], $4::text[]) AS ended (dispute_id, result)
         WHERE dispute.dispute_id = ended.dispute_id AND closed_at IS NULL",
        report.uuid(),
        at,
        &ids,
        &results,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Which disputes a list wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Of this organ that reports.
    pub(crate) organ: Option<OrganId>,
    /// Of this organ that receives.
    pub(crate) to: Option<OrganId>,
    /// That are open.
    pub(crate) open_only: bool,
    /// Behind this one.
    pub(crate) after: Option<(Instant, DisputeId)>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page of the ledger, oldest first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Vec<Dispute>, Problem> {
    let (after_time, after_id) = wanted.after.map(|(at, id)| (at, id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT dispute_id, reported_by, to_organ, to_place, place_code, subject, found_date, organ_id, limit_date, facts,
                  opened_in, opened_at, closed_in, closed_at, result,
                  (SELECT count(*) FROM ledger_entry AS entry WHERE entry.dispute_id = dispute.dispute_id)
                      AS "reported_times!"
           FROM dispute
           WHERE ($1::uuid IS NULL OR reported_by = $1) AND ($2::uuid IS NULL OR to_organ = $2)
             AND (NOT $3 OR closed_at IS NULL)
             AND ($4::timestamptz IS NULL OR (opened_at, dispute_id) > ($4, $5))
           ORDER BY opened_at, dispute_id LIMIT $6"#,
        wanted.organ.map(OrganId::uuid),
        wanted.to.map(OrganId::uuid),
        wanted.open_only,
        after_time,
        after_id,
        wanted.limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Dispute::try_from).collect()
}
