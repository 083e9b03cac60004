//! `huiyin watch alerts`: what reaches a duty desk, as it comes; goes on where it stopped when the
//! service was away.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Subcommand;
use huiyin_domain::time::local;
use huiyin_proto::stability_early_warning::v1::{
    NoticeKind, WatchAlertsRequest, WatchAlertsResponse,
};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire;
use tonic::Code;
use tonic::Request;

use crate::connect::{Clients, words as words_of};

/// What to watch.
#[derive(Debug, Subcommand)]
pub enum WatchCommand {
    /// Urgent reports, acknowledgements and escalations for an organ
    Alerts {
        /// The organ; that of the duty desk that asks when none is given
        #[arg(long, value_name = "ORGAN")]
        organ: Option<String>,
        /// Begin with everything that ever came, instead of what comes from now on
        #[arg(long)]
        from_beginning: bool,
        /// Go on after this notice
        #[arg(long)]
        cursor: Option<String>,
        /// End after so many notices
        #[arg(long, value_name = "N")]
        count: Option<usize>,
    },
}

/// Watches until Ctrl-C.
///
/// # Errors
/// When the organ or cursor is refused.
pub async fn run(clients: &Clients, command: WatchCommand) -> Result<()> {
    let WatchCommand::Alerts {
        organ,
        from_beginning,
        cursor,
        count,
    } = command;
    let mut request = WatchAlertsRequest {
        organ_id: organ.or_else(|| clients.own_organ()).unwrap_or_default(),
        level: words::Level::Unspecified.into(),
        cursor: cursor.unwrap_or_default(),
        from_beginning,
    };
    let mut shown = 0;
    loop {
        let mut warning = clients.warning.clone();
        match warning.watch_alerts(Request::new(request.clone())).await {
            Ok(stream) => {
                let mut stream = stream.into_inner();
                while let Ok(Some(notice)) = stream.message().await {
                    println!("{}", line(&notice));
                    request.cursor = notice.cursor;
                    shown += 1;
                    if count.is_some_and(|count| shown >= count) {
                        return Ok(());
                    }
                }
            }
            Err(status)
                if matches!(
                    status.code(),
                    Code::Unavailable | Code::Unknown | Code::Cancelled
                ) => {}
            Err(status) => bail!("{}", words_of(&status)),
        }
        eprintln!("huiyin: the desk is away; going on where it stopped");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn line(notice: &WatchAlertsResponse) -> String {
    let at = notice
        .occurred_time
        .as_ref()
        .and_then(wire::instant)
        .map(local)
        .unwrap_or_default();
    let level = plain(notice.recipient_level().as_str_name(), "LEVEL_");
    let what = match notice.notice() {
        NoticeKind::Raised => format!(
            "RAISED     {} at {}, {} persons; acknowledge by {}",
            plain(notice.kind().as_str_name(), "URGENT_KIND_"),
            notice.place_code,
            notice.persons,
            notice
                .acknowledgement_due_time
                .as_ref()
                .and_then(wire::instant)
                .map(local)
                .unwrap_or_default()
        ),
        NoticeKind::Acknowledged => "ACKNOWLEDGED".to_owned(),
        NoticeKind::Escalated => {
            let step = plain(notice.step().as_str_name(), "ESCALATION_STEP_");
            let post = &notice.called_post;
            let called = if post.is_empty() {
                String::new()
            } else {
                format!(", calling {post}")
            };
            format!("ESCALATED  to {step}{called}")
        }
        NoticeKind::ReportedOn => format!(
            "REPORTED   {}",
            plain(notice.stage().as_str_name(), "ALERT_REPORT_STAGE_")
        ),
        NoticeKind::Refused => "REFUSED    another organ answers".to_owned(),
        NoticeKind::Unspecified => "?".to_owned(),
    };
    format!(
        "{at}  {level:<9} {what}  {}  [{}]",
        notice.alert_id, notice.cursor
    )
}

fn plain(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix)
        .to_ascii_lowercase()
        .replace('_', " ")
}
