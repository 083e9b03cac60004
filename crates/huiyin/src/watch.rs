//! `huiyin watch alerts`: what reaches a duty desk, as it comes; goes on where it stopped when the
//! service was away.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Subcommand;
use futures::FutureExt as _;
use huiyin_domain::time::local;
use huiyin_proto::stability_early_warning::v1::{
    NoticeForm, NoticeKind, WatchAlertsRequest, WatchAlertsResponse,
};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire;
use tonic::{Code, Request, Streaming};

use crate::connect::{Clients, words as words_of};

/// Notices that are put in order together at most.
const AT_ONCE: usize = 200;
/// Places of a bundle that are printed.
const PLACES: usize = 5;

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
                loop {
                    let notices = ready(&mut stream).await;
                    let Some(last) = notices.last() else { break };
                    request.cursor.clone_from(&last.cursor);
                    for (notice, cursor) in on_top(notices) {
                        println!("{}", line(&notice, &cursor));
                        shown += 1;
                        if count.is_some_and(|count| shown >= count) {
                            return Ok(());
                        }
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

/// The next notice and what has come with it, at most so many; none when the stream has ended.
async fn ready(stream: &mut Streaming<WatchAlertsResponse>) -> Vec<WatchAlertsResponse> {
    let mut notices: Vec<WatchAlertsResponse> =
        stream.message().await.ok().flatten().into_iter().collect();
    while !notices.is_empty() && notices.len() < AT_ONCE {
        match stream.message().now_or_never() {
            Some(Ok(Some(notice))) => notices.push(notice),
            Some(Ok(None) | Err(_)) | None => break,
        }
    }
    notices
}

/// What came together, with danger to life on top; else in the order in which it came. Beside each the cursor to go on after it:
/// none as long as something that came before it stands below.
fn on_top(notices: Vec<WatchAlertsResponse>) -> Vec<(WatchAlertsResponse, String)> {
    let cursors: Vec<String> = notices.iter().map(|notice| notice.cursor.clone()).collect();
    let mut placed: Vec<(usize, WatchAlertsResponse)> = notices.into_iter().enumerate().collect();
    placed.sort_by_key(|(_, notice)| notice.form() != NoticeForm::DangerToLife);
    let mut furthest = 0;
    let with_cursor = |(shown, (place, notice)): (usize, (usize, WatchAlertsResponse))| {
        furthest = furthest.max(place);
        let is_whole = furthest == shown;
        let cursor = cursors.get(furthest).filter(|_| is_whole);
        (notice, cursor.cloned().unwrap_or_default())
    };
    placed.into_iter().enumerate().map(with_cursor).collect()
}

fn line(notice: &WatchAlertsResponse, cursor: &str) -> String {
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
        NoticeKind::BundleRang => bundle(notice),
        NoticeKind::Unspecified => "?".to_owned(),
    };
    let about = if notice.alert_id.is_empty() {
        &notice.notice_id
    } else {
        &notice.alert_id
    };
    format!(
        "{at}  {level:<9} {:<5} {what}  {about}  [{}]",
        bell(notice),
        if cursor.is_empty() { "-" } else { cursor },
    )
}

/// Whether the desk rings for it, or a bundle does later.
fn bell(notice: &WatchAlertsResponse) -> &'static str {
    match (notice.rings, notice.form()) {
        (true, NoticeForm::DangerToLife) => "LIFE!",
        (true, _) => "RINGS",
        (false, NoticeForm::Bundle) => "later",
        (false, _) => "",
    }
}

/// A bundle in one line: how many, where, of which kinds.
fn bundle(notice: &WatchAlertsResponse) -> String {
    let kinds: Vec<String> = notice
        .kinds()
        .map(|kind| plain(kind.as_str_name(), "URGENT_KIND_"))
        .collect();
    let places = &notice.place_codes;
    let shown = places.iter().take(PLACES).map(String::as_str);
    let more = places.len().saturating_sub(PLACES);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!(
        "BUNDLE     {} alerts to acknowledge one by one ({}) at {}{more}",
        notice.alert_count,
        kinds.join(", "),
        shown.collect::<Vec<_>>().join(", "),
    )
}

fn plain(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix)
        .to_ascii_lowercase()
        .replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(place: usize, form: NoticeForm, rings: bool) -> WatchAlertsResponse {
        WatchAlertsResponse {
            cursor: place.to_string(),
            notice: NoticeKind::Raised.into(),
            alert_id: format!("{form:?} {rings}"),
            form: form.into(),
            rings,
            ..WatchAlertsResponse::default()
        }
    }

    #[test]
    fn danger_to_life_stands_on_top_of_what_came_with_it() {
        let came = [
            notice(0, NoticeForm::Group, true),
            notice(1, NoticeForm::DangerToLife, true),
            notice(2, NoticeForm::Bundle, false),
        ];
        let shown: Vec<&str> = [1, 0, 2]
            .iter()
            .map(|place: &usize| bell(&came[*place]))
            .collect();
        assert_eq!(shown, ["LIFE!", "RINGS", "later"]);
        // whoever goes on after the first line would miss the second: only behind both there is a cursor
        let expected = [(1, ""), (0, "1"), (2, "2")]
            .map(|(place, cursor): (usize, &str)| (came[place].clone(), cursor.to_owned()));
        assert_eq!(on_top(came.to_vec()), expected);
    }

    #[test]
    fn a_bundle_is_one_line_with_its_count_and_places() {
        let rang = WatchAlertsResponse {
            notice: NoticeKind::BundleRang.into(),
            rings: true,
            notice_id: "notice_1".to_owned(),
            form: NoticeForm::Bundle.into(),
            alert_count: 91,
            place_codes: (1..=7).map(|place| format!("43120{place}")).collect(),
            kinds: vec![
                words::UrgentKind::ServiceFailure.into(),
                words::UrgentKind::Other.into(),
            ],
            ..WatchAlertsResponse::default()
        };
        let line = line(&rang, "");
        let expected = "RINGS BUNDLE     91 alerts to acknowledge one by one (service failure, other) at 431201, 431202, 431203, \
                        431204, 431205 and 2 more  notice_1";
        assert!(line.contains(expected), "{line}");
    }
}
