//! Between the contract's messages of reports and our types.

use huiyin_domain::reporting::{
    AssessedKind, Frequency, Period, ReportClass, ReportKind, RiskLevel, RiskOutcome,
};
use huiyin_domain::time::Date;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::timestamp;

use super::{
    Dispute, Entry, EntryKind, KeptSchedule, Report, ReportOrder, RiskAssessment, Version,
};

/// What a schedule is for, which must be given.
pub(crate) fn kind(violations: &mut Violations, given: i32) -> Option<ReportKind> {
    match violations.choice("kind", given, pb::ReportKind::as_str_name)? {
        pb::ReportKind::Regular => Some(ReportKind::Regular),
        pb::ReportKind::HotIssueCheck => Some(ReportKind::HotIssueCheck),
        pb::ReportKind::Campaign => Some(ReportKind::Campaign),
        pb::ReportKind::SpecialPeriod => Some(ReportKind::SpecialPeriod),
        pb::ReportKind::Unspecified => None,
    }
}

/// How often; none when it is left out.
pub(crate) fn frequency(violations: &mut Violations, given: i32) -> Option<Frequency> {
    if given == 0 {
        return None;
    }
    match violations.choice("frequency", given, pb::ReportFrequency::as_str_name)? {
        pb::ReportFrequency::Quarterly => Some(Frequency::Quarterly),
        pb::ReportFrequency::Monthly => Some(Frequency::Monthly),
        pb::ReportFrequency::HalfMonthly => Some(Frequency::HalfMonthly),
        pb::ReportFrequency::Weekly => Some(Frequency::Weekly),
        pb::ReportFrequency::Daily => Some(Frequency::Daily),
        pb::ReportFrequency::Unspecified => None,
    }
}

/// A class, which must be given.
pub(crate) fn class(violations: &mut Violations, given: i32) -> Option<ReportClass> {
    match violations.choice("class", given, pb::ReportClass::as_str_name)? {
        pb::ReportClass::Information => Some(ReportClass::Information),
        pb::ReportClass::Important => Some(ReportClass::Important),
        pb::ReportClass::Urgent => Some(ReportClass::Urgent),
        pb::ReportClass::Unspecified => None,
    }
}

/// The state that a list wants, as it is stored; none when it wants all.
pub(crate) fn state(violations: &mut Violations, given: i32) -> Option<&'static str> {
    if given == 0 {
        return None;
    }
    match violations.choice("state", given, pb::ReportState::as_str_name)? {
        pb::ReportState::Missing => Some("missing"),
        pb::ReportState::Submitted => Some("submitted"),
        pb::ReportState::Corrected => Some("corrected"),
        pb::ReportState::False => Some("false"),
        pb::ReportState::Unspecified => None,
    }
}

/// What is assessed, which must be given.
pub(crate) fn assessed_kind(violations: &mut Violations, given: i32) -> Option<AssessedKind> {
    match violations.choice("kind", given, pb::AssessedKind::as_str_name)? {
        pb::AssessedKind::Decision => Some(AssessedKind::Decision),
        pb::AssessedKind::Project => Some(AssessedKind::Project),
        pb::AssessedKind::Unspecified => None,
    }
}

/// How great a risk is, which must be given.
pub(crate) fn risk(violations: &mut Violations, given: i32) -> Option<RiskLevel> {
    match violations.choice("risk", given, pb::RiskLevel::as_str_name)? {
        pb::RiskLevel::Low => Some(RiskLevel::Low),
        pb::RiskLevel::Medium => Some(RiskLevel::Medium),
        pb::RiskLevel::High => Some(RiskLevel::High),
        pb::RiskLevel::Unspecified => None,
    }
}

/// What is done with what was assessed, which must be given.
pub(crate) fn outcome(violations: &mut Violations, given: i32) -> Option<RiskOutcome> {
    match violations.choice("outcome", given, pb::RiskOutcome::as_str_name)? {
        pb::RiskOutcome::CarryOut => Some(RiskOutcome::CarryOut),
        pb::RiskOutcome::CarryOutWithMeasures => Some(RiskOutcome::CarryOutWithMeasures),
        pb::RiskOutcome::PutOff => Some(RiskOutcome::PutOff),
        pb::RiskOutcome::Drop => Some(RiskOutcome::Drop),
        pb::RiskOutcome::Unspecified => None,
    }
}

const fn kind_word(kind: ReportKind) -> pb::ReportKind {
    match kind {
        ReportKind::Regular => pb::ReportKind::Regular,
        ReportKind::HotIssueCheck => pb::ReportKind::HotIssueCheck,
        ReportKind::Campaign => pb::ReportKind::Campaign,
        ReportKind::SpecialPeriod => pb::ReportKind::SpecialPeriod,
    }
}

const fn frequency_word(frequency: Frequency) -> pb::ReportFrequency {
    match frequency {
        Frequency::Quarterly => pb::ReportFrequency::Quarterly,
        Frequency::Monthly => pb::ReportFrequency::Monthly,
        Frequency::HalfMonthly => pb::ReportFrequency::HalfMonthly,
        Frequency::Weekly => pb::ReportFrequency::Weekly,
        Frequency::Daily => pb::ReportFrequency::Daily,
    }
}

const fn class_word(class: ReportClass) -> pb::ReportClass {
    match class {
        ReportClass::Information => pb::ReportClass::Information,
        ReportClass::Important => pb::ReportClass::Important,
        ReportClass::Urgent => pb::ReportClass::Urgent,
    }
}

const fn state_word(report: &Report) -> pb::ReportState {
    use huiyin_domain::reporting::ReportState;
    match report.state {
        ReportState::Missing { .. } => pb::ReportState::Missing,
        ReportState::Submitted(_) => pb::ReportState::Submitted,
        ReportState::Corrected(_) => pb::ReportState::Corrected,
        ReportState::False(_) => pb::ReportState::False,
    }
}

fn period(period: Period) -> pb::ReportPeriod {
    pb::ReportPeriod {
        from_date: period.first.to_string(),
        to_date: period.last.to_string(),
        due_date: period.due.to_string(),
    }
}

/// A schedule in an answer.
pub(crate) fn schedule(kept: &KeptSchedule) -> pb::ReportSchedule {
    let schedule = &kept.schedule;
    pb::ReportSchedule {
        schedule_id: kept.id.to_string(),
        organ_id: kept.organ.to_string(),
        to_organ: kept.to.to_string(),
        kind: kind_word(schedule.kind).into(),
        frequency: frequency_word(schedule.frequency).into(),
        grace_days: schedule.grace_days,
        valid_from: schedule.valid_from.to_string(),
        valid_to: day(schedule.valid_to),
        round_the_clock: kept.round_the_clock,
        source: kept.source.clone(),
        next: kept.next().map(period),
    }
}

fn day(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

/// A report in an answer.
pub(crate) fn report(report: &Report) -> pb::Report {
    let came = report.state.submission();
    pb::Report {
        report_id: report.id.to_string(),
        schedule_id: report
            .schedule
            .map(|schedule| schedule.to_string())
            .unwrap_or_default(),
        organ_id: report.organ.to_string(),
        to_organ: report.to.to_string(),
        class: class_word(report.class).into(),
        period: Some(period(report.period)),
        state: state_word(report).into(),
        missing_time: report.missing_at.map(timestamp),
        submitted_time: came.map(|came| timestamp(came.at)),
        late: came.is_some_and(|came| came.late),
        version: came.map_or(0, |came| came.version),
        received_version: came.and_then(|came| came.received).unwrap_or_default(),
        found_false: came.map_or(0, |came| came.found_false),
    }
}

/// A version in an answer.
pub(crate) fn version(version: &Version) -> pb::ReportVersion {
    let received = version.received.as_ref();
    pb::ReportVersion {
        version: version.number,
        submitted_time: Some(timestamp(version.at)),
        zero: version.zero,
        summary: version.summary.clone(),
        duty_phone: version.duty_phone.clone(),
        post: version.post.clone(),
        ledger: version.ledger.iter().map(entry).collect(),
        received_time: received.map(|(at, _)| timestamp(*at)),
        received_by_post: received.map(|(_, post)| post.clone()).unwrap_or_default(),
        false_reason: version.false_reason.clone().unwrap_or_default(),
    }
}

fn entry(entry: &Entry) -> pb::LedgerEntry {
    let kind = match entry.kind {
        EntryKind::Opened => pb::LedgerEntryKind::Opened,
        EntryKind::Carried => pb::LedgerEntryKind::Carried,
        EntryKind::Closed => pb::LedgerEntryKind::Closed,
    };
    pb::LedgerEntry {
        dispute_id: entry.dispute.to_string(),
        kind: kind.into(),
        words: entry.words.clone(),
    }
}

/// An order in an answer.
pub(crate) fn order(order: &ReportOrder) -> pb::ReportOrder {
    pb::ReportOrder {
        number: order.number,
        dispute_id: order
            .dispute
            .map(|dispute| dispute.to_string())
            .unwrap_or_default(),
        words: order.words.clone(),
        due_date: order.due.to_string(),
        post: order.post.clone(),
        given_time: Some(timestamp(order.at)),
        answer: order.answer.as_ref().map(|answer| pb::ReportOrderAnswer {
            words: answer.words.clone(),
            post: answer.post.clone(),
            answered_time: Some(timestamp(answer.given.at)),
            late: answer.given.late,
            version: answer.version,
        }),
    }
}

/// A dispute in an answer.
pub(crate) fn dispute(dispute: &Dispute) -> pb::Dispute {
    let closed = dispute.closed.as_ref();
    pb::Dispute {
        dispute_id: dispute.id.to_string(),
        reported_by: dispute.reported_by.to_string(),
        to_organ: dispute.to.to_string(),
        place_code: dispute.place.to_string(),
        subject: dispute.subject.clone(),
        found_date: dispute.found.to_string(),
        organ_id: dispute.organ.to_string(),
        limit_date: dispute.limit.to_string(),
        facts: dispute.facts.clone(),
        opened_in: dispute.opened_in.to_string(),
        opened_time: Some(timestamp(dispute.opened_at)),
        closed_in: closed.map(|end| end.report.to_string()).unwrap_or_default(),
        closed_time: closed.map(|end| timestamp(end.at)),
        result: closed.map(|end| end.result.clone()).unwrap_or_default(),
        reported_times: dispute.reported_times,
    }
}

/// An assessment in an answer.
pub(crate) fn assessment(made: &RiskAssessment) -> pb::RiskAssessment {
    let kind = match made.kind {
        AssessedKind::Decision => pb::AssessedKind::Decision,
        AssessedKind::Project => pb::AssessedKind::Project,
    };
    let risk = match made.risk {
        RiskLevel::Low => pb::RiskLevel::Low,
        RiskLevel::Medium => pb::RiskLevel::Medium,
        RiskLevel::High => pb::RiskLevel::High,
    };
    let outcome = match made.outcome {
        RiskOutcome::CarryOut => pb::RiskOutcome::CarryOut,
        RiskOutcome::CarryOutWithMeasures => pb::RiskOutcome::CarryOutWithMeasures,
        RiskOutcome::PutOff => pb::RiskOutcome::PutOff,
        RiskOutcome::Drop => pb::RiskOutcome::Drop,
    };
    pb::RiskAssessment {
        assessment_id: made.id.to_string(),
        organ_id: made.organ.to_string(),
        place_code: made.place.to_string(),
        kind: kind.into(),
        title: made.title.clone(),
        subject: made.subject.clone(),
        risk: risk.into(),
        outcome: outcome.into(),
        measures: made.measures.clone(),
        assessed_date: made.assessed.to_string(),
        post: made.post.clone(),
        recorded_time: Some(timestamp(made.recorded_at)),
    }
}
