//! How late the escalation is: 100,000 recipients wait for an acknowledgement, and within one second it is due from 2,000 of
//! them. Late is the database's own instant of the commit that took the step, less the instant at which it was due.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use huiyin_domain::vocabulary::UrgentKind;
use serde_json::json;
use sqlx::{PgConnection, Row as _};

use super::measure::{histogram, milliseconds};
use super::{BenchArgs, Found, over_constellation, warning_tables};
use crate::constellation::Constellation;

/// Recipients that wait.
const ARMED: i64 = 100_000;
/// Of them, those from which an acknowledgement is due within one second.
const EXPIRING: i64 = 2_000;
/// Between the writing and that second.
const LEAD: i64 = 5;

pub(super) async fn run(args: &BenchArgs) -> Result<Found> {
    over_constellation(args, measure).await
}

async fn measure(constellation: &Constellation) -> Result<Found> {
    let mut database = warning_tables(constellation).await?;
    arm(&mut database).await?;
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let steps: i64 = sqlx::query_scalar("SELECT count(*) FROM escalation_order")
            .fetch_one(&mut database)
            .await?;
        if steps >= EXPIRING {
            break;
        }
        if Instant::now() > until {
            bail!("{steps} of {EXPIRING} steps were taken within a minute");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut late = histogram()?;
    let rows = sqlx::query(
        "SELECT pg_xact_commit_timestamp(step.xmin) AS committed, ack_due, count
         FROM escalation_order AS step JOIN alert_recipient USING (recipient_id)",
    )
    .fetch_all(&mut database)
    .await?;
    for row in &rows {
        let (committed, due): (DateTime<Utc>, DateTime<Utc>) =
            (row.try_get("committed")?, row.try_get("ack_due")?);
        let micros = (committed - due).num_microseconds().unwrap_or(i64::MAX);
        anyhow::ensure!(micros >= 0, "a step was taken {} us early", -micros);
        late.saturating_record(u64::try_from(micros.max(1)).unwrap_or(1));
    }
    anyhow::ensure!(
        rows.len() as i64 == EXPIRING,
        "{} steps for {EXPIRING} recipients",
        rows.len()
    );
    let p99 = milliseconds(&late, 0.99);
    Ok(Found {
        ratio: p99 / 1000.0,
        goal: "p99<=1000ms".to_owned(),
        p50: milliseconds(&late, 0.5),
        p99,
        more: json!({
            "armed": ARMED, "expiring_in_one_second": EXPIRING, "escalated": rows.len(),
            "max_ms": milliseconds(&late, 1.0),
        }),
    })
}

/// Writes alerts whose recipients wait, each with its timer, as raising them does.
async fn arm(database: &mut PgConnection) -> Result<()> {
    let written = sqlx::query(
        "WITH numbered AS (SELECT organ_id, level, row_number() OVER (ORDER BY organ_id) AS place FROM office),
              offices AS (SELECT organ_id, level, place FROM numbered WHERE place <= 10),
              raised AS (
                  INSERT INTO alert (alert_id, kind, place_code, organ_id, matter_ids, persons, happened_at, known_at, reported_at,
                                     lateness_seconds, late, facts, measures, duty_phone, source, recipient_rule)
                  SELECT gen_random_uuid(), $3, '431202001000', (SELECT organ_id FROM offices LIMIT 1), '{}', 12, now(), now(), now(),
                         0, false, 'Generated for a bench.', '', '0745-12345', 'report', 'urgent-report 2022-05-01'
                  FROM generate_series(1, $1 / 10)
                  RETURNING alert_id),
              told AS (
                  SELECT gen_random_uuid() AS recipient_id, alert_id, organ_id, level,
                         row_number() OVER () AS number
                  FROM raised CROSS JOIN offices),
              addressed AS (
                  INSERT INTO alert_recipient (recipient_id, alert_id, organ_id, level, role, reason, ack_due)
                  SELECT recipient_id, alert_id, organ_id, level, 'level_above', 'a bench',
                         CASE WHEN number <= $2 THEN date_trunc('milliseconds', clock_timestamp()) + make_interval(secs => $4)
                                                     + number * interval '1 second' / $2
                              ELSE now() + interval '1 day' END
                  FROM told
                  RETURNING recipient_id, ack_due)
         INSERT INTO timer (kind, ref, fire_at) SELECT 'acknowledgement', recipient_id, ack_due FROM addressed",
    )
    .bind(ARMED)
    .bind(EXPIRING)
    .bind(UrgentKind::DangerToLife.as_str())
    .bind(LEAD as f64)
    .execute(&mut *database)
    .await
    .context("the alerts of the bench")?;
    anyhow::ensure!(
        written.rows_affected() == u64::try_from(ARMED)?,
        "{} timers for {ARMED}",
        written.rows_affected()
    );
    Ok(())
}
