//! Accepted registrations a second at 16 clients, over `pgbench -M prepared` of the same registration,
//! one a statement, with as many clients, in turn on the same server. Then the latency at half that rate, open loop: a call's
//! time runs from the instant it was to be sent, not from when it could be.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use huiyin_domain::organs;
use huiyin_proto::intake::v1::{Petitioner, RegisterMatterRequest};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::names::ServiceName;
use serde_json::json;
use tokio::sync::Mutex;

use super::measure::{histogram, median, milliseconds};
use super::{BenchArgs, Found, over_constellation};
use tonic::Request;

use crate::connect::{Clients, by};
use crate::constellation::{Constellation, DATABASE};

/// Clients on either side.
const CLIENTS: usize = 16;
/// What the limit runs: one registration a statement.
const ALONE: &str = include_str!("register_alone.sql");
/// Pairs of a turn of ours and a turn of the limit.
const PAIRS: u64 = 6;

pub(super) async fn run(args: &BenchArgs) -> Result<Found> {
    over_constellation(args, async |constellation| {
        // only intake is measured: what others do with its events is not part of an accepted registration
        constellation.processes.keep_only(ServiceName::Intake).await;
        measure(args, constellation).await
    })
    .await
}

async fn measure(args: &BenchArgs, constellation: &Constellation) -> Result<Found> {
    let clients = constellation.clients()?;
    let script = write_script(
        &args
            .folder
            .clone()
            .unwrap_or_else(|| crate::constellation::home().join("bench")),
    )?;
    let turn = Duration::from_secs((args.seconds / (2 * PAIRS)).max(2));
    ours(&clients, "warm", turn / 2).await?;
    limit(constellation, &script, turn / 2).await?;
    let (mut ratios, mut rates, mut limits) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let rate = ours(&clients, &format!("pair{pair}"), turn).await?;
        let most = limit(constellation, &script, turn).await?;
        eprintln!(
            "huiyin: pair {pair}: {rate:.0}/s, pgbench {most:.0}/s, ratio {:.3}",
            rate / most
        );
        ratios.push(rate / most);
        rates.push(rate);
        limits.push(most);
    }
    let rate = median(rates.clone());
    let latency = open_loop(&clients, rate / 2.0, turn).await?;
    Ok(Found {
        ratio: median(ratios),
        goal: "0.75".to_owned(),
        p50: milliseconds(&latency, 0.5),
        p99: milliseconds(&latency, 0.99),
        more: json!({
            "registrations_per_second": rates, "pgbench_per_second": limits, "clients": CLIENTS,
            "latency_at_per_second": rate / 2.0, "fsync": "on",
        }),
    })
}

fn petition(request_id: String) -> Request<RegisterMatterRequest> {
    let city = "431200000000".parse().ok();
    let office = city.map(|city| organs::organ_id(&city, organs::PETITION_OFFICE).to_string());
    let request = RegisterMatterRequest {
        request_id,
        channel: words::Channel::Online.into(),
        category: words::Category::Claim.into(),
        subject: "environment".to_owned(),
        place_code: "431202".to_owned(),
        received_by: office.unwrap_or_default(),
        petitioner: Some(Petitioner::default()),
        persons: 1,
        main_request: "generated request about environment".to_owned(),
        facts: "Generated for a bench.".to_owned(),
        ..RegisterMatterRequest::default()
    };
    by(&request.received_by.clone(), "registration-desk", request)
}

/// Closed loop: each client sends its next registration when the last was accepted.
pub(super) async fn ours(clients: &Clients, name: &str, turn: Duration) -> Result<f64> {
    let until = Instant::now() + turn;
    let started = Instant::now();
    let mut callers = Vec::new();
    for caller in 0..CLIENTS {
        let (mut intake, name) = (clients.intake.clone(), name.to_owned());
        callers.push(tokio::spawn(async move {
            let mut accepted = 0_u64;
            while Instant::now() < until {
                let request = petition(format!("bench-{name}-{caller}-{accepted}"));
                intake.register_matter(request).await?;
                accepted += 1;
            }
            Ok::<u64, tonic::Status>(accepted)
        }));
    }
    let mut total = 0;
    for caller in callers {
        total += caller.await?.context("a registration was refused")?;
    }
    Ok(total as f64 / started.elapsed().as_secs_f64())
}

/// Open loop at a fixed rate.
pub(super) async fn open_loop(
    clients: &Clients,
    rate: f64,
    turn: Duration,
) -> Result<hdrhistogram::Histogram<u64>> {
    let times = Arc::new(Mutex::new(histogram()?));
    let failed = Arc::new(AtomicU64::new(0));
    let every = Duration::from_secs_f64(1.0 / rate);
    let begin = Instant::now();
    let count = (turn.as_secs_f64() * rate) as u32;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..count {
        let due = begin + every * number;
        tokio::time::sleep_until(due.into()).await;
        let (mut intake, times, failed) = (
            clients.intake.clone(),
            Arc::clone(&times),
            Arc::clone(&failed),
        );
        calls.spawn(async move {
            let answer = intake
                .register_matter(petition(format!("bench-open-{number}")))
                .await;
            if answer.is_err() {
                failed.fetch_add(1, Ordering::Relaxed);
            }
            let micros = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            times.lock().await.saturating_record(micros.max(1));
        });
    }
    while let Some(ended) = calls.join_next().await {
        ended?;
    }
    if failed.load(Ordering::Relaxed) > 0 {
        bail!(
            "{} registrations were refused",
            failed.load(Ordering::Relaxed)
        );
    }
    let times = times.lock().await.clone();
    Ok(times)
}

/// The statement with values of the same size in place of its parameters; pgbench sends
/// them as parameters of a prepared statement.
fn write_script(folder: &Path) -> Result<PathBuf> {
    let mut text = ALONE.replace(" AS \"claimed!\"", " AS claimed");
    // highest numbers first, so that $1 does not match the beginning of $10
    for (number, value) in VALUES.iter().enumerate().rev() {
        text = text.replace(&format!("${}::", number + 1), &format!("({value})::"));
    }
    let script = "\\set a random(1, 1000000000000)\n\\set b random(1, 1000000000000)\n".to_owned()
        + &text
        + ";\n";
    let path = folder.join("register.pgbench");
    std::fs::write(&path, script)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

/// What stands for `$1` to `$26` of the statement.
const VALUES: [&str; 26] = [
    "'pgbench'",
    "'r' || :a || '-' || :b",
    "decode(repeat('ab', 32), 'hex')",
    "decode(repeat('ab', 700), 'hex')",
    "md5((:a)::text || (:b)::text)",
    "'431200-2026-' || :a || '-' || :b",
    "'online'",
    "'claim'",
    "'environment'",
    "'431202000000'",
    "1",
    "'6f2c6e0e-7d0e-5b8e-9a53-0a6b0a2f4c11'",
    "now()",
    "now()",
    "false",
    "NULL",
    "NULL",
    "NULL",
    "1000000 * :a + :b % 1000000",
    "1",
    "decode(repeat('cd', 78), 'hex')",
    "decode(repeat('ab', 100), 'hex')",
    "NULL",
    "'events:{intake:0}'",
    "md5((:b)::text || (:a)::text)",
    "decode(repeat('ef', 260), 'hex')",
];

async fn limit(constellation: &Constellation, script: &Path, turn: Duration) -> Result<f64> {
    let programs = std::env::var_os("HUIYIN_POSTGRES_BIN").map(PathBuf::from);
    let pgbench = std::env::var_os("HUIYIN_PGBENCH")
        .map(PathBuf::from)
        .or_else(|| programs.map(|folder| folder.join("pgbench")))
        .unwrap_or_else(|| PathBuf::from("pgbench"));
    let url = format!(
        "{}?options=-csearch_path%3Dintake",
        constellation.postgres.url(DATABASE)
    );
    let output = tokio::process::Command::new(&pgbench)
        .args([
            "-n",
            "-M",
            "prepared",
            "-c",
            &CLIENTS.to_string(),
            "-j",
            "2",
        ])
        .args(["-T", &turn.as_secs().max(1).to_string(), "-f"])
        .arg(script)
        .arg(url)
        .output()
        .await
        .with_context(|| format!("{} cannot be started", pgbench.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.with_context(|| {
        format!(
            "pgbench failed: {} {}",
            text,
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::ALONE;

    /// Tables and their columns, as a statement writes them.
    fn written(statement: &str) -> Vec<String> {
        statement
            .split("INSERT INTO ")
            .skip(1)
            .filter_map(|insert| Some(insert.split_once(')')?.0))
            .map(|insert| insert.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn the_limit_writes_what_a_registration_writes() {
        assert_eq!(written(ALONE), written(huiyin_intake::REGISTER_STATEMENT));
        assert_eq!(written(ALONE).len(), 7);
    }
}
