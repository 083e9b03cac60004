//! What rings at a duty desk, through the public door: named cases first, then whatever may come.
#![expect(clippy::unwrap_used, reason = "a test whose ground is missing fails")]

use std::collections::{BTreeMap, BTreeSet};

use huiyin_domain::ids::{MatterId, NoticeId};
use huiyin_domain::time::{Duration, Instant};
use huiyin_domain::vocabulary::UrgentKind;
use huiyin_domain::warning::Step;
use huiyin_domain::warning::storm::{Call, Desk, Form, Group, Placed, Rings, WINDOW};
use proptest::prelude::*;
use uuid::Uuid;

/// A desk, its clock and what happened at it.
struct Watched {
    desk: Desk,
    budget: u32,
    opened: u128,
    /// Every ring: when, and whether it was about danger to life.
    rung: Vec<(Instant, bool)>,
    /// Calls in the bundle that nobody has heard yet.
    waiting: Vec<Instant>,
    /// The longest that a call waited.
    longest: Duration,
    placed: Vec<Placed>,
}

fn second(second: i64) -> Instant {
    Instant::UNIX_EPOCH + Duration::seconds(second)
}

fn group(number: u32) -> Group {
    let place = "431202001".parse().unwrap();
    let matter = MatterId::from_uuid(Uuid::from_u128(number.into()));
    Group::of(place, UrgentKind::ServiceFailure, &[matter])
}

impl Watched {
    fn with(budget: u32) -> Self {
        Self {
            desk: Desk::default(),
            budget,
            opened: 0,
            rung: Vec::new(),
            waiting: Vec::new(),
            longest: Duration::zero(),
            placed: Vec::new(),
        }
    }

    fn call(&mut self, at: Instant, call: Call) -> Placed {
        self.opened += 1;
        let fresh = NoticeId::from_uuid(Uuid::from_u128(self.opened));
        let placed = self.desk.place(call, self.budget, at, fresh);
        match (placed.form, placed.rings) {
            (Form::Life | Form::Group, Rings::Now) => self.rung.push((at, call == Call::Life)),
            (Form::Bundle, Rings::Now) => self.hear(at),
            (_, Rings::At(_)) => self.waiting.push(at),
        }
        self.placed.push(placed);
        placed
    }

    fn hear(&mut self, at: Instant) {
        for since in self.waiting.drain(..) {
            self.longest = self.longest.max(at - since);
        }
        self.rung.push((at, false));
    }

    /// When the sweep is woken next.
    fn due(&self) -> Option<Instant> {
        use huiyin_domain::warning::storm::BundleState::{Rung, Waiting};
        match self.desk.bundle?.state {
            Waiting { due, .. } => Some(due),
            Rung { .. } => None,
        }
    }

    /// The sweep, at every instant that is due up to `to`.
    fn sweep_to(&mut self, to: Instant) {
        while let Some(due) = self.due().filter(|due| *due <= to) {
            if let Some((_, Rings::Now)) = self.desk.fall_due(self.budget, due) {
                self.hear(due);
            }
        }
    }

    /// The most that rang within a window, danger to life apart.
    fn most_in_a_window(&self) -> usize {
        let rung: Vec<Instant> = self
            .rung
            .iter()
            .filter(|(_, life)| !life)
            .map(|(at, _)| *at)
            .collect();
        let within = |last: &Instant| {
            rung.iter()
                .filter(|at| **at > *last - WINDOW && *at <= last)
                .count()
        };
        rung.iter().map(within).max().unwrap_or(0)
    }

    fn notices(&self) -> BTreeSet<NoticeId> {
        self.placed.iter().map(|placed| placed.notice).collect()
    }
}

#[test]
fn a_hundred_alerts_in_a_minute_are_ten_notices() {
    let mut desk = Watched::with(10);
    for number in 0..100 {
        desk.call(second(i64::from(number) / 2), Call::Group(group(number)));
    }
    assert_eq!((desk.rung.len(), desk.notices().len()), (10, 10));
    let tenth = desk.placed[9];
    assert_eq!((tenth.form, tenth.rings), (Form::Bundle, Rings::Now));
    for later in &desk.placed[10..] {
        assert_eq!(
            (later.notice, later.rings),
            (tenth.notice, Rings::At(second(600)))
        );
    }
    desk.sweep_to(second(599));
    assert_eq!(desk.rung.len(), 10, "not a second too early");
    desk.sweep_to(second(600));
    assert_eq!(desk.rung.last(), Some(&(second(600), false)));
    assert!(desk.waiting.is_empty(), "it rang for all ninety at once");
}

#[test]
fn alerts_of_one_place_kind_and_matter_are_one_notice_that_rings_as_long_as_the_budget_lasts() {
    let mut desk = Watched::with(3);
    let first = desk.call(second(0), Call::Group(group(1)));
    let second_one = desk.call(second(1), Call::Group(group(1)));
    assert_eq!(
        (second_one.notice, second_one.rings),
        (first.notice, Rings::Now)
    );
    let third = desk.call(second(2), Call::Group(group(1)));
    assert_eq!((third.form, third.rings), (Form::Bundle, Rings::Now));
    let later = desk.call(second(700), Call::Group(group(1)));
    assert_eq!((later.form, later.rings), (Form::Group, Rings::Now));
    assert_ne!(
        later.notice, first.notice,
        "what rang more than a window ago is past"
    );
}

#[test]
fn danger_to_life_rings_alone_and_uses_the_budget_up() {
    let mut desk = Watched::with(3);
    for at in 0..5 {
        let placed = desk.call(second(at), Call::Life);
        assert_eq!((placed.form, placed.rings), (Form::Life, Rings::Now));
    }
    assert_eq!(desk.notices().len(), 5, "never bundled");
    let other = desk.call(second(10), Call::Group(group(1)));
    assert_eq!(
        (other.form, other.rings),
        (Form::Bundle, Rings::At(second(602)))
    );
    let life = desk.call(second(11), Call::Life);
    assert_eq!(life.rings, Rings::Now);
}

#[test]
fn danger_to_life_without_end_makes_nobody_else_wait_longer_than_the_window() {
    let mut desk = Watched::with(3);
    for at in 0..900 {
        desk.sweep_to(second(at));
        desk.call(second(at), Call::Life);
        if at == 100 {
            desk.call(second(at), Call::Group(group(1)));
        }
    }
    let others: Vec<Instant> = desk
        .rung
        .iter()
        .filter(|(_, life)| !life)
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(others, [second(700)]);
}

#[test]
fn at_the_top_repeats_are_bundled_and_ring_once_a_window_while_others_ring_at_once() {
    let mut desk = Watched::with(10);
    let first = desk.call(second(0), Call::Again);
    assert_eq!((first.form, first.rings), (Form::Bundle, Rings::Now));
    let next = desk.call(second(30), Call::Again);
    assert_eq!(
        (next.notice, next.rings),
        (first.notice, Rings::At(second(600)))
    );
    let other = desk.call(second(31), Call::Group(group(1)));
    assert_eq!((other.form, other.rings), (Form::Group, Rings::Now));
    desk.sweep_to(second(600));
    assert!(desk.waiting.is_empty());
}

#[test]
fn a_bundle_that_waits_rings_with_the_call_that_finds_its_place_free() {
    let mut desk = Watched::with(2);
    desk.call(second(0), Call::Again);
    desk.call(second(10), Call::Again);
    let placed = desk.call(second(20), Call::Group(group(1)));
    assert_eq!((placed.form, placed.rings), (Form::Bundle, Rings::Now));
    assert_eq!((desk.due(), desk.waiting.len()), (None, 0));
}

#[test]
fn a_step_of_the_escalation_calls_and_a_repeat_calls_again() {
    let call = |step, kind| Call::at(step, kind, group(1));
    assert_eq!(call(Step::Leader, UrgentKind::Other), Call::Group(group(1)));
    assert_eq!(call(Step::Repeat(2), UrgentKind::Other), Call::Again);
    assert_eq!(call(Step::Repeat(2), UrgentKind::DangerToLife), Call::Life);
}

#[test]
fn a_group_is_a_place_a_kind_and_a_set_of_matters() {
    let matter = |number| MatterId::from_uuid(Uuid::from_u128(number));
    let of =
        |place: &str, kind, matters: &[MatterId]| Group::of(place.parse().unwrap(), kind, matters);
    let one = of("4312", UrgentKind::Other, &[matter(1), matter(2)]);
    assert_eq!(
        one,
        of(
            "4312",
            UrgentKind::Other,
            &[matter(2), matter(1), matter(2)]
        )
    );
    for other in [
        of("431202", UrgentKind::Other, &[matter(1), matter(2)]),
        of("4312", UrgentKind::Retaliation, &[matter(1), matter(2)]),
        of("4312", UrgentKind::Other, &[matter(1)]),
        of("4312", UrgentKind::Other, &[]),
    ] {
        assert_ne!(one, other);
    }
}

/// A call some seconds after the one before it.
fn arrival() -> impl Strategy<Value = (i64, Call)> {
    let gap = prop_oneof![4 => 0..3_i64, 2 => 0..120_i64, 1 => 0..900_i64];
    let call = prop_oneof![
        2 => Just(Call::Life),
        8 => (0..12_u32).prop_map(|number| Call::Group(group(number))),
        2 => Just(Call::Again),
    ];
    (gap, call)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_comes_the_budget_holds_and_nothing_is_lost_or_waits_too_long(
        budget in 1..12_u32,
        arrivals in prop::collection::vec(arrival(), 1..200),
    ) {
        let mut desk = Watched::with(budget);
        let mut now = second(0);
        for (gap, call) in &arrivals {
            now += Duration::seconds(*gap);
            desk.sweep_to(now);
            let placed = desk.call(now, *call);
            if *call == Call::Life {
                prop_assert_eq!((placed.form, placed.rings), (Form::Life, Rings::Now));
            }
        }
        desk.sweep_to(now + WINDOW);
        prop_assert!(desk.most_in_a_window() <= budget as usize, "{} rang in a window", desk.most_in_a_window());
        prop_assert!(desk.waiting.is_empty(), "{} wait", desk.waiting.len());
        prop_assert!(desk.longest <= WINDOW, "waited {}", desk.longest);
        // every call is in exactly one notice, and a notice about danger to life or a group holds nothing else
        let mut members: BTreeMap<NoticeId, Vec<(Form, Call)>> = BTreeMap::new();
        for (placed, (_, call)) in desk.placed.iter().zip(&arrivals) {
            members.entry(placed.notice).or_default().push((placed.form, *call));
        }
        prop_assert_eq!(desk.placed.len(), arrivals.len());
        for calls in members.values() {
            let (form, call) = calls[0];
            prop_assert!(calls.iter().all(|(other, _)| *other == form));
            match form {
                Form::Life => prop_assert_eq!(calls.len(), 1),
                Form::Group => prop_assert!(calls.iter().all(|(_, other)| *other == call)),
                Form::Bundle => prop_assert!(calls.iter().all(|(_, other)| *other != Call::Life)),
            }
        }
    }
}
