//! Between the contract's messages and our types.

mod competence;
mod hop;

pub(crate) use competence::{activated, competence_rules, told_activation, told_rules};
pub(crate) use hop::{forwarding, told_forwarding};
pub(crate) use huiyin_service_kit::wire::{level, level_word};

use huiyin_domain::organs::OrganProfile;
use huiyin_domain::routing::Reason;
use huiyin_domain::territory::{
    Change, ChangeKind, Established, Place, Territory, TerritoryCode, Unit,
};
use huiyin_domain::vocabulary::{DeclineReason, ForwardingKind, OpinionKind};
use huiyin_proto::routing::v1 as pb;
use huiyin_proto::{events::v1 as events, vocabulary::v1 as words};
use huiyin_service_kit::violations::Violations;

/// A kind of forwarding that must be given.
pub(crate) fn forwarding_kind(
    violations: &mut Violations,
    field: &str,
    given: i32,
) -> Option<ForwardingKind> {
    match violations.choice(field, given, words::ForwardingKind::as_str_name)? {
        words::ForwardingKind::Transfer => Some(ForwardingKind::Transfer),
        words::ForwardingKind::Assign => Some(ForwardingKind::Assign),
        words::ForwardingKind::HandDown => Some(ForwardingKind::HandDown),
        words::ForwardingKind::ReportUp => Some(ForwardingKind::ReportUp),
        words::ForwardingKind::Refer => Some(ForwardingKind::Refer),
        words::ForwardingKind::Unspecified => None,
    }
}

/// A result of an opinion that must be given.
pub(crate) fn opinion_kind(
    violations: &mut Violations,
    field: &str,
    given: i32,
) -> Option<OpinionKind> {
    match violations.choice(field, given, words::OpinionKind::as_str_name)? {
        words::OpinionKind::Support => Some(OpinionKind::Support),
        words::OpinionKind::SupportPartly => Some(OpinionKind::SupportPartly),
        words::OpinionKind::Explain => Some(OpinionKind::Explain),
        words::OpinionKind::NotSupport => Some(OpinionKind::NotSupport),
        words::OpinionKind::Unspecified => None,
    }
}

/// A reason of a decline that must be given.
pub(crate) fn decline_reason(
    violations: &mut Violations,
    field: &str,
    given: i32,
) -> Option<DeclineReason> {
    match violations.choice(field, given, words::DeclineReason::as_str_name)? {
        words::DeclineReason::OutsideCompetence => Some(DeclineReason::OutsideCompetence),
        words::DeclineReason::StatutoryRoute => Some(DeclineReason::StatutoryRoute),
        words::DeclineReason::AlreadyFinal => Some(DeclineReason::AlreadyFinal),
        words::DeclineReason::InHandling => Some(DeclineReason::InHandling),
        words::DeclineReason::Unspecified => None,
    }
}

/// A kind of forwarding on the wire.
pub(crate) fn forwarding_word(kind: ForwardingKind) -> words::ForwardingKind {
    match kind {
        ForwardingKind::Transfer => words::ForwardingKind::Transfer,
        ForwardingKind::Assign => words::ForwardingKind::Assign,
        ForwardingKind::HandDown => words::ForwardingKind::HandDown,
        ForwardingKind::ReportUp => words::ForwardingKind::ReportUp,
        ForwardingKind::Refer => words::ForwardingKind::Refer,
    }
}

/// A result of an opinion on the wire.
pub(crate) fn opinion_word(kind: OpinionKind) -> words::OpinionKind {
    match kind {
        OpinionKind::Support => words::OpinionKind::Support,
        OpinionKind::SupportPartly => words::OpinionKind::SupportPartly,
        OpinionKind::Explain => words::OpinionKind::Explain,
        OpinionKind::NotSupport => words::OpinionKind::NotSupport,
    }
}

/// A territory in an answer, as it was on some day.
pub(crate) fn place(place: &Place<'_>) -> pb::Territory {
    pb::Territory {
        code: place.code.to_string(),
        name: place.name.to_owned(),
        level: level_word(place.level()).into(),
        parent_code: code_or_empty(place.parent),
        valid_from: place.valid_from.to_string(),
        valid_to: place
            .valid_to
            .map_or_else(String::new, |last| last.to_string()),
    }
}

/// A territory in an answer, with its days.
pub(crate) fn established(row: &Established) -> pb::Territory {
    place(&Place {
        code: row.territory.code,
        name: &row.territory.name,
        parent: row.territory.parent,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
    })
}

fn code_or_empty(code: Option<TerritoryCode>) -> String {
    code.map_or_else(String::new, |code| code.to_string())
}

/// A decision on territories in an answer.
pub(crate) fn territory_change(change: &Change) -> pb::TerritoryChange {
    let units = |units: &[Unit]| {
        let shown = |unit: &Unit| pb::TerritoryUnit {
            code: unit.code.to_string(),
            name: unit.name.clone(),
        };
        units.iter().map(shown).collect()
    };
    pb::TerritoryChange {
        holds_from: change.on.to_string(),
        kind: change_word(change.kind).into(),
        from: units(&change.from),
        to: units(&change.to),
        document: change.document.clone(),
    }
}

fn change_word(kind: ChangeKind) -> pb::TerritoryChangeKind {
    match kind {
        ChangeKind::Renamed => pb::TerritoryChangeKind::Renamed,
        ChangeKind::Recoded => pb::TerritoryChangeKind::Recoded,
        ChangeKind::Merged => pb::TerritoryChangeKind::Merged,
        ChangeKind::Absorbed => pb::TerritoryChangeKind::Absorbed,
        ChangeKind::Split => pb::TerritoryChangeKind::Split,
        ChangeKind::Redrawn => pb::TerritoryChangeKind::Redrawn,
        ChangeKind::SplitOff => pb::TerritoryChangeKind::SplitOff,
        ChangeKind::Transferred => pb::TerritoryChangeKind::Transferred,
        ChangeKind::Established => pb::TerritoryChangeKind::Established,
    }
}

/// What a decision on territories did, which must be given.
pub(crate) fn change_kind(
    violations: &mut Violations,
    field: &str,
    given: i32,
) -> Option<ChangeKind> {
    use pb::TerritoryChangeKind as Word;
    match violations.choice(field, given, Word::as_str_name)? {
        Word::Renamed => Some(ChangeKind::Renamed),
        Word::Recoded => Some(ChangeKind::Recoded),
        Word::Merged => Some(ChangeKind::Merged),
        Word::Absorbed => Some(ChangeKind::Absorbed),
        Word::Split => Some(ChangeKind::Split),
        Word::Redrawn => Some(ChangeKind::Redrawn),
        Word::SplitOff => Some(ChangeKind::SplitOff),
        Word::Transferred => Some(ChangeKind::Transferred),
        Word::Established => Some(ChangeKind::Established),
        Word::Unspecified => None,
    }
}

/// A territory in an event.
pub(crate) fn told_territory(territory: &Territory) -> events::Territory {
    events::Territory {
        code: territory.code.to_string(),
        name: territory.name.clone(),
        level: level_word(territory.level).into(),
        parent_code: code_or_empty(territory.parent),
    }
}

/// An organ in an answer.
pub(crate) fn organ(organ: &OrganProfile) -> pb::Organ {
    pb::Organ {
        organ_id: organ.id.to_string(),
        name: organ.name.clone(),
        level: level_word(organ.level).into(),
        territory_code: organ.territory.to_string(),
        functions: organ.functions.clone(),
    }
}

/// An organ in an event.
pub(crate) fn told_organ(organ: &OrganProfile) -> events::Organ {
    let pb::Organ {
        organ_id,
        name,
        level,
        territory_code,
        functions,
    } = self::organ(organ);
    events::Organ {
        organ_id,
        name,
        level,
        territory_code,
        functions,
    }
}

/// Reasons in an answer.
pub(crate) fn reasons(reasons: &[Reason]) -> Vec<pb::Reason> {
    reasons
        .iter()
        .map(|reason| pb::Reason {
            rule_id: reason.rule_id.clone(),
            words: reason.words.clone(),
        })
        .collect()
}

/// Reasons in an event.
pub(crate) fn told_reasons(reasons: &[Reason]) -> Vec<events::Reason> {
    reasons
        .iter()
        .map(|reason| events::Reason {
            rule_id: reason.rule_id.clone(),
            words: reason.words.clone(),
        })
        .collect()
}
