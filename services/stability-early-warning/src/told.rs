//! What is told of an alert. The duty phone, the facts and the measures stay here.

use huiyin_domain::ids::OrganId;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{
    AlertAcknowledged, AlertDelivered, AlertEscalated, AlertRaised, AlertRefused, AlertReportedOn,
    NoticeRang,
};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::wire::timestamp;

use crate::alert::{Acknowledgement, Alert, FurtherReport, Recipient};
use crate::store::desk::LockedDesk;
use crate::store::desk_notice::Unheard;
use crate::wire;

/// Tells a recipient's level at once that it is addressed, and statistics on the ordinary lane.
pub(crate) fn raised(tx: &mut Tx, alert: &Alert, recipient: &Recipient) {
    let report = &alert.report;
    let fact = AlertRaised {
        alert_id: alert.id.to_string(),
        kind: wire::urgent_kind_word(report.kind).into(),
        place_code: report.place.to_string(),
        organ_id: report.organ.to_string(),
        matter_ids: report.matters.iter().map(ToString::to_string).collect(),
        persons: report.persons,
        happened_time: Some(timestamp(report.happened_at)),
        known_time: Some(timestamp(report.known_at)),
        reported_time: Some(timestamp(alert.reported_at)),
        recipient_organ: recipient.organ.to_string(),
        recipient_level: wire::level_word(recipient.level).into(),
        recipient_role: wire::role_word(recipient.role).into(),
        acknowledgement_due_time: Some(timestamp(recipient.ack_due)),
        reason: recipient.reason.clone(),
    };
    tx.tell_urgent(recipient.level, Fact::AlertRaised(fact.clone()));
    tx.tell(Fact::AlertRaised(fact));
}

/// Tells that an alert reached the desk of a recipient.
pub(crate) fn delivered(tx: &mut Tx, recipient: &Recipient) {
    tx.tell(Fact::AlertDelivered(AlertDelivered {
        alert_id: recipient.alert.to_string(),
        recipient_organ: recipient.organ.to_string(),
        recipient_level: wire::level_word(recipient.level).into(),
    }));
}

/// Tells the given levels that a recipient acknowledged, and statistics.
pub(crate) fn acknowledged(tx: &mut Tx, recipient: &Recipient, levels: &[Level]) {
    let fact = AlertAcknowledged {
        alert_id: recipient.alert.to_string(),
        recipient_organ: recipient.organ.to_string(),
        recipient_level: wire::level_word(recipient.level).into(),
        late: matches!(recipient.acknowledgement, Acknowledgement::Late(_)),
    };
    for level in levels {
        tx.tell_urgent(*level, Fact::AlertAcknowledged(fact.clone()));
    }
    tx.tell(Fact::AlertAcknowledged(fact));
}

/// Tells the given levels that a recipient has not acknowledged in time, or, when its acknowledgement lapsed, that nothing was
/// reported after it; with the post that is called, where there is one; and statistics.
pub(crate) fn escalated(
    tx: &mut Tx,
    recipient: &Recipient,
    levels: &[Level],
    (lapsed, called_post): (bool, Option<&str>),
) {
    let fact = AlertEscalated {
        alert_id: recipient.alert.to_string(),
        recipient_organ: recipient.organ.to_string(),
        recipient_level: wire::level_word(recipient.level).into(),
        step: wire::step_word(recipient.step).into(),
        count: recipient.escalations,
        lapsed,
        called_post: called_post.unwrap_or_default().to_owned(),
    };
    for level in levels {
        tx.tell_urgent(*level, Fact::AlertEscalated(fact.clone()));
    }
    tx.tell(Fact::AlertEscalated(fact));
}

/// Tells the given levels that somebody reported on an alert.
pub(crate) fn reported_on(tx: &mut Tx, report: &FurtherReport, levels: &[Level]) {
    let fact = AlertReportedOn {
        alert_id: report.alert.to_string(),
        number: report.number,
        stage: wire::report_stage_word(report.stage).into(),
        organ_id: report.organ.to_string(),
    };
    for level in levels {
        tx.tell_urgent(*level, Fact::AlertReportedOn(fact.clone()));
    }
    tx.tell(Fact::AlertReportedOn(fact));
}

/// Tells the given levels that a recipient named another organ.
pub(crate) fn refused(tx: &mut Tx, recipient: &Recipient, right_organ: OrganId, levels: &[Level]) {
    let fact = AlertRefused {
        alert_id: recipient.alert.to_string(),
        recipient_organ: recipient.organ.to_string(),
        recipient_level: wire::level_word(recipient.level).into(),
        right_organ: right_organ.to_string(),
    };
    for level in levels {
        tx.tell_urgent(*level, Fact::AlertRefused(fact.clone()));
    }
    tx.tell(Fact::AlertRefused(fact));
}

/// Tells the level of a desk that a bundle rang there, and for which alerts.
pub(crate) fn notice_rang(tx: &mut Tx, desk: &LockedDesk, unheard: &Unheard) {
    let kinds = unheard.kinds.iter();
    tx.tell_urgent(
        desk.level,
        Fact::NoticeRang(NoticeRang {
            notice_id: unheard.notice.to_string(),
            recipient_organ: desk.organ.to_string(),
            recipient_level: wire::level_word(desk.level).into(),
            alerts: unheard.alerts,
            alert_ids: unheard.first.iter().map(ToString::to_string).collect(),
            place_codes: unheard.places.iter().map(ToString::to_string).collect(),
            kinds: kinds
                .map(|kind| wire::urgent_kind_word(*kind).into())
                .collect(),
        }),
    );
}
