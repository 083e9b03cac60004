//! What is shown of an entry of an urgent stream.

use std::collections::HashSet;

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{
    AlertAcknowledged, AlertEscalated, AlertRaised, AlertRefused, AlertReportedOn, Event,
};
use huiyin_proto::stability_early_warning::v1::{NoticeKind, WatchAlertsResponse};
use huiyin_proto::topics::{AlertFact, Topic};
use huiyin_service_kit::road::sequencer::Sequenced;
use huiyin_service_kit::status::Problem;
use prost::Message as _;
use sqlx::PgConnection;

use crate::store::alert;

/// The notice of an entry; none of facts that do not belong on a desk.
pub(super) fn of(entry: &Sequenced) -> Result<Option<WatchAlertsResponse>, Problem> {
    let event = Event::decode(entry.payload.as_slice()).map_err(|error| {
        Problem::Unexpected(format!("entry {} does not decode: {error}", entry.seq))
    })?;
    Ok(of_event(&event))
}

/// The notice of an event; none of facts that do not belong on a desk.
pub(crate) fn of_event(event: &Event) -> Option<WatchAlertsResponse> {
    let mut notice = event.fact.as_ref().and_then(of_fact)?;
    notice.cursor.clone_from(&event.event_id);
    notice.dedupe_key.clone_from(&event.event_id);
    notice.occurred_time = event.occurred_time;
    Some(notice)
}

fn of_fact(fact: &Fact) -> Option<WatchAlertsResponse> {
    let Topic::Alert(told) = fact.topic() else {
        return None;
    };
    match told {
        AlertFact::AlertRaised(fact) => Some(raised(fact)),
        AlertFact::AlertAcknowledged(fact) => Some(acknowledged(fact)),
        AlertFact::AlertEscalated(fact) => Some(escalated(fact)),
        AlertFact::AlertReportedOn(fact) => Some(reported_on(fact)),
        AlertFact::AlertRefused(fact) => Some(refused(fact)),
        AlertFact::AlertDelivered(_) => None,
    }
}

fn raised(fact: &AlertRaised) -> WatchAlertsResponse {
    WatchAlertsResponse {
        notice: NoticeKind::Raised.into(),
        alert_id: fact.alert_id.clone(),
        kind: fact.kind,
        place_code: fact.place_code.clone(),
        recipient_organ: fact.recipient_organ.clone(),
        recipient_level: fact.recipient_level,
        acknowledgement_due_time: fact.acknowledgement_due_time,
        persons: fact.persons,
        ..WatchAlertsResponse::default()
    }
}

fn acknowledged(fact: &AlertAcknowledged) -> WatchAlertsResponse {
    WatchAlertsResponse {
        notice: NoticeKind::Acknowledged.into(),
        alert_id: fact.alert_id.clone(),
        recipient_organ: fact.recipient_organ.clone(),
        recipient_level: fact.recipient_level,
        ..WatchAlertsResponse::default()
    }
}

fn escalated(fact: &AlertEscalated) -> WatchAlertsResponse {
    WatchAlertsResponse {
        notice: NoticeKind::Escalated.into(),
        alert_id: fact.alert_id.clone(),
        recipient_organ: fact.recipient_organ.clone(),
        recipient_level: fact.recipient_level,
        step: fact.step,
        ..WatchAlertsResponse::default()
    }
}

fn reported_on(fact: &AlertReportedOn) -> WatchAlertsResponse {
    WatchAlertsResponse {
        notice: NoticeKind::ReportedOn.into(),
        alert_id: fact.alert_id.clone(),
        recipient_organ: fact.organ_id.clone(),
        stage: fact.stage,
        ..WatchAlertsResponse::default()
    }
}

fn refused(fact: &AlertRefused) -> WatchAlertsResponse {
    WatchAlertsResponse {
        notice: NoticeKind::Refused.into(),
        alert_id: fact.alert_id.clone(),
        recipient_organ: fact.recipient_organ.clone(),
        recipient_level: fact.recipient_level,
        ..WatchAlertsResponse::default()
    }
}

/// Those of the notices that are for an organ: addressed to it, or an acknowledgement or escalation of
/// an alert that it reported or is addressed by.
pub(super) async fn of_organ(
    connection: &mut PgConnection,
    mut notices: Vec<WatchAlertsResponse>,
    organ: OrganId,
) -> Result<Vec<WatchAlertsResponse>, Problem> {
    let own = organ.to_string();
    let follows = |notice: &WatchAlertsResponse| {
        notice.notice() != NoticeKind::Raised && notice.recipient_organ != own
    };
    let asked: HashSet<AlertId> = notices
        .iter()
        .filter(|notice| follows(notice))
        .filter_map(|notice| notice.alert_id.parse().ok())
        .collect();
    let concerning: HashSet<String> = if asked.is_empty() {
        HashSet::new()
    } else {
        let asked: Vec<AlertId> = asked.into_iter().collect();
        alert::concerning(connection, &asked, organ)
            .await?
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    notices.retain(|notice| {
        notice.recipient_organ == own || (follows(notice) && concerning.contains(&notice.alert_id))
    });
    Ok(notices)
}
