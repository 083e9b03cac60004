//! What is told of reports: ids, days and counts. What they say stays here.

use huiyin_domain::ids::{OrganId, ScheduleId};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{
    ReportFoundFalse, ReportMissing, ReportOrderAnswered, ReportSubmitted,
};
use huiyin_service_kit::database::Tx;

use super::{EntryKind, Report, ReportOrder, Version};

/// Tells that a report came, or a new version of it.
pub(crate) fn submitted(tx: &mut Tx, report: &Report, version: &Version) {
    let of_kind = |kind| {
        let entries = version.ledger.iter().filter(|entry| entry.kind == kind);
        u32::try_from(entries.count()).unwrap_or(u32::MAX)
    };
    let fact = ReportSubmitted {
        report_id: report.id.to_string(),
        schedule_id: schedule(report.schedule),
        organ_id: report.organ.to_string(),
        to_organ: report.to.to_string(),
        from_date: report.period.first.to_string(),
        to_date: report.period.last.to_string(),
        late: report.state.submission().is_some_and(|came| came.late),
        zero: version.zero,
        version: version.number,
        opened: of_kind(EntryKind::Opened),
        carried: of_kind(EntryKind::Carried),
        closed: of_kind(EntryKind::Closed),
    };
    tx.tell(Fact::ReportSubmitted(fact));
}

/// Tells that a report is missing.
pub(crate) fn missing(tx: &mut Tx, report: &Report) {
    tx.tell(Fact::ReportMissing(ReportMissing {
        report_id: report.id.to_string(),
        schedule_id: schedule(report.schedule),
        organ_id: report.organ.to_string(),
        to_organ: report.to.to_string(),
        from_date: report.period.first.to_string(),
        to_date: report.period.last.to_string(),
        due_date: report.period.due.to_string(),
    }));
}

/// Tells that a version of a report was found false.
pub(crate) fn found_false(tx: &mut Tx, report: &Report, (found_by, version): (OrganId, u32)) {
    tx.tell(Fact::ReportFoundFalse(ReportFoundFalse {
        report_id: report.id.to_string(),
        organ_id: report.organ.to_string(),
        to_organ: found_by.to_string(),
        version,
    }));
}

/// Tells that an order on a report was answered.
pub(crate) fn answered(tx: &mut Tx, report: &Report, order: &ReportOrder) {
    tx.tell(Fact::ReportOrderAnswered(ReportOrderAnswered {
        report_id: report.id.to_string(),
        organ_id: report.organ.to_string(),
        to_organ: report.to.to_string(),
        number: order.number,
        due_date: order.due.to_string(),
        late: order
            .answer
            .as_ref()
            .is_some_and(|answer| answer.given.late),
    }));
}

fn schedule(id: Option<ScheduleId>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
