//! Between the contract's messages and our types.

pub(crate) use huiyin_service_kit::wire::{level, level_word};

use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::UrgentKind;
use huiyin_domain::warning::storm::Form;
use huiyin_domain::warning::{RecipientRole, ReportStage, Step};
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::timestamp;

use crate::alert::{self, Acknowledgement, Addressed, FurtherReport, Role};
use crate::store::desk_call::Member;
use crate::store::desk_notice::Notice;

/// A kind of urgent report that must be given.
pub(crate) fn urgent_kind(
    violations: &mut Violations,
    field: &str,
    given: i32,
) -> Option<UrgentKind> {
    match violations.choice(field, given, words::UrgentKind::as_str_name)? {
        words::UrgentKind::DangerToLife => Some(UrgentKind::DangerToLife),
        words::UrgentKind::CollectiveVisit => Some(UrgentKind::CollectiveVisit),
        words::UrgentKind::ServiceFailure => Some(UrgentKind::ServiceFailure),
        words::UrgentKind::PromiseBroken => Some(UrgentKind::PromiseBroken),
        words::UrgentKind::Retaliation => Some(UrgentKind::Retaliation),
        words::UrgentKind::Other => Some(UrgentKind::Other),
        words::UrgentKind::Unspecified => None,
    }
}

/// A kind of urgent report on the wire.
pub(crate) fn urgent_kind_word(kind: UrgentKind) -> words::UrgentKind {
    match kind {
        UrgentKind::DangerToLife => words::UrgentKind::DangerToLife,
        UrgentKind::CollectiveVisit => words::UrgentKind::CollectiveVisit,
        UrgentKind::ServiceFailure => words::UrgentKind::ServiceFailure,
        UrgentKind::PromiseBroken => words::UrgentKind::PromiseBroken,
        UrgentKind::Retaliation => words::UrgentKind::Retaliation,
        UrgentKind::Other => words::UrgentKind::Other,
    }
}

/// A role on the wire: the national office is a level above like the others.
pub(crate) fn role_word(role: Role) -> words::RecipientRole {
    match role {
        Role::AtOnce(RecipientRole::OwnLeadership) => words::RecipientRole::OwnLevel,
        Role::AtOnce(RecipientRole::LevelAbove | RecipientRole::NationalOffice) => {
            words::RecipientRole::LevelAbove
        }
        Role::AtOnce(RecipientRole::CompetentDepartment) => {
            words::RecipientRole::CompetentDepartment
        }
        Role::AtOnce(RecipientRole::JointMeeting) => words::RecipientRole::JointMeeting,
        Role::AtOnce(RecipientRole::OfficesBelow) => words::RecipientRole::OfficesBelow,
        Role::AddedByEscalation => words::RecipientRole::AddedByEscalation,
    }
}

/// A step of the escalation on the wire.
pub(crate) fn step_word(step: Step) -> words::EscalationStep {
    match step {
        Step::Duty => words::EscalationStep::Duty,
        Step::Deputy => words::EscalationStep::Deputy,
        Step::Leader => words::EscalationStep::Leader,
        Step::LevelAbove => words::EscalationStep::LevelAbove,
        Step::Repeat(_) => words::EscalationStep::Repeat,
    }
}

fn state_word(acknowledgement: &Acknowledgement) -> pb::RecipientState {
    match acknowledgement {
        Acknowledgement::Waiting => pb::RecipientState::Waiting,
        Acknowledgement::InTime(_) => pb::RecipientState::Acknowledged,
        Acknowledgement::Late(_) => pb::RecipientState::AcknowledgedLate,
        Acknowledgement::Refused { .. } => pb::RecipientState::Refused,
    }
}

/// A recipient in an answer.
pub(crate) fn recipient(recipient: &alert::Recipient) -> pb::Recipient {
    let by = recipient.acknowledgement.by();
    let (refusal_reason, right_organ) = match &recipient.acknowledgement {
        Acknowledgement::Refused {
            reason,
            right_organ,
            ..
        } => (reason.clone(), right_organ.to_string()),
        Acknowledgement::Waiting | Acknowledgement::InTime(_) | Acknowledgement::Late(_) => {
            Default::default()
        }
    };
    pb::Recipient {
        organ_id: recipient.organ.to_string(),
        level: level_word(recipient.level).into(),
        role: role_word(recipient.role).into(),
        reason: recipient.reason.clone(),
        state: state_word(&recipient.acknowledgement).into(),
        step: step_word(recipient.step).into(),
        acknowledgement_due_time: Some(timestamp(recipient.ack_due)),
        delivered_time: recipient.delivered_at.map(timestamp),
        acknowledged_time: by.map(|by| timestamp(by.at)),
        acknowledged_by_post: by.map(|by| by.post.clone()).unwrap_or_default(),
        quorum: recipient.quorum,
        posts_acknowledged: recipient.posts,
        report_due_time: recipient.report_due.map(timestamp),
        refusal_reason,
        right_organ,
        ladder: recipient.ladder.clone(),
    }
}

/// What a further report is, which must be given.
pub(crate) fn report_stage(
    violations: &mut Violations,
    field: &str,
    given: i32,
) -> Option<ReportStage> {
    match violations.choice(field, given, words::AlertReportStage::as_str_name)? {
        words::AlertReportStage::FollowUp => Some(ReportStage::FollowUp),
        words::AlertReportStage::Final => Some(ReportStage::Final),
        words::AlertReportStage::Correction => Some(ReportStage::Correction),
        words::AlertReportStage::Cancellation => Some(ReportStage::Cancellation),
        words::AlertReportStage::Unspecified => None,
    }
}

/// What a further report is, on the wire.
pub(crate) fn report_stage_word(stage: ReportStage) -> words::AlertReportStage {
    match stage {
        ReportStage::FollowUp => words::AlertReportStage::FollowUp,
        ReportStage::Final => words::AlertReportStage::Final,
        ReportStage::Correction => words::AlertReportStage::Correction,
        ReportStage::Cancellation => words::AlertReportStage::Cancellation,
    }
}

/// A further report in an answer.
pub(crate) fn further_report(report: &FurtherReport) -> pb::AlertReport {
    pb::AlertReport {
        number: report.number,
        stage: report_stage_word(report.stage).into(),
        organ_id: report.organ.to_string(),
        post: report.post.clone(),
        reported_time: Some(timestamp(report.reported_at)),
        persons: report.persons,
        facts: report.facts.clone(),
        measures: report.measures.clone(),
        corrects: report.corrects.unwrap_or(0),
    }
}

/// An alert in an answer, with those of the recipients and further reports that are its own; of more than [`LISTED`] recipients
/// the first.
pub(crate) fn alert(
    alert: &alert::Alert,
    recipients: &Addressed,
    reports: &[FurtherReport],
) -> pb::Alert {
    let report = &alert.report;
    pb::Alert {
        alert_id: alert.id.to_string(),
        kind: urgent_kind_word(report.kind).into(),
        place_code: report.place.to_string(),
        organ_id: report.organ.to_string(),
        matter_ids: report.matters.iter().map(ToString::to_string).collect(),
        persons: report.persons,
        happened_time: Some(timestamp(report.happened_at)),
        known_time: Some(timestamp(report.known_at)),
        reported_time: Some(timestamp(alert.reported_at)),
        lateness_seconds: u64::try_from(alert.lateness.num_seconds()).unwrap_or(0),
        late: alert.late,
        facts: report.facts.clone(),
        measures: report.measures.clone(),
        duty_phone: report.duty_phone.clone(),
        recipients: recipients
            .listed
            .iter()
            .filter(|addressed| addressed.alert == alert.id)
            .map(recipient)
            .collect(),
        recipient_count: recipients.counted.get(&alert.id).copied().unwrap_or(0),
        reports: reports
            .iter()
            .filter(|report| report.alert == alert.id)
            .map(further_report)
            .collect(),
        recipient_rule: report.recipient_rule.clone(),
    }
}

/// What a notice is, on the wire.
pub(crate) fn notice_form(form: Form) -> pb::NoticeForm {
    match form {
        Form::Life => pb::NoticeForm::DangerToLife,
        Form::Group => pb::NoticeForm::Group,
        Form::Bundle => pb::NoticeForm::Bundle,
    }
}

/// A notice of a desk in an answer.
pub(crate) fn desk_notice(notice: &Notice) -> pb::DeskNotice {
    let kinds = notice.kinds.iter();
    pb::DeskNotice {
        notice_id: notice.id.to_string(),
        organ_id: notice.organ.to_string(),
        form: notice_form(notice.form).into(),
        opened_time: Some(timestamp(notice.opened_at)),
        rung_time: notice.rung_at.map(timestamp),
        rings: notice.rings,
        calls: notice.calls,
        place_codes: notice.places.iter().map(ToString::to_string).collect(),
        kinds: kinds.map(|kind| urgent_kind_word(*kind).into()).collect(),
    }
}

/// A call of a notice in an answer.
pub(crate) fn desk_call(call: &Member) -> pb::DeskCall {
    pb::DeskCall {
        alert_id: call.alert.to_string(),
        call: call.number,
        called_time: Some(timestamp(call.called_at)),
        rings: call.rings,
        kind: urgent_kind_word(call.kind).into(),
        place_code: call.place.to_string(),
        state: call.state.into(),
    }
}

/// The instant as a column keeps it, so that an answer now and one tomorrow say the same.
pub(crate) fn kept(instant: Instant) -> Instant {
    chrono::SubsecRound::trunc_subsecs(instant, 6)
}
