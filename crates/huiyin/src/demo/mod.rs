//! `huiyin demo`: one real city, one year, played under a clock moved by hand.

mod act;
mod city;
pub mod plan;
mod print;
mod rest;
mod summary;
pub mod trace;
mod year;

pub use city::CITY;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use chrono::TimeDelta;
use huiyin_domain::organs;
use huiyin_domain::time::start_of_day;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::connect::Clients;
use crate::constellation::{Constellation, DATABASE, Plan, Ports, asked_to_end, home};

/// What the demo is asked to do.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// End after the summary instead of running until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Print the summary as JSON, for machines; nothing else goes to standard output
    #[arg(long)]
    json: bool,
    /// Go ahead without asking (used by ./dev when something must be installed)
    #[arg(long)]
    yes: bool,
    /// The seed of the generated matters
    #[arg(long, default_value_t = 20_250_101)]
    seed: u64,
    /// How many matters are generated for the year
    #[arg(long, default_value_t = plan::CITY_MATTERS, value_name = "N")]
    matters: usize,
    /// Play only the first days of the year
    #[arg(long, default_value_t = 365, value_name = "N", value_parser = clap::value_parser!(u64).range(3..=365))]
    days: u64,
    /// Take any free ports instead of 7401-7405 and 9401-9405
    #[arg(long)]
    any_ports: bool,
    /// Folder for the private servers, settings and logs; what was there is replaced
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Send all traces to this OTLP collector instead of showing the widest of them
    #[arg(long, value_name = "ADDRESS")]
    traces_to: Option<SocketAddr>,
}

/// Runs the demo.
///
/// # Errors
/// When something does not start, an act is refused, or the summary and the recount differ.
pub async fn run(args: DemoArgs) -> Result<()> {
    let say = |words: &str| eprintln!("huiyin: {words}");
    let territories = city::territories()?;
    let planned = Arc::new(plan::generate(
        args.seed,
        (args.matters, args.days),
        &territories,
    ));
    let (receiver, own) = trace::Receiver::listen().await?;
    let otlp = args.traces_to.unwrap_or(own);
    let constellation = Constellation::start(&setup(&args, otlp, &planned)?, &say).await?;
    let outcome = tokio::select! {
        outcome = play(&args, &constellation, &planned, &territories, receiver) => outcome,
        signal = asked_to_end() => signal.and(Err(anyhow::anyhow!("ended before the year was played"))),
    };
    if outcome.is_ok() && !args.once {
        say("everything keeps running; Ctrl-C ends it");
        asked_to_end().await?;
    }
    let stopped = constellation.stop().await;
    outcome?;
    stopped
}

/// Loads the territory and the generated organs of the city, and waits until every service knows them.
///
/// # Errors
/// When a row is refused.
pub async fn load_city(clients: &Clients) -> Result<()> {
    city::load(clients, &city::territories()?).await?;
    rest::Rest::new(clients).come().await
}

fn setup(args: &DemoArgs, otlp: SocketAddr, planned: &plan::YearPlan) -> Result<Plan> {
    Ok(Plan {
        folder: args
            .folder
            .clone()
            .unwrap_or_else(|| home().join("running")),
        clock: Some(start_of_day(planned.first) - TimeDelta::hours(12)),
        ports: if args.any_ports {
            Ports::any()?
        } else {
            Ports::documented()
        },
        otlp: Some(otlp),
        postgres_settings: vec![
            ("shared_buffers", "256MB"),
            ("max_wal_size", "2GB"),
            ("checkpoint_timeout", "15min"),
            // a power cut may lose the demo; a crash of the server does not
            ("fsync", "off"),
            ("full_page_writes", "off"),
            // a fresh database learns within seconds, not a minute, how large its tables have become
            ("autovacuum_naptime", "6s"),
        ],
        profile: "development",
    })
}

/// What a year came to, and how it went.
struct Year {
    told: summary::Told,
    counts: summary::Summary,
    played: year::Played,
    took: Duration,
    figures: usize,
    differences: Vec<String>,
    quarantined: u64,
    trace: Vec<trace::Span>,
}

async fn play(
    args: &DemoArgs,
    constellation: &Constellation,
    planned: &Arc<plan::YearPlan>,
    territories: &[huiyin_domain::territory::Territory],
    receiver: trace::Receiver,
) -> Result<()> {
    let clients = constellation.clients()?;
    let (loaded, known) = city::load(&clients, territories).await?;
    eprintln!(
        "huiyin: the city of Huaihua is loaded: {} territories, {} organs",
        loaded.loaded, known.loaded
    );
    eprintln!(
        "huiyin: playing 2025 with {} matters generated from seed {} (there is no public petition data)",
        planned.matters.len(),
        args.seed
    );
    let office = organs::organ_id(&city::CITY.parse()?, organs::PETITION_OFFICE).to_string();
    let actors = act::Actors::new(clients.clone(), Arc::clone(planned), office);
    let actors = Arc::new(actors);
    let shown = args.traces_to.is_none().then_some(&receiver);
    let year = play_year(&clients, (planned, &actors), constellation, shown).await?;
    if args.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&as_json(args, &year, constellation))?
        );
    } else {
        print::page(&year);
        print::trace(&year.trace);
        if !args.once {
            print::hints(constellation, actors.example().as_ref());
        }
    }
    year.check()
}

async fn play_year(
    clients: &Clients,
    (planned, actors): (&Arc<plan::YearPlan>, &Arc<act::Actors>),
    constellation: &Constellation,
    receiver: Option<&trace::Receiver>,
) -> Result<Year> {
    rest::Rest::new(clients).come().await?;
    let bar = progress(planned);
    let started = Instant::now();
    let played = year::play(clients, Arc::clone(planned), Arc::clone(actors), &|day| {
        bar.set_position(u64::try_from((day - planned.first).num_days()).unwrap_or(0));
        bar.set_message(day.to_string());
    })
    .await?;
    bar.finish_and_clear();
    let took = started.elapsed();
    let told = summary::ask(clients, city::CITY).await?;
    let counts = told.summary();
    let recount = summary::recount(&constellation.postgres.url(DATABASE)).await?;
    Ok(Year {
        differences: summary::differences(&summary::counted(&counts), &recount),
        figures: recount.len(),
        told,
        counts,
        played,
        took,
        quarantined: rest::Rest::new(clients).quarantined().await?,
        // the exporters of the services send in batches; one interval later the trace is whole
        trace: match receiver {
            Some(receiver) => await_trace(receiver).await,
            None => Vec::new(),
        },
    })
}

fn as_json(args: &DemoArgs, year: &Year, constellation: &Constellation) -> serde_json::Value {
    json!({
        "summary": year.counts,
        "recount": { "figures": year.figures, "differences": year.differences },
        "warnings": year.told.table.warnings,
        "measured": {
            "seconds": year.took.as_secs_f64(), "acts": year.played.acts, "instants": year.played.instants,
            "seconds_at_rest": year.played.resting.as_secs_f64(),
            "restarts": constellation.processes.deaths(), "quarantined": year.quarantined,
            "trace_spans": year.trace.len(), "generated": true, "seed": args.seed, "matters": args.matters,
        },
    })
}

impl Year {
    /// Refuses a year whose figures do not agree.
    fn check(&self) -> Result<()> {
        if !self.differences.is_empty() {
            let lines = self.differences.join("\n  ");
            bail!("the summary and the recount by SQL differ:\n  {lines}");
        }
        if self.quarantined > 0 {
            bail!("{} events were set aside in quarantine", self.quarantined);
        }
        if !self.told.table.warnings.is_empty() {
            bail!(
                "the year's table does not add up: {}",
                self.told.table.warnings.join("; ")
            );
        }
        Ok(())
    }
}

fn progress(planned: &plan::YearPlan) -> ProgressBar {
    let days = u64::try_from((planned.end - planned.first).num_days()).unwrap_or(365);
    let bar = ProgressBar::with_draw_target(Some(days), ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("  {msg} {wide_bar} {pos}/{len} days, {elapsed} ")
    {
        bar.set_style(style);
    }
    bar
}

async fn await_trace(receiver: &trace::Receiver) -> Vec<trace::Span> {
    let mut before = 0;
    for _ in 0..40 {
        let spans = receiver.widest();
        if !spans.is_empty() && spans.len() == before {
            return spans;
        }
        before = spans.len();
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    receiver.widest()
}
