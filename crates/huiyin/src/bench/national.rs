//! One warning of the nation to 5,000 offices below: from the commit of the alert to the commit in which the desk of each has
//! received it, one by one. Both instants are the database's own commit timestamps.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use huiyin_domain::organs;
use huiyin_domain::territory::TerritoryCode;
use huiyin_proto::stability_early_warning::v1::RaiseAlertRequest;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire;
use serde_json::json;
use sqlx::PgConnection;

use super::measure::{histogram, milliseconds};
use super::{BenchArgs, Found, over_constellation, warning_tables};
use crate::connect::{Clients, by};
use crate::constellation::Constellation;

/// Offices that are made besides those of the city.
const OFFICES: i64 = 5_000;
/// Warnings that are measured; one more comes first, so that desks and connections are there.
const WARNINGS: u32 = 5;
/// How long the last desk is waited for.
const WITHIN: Duration = Duration::from_secs(60);

pub(super) async fn run(args: &BenchArgs) -> Result<Found> {
    over_constellation(args, measure).await
}

async fn measure(constellation: &Constellation) -> Result<Found> {
    let mut database = warning_tables(constellation).await?;
    establish(&mut database).await?;
    let clients = constellation.clients()?;
    let (mut times, mut calls) = (histogram()?, histogram()?);
    let mut recipients = 0;
    for number in 0..=WARNINGS {
        let called = Instant::now();
        recipients = warn(&clients, number).await?;
        let answered = called.elapsed();
        let received = received(&mut database, recipients).await?;
        if number > 0 {
            calls.saturating_record(u64::try_from(answered.as_micros())?.max(1));
            for micros in received {
                times.saturating_record(u64::try_from(micros.max(1))?);
            }
        }
    }
    let last = milliseconds(&times, 1.0);
    Ok(Found {
        ratio: last / 2000.0,
        goal: "max<=2000ms".to_owned(),
        p50: milliseconds(&times, 0.5),
        p99: milliseconds(&times, 0.99),
        more: json!({
            "warnings": WARNINGS, "recipients_each": recipients, "max_ms": last,
            "call_p50_ms": milliseconds(&calls, 0.5), "call_max_ms": milliseconds(&calls, 1.0),
        }),
    })
}

/// Makes offices of counties, townships and villages of another province, as routing would have told of them.
async fn establish(database: &mut PgConnection) -> Result<()> {
    sqlx::query(
        "WITH made AS (
             INSERT INTO office (organ_id, name, level, territory_code, functions)
             SELECT gen_random_uuid(), 'Office ' || n,
                    (ARRAY['county', 'township', 'village'])[1 + n % 3],
                    (ARRAY['44' || lpad((1 + n / 900)::text, 2, '0') || lpad((1 + n / 9 % 99)::text, 2, '0') || '000000',
                           '4450' || lpad((1 + n % 90)::text, 2, '0') || lpad((1 + n / 90)::text, 3, '0') || '000',
                           '4451' || lpad((1 + n % 90)::text, 2, '0') || '001' || lpad((1 + n / 90)::text, 3, '0')])[1 + n % 3],
                    '{petition_office}'
             FROM generate_series(1, $1) AS n)
         UPDATE office_edition SET edition = edition + 1",
    )
    .bind(OFFICES)
    .execute(database)
    .await
    .context("the offices of the bench")?;
    Ok(())
}

/// Warns every office; gives how many were told.
async fn warn(clients: &Clients, number: u32) -> Result<i64> {
    let past = wire::timestamp(huiyin_domain::time::start_of_day("2026-01-05".parse()?));
    let nation = organs::organ_id(&TerritoryCode::NATION, organs::PETITION_OFFICE).to_string();
    let request = RaiseAlertRequest {
        request_id: format!("national-{number}"),
        kind: words::UrgentKind::ServiceFailure.into(),
        place_code: TerritoryCode::NATION.to_string(),
        organ_id: nation.clone(),
        persons: 12,
        happened_time: Some(past),
        known_time: Some(past),
        facts: "Generated for a bench.".to_owned(),
        duty_phone: "010-12345".to_owned(),
        recipient_rule: "to-offices-below".to_owned(),
        ..RaiseAlertRequest::default()
    };
    let mut warning = clients.warning.clone();
    let answer = warning.raise_alert(by(&nation, "duty-desk", request)).await;
    let answer = answer.context("the warning was refused")?.into_inner();
    let alert = answer.alert.context("an answer without an alert")?;
    anyhow::ensure!(
        i64::from(alert.recipient_count) >= OFFICES,
        "{} offices were told",
        alert.recipient_count
    );
    Ok(alert.recipient_count.into())
}

/// Waits until the newest warning has reached every desk; gives how long it took to each, in microseconds.
async fn received(database: &mut PgConnection, recipients: i64) -> Result<Vec<i64>> {
    let begin = Instant::now();
    loop {
        let received: Vec<i64> = sqlx::query_scalar(
            "SELECT (extract(epoch FROM pg_xact_commit_timestamp(r.xmin) - pg_xact_commit_timestamp(a.xmin)) * 1000000)::bigint
             FROM (SELECT alert_id, xmin FROM alert ORDER BY reported_at DESC, alert_id DESC LIMIT 1) a
                  JOIN alert_recipient r USING (alert_id)
             WHERE r.delivered_at IS NOT NULL",
        )
        .fetch_all(&mut *database)
        .await?;
        if received.len() == usize::try_from(recipients)? {
            return Ok(received);
        }
        anyhow::ensure!(
            begin.elapsed() < WITHIN,
            "{} of {recipients} desks have received it within a minute",
            received.len()
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
