//! `huiyin bench`: each bench is paired and interleaved with its limit in one run, open loop, and prints
//! one line.

mod alert;
mod alertmanager;
mod escalation;
mod evidence;
mod intake;
mod measure;
mod national;

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use crate::constellation::{Constellation, DATABASE, Plan, Ports};

/// Which bench.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// intake: accepted registrations a second over pgbench of the same statement.
    /// alert: commit of an urgent report to the commit in the next level's inbox.
    /// alert-beside: the same while an unrelated transaction that has written stays open.
    /// alertmanager: the same beside Prometheus Alertmanager.
    /// escalation: how late 2,000 of 100,000 waiting recipients are escalated.
    /// national: one warning to 5,000 offices below, from its commit to that of each desk.
    /// evidence: accepted registrations a second while they are logged over those while they are not
    name: String,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Seconds measured in all, shared by the pairs
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(4..=3600))]
    seconds: u64,
    /// Folder for the private servers
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// What a bench found: the ratio to its limit, the goal, and latencies in milliseconds.
struct Found {
    ratio: f64,
    goal: String,
    p50: f64,
    p99: f64,
    more: serde_json::Value,
}

/// Runs a bench.
///
/// # Errors
/// When the name is unknown or something does not start.
pub async fn run(args: BenchArgs) -> Result<()> {
    let found = match args.name.as_str() {
        "intake" => intake::run(&args).await?,
        "alert" => alert::run(&args).await?,
        "alert-beside" => alert::beside_an_open_transaction(&args).await?,
        "alertmanager" => alertmanager::run(&args).await?,
        "escalation" => escalation::run(&args).await?,
        "national" => national::run(&args).await?,
        "evidence" => evidence::run(&args).await?,
        other => bail!(
            "unknown bench {other}; there are: intake, alert, alert-beside, alertmanager, escalation, national, evidence"
        ),
    };
    if args.json {
        let text = json!({
            "name": args.name, "ratio": found.ratio, "goal": found.goal,
            "p50_ms": found.p50, "p99_ms": found.p99, "more": found.more,
        });
        println!("{}", serde_json::to_string_pretty(&text)?);
    } else {
        println!(
            "{} ratio={:.3} goal={} p50={:.2}ms p99={:.2}ms",
            args.name, found.ratio, found.goal, found.p50, found.p99
        );
        eprintln!("{}", found.more);
    }
    Ok(())
}

/// Measures over a constellation, which is stopped whatever comes of it.
async fn over_constellation(
    args: &BenchArgs,
    measure: impl AsyncFnOnce(&Constellation) -> Result<Found>,
) -> Result<Found> {
    let constellation = constellation(args).await?;
    let outcome = measure(&constellation).await;
    let stopped = constellation.stop().await;
    let found = outcome?;
    stopped?;
    Ok(found)
}

/// A connection to the tables of stability-early-warning.
async fn warning_tables(constellation: &Constellation) -> Result<PgConnection> {
    let mut database = PgConnection::connect(&constellation.postgres.url(DATABASE)).await?;
    sqlx::query("SET search_path = stability_early_warning")
        .execute(&mut database)
        .await?;
    Ok(database)
}

/// A constellation for measuring: the database as it is in earnest, every commit flushed.
async fn constellation(args: &BenchArgs) -> Result<Constellation> {
    let folder = args
        .folder
        .clone()
        .unwrap_or_else(|| crate::constellation::home().join("bench"));
    let plan = Plan {
        folder,
        clock: None,
        ports: Ports::any()?,
        otlp: None,
        postgres_settings: vec![
            ("track_commit_timestamp", "on"),
            ("shared_buffers", "512MB"),
            ("max_wal_size", "4GB"),
            ("checkpoint_timeout", "30min"),
        ],
        profile: "development",
    };
    let constellation = Constellation::start(&plan, &|words| eprintln!("huiyin: {words}")).await?;
    crate::demo::load_city(&constellation.clients()?).await?;
    Ok(constellation)
}
