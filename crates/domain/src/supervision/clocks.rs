//! From facts to clocks.

use super::{
    Clock, ClockState, EndedWhy, Fact, FactKind, extend, pause, resume, set_due,
    wall::{End, For, Hop, Recommendation, Wall, Whose, ends_with_it, number},
};
use crate::{
    calendar::Calendars,
    ids::{ForwardingId, OrganId, RecommendationId},
    law::{ClockId, LawEvent, PauseCause, RuleSet},
    time::{Date, Instant},
    vocabulary::ForwardingKind,
};

/// The clocks of a matter with these facts, by time of start, then clock and cycle. What happened is judged by the
/// calendar that was known then; clocks that are open when another is published are judged by that from then on.
#[must_use]
pub fn clocks(facts: &[Fact], rules: &RuleSet, calendars: &Calendars) -> Vec<Clock> {
    let mut facts = facts.to_vec();
    facts.sort_unstable();
    facts.dedup();
    let mut wall = Wall::new(rules, calendars.editions());
    for fact in facts {
        wall.turn_to(Some(fact.at));
        wall.see(fact);
    }
    wall.turn_to(None);
    wall.clocks
        .sort_by_key(|clock| (clock.started, clock.clock, clock.cycle));
    wall.clocks
}

impl Wall<'_> {
    fn see(&mut self, Fact { at, kind: fact }: Fact) {
        match fact {
            FactKind::Registered => {
                let office = Some((None, 1));
                self.happens(at, LawEvent::ReceivedByOffice, Whose::Nobody, office);
            }
            FactKind::Referred
            | FactKind::Forwarded {
                kind: ForwardingKind::Refer,
                ..
            } => self.referred(at),
            FactKind::Forwarded { kind, .. } => self.forwarded(at, kind, fact),
            FactKind::ObjectionRaised { forwarding } => {
                self.happens_to(at, LawEvent::Objected, forwarding);
            }
            FactKind::ObjectionAgreed { forwarding } => self.agreed(at, forwarding),
            FactKind::Accepted { by } => self.accepted(at, by),
            FactKind::Declined { by } => self.declined(at, by),
            FactKind::Extended { clock, days } => self.extended(at, clock, days),
            FactKind::Paused { clock, cause } => self.paused(at, clock, cause),
            FactKind::Resumed { clock, cause } => self.resumed(at, clock, cause),
            FactKind::DueSet { clock, due } => self.due_set(at, clock, due),
            FactKind::OpinionIssued { by: _ } => {}
            FactKind::ReplyDelivered { by } => self.replied(at, by),
            FactKind::CompletionReported { forwarding } => self.reported(at, forwarding),
            FactKind::CompletionReturned { forwarding } => self.returned(forwarding),
            FactKind::CompletionAccepted { forwarding } => {
                self.happens_to(at, LawEvent::CompletionAccepted, forwarding);
            }
            FactKind::ReviewRequested { to } => {
                self.requested(at, LawEvent::ReviewRequested, ClockId::AskReview, to);
            }
            FactKind::ReviewOpinionDelivered { by } => self.reviewed(at, by),
            FactKind::ReexaminationRequested { to } => {
                let event = LawEvent::ReexaminationRequested;
                self.requested(at, event, ClockId::AskReexamination, to);
            }
            FactKind::FinalOpinionDelivered { by } => {
                self.happens(at, LawEvent::FinalOpinionDelivered, Whose::Of(by), None);
            }
            FactKind::Recommended {
                recommendation: id,
                to,
                limit_days,
            } => self.recommended(at, Recommendation { id, limit_days }, to),
            FactKind::AdoptionAnswered { recommendation } => self.answered(at, recommendation),
            FactKind::Withdrawn => self.end_matter(at, EndedWhy::Withdrawn),
        }
    }

    /// Something that ends the clocks of one hop.
    fn happens_to(&mut self, at: Instant, event: LawEvent, forwarding: ForwardingId) {
        if let Some(cycle) = self.cycle_of(forwarding) {
            self.happens(at, event, Whose::Cycle(cycle), None);
        }
    }

    fn referred(&mut self, at: Instant) {
        self.happens(at, LawEvent::Forwarded, Whose::All, None);
        self.end_matter(at, EndedWhy::Referred);
    }

    fn agreed(&mut self, at: Instant, forwarding: ForwardingId) {
        let cycle = self.cycle_of(forwarding);
        let of_hop = |clock: &Clock| cycle.is_some() && clock.hop() == cycle;
        self.end(at, End::Because(EndedWhy::ObjectionAgreed), of_hop);
    }

    fn declined(&mut self, at: Instant, by: OrganId) {
        self.happens(at, LawEvent::Declined, Whose::Of(by), None);
        let of_organ = |clock: &Clock| clock.organ == Some(by) && ends_with_it(clock);
        self.end(at, End::Because(EndedWhy::Declined), of_organ);
    }

    fn extended(&mut self, at: Instant, clock: ClockId, days: u32) {
        self.change(clock, |clock, rules, calendar| {
            extend(clock, days, at, (rules, calendar)).ok()
        });
    }

    fn paused(&mut self, at: Instant, clock: ClockId, cause: PauseCause) {
        self.change(clock, |clock, rules, calendar| {
            pause(clock, cause, at, (rules, calendar)).ok()
        });
    }

    fn resumed(&mut self, at: Instant, clock: ClockId, cause: PauseCause) {
        self.change(clock, |clock, _, calendar| {
            resume(clock, cause, at, calendar).ok()
        });
    }

    fn due_set(&mut self, at: Instant, clock: ClockId, due: Date) {
        self.change(clock, |clock, _, _| set_due(clock, due, at).ok());
    }

    /// A report of completion (art. 22) keeps the limit from its day on, so that the time in which the assigning organ
    /// reads it is not the organ's.
    fn reported(&mut self, at: Instant, forwarding: ForwardingId) {
        if let Some(cycle) = self.cycle_of(forwarding)
            && let Some(hop) = self.hop(cycle)
            && hop.reported.is_none()
        {
            hop.reported = Some(at);
            self.happens(at, LawEvent::CompletionAccepted, Whose::Cycle(cycle), None);
        }
    }

    /// A report that is returned never ended the limit. Whoever had the matter taken from it owes no better one.
    fn returned(&mut self, forwarding: ForwardingId) {
        let latest = number(self.hops.len());
        if let Some(cycle) = self.cycle_of(forwarding)
            && cycle == latest
            && let Some(hop) = self.hop(cycle)
            && let Some(reported) = hop.reported.take()
        {
            self.run_again(cycle, reported);
        }
    }

    /// The limit that a returned report had ended.
    fn run_again(&mut self, cycle: u32, reported: Instant) {
        let ended_by_it = |clock: &&mut Clock| {
            let at = match clock.state {
                ClockState::Met { at } | ClockState::Overran { ended_at: at } => Some(at),
                ClockState::Running | ClockState::Ended { .. } => None,
            };
            (clock.clock, clock.cycle, at) == (ClockId::AssignedLimit, cycle, Some(reported))
        };
        for clock in self.clocks.iter_mut().filter(ended_by_it) {
            clock.state = ClockState::Running;
        }
    }

    fn reviewed(&mut self, at: Instant, by: OrganId) {
        let whose = Whose::Of(by);
        let next = self.latest(ClockId::ReviewOpinion, whose);
        self.happens(at, LawEvent::ReviewOpinionDelivered, whose, next);
    }

    fn recommended(&mut self, at: Instant, made: Recommendation, to: OrganId) {
        if self.recommendations.iter().all(|known| known.id != made.id) {
            self.recommendations.push(made);
            let to = Some((Some(to), number(self.recommendations.len())));
            self.happens(at, LawEvent::Recommended, Whose::Nobody, to);
        }
    }

    fn answered(&mut self, at: Instant, id: RecommendationId) {
        let place = self.recommendations.iter().position(|known| known.id == id);
        if let Some(place) = place {
            let whose = Whose::Cycle(number(place + 1));
            self.happens(at, LawEvent::AdoptionAnswered, whose, None);
        }
    }

    /// A right that is used: only while it has not lapsed.
    fn requested(&mut self, at: Instant, event: LawEvent, right: ClockId, to: OrganId) {
        let open = self
            .clocks
            .iter()
            .filter(|clock| clock.clock == right && clock.state == ClockState::Running);
        let latest = open.max_by_key(|clock| clock.cycle);
        if let Some(clock) = latest.filter(|clock| !clock.is_past_due(at)) {
            let cycle = clock.cycle;
            self.happens(at, event, Whose::Cycle(cycle), Some((Some(to), cycle)));
        }
    }

    /// For whom the latest such clock ran, and its cycle.
    fn latest(&self, clock: ClockId, whose: Whose) -> Option<For> {
        let fitting = self
            .clocks
            .iter()
            .filter(|known| known.clock == clock && whose.covers(known));
        fitting
            .max_by_key(|known| known.cycle)
            .map(|known| (known.organ, known.cycle))
    }

    fn replied(&mut self, at: Instant, by: OrganId) {
        let cycle = self.cycle(|hop| hop.to == by);
        let to = cycle.map(|cycle| (Some(by), cycle));
        self.happens(at, LawEvent::OpinionDelivered, Whose::Of(by), to);
        // An answer by the office itself is one of the three ways to end its clock (art. 22).
        self.happens(at, LawEvent::AnsweredByOffice, Whose::All, None);
    }

    fn forwarded(&mut self, at: Instant, kind: ForwardingKind, fact: FactKind) {
        let Some(hop) = Hop::of(fact).filter(|hop| self.cycle_of(hop.forwarding).is_none()) else {
            return;
        };
        self.happens(at, LawEvent::Forwarded, Whose::All, None);
        self.end_matter(at, EndedWhy::Reforwarded);
        let (to, limited) = (Some(hop.to), hop.limit_days.is_some());
        self.hops.push(hop);
        let cycle = number(self.hops.len());
        let (event, office_cycle) = match kind {
            ForwardingKind::HandDown | ForwardingKind::ReportUp => {
                (LawEvent::ReceivedByOffice, cycle.saturating_add(1))
            }
            ForwardingKind::Transfer | ForwardingKind::Assign | ForwardingKind::Refer => {
                (LawEvent::ReceivedByOrgan, cycle)
            }
        };
        self.happens(at, event, Whose::Nobody, Some((to, office_cycle)));
        if kind == ForwardingKind::Assign || limited {
            self.happens(at, LawEvent::Assigned, Whose::Nobody, Some((to, cycle)));
        }
    }

    fn accepted(&mut self, at: Instant, by: OrganId) {
        let cycle = self.cycle(|hop| hop.to == by);
        let to = cycle.map(|cycle| (Some(by), cycle));
        self.happens(at, LawEvent::Accepted, Whose::Of(by), to);
        let objection =
            |clock: &Clock| clock.clock == ClockId::Objection && clock.organ == Some(by);
        self.end(at, End::Because(EndedWhy::Accepted), objection);
    }
}
