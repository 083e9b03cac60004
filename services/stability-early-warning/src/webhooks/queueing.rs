//! What is to be told, written in the transaction in which the desk of a level receives it: exactly what `WatchAlerts` would show
//! the organ, and nothing to one that is excluded.

use huiyin_domain::ids::{AlertId, EventId};
use huiyin_domain::time::Duration;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::Event;
use huiyin_proto::stability_early_warning::v1::WatchAlertsResponse;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::wire::instant;
use serde_json::{Map, Value, json};

use super::notice_word;
use crate::rpc::watch_alerts::notice;
use crate::store::webhook_delivery::{self, ToTell};
use crate::wire::kept;

/// Writes what the organs of the level that have webhooks are told of these events. Of what happened before deliveries are kept
/// nobody is told: a stream that is replayed would tell again what was removed.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn queue(
    tx: &mut Tx,
    level: Level,
    (events, keep): (&[Event], Duration),
) -> Result<(), Problem> {
    let since = tx.now() - keep;
    let is_kept = |event: &&Event| {
        let happened = event.occurred_time.as_ref().and_then(instant);
        happened.is_none_or(|happened| happened > since)
    };
    let told: Vec<ToTell> = events
        .iter()
        .filter(is_kept)
        .filter_map(notice::of_event)
        .filter_map(|notice| to_tell(&notice))
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    let now = kept(tx.now());
    webhook_delivery::insert(tx.connection(), level, &told, now).await?;
    Ok(())
}

fn to_tell(shown: &WatchAlertsResponse) -> Option<ToTell> {
    let event: EventId = shown.dedupe_key.parse().ok()?;
    let alert: AlertId = shown.alert_id.parse().ok()?;
    let notice = notice_word(shown.notice())?;
    Some(ToTell {
        event,
        alert,
        notice,
        about: shown.recipient_organ.parse().ok()?,
        body: body(shown, notice).to_string(),
    })
}

/// Ids, codes and times; what an alert says is read by who may read it.
fn body(shown: &WatchAlertsResponse, notice: &str) -> Value {
    let mut data = Map::new();
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            data.insert(key.to_owned(), value.into());
        }
    };
    put("event_id", &shown.dedupe_key);
    put("alert_id", &shown.alert_id);
    put("place_code", &shown.place_code);
    put("recipient_organ", &shown.recipient_organ);
    let named = [
        ("kind", "URGENT_KIND_", shown.kind().as_str_name()),
        (
            "recipient_level",
            "LEVEL_",
            shown.recipient_level().as_str_name(),
        ),
        ("step", "ESCALATION_STEP_", shown.step().as_str_name()),
        ("stage", "ALERT_REPORT_STAGE_", shown.stage().as_str_name()),
    ];
    for (key, prefix, name) in named {
        let word = name.strip_prefix(prefix).unwrap_or(name);
        if word != "UNSPECIFIED" {
            put(key, &word.to_ascii_lowercase());
        }
    }
    let at = |time: &Option<_>| time.as_ref().and_then(instant);
    if let Some(due) = at(&shown.acknowledgement_due_time) {
        put("acknowledgement_due_time", &due.to_rfc3339());
    }
    let occurred = at(&shown.occurred_time).map(|at| at.to_rfc3339());
    json!({ "type": format!("alert.{notice}"), "timestamp": occurred, "data": data })
}

#[cfg(test)]
mod tests {
    use huiyin_proto::stability_early_warning::v1::NoticeKind;
    use huiyin_proto::vocabulary::v1 as words;

    use super::*;

    #[test]
    fn a_body_holds_ids_codes_and_times_and_no_count_of_persons() {
        let shown = WatchAlertsResponse {
            notice: NoticeKind::Raised.into(),
            dedupe_key: "event_1".to_owned(),
            alert_id: "alert_1".to_owned(),
            place_code: "431202001001".to_owned(),
            kind: words::UrgentKind::DangerToLife.into(),
            recipient_organ: "organ_1".to_owned(),
            recipient_level: words::Level::County.into(),
            persons: 120,
            ..WatchAlertsResponse::default()
        };
        let expected = json!({
            "type": "alert.raised",
            "timestamp": null,
            "data": {
                "event_id": "event_1",
                "alert_id": "alert_1",
                "place_code": "431202001001",
                "recipient_organ": "organ_1",
                "kind": "danger_to_life",
                "recipient_level": "county"
            }
        });
        assert_eq!(body(&shown, "raised"), expected);
    }
}
