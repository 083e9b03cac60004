//! Hops of matters.

use huiyin_domain::ids::MatterId;
use huiyin_domain::supervision::SimplifiedLimits;
use huiyin_proto::events::v1 as events;
use huiyin_proto::routing::v1 as pb;
use huiyin_service_kit::wire::timestamp;

use super::{forwarding_word, reasons, told_reasons};
use crate::chain::{Chain, Completion, CompletionRuling, Hop, HopState};

fn state_word(state: HopState) -> pb::ForwardingState {
    match state {
        HopState::Open => pb::ForwardingState::Open,
        HopState::Objected => pb::ForwardingState::Objected,
        HopState::Returned => pb::ForwardingState::Returned,
        HopState::Accepted => pb::ForwardingState::Accepted,
        HopState::Declined => pb::ForwardingState::Declined,
        HopState::Referred => pb::ForwardingState::Referred,
        HopState::Answered => pb::ForwardingState::Answered,
        HopState::Closed => pb::ForwardingState::Closed,
    }
}

/// A hop in an answer: the rules used, then the words of the post that decided.
pub(crate) fn forwarding(matter: MatterId, hop: &Hop) -> pb::Forwarding {
    let mut reasons = reasons(&hop.onward.reasons);
    reasons.extend(hop.onward.post.as_ref().map(|post| pb::Reason {
        rule_id: "post".to_owned(),
        words: if post.reason.is_empty() {
            post.name.clone()
        } else {
            format!("{}: {}", post.name, post.reason)
        },
    }));
    reasons.extend(hop.objection.iter().map(|objection| pb::Reason {
        rule_id: "objection art. 23(3)".to_owned(),
        words: objection.reason.clone(),
    }));
    reasons.extend(
        hop.objection
            .iter()
            .filter_map(|objection| objection.ruling.as_ref())
            .map(|ruling| pb::Reason {
                rule_id: "ruling art. 23(3)".to_owned(),
                words: match ruling.agreed {
                    true => format!("{} agreed", ruling.post),
                    false => format!("{} refused: {}", ruling.post, ruling.reason),
                },
            }),
    );
    pb::Forwarding {
        forwarding_id: hop.id.to_string(),
        matter_id: matter.to_string(),
        hop: hop.number,
        from_organ: hop.from().to_string(),
        to_organ: hop.to().to_string(),
        kind: forwarding_word(hop.onward.kind).into(),
        forwarded_time: Some(timestamp(hop.at)),
        state: state_word(hop.state).into(),
        reasons,
        limit_days: hop.onward.limit_days,
        simplified: hop.onward.simplified.map(told_limits),
        completion: hop.completion.as_ref().map(completion),
    }
}

/// A hop in an event.
pub(crate) fn told_forwarding(chain: &Chain, hop: &Hop) -> events::MatterForwarded {
    events::MatterForwarded {
        matter_id: chain.matter.id.to_string(),
        forwarding_id: hop.id.to_string(),
        from_organ: hop.from().to_string(),
        to_organ: hop.to().to_string(),
        kind: forwarding_word(hop.onward.kind).into(),
        opinion_clock: chain.opinion_clock_after(hop.onward.kind),
        limit_days: hop.onward.limit_days,
        hop: hop.number,
        reasons: told_reasons(&hop.onward.reasons),
        place_code: chain.matter.place.to_string(),
        simplified: hop.onward.simplified.map(told_limits),
    }
}

const fn told_limits(limits: SimplifiedLimits) -> events::SimplifiedLimits {
    let SimplifiedLimits {
        passing,
        acceptance,
        opinion,
    } = limits;
    events::SimplifiedLimits {
        passing,
        acceptance,
        opinion,
    }
}

fn completion(known: &Completion) -> pb::Completion {
    let state = match &known.ruling {
        None => pb::CompletionState::Reported,
        Some(CompletionRuling { accepted: true, .. }) => pb::CompletionState::Accepted,
        Some(CompletionRuling {
            accepted: false, ..
        }) => pb::CompletionState::Returned,
    };
    let ruling = known.ruling.as_ref();
    pb::Completion {
        reported_time: Some(timestamp(known.at)),
        report: known.report.clone(),
        state: state.into(),
        ruled_time: ruling.map(|ruling| timestamp(ruling.at)),
        reason: ruling.map_or_else(String::new, |ruling| ruling.reason.clone()),
    }
}
