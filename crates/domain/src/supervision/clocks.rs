//! From facts to clocks.

use std::sync::Arc;

use super::{Clock, ClockState, EndedWhy, Fact, FactKind, extend, pause, resume, set_due};
use crate::{
    calendar::{Calendars, WorkCalendar},
    ids::{ForwardingId, OrganId},
    law::{ClockId, Limit, PauseCause, RuleSet, due_after},
    time::{Instant, local_date},
    vocabulary::ForwardingKind,
};

/// The clocks of a matter with these facts, by time of start, then clock and cycle. What happened is judged by the
/// calendar that was known then; clocks that are open when another is published are judged by that from then on.
#[must_use]
pub fn clocks(facts: &[Fact], rules: &RuleSet, calendars: &Calendars) -> Vec<Clock> {
    let (calendar, later) = calendars.editions();
    let mut facts = facts.to_vec();
    facts.sort_unstable();
    facts.dedup();
    let mut wall = Wall {
        rules,
        calendar,
        later,
        clocks: Vec::new(),
        hops: Vec::new(),
    };
    for fact in facts {
        wall.turn_to(Some(fact.at));
        wall.see(fact);
    }
    wall.turn_to(None);
    wall.clocks
        .sort_by_key(|clock| (clock.started, clock.clock, clock.cycle));
    wall.clocks
}

/// A forwarding seen so far. Its cycle is its place in the list, counted from 1.
struct Hop {
    forwarding: ForwardingId,
    to: OrganId,
    opinion_clock: bool,
}

/// The clocks on the wall while the facts go by in order.
struct Wall<'a> {
    rules: &'a RuleSet,
    calendar: &'a WorkCalendar,
    /// The editions of the calendar that are still to be published.
    later: &'a [(Instant, Arc<WorkCalendar>)],
    clocks: Vec<Clock>,
    hops: Vec<Hop>,
}

/// What ends a clock: the thing it waits for, or something else.
#[derive(Clone, Copy)]
enum End {
    Met,
    Because(EndedWhy),
}

impl Wall<'_> {
    /// Takes up the editions of the calendar that were published up to the instant, or all of them.
    fn turn_to(&mut self, at: Option<Instant>) {
        while let Some(((published, calendar), later)) = self.later.split_first()
            && at.is_none_or(|at| *published <= at)
        {
            (self.calendar, self.later) = (calendar, later);
            let running = |clock: &&mut Clock| clock.state == ClockState::Running;
            for clock in self.clocks.iter_mut().filter(running) {
                if !clock.is_past_due(*published) {
                    *clock = clock.clone().judged_by(calendar);
                }
            }
        }
    }

    fn see(&mut self, Fact { at, kind }: Fact) {
        match kind {
            FactKind::Registered => self.registered(at),
            FactKind::Forwarded {
                kind: ForwardingKind::Refer,
                ..
            }
            | FactKind::Referred => {
                self.end(at, End::Met, |clock| {
                    clock.clock == ClockId::RegisterAndForward
                });
                self.end(at, End::Because(EndedWhy::Referred), |_| true);
            }
            FactKind::Forwarded {
                forwarding,
                to,
                kind,
                opinion_clock,
                limit_days,
                ..
            } => {
                let hop = Hop {
                    forwarding,
                    to,
                    opinion_clock,
                };
                self.forwarded(at, hop, kind, limit_days);
            }
            FactKind::ObjectionRaised { forwarding } => {
                let cycle = self.cycle(|hop| hop.forwarding == forwarding);
                let objection = |clock: &Clock| clock.clock == ClockId::Objection;
                self.end(at, End::Met, |clock| {
                    objection(clock) && Some(clock.cycle) == cycle
                });
            }
            FactKind::ObjectionAgreed { forwarding } => {
                let cycle = self.cycle(|hop| hop.forwarding == forwarding);
                let of_hop = |clock: &Clock| cycle.is_some() && clock.hop() == cycle;
                self.end(at, End::Because(EndedWhy::ObjectionAgreed), of_hop);
            }
            FactKind::Accepted { by } => self.accepted(at, by),
            FactKind::Declined { by } => {
                let of_organ = |clock: &Clock| clock.organ == Some(by);
                self.end(at, End::Met, |clock| {
                    of_organ(clock) && waits_for_notice(clock.clock)
                });
                self.end(at, End::Because(EndedWhy::Declined), of_organ);
            }
            FactKind::Extended { clock, days } => self.extended(at, clock, days),
            FactKind::Paused { clock, cause } => self.paused(at, clock, cause),
            FactKind::Resumed { clock, cause } => self.resumed(at, clock, cause),
            FactKind::DueSet { clock, due } => {
                self.change(clock, |clock, _, _| set_due(clock, due, at).ok());
            }
            FactKind::OpinionIssued { .. } => {}
            FactKind::ReplyDelivered { by } => self.replied(at, by),
            FactKind::Withdrawn => self.end(at, End::Because(EndedWhy::Withdrawn), |_| true),
        }
    }

    fn registered(&mut self, at: Instant) {
        let first = (ClockId::RegisterAndForward, 1);
        if !self
            .clocks
            .iter()
            .any(|clock| (clock.clock, clock.cycle) == first)
        {
            self.start(ClockId::RegisterAndForward, None, 1, at);
        }
    }

    fn replied(&mut self, at: Instant, by: OrganId) {
        let of_organ = |clock: &Clock| clock.organ == Some(by);
        self.end(at, End::Met, |clock| {
            of_organ(clock) && waits_for_reply(clock.clock)
        });
        // An answer by the office itself is one of the three ways to end its clock (art. 22).
        self.end(at, End::Met, |clock| {
            clock.clock == ClockId::RegisterAndForward
        });
    }

    fn forwarded(&mut self, at: Instant, hop: Hop, kind: ForwardingKind, limit_days: Option<u32>) {
        if self
            .hops
            .iter()
            .any(|known| known.forwarding == hop.forwarding)
        {
            return;
        }
        self.end(at, End::Met, |clock| {
            clock.clock == ClockId::RegisterAndForward
        });
        self.end(at, End::Because(EndedWhy::Reforwarded), |_| true);
        let to = Some(hop.to);
        self.hops.push(hop);
        let cycle = u32::try_from(self.hops.len()).unwrap_or(u32::MAX);
        let to_petition_office = match kind {
            ForwardingKind::HandDown | ForwardingKind::ReportUp => true,
            ForwardingKind::Transfer | ForwardingKind::Assign | ForwardingKind::Refer => false,
        };
        if to_petition_office {
            self.start(ClockId::RegisterAndForward, to, cycle.saturating_add(1), at);
        } else {
            self.start(ClockId::Acceptance, to, cycle, at);
            self.start(ClockId::Objection, to, cycle, at);
        }
        if kind == ForwardingKind::Assign || limit_days.is_some() {
            let rule = self.rules.rule_on(ClockId::AssignedLimit, local_date(at));
            let limit = limit_days
                .filter(|n| *n > 0)
                .map_or(rule.limit, |n| Limit::Days { n });
            self.start_with(ClockId::AssignedLimit, to, cycle, (at, limit));
        }
    }

    fn accepted(&mut self, at: Instant, by: OrganId) {
        self.end(at, End::Met, |clock| {
            clock.organ == Some(by) && waits_for_notice(clock.clock)
        });
        let objection =
            |clock: &Clock| clock.clock == ClockId::Objection && clock.organ == Some(by);
        self.end(at, End::Because(EndedWhy::Accepted), objection);
        let Some(cycle) = self.cycle(|hop| hop.to == by) else {
            return;
        };
        let runs = self
            .hops
            .iter()
            .rev()
            .find(|hop| hop.to == by)
            .is_some_and(|hop| hop.opinion_clock);
        let known = self
            .clocks
            .iter()
            .any(|clock| (clock.clock, clock.cycle) == (ClockId::Opinion, cycle));
        if runs && !known {
            self.start(ClockId::Opinion, Some(by), cycle, at);
        }
    }

    fn extended(&mut self, at: Instant, id: ClockId, days: u32) {
        self.change(id, |clock, rules, calendar| {
            extend(clock, days, at, (rules, calendar)).ok()
        });
    }

    fn paused(&mut self, at: Instant, id: ClockId, cause: PauseCause) {
        self.change(id, |clock, rules, calendar| {
            pause(clock, cause, at, (rules, calendar)).ok()
        });
    }

    fn resumed(&mut self, at: Instant, id: ClockId, cause: PauseCause) {
        self.change(id, |clock, _, calendar| {
            resume(clock, cause, at, calendar).ok()
        });
    }

    /// Changes the latest cycle of a clock, if that is lawful.
    fn change(
        &mut self,
        id: ClockId,
        change: impl Fn(&Clock, &RuleSet, &WorkCalendar) -> Option<Clock>,
    ) {
        let latest = self
            .clocks
            .iter_mut()
            .filter(|clock| clock.clock == id)
            .max_by_key(|clock| clock.cycle);
        if let Some(clock) = latest
            && let Some(changed) = change(clock, self.rules, self.calendar)
        {
            *clock = changed;
        }
    }

    /// The cycle of the latest hop that fits.
    fn cycle(&self, fits: impl Fn(&Hop) -> bool) -> Option<u32> {
        self.hops
            .iter()
            .rposition(fits)
            .and_then(|index| u32::try_from(index + 1).ok())
    }

    fn start(&mut self, clock: ClockId, organ: Option<OrganId>, cycle: u32, at: Instant) {
        let limit = self.rules.rule_on(clock, local_date(at)).limit;
        self.start_with(clock, organ, cycle, (at, limit));
    }

    fn start_with(
        &mut self,
        clock: ClockId,
        organ: Option<OrganId>,
        cycle: u32,
        (started, limit): (Instant, Limit),
    ) {
        let day = local_date(started);
        let rule_version = self.rules.rule_on(clock, day).version.clone();
        let due = due_after(limit, day, self.calendar);
        let state = ClockState::Running;
        self.clocks.push(Clock {
            clock,
            organ,
            cycle,
            started,
            limit,
            extended_days: 0,
            pauses: Vec::new(),
            set_by_post: None,
            rule_version,
            calendar_version: self.calendar.version().to_owned(),
            due,
            state,
        });
    }

    /// Ends the running clocks that fit: late when past due, whatever ended them.
    fn end(&mut self, at: Instant, end: End, fits: impl Fn(&Clock) -> bool) {
        for clock in self
            .clocks
            .iter_mut()
            .filter(|clock| clock.state == ClockState::Running && fits(clock))
        {
            clock.state = match end {
                _ if clock.is_past_due(at) => ClockState::Overran { ended_at: at },
                End::Met => ClockState::Met { at },
                End::Because(why) => ClockState::Ended { at, why },
            };
        }
    }
}

/// Whether a written notice of the organ is what the clock waits for.
const fn waits_for_notice(clock: ClockId) -> bool {
    matches!(
        clock,
        ClockId::Acceptance | ClockId::SimplifiedAcceptance | ClockId::RegisterAndForward
    )
}

/// Whether the delivered opinion is what the clock waits for.
const fn waits_for_reply(clock: ClockId) -> bool {
    matches!(
        clock,
        ClockId::Opinion | ClockId::SimplifiedOpinion | ClockId::AssignedLimit
    )
}
