//! Between the contract and our values.

mod remedy;

pub(crate) use remedy::{
    adoption, adoption_word, outcome, outcome_word, recommendation, recommendation_kind,
    recommendation_word, remedy, remedy_case, remedy_word,
};

use huiyin_domain::ids::MatterId;
use huiyin_domain::law::{ClockId, PauseCause};
use huiyin_domain::supervision::FailureCode;
use huiyin_domain::vocabulary::ForwardingKind;
use huiyin_proto::events::v1 as events;
use huiyin_proto::events::v1::event::Fact as Told;
use huiyin_proto::supervision::v1 as rpc;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire::timestamp;

use crate::deadline::{Deadline, Standing};
use crate::order::{Order, OrderState};
use crate::store::reprojection::Reprojection;

/// A kind of forwarding; none when it is not given.
pub(crate) const fn forwarding_kind(kind: words::ForwardingKind) -> Option<ForwardingKind> {
    match kind {
        words::ForwardingKind::Unspecified => None,
        words::ForwardingKind::Transfer => Some(ForwardingKind::Transfer),
        words::ForwardingKind::Assign => Some(ForwardingKind::Assign),
        words::ForwardingKind::HandDown => Some(ForwardingKind::HandDown),
        words::ForwardingKind::ReportUp => Some(ForwardingKind::ReportUp),
        words::ForwardingKind::Refer => Some(ForwardingKind::Refer),
    }
}

/// The clock of the contract that is meant; none when it is not given.
pub(crate) const fn clock_id(kind: words::ClockKind) -> Option<ClockId> {
    match kind {
        words::ClockKind::Unspecified => None,
        words::ClockKind::RegisterAndForward => Some(ClockId::RegisterAndForward),
        words::ClockKind::Acceptance => Some(ClockId::Acceptance),
        words::ClockKind::Objection => Some(ClockId::Objection),
        words::ClockKind::Opinion => Some(ClockId::Opinion),
        words::ClockKind::AssignedLimit => Some(ClockId::AssignedLimit),
        words::ClockKind::SimplifiedAcceptance => Some(ClockId::SimplifiedAcceptance),
        words::ClockKind::SimplifiedOpinion => Some(ClockId::SimplifiedOpinion),
        words::ClockKind::AskReview => Some(ClockId::AskReview),
        words::ClockKind::ReviewOpinion => Some(ClockId::ReviewOpinion),
        words::ClockKind::AskReexamination => Some(ClockId::AskReexamination),
        words::ClockKind::ReexaminationOpinion => Some(ClockId::ReexaminationOpinion),
        words::ClockKind::RecommendationAnswer => Some(ClockId::RecommendationAnswer),
    }
}

/// The cause of a pause; none when it is not given.
pub(crate) const fn pause_cause(cause: words::PauseCause) -> Option<PauseCause> {
    match cause {
        words::PauseCause::Unspecified => None,
        words::PauseCause::Hearing => Some(PauseCause::Hearing),
        words::PauseCause::ExpertAppraisal => Some(PauseCause::ExpertAppraisal),
    }
}

/// The cause of a pause in the contract's words.
pub(crate) const fn pause_cause_word(cause: PauseCause) -> words::PauseCause {
    match cause {
        PauseCause::Hearing => words::PauseCause::Hearing,
        PauseCause::ExpertAppraisal => words::PauseCause::ExpertAppraisal,
    }
}

/// The clock in the contract's words.
pub(crate) const fn clock_kind(clock: ClockId) -> words::ClockKind {
    match clock {
        ClockId::RegisterAndForward => words::ClockKind::RegisterAndForward,
        ClockId::Acceptance => words::ClockKind::Acceptance,
        ClockId::Objection => words::ClockKind::Objection,
        ClockId::Opinion => words::ClockKind::Opinion,
        ClockId::AssignedLimit => words::ClockKind::AssignedLimit,
        ClockId::SimplifiedAcceptance => words::ClockKind::SimplifiedAcceptance,
        ClockId::SimplifiedOpinion => words::ClockKind::SimplifiedOpinion,
        ClockId::AskReview => words::ClockKind::AskReview,
        ClockId::ReviewOpinion => words::ClockKind::ReviewOpinion,
        ClockId::AskReexamination => words::ClockKind::AskReexamination,
        ClockId::ReexaminationOpinion => words::ClockKind::ReexaminationOpinion,
        ClockId::RecommendationAnswer => words::ClockKind::RecommendationAnswer,
    }
}

/// The state in the contract's words.
pub(crate) const fn state(standing: Standing) -> words::ClockState {
    match standing {
        Standing::Running => words::ClockState::Running,
        Standing::Kept { .. } => words::ClockState::Kept,
        Standing::Overrun { .. } => words::ClockState::Overrun,
        Standing::Lapsed { .. } => words::ClockState::Lapsed,
    }
}

/// The failure in the contract's words; unspecified for failures that no clock shows.
pub(crate) const fn failure(failure: FailureCode) -> words::FailureCode {
    match failure {
        FailureCode::NotRegistered => words::FailureCode::NotRegistered,
        FailureCode::NotForwarded => words::FailureCode::NotForwarded,
        FailureCode::NotAccepted | FailureCode::NoWrittenNotice => {
            words::FailureCode::NoNoticeInTime
        }
        FailureCode::NotFinished => words::FailureCode::NotFinishedInTime,
        FailureCode::RecommendationIgnored => words::FailureCode::RecommendationIgnored,
        FailureCode::Shirking
        | FailureCode::WrongProcedure
        | FailureCode::OpinionNotCarriedOut
        | FailureCode::WellFoundedNotSupported
        | FailureCode::ReportConcealedFalseOrLate
        | FailureCode::DenunciationLeaked
        | FailureCode::Retaliation => words::FailureCode::Unspecified,
    }
}

/// The state of an order that is meant; none when it is not given.
pub(crate) const fn order_state(state: rpc::OrderState) -> Option<OrderState> {
    match state {
        rpc::OrderState::Unspecified => None,
        rpc::OrderState::Open => Some(OrderState::Open),
        rpc::OrderState::Answered => Some(OrderState::Answered),
        rpc::OrderState::Withdrawn => Some(OrderState::Withdrawn),
    }
}

/// A clock as it is answered.
pub(crate) fn clock(deadline: &Deadline) -> rpc::Clock {
    rpc::Clock {
        kind: clock_kind(deadline.kind).into(),
        cycle: deadline.cycle,
        organ_id: deadline.organ.to_string(),
        started_time: Some(timestamp(deadline.started)),
        raw_due_date: deadline.due.raw.to_string(),
        due_date: deadline.due.rolled.to_string(),
        state: state(deadline.standing).into(),
        ended_time: deadline.standing.ended_at().map(timestamp),
        provisional: deadline.due.provisional,
        paused_since_date: deadline
            .paused_since
            .map(|since| since.to_string())
            .unwrap_or_default(),
        set_by_post: deadline.set_by_post,
    }
}

/// An order as it is answered.
pub(crate) fn order(order: &Order) -> rpc::Order {
    let state = match order.state {
        OrderState::Open => rpc::OrderState::Open,
        OrderState::Answered => rpc::OrderState::Answered,
        OrderState::Withdrawn => rpc::OrderState::Withdrawn,
    };
    rpc::Order {
        order_id: order.id.to_string(),
        matter_id: order.matter.to_string(),
        organ_id: order.organ.to_string(),
        failure: failure(order.failure).into(),
        clock: clock_kind(order.clock.0).into(),
        issued_time: Some(timestamp(order.issued_at)),
        due_date: order.due.to_string(),
        state: state.into(),
        words: order.words.clone(),
    }
}

/// A clock was started, or its due day moved.
pub(crate) fn set(matter: MatterId, deadline: &Deadline) -> Told {
    Told::DeadlineSet(events::DeadlineSet {
        matter_id: matter.to_string(),
        clock: clock_kind(deadline.kind).into(),
        cycle: deadline.cycle,
        organ_id: deadline.organ.to_string(),
        raw_due_date: deadline.due.raw.to_string(),
        due_date: deadline.due.rolled.to_string(),
        provisional: deadline.due.provisional,
    })
}

/// A clock ended.
pub(crate) fn ended(matter: MatterId, deadline: &Deadline) -> Told {
    Told::DeadlineEnded(events::DeadlineEnded {
        matter_id: matter.to_string(),
        clock: clock_kind(deadline.kind).into(),
        cycle: deadline.cycle,
        organ_id: deadline.organ.to_string(),
        state: state(deadline.standing).into(),
        due_date: deadline.due.rolled.to_string(),
    })
}

/// A due day passed without its duty done.
pub(crate) fn passed(matter: MatterId, deadline: &Deadline) -> Told {
    Told::DeadlinePassed(events::DeadlinePassed {
        matter_id: matter.to_string(),
        clock: clock_kind(deadline.kind).into(),
        cycle: deadline.cycle,
        organ_id: deadline.organ.to_string(),
        due_date: deadline.due.rolled.to_string(),
    })
}

/// An order was given.
pub(crate) fn issued(order: &Order) -> Told {
    Told::SuperviseOrderIssued(events::SuperviseOrderIssued {
        order_id: order.id.to_string(),
        matter_id: order.matter.to_string(),
        organ_id: order.organ.to_string(),
        failure: failure(order.failure).into(),
        due_date: order.due.to_string(),
    })
}

/// An order was answered.
pub(crate) fn answered(order: &Order) -> Told {
    Told::SuperviseOrderAnswered(events::SuperviseOrderAnswered {
        order_id: order.id.to_string(),
        matter_id: order.matter.to_string(),
        organ_id: order.organ.to_string(),
    })
}

/// A batch as it is answered.
pub(crate) fn reprojection(batch: &Reprojection) -> rpc::Reprojection {
    rpc::Reprojection {
        batch_id: batch.id.to_string(),
        year: u32::try_from(batch.year).unwrap_or(0),
        calendar_before: batch.calendar_before.clone(),
        calendar_version: batch.calendar_version.clone(),
        post: batch.post.clone(),
        started_time: Some(timestamp(batch.started_at)),
        finished_time: batch.finished_at.map(timestamp),
        open_clocks: batch.open_clocks,
        moved: batch.moved,
        confirmed: batch.confirmed,
    }
}
