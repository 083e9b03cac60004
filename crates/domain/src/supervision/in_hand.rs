//! In whose hand a matter was, and how long: the time of a matter, divided without rest among those who
//! could act on it. Organs only; nothing here is about a petitioner.

use super::{Fact, FactKind};
use crate::{
    ids::{ForwardingId, OrganId},
    time::Instant,
    vocabulary::ForwardingKind,
};

/// A time during which a matter was in one hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InHand {
    /// In whose; none for the office that registered it.
    pub organ: Option<OrganId>,
    /// Since when.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
}

/// From the registration to the last closing of the matter, or to `now` while it is open: each stretch begins
/// where the one before it ended. What was closed and taken up again was with the office that registered
/// it. Empty when it was not registered.
#[must_use]
pub fn in_hand(facts: &[Fact], now: Instant) -> Vec<InHand> {
    let mut facts: Vec<Fact> = facts
        .iter()
        .copied()
        .filter(|fact| fact.at <= now)
        .collect();
    facts.sort_unstable();
    facts.dedup();
    let Some(registered) = facts.iter().find(|fact| fact.kind == FactKind::Registered) else {
        return Vec::new();
    };
    let mut way = Way {
        stretches: Vec::new(),
        hops: Vec::new(),
        holder: Some(None),
        since: registered.at,
    };
    for fact in &facts {
        way.see(*fact);
    }
    way.until(now)
}

/// The way of a matter so far.
struct Way {
    stretches: Vec<InHand>,
    hops: Vec<(ForwardingId, OrganId)>,
    /// Who has it; outer none when it is closed.
    holder: Option<Option<OrganId>>,
    since: Instant,
}

impl Way {
    fn see(&mut self, Fact { at, kind }: Fact) {
        match kind {
            FactKind::Forwarded {
                kind: ForwardingKind::Refer,
                ..
            }
            | FactKind::Referred
            | FactKind::Declined { .. }
            | FactKind::ReplyDelivered { .. }
            | FactKind::Withdrawn => self.pass(at, None),
            FactKind::Forwarded {
                forwarding, to, by, ..
            } => {
                self.hops.push((forwarding, by));
                self.pass(at, Some(Some(to)));
            }
            FactKind::ObjectionAgreed { forwarding } => {
                let sender = self.hops.iter().rev().find(|(hop, _)| *hop == forwarding);
                if let Some((_, by)) = sender {
                    let by = *by;
                    self.pass(at, Some(Some(by)));
                }
            }
            FactKind::Registered
            | FactKind::ObjectionRaised { .. }
            | FactKind::Accepted { .. }
            | FactKind::Extended { .. }
            | FactKind::Paused { .. }
            | FactKind::Resumed { .. }
            | FactKind::DueSet { .. }
            | FactKind::OpinionIssued { .. }
            | FactKind::CompletionReported { .. }
            | FactKind::CompletionReturned { .. }
            | FactKind::CompletionAccepted { .. }
            | FactKind::ReviewRequested { .. }
            | FactKind::ReviewOpinionDelivered { .. }
            | FactKind::ReexaminationRequested { .. }
            | FactKind::FinalOpinionDelivered { .. }
            | FactKind::Recommended { .. }
            | FactKind::AdoptionAnswered { .. } => {}
        }
    }

    /// From `at` on it is in this hand; outer none closes it, which is kept open until it is known whether
    /// it is taken up again.
    fn pass(&mut self, at: Instant, to: Option<Option<OrganId>>) {
        // a forwarding may be told of before the registration it follows
        let at = at.max(self.since);
        if self.holder == to {
            return;
        }
        self.stretches.push(InHand {
            organ: self.holder.flatten(),
            from: self.since,
            to: at,
        });
        self.holder = to;
        self.since = at;
    }

    fn until(mut self, now: Instant) -> Vec<InHand> {
        if let Some(organ) = self.holder {
            self.stretches.push(InHand {
                organ,
                from: self.since,
                to: now.max(self.since),
            });
        }
        self.stretches
    }
}
