//! The thread of an alert: the urgent report and what was reported on it since.

use huiyin_domain::warning::Thread;

use crate::alert::{Alert, FurtherReport};

/// Kind of the timers that wait for somebody to report on.
pub(crate) const REPORT: &str = "reporting_on";

/// The thread as it stands; `reports` may hold those of other alerts too.
pub(crate) fn of(alert: &Alert, reports: &[FurtherReport]) -> Thread {
    let own = reports.iter().filter(|report| report.alert == alert.id);
    Thread {
        reports: own.clone().map(|report| report.number).max().unwrap_or(0),
        ended: own.map(|report| report.stage).find(|stage| stage.ends()),
        raised_by_itself: alert.report.source.is_by_itself(),
    }
}
