//! One file a call.

pub(crate) mod acknowledge_alert;
pub(crate) mod acknowledge_alerts;
pub(crate) mod duty;
pub(crate) mod get_alert;
pub(crate) mod get_notice;
pub(crate) mod hot_spots;
pub(crate) mod list_alert_recipients;
pub(crate) mod list_alerts;
pub(crate) mod list_notices;
pub(crate) mod list_recipient_rules;
pub(crate) mod raise_alert;
pub(crate) mod refuse_alert;
pub(crate) mod report_on_alert;
pub(crate) mod reporting;
pub(crate) mod watch_alerts;
pub(crate) mod webhooks;

use huiyin_domain::ids::OrganId;
use huiyin_service_kit::authorization::{is_asked, subject};
use huiyin_service_kit::violations::Violations;

use crate::alert::{Addressed, Alert};
use crate::nameless::personal_number;

/// Whether who asks was told of an alert: it reported it, or is one of its recipients.
fn sees(alert: &Alert, recipients: &Addressed) -> bool {
    let told = |organ| {
        alert.report.organ == organ
            || recipients
                .listed
                .iter()
                .any(|recipient| (recipient.alert, recipient.organ) == (alert.id, organ))
    };
    !is_asked() || asks().is_some_and(told)
}

/// The organ that asks; none when a service itself does.
fn asks() -> Option<OrganId> {
    subject().and_then(|subject| subject.organ())
}

/// A text that may hold nobody's phone or identity number.
fn nameless(
    violations: &mut Violations,
    field: &str,
    given: &str,
    (min, max): (usize, usize),
) -> String {
    let text = violations.text(field, given, min, max);
    if let Some(seen) = personal_number(&text) {
        violations.add(field, seen.to_string());
    }
    text
}
