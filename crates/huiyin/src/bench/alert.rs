//! From the commit of an urgent report to the commit in the next level's inbox, at 50 reports a second
//! with six recipients each. Both instants are the database's own commit timestamps. The limit, in turn
//! on the same servers: a bare commit, XADD, XREAD, commit.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use hdrhistogram::Histogram;
use huiyin_domain::organs;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1::RaiseAlertRequest;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire;
use prost::Message as _;
use serde_json::json;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::measure::{histogram, milliseconds};
use super::{BenchArgs, Found, over_constellation};

use crate::connect::{Clients, by};
use crate::constellation::{Constellation, DATABASE};

/// Reports a second.
pub(super) const RATE: u32 = 50;
/// Turns of each side.
const PAIRS: u64 = 4;
/// Where it happens: a report of a township goes to six desks.
const TOWNSHIP: &str = "431202001000";
/// The stream of the level above it.
const NEXT_LEVEL: &str = "alerts:{county:0}";

pub(super) async fn run(args: &BenchArgs) -> Result<Found> {
    over_constellation(args, async |constellation| {
        measure(args, constellation).await
    })
    .await
}

/// The same while somebody else holds a transaction open that has written, from the first report to the last.
pub(super) async fn beside_an_open_transaction(args: &BenchArgs) -> Result<Found> {
    over_constellation(args, async |constellation| {
        measure_beside(args, constellation).await
    })
    .await
}

async fn measure_beside(args: &BenchArgs, constellation: &Constellation) -> Result<Found> {
    let clients = constellation.clients()?;
    ours(&clients, "warm", Duration::from_secs(2)).await?;
    let url = constellation.postgres.url(DATABASE);
    let mut somebody = PgConnection::connect(&url).await?;
    let table = "CREATE TABLE unrelated (number bigint)";
    sqlx::query(table).execute(&mut somebody).await?;
    let mut open = somebody.begin().await?;
    sqlx::query("INSERT INTO unrelated SELECT generate_series(1, 1000)")
        .execute(&mut *open)
        .await?;
    let (begin, opened) = (now(constellation).await?, Instant::now());
    let recipients = ours(&clients, "beside", Duration::from_secs(args.seconds)).await?;
    let held = opened.elapsed();
    let times = latencies(constellation, begin).await?;
    open.commit().await?;
    let p99 = milliseconds(&times, 0.99);
    Ok(Found {
        ratio: p99 / 250.0,
        goal: "p99<=250ms".to_owned(),
        p50: milliseconds(&times, 0.5),
        p99,
        more: json!({
            "alerts": times.len(), "recipients_each": recipients, "per_second": RATE,
            "max_ms": milliseconds(&times, 1.0), "open_transaction_s": held.as_secs_f64(),
        }),
    })
}

async fn measure(args: &BenchArgs, constellation: &Constellation) -> Result<Found> {
    let clients = constellation.clients()?;
    let turn = Duration::from_secs((args.seconds / (2 * PAIRS)).max(2));
    let mut bare = histogram()?;
    ours(&clients, "warm", Duration::from_secs(2)).await?;
    let mut recipients = 0;
    let begin = now(constellation).await?;
    for pair in 0..PAIRS {
        recipients = ours(&clients, &format!("pair{pair}"), turn).await?;
        limit(constellation, turn, &mut bare).await?;
    }
    let ours = latencies(constellation, begin).await?;
    let (p50, bare_p50) = (milliseconds(&ours, 0.5), milliseconds(&bare, 0.5));
    Ok(Found {
        ratio: p50 / bare_p50.max(0.001),
        goal: "p50<=10ms,p99<=50ms".to_owned(),
        p50,
        p99: milliseconds(&ours, 0.99),
        more: json!({
            "alerts": ours.len(), "recipients_each": recipients, "per_second": RATE,
            "max_ms": milliseconds(&ours, 1.0), "bare_p50_ms": bare_p50, "bare_p99_ms": milliseconds(&bare, 0.99),
        }),
    })
}

/// The database's now.
pub(super) async fn now(constellation: &Constellation) -> Result<DateTime<Utc>> {
    let mut database = PgConnection::connect(&constellation.postgres.url(DATABASE)).await?;
    let now = sqlx::query_scalar("SELECT clock_timestamp()");
    Ok(now.fetch_one(&mut database).await?)
}

/// Raises reports open loop; gives the number of recipients of the last.
pub(super) async fn ours(clients: &Clients, name: &str, turn: Duration) -> Result<usize> {
    let begin = Instant::now();
    let count = u32::try_from(turn.as_secs()).unwrap_or(1) * RATE;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..count {
        tokio::time::sleep_until((begin + Duration::from_secs(1) / RATE * number).into()).await;
        let mut warning = clients.warning.clone();
        let request = report(format!("bench-{name}-{number}"))?;
        let request = by(&request.organ_id.clone(), "duty-desk", request);
        calls.spawn(async move { warning.raise_alert(request).await });
    }
    let mut recipients = 0;
    while let Some(ended) = calls.join_next().await {
        let answer = ended?.context("a report was refused")?.into_inner();
        recipients = answer.alert.map_or(0, |alert| alert.recipients.len());
    }
    Ok(recipients)
}

fn report(request_id: String) -> Result<RaiseAlertRequest> {
    let township = TOWNSHIP.parse().context("the code of a township")?;
    let past = wire::timestamp(huiyin_domain::time::start_of_day("2026-01-05".parse()?));
    Ok(RaiseAlertRequest {
        request_id,
        kind: words::UrgentKind::DangerToLife.into(),
        place_code: TOWNSHIP.to_owned(),
        organ_id: organs::organ_id(&township, organs::PETITION_OFFICE).to_string(),
        persons: 12,
        happened_time: Some(past),
        known_time: Some(past),
        facts: "Generated for a bench.".to_owned(),
        duty_phone: "0745-12345".to_owned(),
        ..RaiseAlertRequest::default()
    })
}

/// Commit of the alert to commit of the inbox row, for every alert since `begin`.
pub(super) async fn latencies(
    constellation: &Constellation,
    begin: DateTime<Utc>,
) -> Result<Histogram<u64>> {
    let mut database = PgConnection::connect(&constellation.postgres.url(DATABASE)).await?;
    let alerts: HashMap<String, DateTime<Utc>> = sqlx::query(
        "SELECT replace(alert_id::text, '-', '') AS alert, pg_xact_commit_timestamp(xmin) AS committed
         FROM stability_early_warning.alert WHERE pg_xact_commit_timestamp(xmin) >= $1",
    )
    .bind(begin)
    .fetch_all(&mut database)
    .await?
    .into_iter()
    .map(|row| Ok((format!("alert_{}", row.try_get::<String, _>("alert")?), row.try_get("committed")?)))
    .collect::<Result<_, sqlx::Error>>()?;
    let arrived = sqlx::query(
        "SELECT feed.payload, pg_xact_commit_timestamp(inbox.xmin) AS committed
         FROM stability_early_warning.inbox AS inbox
         JOIN stability_early_warning.feed AS feed USING (stream, epoch, seq)
         WHERE inbox.stream = $1",
    )
    .bind(NEXT_LEVEL)
    .fetch_all(&mut database)
    .await?;
    let mut times = histogram()?;
    for row in arrived {
        let event = Event::decode(row.try_get::<Vec<u8>, _>("payload")?.as_slice())?;
        let committed: DateTime<Utc> = row.try_get("committed")?;
        if let Some(Fact::AlertRaised(raised)) = event.fact
            && let Some(began) = alerts.get(&raised.alert_id)
        {
            let micros = (committed - *began).num_microseconds().unwrap_or(i64::MAX);
            times.saturating_record(u64::try_from(micros.max(1)).unwrap_or(1));
        }
    }
    anyhow::ensure!(
        times.len() >= alerts.len() as u64,
        "{} of {} alerts arrived",
        times.len(),
        alerts.len()
    );
    Ok(times)
}

/// The bare road: a commit, XADD, XREAD, a commit.
async fn limit(
    constellation: &Constellation,
    turn: Duration,
    times: &mut Histogram<u64>,
) -> Result<()> {
    let url = constellation.postgres.url(DATABASE);
    let mut database = PgConnection::connect(&url).await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS bare (number bigint GENERATED ALWAYS AS IDENTITY, payload bytea)")
        .execute(&mut database)
        .await?;
    let client = redis::Client::open(constellation.streams.url())?;
    let mut writer = client.get_multiplexed_async_connection().await?;
    let begin = Instant::now();
    let payload = vec![7_u8; 300];
    for number in 0..u32::try_from(turn.as_secs()).unwrap_or(1) * RATE {
        tokio::time::sleep_until((begin + Duration::from_secs(1) / RATE * number).into()).await;
        sqlx::query("INSERT INTO bare (payload) VALUES ($1)")
            .bind(&payload)
            .execute(&mut database)
            .await?;
        let committed = Instant::now();
        let id: String = redis::cmd("XADD")
            .arg("bare")
            .arg("*")
            .arg("event")
            .arg(&payload)
            .query_async(&mut writer)
            .await?;
        redis::cmd("XRANGE")
            .arg("bare")
            .arg(&id)
            .arg(&id)
            .query_async::<redis::Value>(&mut writer)
            .await?;
        sqlx::query("INSERT INTO bare (payload) VALUES ($1)")
            .bind(&payload)
            .execute(&mut database)
            .await?;
        times.saturating_record(
            u64::try_from(committed.elapsed().as_micros())
                .unwrap_or(u64::MAX)
                .max(1),
        );
    }
    Ok(())
}
