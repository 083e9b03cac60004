//! Duty in answers.

use huiyin_domain::warning::duty::{DutyRole, OnDuty};
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::timestamp;

use super::{Gap, HandOver, Relieved, Shift, SpecialPeriod};

/// A post of a shift that must be given.
pub(crate) fn role(violations: &mut Violations, field: &str, given: i32) -> Option<DutyRole> {
    match violations.choice(field, given, pb::DutyRole::as_str_name)? {
        pb::DutyRole::Post => Some(DutyRole::Post),
        pb::DutyRole::Deputy => Some(DutyRole::Deputy),
        pb::DutyRole::Leader => Some(DutyRole::Leader),
        pb::DutyRole::Unspecified => None,
    }
}

fn role_word(role: DutyRole) -> pb::DutyRole {
    match role {
        DutyRole::Post => pb::DutyRole::Post,
        DutyRole::Deputy => pb::DutyRole::Deputy,
        DutyRole::Leader => pb::DutyRole::Leader,
    }
}

/// A shift.
pub(crate) fn shift(shift: &Shift) -> pb::DutyShift {
    pb::DutyShift {
        shift_id: shift.id.to_string(),
        organ_id: shift.organ.to_string(),
        place_code: shift.place.to_string(),
        from_time: Some(timestamp(shift.time.from())),
        to_time: Some(timestamp(shift.time.to())),
        posts: Some(posts(&shift.posts)),
        duty_phone: shift.duty_phone.clone(),
        substitutions: shift.relieved.iter().map(substitution).collect(),
        hand_over: shift.hand_over.as_ref().map(hand_over),
    }
}

fn posts(posts: &OnDuty) -> pb::DutyPosts {
    pb::DutyPosts {
        post: posts.post.clone(),
        deputy_post: posts.deputy.clone(),
        leader_post: posts.leader.clone(),
    }
}

fn substitution(relieved: &Relieved) -> pb::PostSubstitution {
    let substitution = &relieved.substitution;
    pb::PostSubstitution {
        role: role_word(substitution.role).into(),
        post: substitution.post.clone(),
        from_time: Some(timestamp(substitution.from)),
        reason: relieved.reason.clone(),
        said_time: Some(timestamp(relieved.said_at)),
    }
}

/// A hand-over.
pub(crate) fn hand_over(hand_over: &HandOver) -> pb::DutyHandOver {
    let ((from, from_post), (to, to_post)) = (&hand_over.from, &hand_over.to);
    pb::DutyHandOver {
        from_shift: from.to_string(),
        from_post: from_post.clone(),
        to_shift: to.to_string(),
        to_post: to_post.clone(),
        alert_ids: hand_over.alerts.iter().map(ToString::to_string).collect(),
        notes: hand_over.notes.clone(),
        handed_over_time: Some(timestamp(hand_over.at)),
    }
}

/// A special period.
pub(crate) fn special_period(period: &SpecialPeriod) -> pb::SpecialPeriod {
    pb::SpecialPeriod {
        period_id: period.id.to_string(),
        place_code: period.place.to_string(),
        valid_from: period.valid_from.to_string(),
        valid_to: period.valid_to.to_string(),
        source: period.source.clone(),
        organ_id: period.organ.to_string(),
        set_time: Some(timestamp(period.set_at)),
    }
}

/// A gap.
pub(crate) fn gap(gap: &Gap) -> pb::DutyGap {
    pb::DutyGap {
        gap_id: gap.id.to_string(),
        organ_id: gap.organ.to_string(),
        place_code: gap.place.to_string(),
        from_time: Some(timestamp(gap.time.from())),
        to_time: Some(timestamp(gap.time.to())),
        found_time: Some(timestamp(gap.found_at)),
        to_organ: gap.to.map(|organ| organ.to_string()).unwrap_or_default(),
        filled_time: gap.filled_at.map(timestamp),
    }
}
