//! One file a call.

pub(crate) mod acknowledge_alert;
pub(crate) mod get_alert;
pub(crate) mod list_alerts;
pub(crate) mod raise_alert;
pub(crate) mod watch_alerts;

use huiyin_service_kit::violations::Violations;

use crate::nameless::personal_number;

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
