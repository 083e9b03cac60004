//! What is shown of an entry of an urgent stream.

use std::collections::{HashMap, HashSet};

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{
    AlertAcknowledged, AlertEscalated, AlertRaised, AlertRefused, AlertReportedOn, Event,
    NoticeRang,
};
use huiyin_proto::stability_early_warning::v1::{NoticeForm, NoticeKind, WatchAlertsResponse};
use huiyin_proto::topics::{AlertFact, Topic};
use huiyin_service_kit::road::sequencer::Sequenced;
use huiyin_service_kit::status::Problem;
use prost::Message as _;
use sqlx::PgConnection;

use crate::store::{alert, desk_call};
use crate::wire;

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
        AlertFact::NoticeRang(fact) => Some(rang(fact)),
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
        called_post: fact.called_post.clone(),
        call: fact.count,
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

fn rang(fact: &NoticeRang) -> WatchAlertsResponse {
    WatchAlertsResponse {
        notice: NoticeKind::BundleRang.into(),
        recipient_organ: fact.recipient_organ.clone(),
        recipient_level: fact.recipient_level,
        rings: true,
        notice_id: fact.notice_id.clone(),
        form: NoticeForm::Bundle.into(),
        alert_count: fact.alerts,
        place_codes: fact.place_codes.clone(),
        kinds: fact.kinds.clone(),
        alert_ids: fact.alert_ids.clone(),
        ..WatchAlertsResponse::default()
    }
}

/// Says of each call of a recipient whether its desk rang for it, and in which notice it is. Who watches one desk learns that
/// of this one alone.
pub(super) async fn place(
    connection: &mut PgConnection,
    notices: &mut [WatchAlertsResponse],
    organ: Option<OrganId>,
) -> Result<(), Problem> {
    let called = |notice: &WatchAlertsResponse| {
        let called: OrganId = notice.recipient_organ.parse().ok()?;
        let alert: AlertId = notice.alert_id.parse().ok()?;
        let is_call = matches!(notice.notice(), NoticeKind::Raised | NoticeKind::Escalated);
        let is_seen = organ.is_none_or(|organ| organ == called);
        (is_call && is_seen).then_some((alert, called, notice.call))
    };
    let asked: Vec<(AlertId, OrganId, u32)> = notices.iter().filter_map(called).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let places: HashMap<_, _> = desk_call::places(connection, &asked)
        .await?
        .into_iter()
        .map(|place| ((place.alert, place.organ, place.number), place))
        .collect();
    for notice in notices {
        if let Some(place) = called(notice).and_then(|call| places.get(&call)) {
            notice.rings = place.rings;
            notice.notice_id = place.notice.to_string();
            notice.form = wire::notice_form(place.form).into();
        }
    }
    Ok(())
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
