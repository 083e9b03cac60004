//! `huiyin show`: where a matter stands, its clocks, its way, an organ, a territory, an alert.

mod notice;
mod territory;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use huiyin_domain::time::local;
use huiyin_proto::intake::v1::{GetMatterRequest, GetProgressRequest, Matter};
use huiyin_proto::routing::v1::{GetOrganRequest, ListForwardingsRequest};
use huiyin_proto::stability_early_warning::v1::{AlertReport, GetAlertRequest};
use huiyin_proto::supervision::v1::ListClocksRequest;
use huiyin_service_kit::wire;
use prost_types::Timestamp;
use tonic::Request;

use crate::connect::{Clients, persist};

/// What to show.
#[derive(Debug, Subcommand)]
pub enum ShowCommand {
    /// A matter by number or id: where it stands, who must answer and why, and its clocks
    Matter {
        /// Number such as 431200-2025-00000001, or id
        matter: String,
    },
    /// The petitioner's own view, by number and query code
    Progress {
        /// Number of the matter
        number: String,
        /// Secret code from the receipt
        query_code: String,
    },
    /// An organ by id
    Organ {
        /// Id such as organ_...
        organ: String,
    },
    /// A territory by code, with its ancestors, and what became of it
    Territory {
        /// 2, 4, 6, 9 or 12 digits
        code: String,
        /// As of this day, like 2025-12-31; today when none is given
        #[arg(long, value_name = "DAY")]
        on: Option<String>,
        /// Tell what became of it since this day, and with what it compares
        #[arg(long, value_name = "DAY")]
        since: Option<String>,
    },
    /// An urgent report with its recipients
    Alert {
        /// Id such as alert_...
        alert: String,
    },
    /// What rang at a duty desk, with the alerts in it that the desk has not acknowledged
    Notice {
        /// Id such as notice_...
        notice: String,
    },
}

impl ShowCommand {
    /// The post that shows it.
    #[must_use]
    pub const fn post(&self) -> &'static str {
        match self {
            Self::Alert { .. } | Self::Notice { .. } => "duty-desk",
            Self::Matter { .. }
            | Self::Progress { .. }
            | Self::Organ { .. }
            | Self::Territory { .. } => "office",
        }
    }
}

/// Shows it.
///
/// # Errors
/// When it does not exist.
pub async fn run(clients: &Clients, command: ShowCommand) -> Result<()> {
    match command {
        ShowCommand::Matter { matter } => show_matter(clients, matter).await,
        ShowCommand::Progress { number, query_code } => progress(clients, number, query_code).await,
        ShowCommand::Organ { organ } => {
            println!("{}", organ_name(clients, &organ).await?);
            Ok(())
        }
        ShowCommand::Territory { code, on, since } => {
            territory::show(clients, code, on.unwrap_or_default(), since).await
        }
        ShowCommand::Alert { alert } => show_alert(clients, alert).await,
        ShowCommand::Notice { notice } => notice::show(clients, notice).await,
    }
}

fn when(time: Option<&Timestamp>) -> String {
    time.and_then(wire::instant)
        .map_or_else(|| "-".to_owned(), local)
}

fn plain(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix)
        .to_ascii_lowercase()
        .replace('_', " ")
}

async fn organ_name(clients: &Clients, organ_id: &str) -> Result<String> {
    if organ_id.is_empty() {
        return Ok("-".to_owned());
    }
    let request = GetOrganRequest {
        organ_id: organ_id.to_owned(),
    };
    let organ = persist("the organ cannot be shown", || {
        let (mut routing, request) = (clients.routing.clone(), Request::new(request.clone()));
        async move { routing.get_organ(request).await }
    })
    .await?
    .organ
    .context("an answer without an organ")?;
    Ok(format!(
        "{} ({}, {})",
        organ.name,
        plain(organ.level().as_str_name(), "LEVEL_"),
        organ.functions.join(", ")
    ))
}

async fn show_matter(clients: &Clients, matter: String) -> Result<()> {
    let by_id = matter.starts_with("matter_");
    let request = GetMatterRequest {
        matter_id: if by_id { matter.clone() } else { String::new() },
        number: if by_id { String::new() } else { matter },
    };
    let matter = persist("the matter cannot be shown", || {
        let (mut intake, request) = (clients.intake.clone(), Request::new(request.clone()));
        async move { intake.get_matter(request).await }
    })
    .await?
    .matter
    .context("an answer without a matter")?;
    print_matter(&matter, &organ_name(clients, &matter.organ_id).await?);
    way(clients, &matter.matter_id).await?;
    clocks(clients, &matter.matter_id).await
}

fn print_matter(matter: &Matter, organ: &str) {
    println!("matter    {}  ({})", matter.number, matter.matter_id);
    println!(
        "raised    {} by {}, {}, {}, at {}, persons {}",
        when(matter.received_time.as_ref()),
        plain(matter.channel().as_str_name(), "CHANNEL_"),
        plain(matter.category().as_str_name(), "CATEGORY_"),
        matter.subject.replace('_', " "),
        matter.place_code,
        matter.persons
    );
    if !matter.repeat_of.is_empty() {
        println!("repeats   {}", matter.repeat_of);
    }
    println!(
        "stands    {} since {}",
        plain(matter.stage().as_str_name(), "STAGE_"),
        when(matter.stage_time.as_ref())
    );
    println!("organ     {organ}");
    println!(
        "allowed   {}",
        if matter.actions_allowed.is_empty() {
            "nothing more".to_owned()
        } else {
            matter.actions_allowed.join(", ")
        }
    );
}

async fn way(clients: &Clients, matter_id: &str) -> Result<()> {
    let request = ListForwardingsRequest {
        matter_id: matter_id.to_owned(),
        page_size: 100,
        page_token: String::new(),
    };
    let chain = persist("the chain cannot be shown", || {
        let (mut routing, request) = (clients.routing.clone(), Request::new(request.clone()));
        async move { routing.list_forwardings(request).await }
    })
    .await?;
    for hop in chain.forwardings {
        println!(
            "hop {}     {}  {} to {}: {}",
            hop.hop,
            when(hop.forwarded_time.as_ref()),
            plain(hop.kind().as_str_name(), "FORWARDING_KIND_"),
            organ_name(clients, &hop.to_organ).await?,
            plain(hop.state().as_str_name(), "FORWARDING_STATE_")
        );
        for reason in hop.reasons {
            println!("            {} [{}]", reason.words, reason.rule_id);
        }
    }
    Ok(())
}

async fn clocks(clients: &Clients, matter_id: &str) -> Result<()> {
    let request = ListClocksRequest {
        matter_id: matter_id.to_owned(),
        page_size: 100,
        page_token: String::new(),
    };
    let clocks = persist("the clocks cannot be shown", || {
        let (mut supervision, request) =
            (clients.supervision.clone(), Request::new(request.clone()));
        async move { supervision.list_clocks(request).await }
    })
    .await?;
    for clock in clocks.clocks {
        let rolled = if clock.raw_due_date == clock.due_date {
            String::new()
        } else {
            format!(" (rolled from {})", clock.raw_due_date)
        };
        println!(
            "clock     {}: due {}{rolled}, {}{}",
            plain(clock.kind().as_str_name(), "CLOCK_KIND_"),
            clock.due_date,
            plain(clock.state().as_str_name(), "CLOCK_STATE_"),
            if clock.provisional {
                ", provisional"
            } else {
                ""
            }
        );
    }
    Ok(())
}

async fn progress(clients: &Clients, number: String, query_code: String) -> Result<()> {
    let request = GetProgressRequest { number, query_code };
    let progress = persist("the progress cannot be shown", || {
        let (mut intake, request) = (clients.intake.clone(), Request::new(request.clone()));
        async move { intake.get_progress(request).await }
    })
    .await?;
    println!(
        "matter {} stands {}",
        progress.number,
        plain(progress.stage().as_str_name(), "STAGE_")
    );
    for step in progress.steps {
        println!(
            "  {}  {}  {}",
            when(step.step_time.as_ref()),
            plain(step.stage().as_str_name(), "STAGE_"),
            organ_name(clients, &step.organ_id).await?
        );
    }
    Ok(())
}

async fn show_report(clients: &Clients, report: AlertReport) -> Result<()> {
    println!(
        "  {}. {} of {} at {}, {} persons: {}",
        report.number,
        plain(report.stage().as_str_name(), "ALERT_REPORT_STAGE_"),
        organ_name(clients, &report.organ_id).await?,
        when(report.reported_time.as_ref()),
        report.persons,
        report.facts
    );
    Ok(())
}

async fn show_alert(clients: &Clients, alert_id: String) -> Result<()> {
    let request = GetAlertRequest { alert_id };
    let alert = persist("the alert cannot be shown", || {
        let (mut warning, request) = (clients.warning.clone(), Request::new(request.clone()));
        async move { warning.get_alert(request).await }
    })
    .await?
    .alert
    .context("an answer without an alert")?;
    println!(
        "{} at {}, {} persons",
        plain(alert.kind().as_str_name(), "URGENT_KIND_"),
        alert.place_code,
        alert.persons
    );
    println!(
        "reported {}, {} min after it was known{}",
        when(alert.reported_time.as_ref()),
        alert.lateness_seconds / 60,
        if alert.late { ", LATE" } else { "" }
    );
    println!("{}", alert.facts);
    let listed = u32::try_from(alert.recipients.len())?;
    for recipient in alert.recipients {
        println!(
            "  {:<9} {}: {}, step {}; {}",
            plain(recipient.level().as_str_name(), "LEVEL_"),
            organ_name(clients, &recipient.organ_id).await?,
            plain(recipient.state().as_str_name(), "RECIPIENT_STATE_"),
            plain(recipient.step().as_str_name(), "ESCALATION_STEP_"),
            recipient.reason
        );
        if !recipient.right_organ.is_empty() {
            println!(
                "            named {} instead: {}",
                organ_name(clients, &recipient.right_organ).await?,
                recipient.refusal_reason
            );
        }
        if let Some(due) = recipient.report_due_time.as_ref() {
            println!("            reported on by {}", when(Some(due)));
        }
    }
    if alert.recipient_count > listed {
        println!(
            "  and {} more offices below",
            alert.recipient_count - listed
        );
    }
    for report in alert.reports {
        show_report(clients, report).await?;
    }
    Ok(())
}
