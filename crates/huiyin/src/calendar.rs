//! `huiyin calendar`: the yearly notice of days off and working weekends.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use huiyin_domain::calendar::YearNotice;
use huiyin_proto::supervision::v1::{
    GetReprojectionRequest, ListMovedDeadlinesRequest, PublishCalendarRequest, Reprojection,
};
use tonic::Request;

use crate::connect::{Clients, persist};

/// What to do with the calendar.
#[derive(Debug, Subcommand)]
pub enum CalendarCommand {
    /// Publish the notice of a year and print what it moved
    #[command(
        after_help = "The file is JSON: {\"year\": 2027, \"version\": \"2027/1\", \"source\": \"...\", \"days_off\": [\"2027-01-01\", ...], \"working_weekends\": [...]}"
    )]
    Publish {
        /// The file
        file: PathBuf,
        /// The post that decides, not a person's name
        #[arg(long)]
        post: String,
        /// Print at most this many of the clocks that moved
        #[arg(long, default_value_t = 20)]
        list: u32,
    },
}

/// Does what is asked with the calendar.
///
/// # Errors
/// Names the file and what is wrong in it, or what the service refuses.
pub async fn run(clients: &Clients, command: CalendarCommand) -> Result<()> {
    match command {
        CalendarCommand::Publish { file, post, list } => {
            let begun = publish(clients, &read(&file)?, post).await?;
            let batch = finished(clients, begun.batch_id).await?;
            println!(
                "{} is in force instead of {}: {} open clocks computed anew, {} moved, {} are certain now",
                batch.calendar_version,
                batch.calendar_before,
                batch.open_clocks,
                batch.moved,
                batch.confirmed
            );
            moved(clients, batch.batch_id, list).await
        }
    }
}

fn read(path: &Path) -> Result<YearNotice> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no notice", path.display()))
}

async fn publish(clients: &Clients, notice: &YearNotice, post: String) -> Result<Reprojection> {
    let days = |days: &[huiyin_domain::time::Date]| days.iter().map(ToString::to_string).collect();
    let request = PublishCalendarRequest {
        request_id: huiyin_service_kit::chance::new_uuid().to_string(),
        year: u32::try_from(notice.year).unwrap_or(0),
        version: notice.version.clone(),
        source: notice.source.clone(),
        days_off: days(&notice.days_off),
        working_weekends: days(&notice.working_weekends),
        post,
    };
    let answer = persist("the calendar was not published", || {
        let (mut supervision, request) =
            (clients.supervision.clone(), Request::new(request.clone()));
        async move { supervision.publish_calendar(request).await }
    })
    .await?;
    answer.reprojection.context("an answer without a batch")
}

/// Waits until every open clock was computed anew.
async fn finished(clients: &Clients, batch_id: String) -> Result<Reprojection> {
    let request = GetReprojectionRequest { batch_id };
    loop {
        let answer = persist("the batch cannot be followed", || {
            let (mut supervision, request) =
                (clients.supervision.clone(), Request::new(request.clone()));
            async move { supervision.get_reprojection(request).await }
        })
        .await?;
        let batch = answer.reprojection.context("an answer without a batch")?;
        if batch.finished_time.is_some() {
            return Ok(batch);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn moved(clients: &Clients, batch_id: String, list: u32) -> Result<()> {
    if list == 0 {
        return Ok(());
    }
    let request = ListMovedDeadlinesRequest {
        batch_id,
        page_size: list.min(1000),
        page_token: String::new(),
    };
    let answer = persist("the clocks that moved cannot be listed", || {
        let (mut supervision, request) =
            (clients.supervision.clone(), Request::new(request.clone()));
        async move { supervision.list_moved_deadlines(request).await }
    })
    .await?;
    for moved in &answer.moved {
        let clock = moved.kind().as_str_name().trim_start_matches("CLOCK_KIND_");
        println!(
            "  {} {}: {} -> {}  {}",
            moved.matter_id,
            clock.to_ascii_lowercase(),
            moved.due_date_before,
            moved.due_date,
            moved.words
        );
    }
    if !answer.next_page_token.is_empty() {
        println!("  and more");
    }
    Ok(())
}
