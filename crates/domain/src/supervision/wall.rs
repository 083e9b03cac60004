//! The clocks on the wall: what the rules say that something starts and ends.

use std::sync::Arc;

use super::{Clock, ClockState, EndedWhy, FactKind, SimplifiedLimits};
use crate::{
    calendar::WorkCalendar,
    ids::{ForwardingId, OrganId, RecommendationId},
    law::{ClockId, LawEvent, Limit, RuleSet, due_after},
    time::{Instant, local_date},
};

/// A forwarding seen so far. Its cycle is its place in the list, counted from 1.
pub(super) struct Hop {
    pub(super) forwarding: ForwardingId,
    pub(super) to: OrganId,
    pub(super) opinion_clock: bool,
    pub(super) limit_days: Option<u32>,
    pub(super) simplified: Option<SimplifiedLimits>,
    /// When its completion was reported, while the report stands.
    pub(super) reported: Option<Instant>,
}

impl Hop {
    /// The hop of a forwarding; none of anything else.
    pub(super) fn of(kind: FactKind) -> Option<Self> {
        let FactKind::Forwarded {
            forwarding,
            to,
            opinion_clock,
            limit_days,
            simplified,
            ..
        } = kind
        else {
            return None;
        };
        Some(Self {
            forwarding,
            to,
            opinion_clock,
            limit_days: limit_days.filter(|n| *n > 0),
            simplified,
            reported: None,
        })
    }
}

/// A recommendation seen so far. Its cycle is its place in the list, counted from 1.
pub(super) struct Recommendation {
    pub(super) id: RecommendationId,
    pub(super) limit_days: u32,
}

/// The clocks on the wall while the facts go by in order.
pub(super) struct Wall<'a> {
    pub(super) rules: &'a RuleSet,
    pub(super) calendar: &'a WorkCalendar,
    /// The editions of the calendar that are still to be published.
    pub(super) later: &'a [(Instant, Arc<WorkCalendar>)],
    pub(super) clocks: Vec<Clock>,
    pub(super) hops: Vec<Hop>,
    pub(super) recommendations: Vec<Recommendation>,
}

/// What ends a clock: the thing it waits for, or something else.
#[derive(Clone, Copy)]
pub(super) enum End {
    Met,
    Because(EndedWhy),
}

/// Which of the clocks that wait for it something ends.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    /// Every one.
    All,
    /// Those of the organ.
    Of(OrganId),
    /// The one of this cycle.
    Cycle(u32),
    /// None: it only starts clocks.
    Nobody,
}

impl Whose {
    pub(super) fn covers(self, clock: &Clock) -> bool {
        match self {
            Self::All => true,
            Self::Of(organ) => clock.organ == Some(organ),
            Self::Cycle(cycle) => clock.cycle == cycle,
            Self::Nobody => false,
        }
    }
}

/// For whom something starts clocks, and their cycle.
pub(super) type For = (Option<OrganId>, u32);

impl<'a> Wall<'a> {
    /// An empty wall.
    pub(super) const fn new(
        rules: &'a RuleSet,
        (calendar, later): (&'a WorkCalendar, &'a [(Instant, Arc<WorkCalendar>)]),
    ) -> Self {
        Self {
            rules,
            calendar,
            later,
            clocks: Vec::new(),
            hops: Vec::new(),
            recommendations: Vec::new(),
        }
    }

    /// Takes up the editions of the calendar that were published up to the instant, or all of them.
    pub(super) fn turn_to(&mut self, at: Option<Instant>) {
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

    /// Something happens that rules name: it ends clocks that wait for it, and starts those that it starts.
    pub(super) fn happens(
        &mut self,
        at: Instant,
        event: LawEvent,
        whose: Whose,
        starts: Option<For>,
    ) {
        let rules = self.rules;
        self.end(at, End::Met, |clock| {
            let rule = rules.rule_on(clock.clock, local_date(clock.started));
            whose.covers(clock) && rule.ends.contains(&event)
        });
        let Some((organ, cycle)) = starts else {
            return;
        };
        for rule in rules.started_by(event, local_date(at)) {
            if self.is_for(rule.id, cycle) && !self.is_known(rule.id, cycle) {
                let limit = self.limit(rule.id, cycle).unwrap_or(rule.limit);
                self.start((rule.id, organ, cycle), (at, limit));
            }
        }
    }

    /// Whether a clock that is started runs for this matter: the procedure decides, and whether an opinion is owed.
    pub(super) fn is_for(&self, clock: ClockId, cycle: u32) -> bool {
        let Some(hop) = self.hop_of(cycle) else {
            return true;
        };
        let simplified = hop.simplified.is_some();
        match clock {
            ClockId::Acceptance => !simplified,
            ClockId::SimplifiedAcceptance => simplified,
            ClockId::Opinion => hop.opinion_clock && !simplified,
            ClockId::SimplifiedOpinion => hop.opinion_clock && simplified,
            ClockId::AskReview => hop.opinion_clock,
            ClockId::RegisterAndForward
            | ClockId::Objection
            | ClockId::AssignedLimit
            | ClockId::ReviewOpinion
            | ClockId::AskReexamination
            | ClockId::ReexaminationOpinion
            | ClockId::RecommendationAnswer => true,
        }
    }

    pub(super) fn is_known(&self, clock: ClockId, cycle: u32) -> bool {
        let key = (clock, cycle);
        self.clocks
            .iter()
            .any(|known| (known.clock, known.cycle) == key)
    }

    /// The limit that came with what started the clock; none when that of the rule holds.
    pub(super) fn limit(&self, clock: ClockId, cycle: u32) -> Option<Limit> {
        let (days, working) = (|n| Limit::Days { n }, |n| Limit::WorkingDays { n });
        let simplified = |cycle| self.hop_of(cycle).and_then(|hop| hop.simplified);
        match clock {
            // the cycle of an office that is handed a matter is that of the hop plus 1
            ClockId::RegisterAndForward => {
                simplified(cycle.checked_sub(1)?).map(|limits| working(limits.passing))
            }
            ClockId::SimplifiedAcceptance => {
                simplified(cycle).map(|limits| working(limits.acceptance))
            }
            ClockId::SimplifiedOpinion => simplified(cycle).map(|limits| working(limits.opinion)),
            ClockId::AssignedLimit => self.hop_of(cycle)?.limit_days.map(days),
            ClockId::RecommendationAnswer => {
                let place = usize::try_from(cycle.checked_sub(1)?).ok()?;
                self.recommendations
                    .get(place)
                    .map(|known| days(known.limit_days))
            }
            ClockId::Acceptance
            | ClockId::Objection
            | ClockId::Opinion
            | ClockId::AskReview
            | ClockId::ReviewOpinion
            | ClockId::AskReexamination
            | ClockId::ReexaminationOpinion => None,
        }
    }

    /// Changes the latest cycle of a clock, if that is lawful.
    pub(super) fn change(
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
    pub(super) fn cycle(&self, fits: impl Fn(&Hop) -> bool) -> Option<u32> {
        self.hops
            .iter()
            .rposition(fits)
            .map(|place| number(place + 1))
    }

    pub(super) fn cycle_of(&self, forwarding: ForwardingId) -> Option<u32> {
        self.cycle(|hop| hop.forwarding == forwarding)
    }

    pub(super) fn hop_of(&self, cycle: u32) -> Option<&Hop> {
        let place = usize::try_from(cycle.checked_sub(1)?).ok()?;
        self.hops.get(place)
    }

    pub(super) fn hop(&mut self, cycle: u32) -> Option<&mut Hop> {
        let place = usize::try_from(cycle.checked_sub(1)?).ok()?;
        self.hops.get_mut(place)
    }

    pub(super) fn start(
        &mut self,
        (clock, organ, cycle): (ClockId, Option<OrganId>, u32),
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

    /// Nobody owes anything about the matter where it was.
    pub(super) fn end_matter(&mut self, at: Instant, why: EndedWhy) {
        self.end(at, End::Because(why), ends_with_it);
    }

    /// Ends the running clocks that fit: late when past due, whatever ended them.
    pub(super) fn end(&mut self, at: Instant, end: End, fits: impl Fn(&Clock) -> bool) {
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

/// Whether the clock ends with what the organ owes about the matter. A recommendation is answered all the same.
pub(super) fn ends_with_it(clock: &Clock) -> bool {
    clock.clock != ClockId::RecommendationAnswer
}

/// A place counted from 1, as a cycle.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
