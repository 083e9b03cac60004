//! `huiyin explain` and `huiyin simulate`: how a due day came about, and what it would be.

use anyhow::{Context as _, Result, bail, ensure};
use huiyin_proto::intake::v1::GetMatterRequest;
use huiyin_proto::supervision::v1::supposed_step::Step;
use huiyin_proto::supervision::v1::{
    ExplainDeadlineRequest, ExplainedDay, SimulateDeadlineRequest, SupposedStep,
};
use huiyin_proto::vocabulary::v1::{ClockKind, PauseCause};
use tonic::Request;

use crate::connect::{Clients, persist};
use crate::load::word;

const CLOCKS: &str = "register_and_forward, acceptance, objection, opinion, assigned_limit, simplified_acceptance, \
     simplified_opinion, ask_review, review_opinion, ask_reexamination, reexamination_opinion, recommendation_answer";

/// Which clock of which matter.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Number or id of the matter
    matter: String,
    /// Which clock, for example opinion
    #[arg(default_value = "opinion")]
    clock: String,
    /// Which run of it, from 1; the newest when none is given
    #[arg(long, default_value_t = 0)]
    run: u32,
    /// Print every day; without it the counted ones in a row are one line
    #[arg(long)]
    days: bool,
}

/// What is supposed.
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// Which clock, for example opinion
    clock: String,
    /// The day on which it starts, like 2026-01-31
    #[arg(long, value_name = "DATE", conflicts_with = "matter")]
    start: Option<String>,
    /// Number or id of a matter whose clock it is
    #[arg(long, required_unless_present = "start")]
    matter: Option<String>,
    /// Code of the place, where the law leaves the limit to it
    #[arg(long, value_name = "CODE", default_value = "")]
    place: String,
    /// Days of an assigned limit
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    limit: u32,
    /// What happens then: DATE=extend:DAYS, DATE=pause:CAUSE or DATE=resume:CAUSE; any number, in the order of the days
    #[arg(long = "step", value_name = "STEP")]
    steps: Vec<String>,
    /// Print every day; without it the counted ones in a row are one line
    #[arg(long)]
    days: bool,
}

/// Prints the proof of a due day.
///
/// # Errors
/// When the matter has no such clock.
pub async fn explain(clients: &Clients, args: ExplainArgs) -> Result<()> {
    let request = ExplainDeadlineRequest {
        matter_id: matter_id(clients, args.matter).await?,
        kind: clock(&args.clock)?.into(),
        cycle: args.run,
    };
    let proof = persist("the deadline cannot be explained", || {
        let (mut supervision, request) =
            (clients.supervision.clone(), Request::new(request.clone()));
        async move { supervision.explain_deadline(request).await }
    })
    .await?;
    let clock = proof.clock.context("an answer without a clock")?;
    due(&clock.raw_due_date, &clock.due_date, clock.provisional);
    println!("{}; calendar {}", proof.rule, proof.calendar);
    print_days(&proof.days, args.days);
    Ok(())
}

/// Prints what a due day would be.
///
/// # Errors
/// Names what cannot be read, or what the service refuses.
pub async fn simulate(clients: &Clients, args: SimulateArgs) -> Result<()> {
    let matter_id = match args.matter {
        Some(matter) => matter_id(clients, matter).await?,
        None => String::new(),
    };
    let steps = args.steps.iter().map(|text| step(text));
    let request = SimulateDeadlineRequest {
        kind: clock(&args.clock)?.into(),
        matter_id,
        start_date: args.start.unwrap_or_default(),
        place_code: args.place,
        limit_days: args.limit,
        steps: steps.collect::<Result<_>>()?,
    };
    let answer = persist("the deadline cannot be simulated", || {
        let (mut supervision, request) =
            (clients.supervision.clone(), Request::new(request.clone()));
        async move { supervision.simulate_deadline(request).await }
    })
    .await?;
    due(&answer.raw_due_date, &answer.due_date, answer.provisional);
    println!("{}; calendar {}", answer.rule, answer.calendar);
    for refused in &answer.refused {
        let step = args
            .steps
            .get(refused.place as usize)
            .map_or("", String::as_str);
        println!("does not count: {step}: {}", refused.words);
    }
    print_days(&answer.days, args.days);
    Ok(())
}

async fn matter_id(clients: &Clients, matter: String) -> Result<String> {
    if matter.starts_with("matter_") {
        return Ok(matter);
    }
    let request = GetMatterRequest {
        matter_id: String::new(),
        number: matter,
    };
    let answer = persist("the matter was not found", || {
        let (mut intake, request) = (clients.intake.clone(), Request::new(request.clone()));
        async move { intake.get_matter(request).await }
    })
    .await?;
    let matter = answer.matter.context("an answer without a matter")?;
    Ok(matter.matter_id)
}

fn clock(given: &str) -> Result<ClockKind> {
    match word("CLOCK_KIND", given, ClockKind::from_str_name) {
        Some(kind) => Ok(kind),
        None => bail!("{given:?} is no clock; allowed are {CLOCKS}"),
    }
}

/// Reads `2026-02-01=extend:30`.
fn step(text: &str) -> Result<SupposedStep> {
    let expected = || {
        format!(
            "--step {text:?}: expected DATE=extend:DAYS, DATE=pause:CAUSE or DATE=resume:CAUSE, \
             with the causes hearing and expert_appraisal"
        )
    };
    let (on_date, what) = text.split_once('=').with_context(expected)?;
    let (what, given) = what.split_once(':').with_context(expected)?;
    let cause = || word("PAUSE_CAUSE", given, PauseCause::from_str_name).map(i32::from);
    let step = match what {
        "extend" => given.parse().ok().map(Step::ExtendDays),
        "pause" => cause().map(Step::Pause),
        "resume" => cause().map(Step::Resume),
        _ => None,
    };
    ensure!(step.is_some(), expected());
    Ok(SupposedStep {
        on_date: on_date.to_owned(),
        step,
    })
}

fn due(raw: &str, rolled: &str, provisional: bool) {
    let moved = if raw == rolled {
        String::new()
    } else {
        format!(" (rolled from {raw})")
    };
    let certain = if provisional {
        ", provisional: a year's days off are not published yet"
    } else {
        ""
    };
    println!("due {rolled}{moved}{certain}");
}

/// One line a day, or one for days in a row that did the same.
fn print_days(days: &[ExplainedDay], all: bool) {
    let alike = |one: &ExplainedDay, other: &ExplainedDay| !all && one.effect == other.effect;
    for run in days.chunk_by(alike) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            continue;
        };
        if run.len() == 1 {
            println!(
                "  {}                {:<8} {}",
                first.date, first.effect, first.words
            );
        } else {
            println!(
                "  {} - {}   {:<8} {} days, to: {}",
                first.date,
                last.date,
                first.effect,
                run.len(),
                last.words
            );
        }
    }
}
