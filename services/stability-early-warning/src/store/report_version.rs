//! What reports said at a time: their versions, with the ledger as it stood in each.

use huiyin_domain::ids::{DisputeId, ReportId};
use huiyin_domain::time::Instant;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{count, integer};
use crate::reporting::{Entry, EntryKind, Version};

/// Lines of the ledger in all versions of a report that are read at most.
const LINES: i64 = 100_000;
/// Versions of a report that are read at most.
const VERSIONS: i64 = 1000;

/// Writes a version with its ledger.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    report: ReportId,
    version: &Version,
) -> Result<(), Problem> {
    let number = integer(version.number)?;
    sqlx::query!(
        "INSERT INTO report_version (report_id, version, submitted_at, zero, summary, duty_phone, post)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        report.uuid(),
        number,
        version.at,
        version.zero,
        version.summary,
        version.duty_phone,
        version.post,
    )
    .execute(&mut *connection)
    .await?;
    let disputes: Vec<Uuid> = version
        .ledger
        .iter()
        .map(|entry| entry.dispute.uuid())
        .collect();
    let kinds: Vec<String> = version
        .ledger
        .iter()
        .map(|entry| entry.kind.as_str().to_owned())
        .collect();
    let words: Vec<String> = version
        .ledger
        .iter()
        .map(|entry| entry.words.clone())
        .collect();
    sqlx::query!(
        "INSERT INTO ledger_entry (report_id, version, dispute_id, kind, words)
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::text[], $5::text[])",
        report.uuid(),
        number,
        &disputes,
        &kinds,
        &words,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The versions of a report, first to last.
pub(crate) async fn of(
    connection: &mut PgConnection,
    report: ReportId,
) -> Result<Vec<Version>, Problem> {
    let rows = sqlx::query!(
        "SELECT version, submitted_at, zero, summary, duty_phone, post, received_at, received_by_post, false_reason
         FROM report_version WHERE report_id = $1 ORDER BY version LIMIT $2",
        report.uuid(),
        VERSIONS,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut ledger = ledger(connection, report).await?;
    let versions = rows.into_iter().map(|row| {
        let number = count("report_version.version", row.version)?;
        let (lines, rest) = ledger
            .drain(..)
            .partition(|(version, _)| *version == number);
        ledger = rest;
        Ok(Version {
            number,
            at: row.submitted_at,
            zero: row.zero,
            summary: row.summary,
            duty_phone: row.duty_phone,
            post: row.post,
            ledger: Vec::into_iter(lines).map(|(_, entry)| entry).collect(),
            received: row.received_at.zip(row.received_by_post),
            false_reason: row.false_reason,
        })
    });
    versions.collect()
}

async fn ledger(
    connection: &mut PgConnection,
    report: ReportId,
) -> Result<Vec<(u32, Entry)>, Problem> {
    let rows = sqlx::query!(
        "SELECT version, ledger_entry.dispute_id, kind, words
         FROM ledger_entry JOIN dispute USING (dispute_id)
         WHERE report_id = $1 ORDER BY version, opened_at, dispute_id LIMIT $2",
        report.uuid(),
        LINES,
    )
    .fetch_all(connection)
    .await?;
    let lines = rows.into_iter().map(|row| {
        let kind: EntryKind = super::word("ledger_entry.kind", &row.kind)?;
        let entry = Entry {
            dispute: DisputeId::from_uuid(row.dispute_id),
            kind,
            words: row.words,
        };
        Ok((count("ledger_entry.version", row.version)?, entry))
    });
    lines.collect()
}

/// Whether the last version of a report speaks of a dispute.
pub(crate) async fn speaks_of(
    connection: &mut PgConnection,
    (report, version): (ReportId, u32),
    dispute: DisputeId,
) -> Result<bool, Problem> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM ledger_entry WHERE report_id = $1 AND version = $2 AND dispute_id = $3) AS "there!""#,
        report.uuid(),
        integer(version)?,
        dispute.uuid(),
    )
    .fetch_one(connection)
    .await?;
    Ok(found)
}

/// Records that a version was received.
pub(crate) async fn receive(
    connection: &mut PgConnection,
    (report, version): (ReportId, u32),
    (at, post): (Instant, &str),
) -> Result<(), Problem> {
    sqlx::query!(
        "UPDATE report_version SET received_at = $3, received_by_post = $4 WHERE report_id = $1 AND version = $2",
        report.uuid(),
        integer(version)?,
        at,
        post,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records that a version was found false.
pub(crate) async fn mark_false(
    connection: &mut PgConnection,
    (report, version): (ReportId, u32),
    (at, reason, post): (Instant, &str, &str),
) -> Result<(), Problem> {
    sqlx::query!(
        "UPDATE report_version SET false_at = $3, false_reason = $4, false_by_post = $5
         WHERE report_id = $1 AND version = $2",
        report.uuid(),
        integer(version)?,
        at,
        reason,
        post,
    )
    .execute(connection)
    .await?;
    Ok(())
}
