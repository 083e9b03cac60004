//! Storm control: what rings at a duty desk, so that nobody there is buried and nothing is hidden.
//!
//! A desk has a budget of notices that ring within [`WINDOW`]. As long as it lasts every call rings at once. Its last place is kept
//! for the **bundle**: that rings when it is opened, takes in what comes after it, and rings again, with all of it, as soon as a place
//! is free. Danger to life rings at once, alone, whatever the budget says: it may use the budget up and is never refused.
//!
//! What is promised, whatever comes: without danger to life never more notices than the budget ring within the window; every call
//! is in exactly one notice; and none waits longer than the window.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::Step;
use crate::{
    ids::{MatterId, NoticeId},
    territory::TerritoryCode,
    time::{Duration, Instant},
    vocabulary::UrgentKind,
    word::words,
};

/// The time in which the budget is counted, and the longest a call waits: ten minutes.
pub const WINDOW: Duration = Duration::minutes(10);

/// The namespace of groups. Changing it would part what is together.
const NAMESPACE: Uuid = Uuid::from_u128(0x6875_6979_696e_5354_8f52_4d47_5250_0001);

/// What alerts have in common that are of one place, one kind and about the same matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group(Uuid);

impl Group {
    /// The group of alerts of a place and kind that are about exactly these matters, in any order; about none is a group too.
    #[must_use]
    pub fn of(place: TerritoryCode, kind: UrgentKind, matters: &[MatterId]) -> Self {
        let matters: BTreeSet<Uuid> = matters.iter().map(|matter| matter.uuid()).collect();
        let mut name = format!("{place} {kind}").into_bytes();
        for matter in matters {
            name.extend_from_slice(matter.as_bytes());
        }
        Self(Uuid::new_v5(&NAMESPACE, &name))
    }

    /// The group as it is stored.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The group that was stored.
    #[must_use]
    pub const fn from_uuid(stored: Uuid) -> Self {
        Self(stored)
    }
}

/// How a recipient is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// About danger to life.
    Life,
    /// About anything else: it was addressed, or the next of it is called.
    Group(Group),
    /// Again, at the top of the escalation.
    Again,
}

impl Call {
    /// The call that a step makes about an alert.
    #[must_use]
    pub const fn at(step: Step, kind: UrgentKind, group: Group) -> Self {
        match (kind, step) {
            (UrgentKind::DangerToLife, _) => Self::Life,
            (_, Step::Repeat(_)) => Self::Again,
            (_, Step::Duty | Step::Deputy | Step::Leader | Step::LevelAbove) => Self::Group(group),
        }
    }
}

/// A notice that rang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    /// When.
    pub at: Instant,
    /// Which.
    pub notice: NoticeId,
    /// The group it is about; none of the bundle.
    pub group: Option<Group>,
}

/// The bundle of a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Its notice.
    pub notice: NoticeId,
    /// Whether somebody in it waits.
    pub state: BundleState,
}

/// Whether somebody in a bundle waits to be rung for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleState {
    /// It has rung for everybody in it.
    Rung {
        /// When it rang last.
        at: Instant,
    },
    /// It rings for who has joined since it rang last, or was opened.
    Waiting {
        /// Who waits longest, since when.
        since: Instant,
        /// When it rings.
        due: Instant,
    },
}

/// What has rung at a desk, and what waits to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    /// What rang, newest first, danger to life apart. Those of the budget are enough.
    pub rings: Vec<Ring>,
    /// When danger to life rang, newest first. Those of the budget are enough.
    pub life: Vec<Instant>,
    /// The bundle, once there is one.
    pub bundle: Option<Bundle>,
}

words! {
    /// What a notice is.
    Form {
        /// One call about danger to life.
        Life = "life",
        /// Calls of one group.
        Group = "group",
        /// Calls of any groups.
        Bundle = "bundle",
    }
}

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The notice it is in.
    pub notice: NoticeId,
    /// What that is.
    pub form: Form,
    /// Whether it rings now, with everybody in it; otherwise when the bundle does.
    pub rings: Rings,
}

/// When a notice rings for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rings {
    /// Now.
    Now,
    /// At that instant, at most [`WINDOW`] from now.
    At(Instant),
}

impl Desk {
    /// Finds a place for a call; `fresh` is the id of the notice when it opens one. Of a budget of nothing one is left.
    pub fn place(&mut self, call: Call, budget: u32, now: Instant, fresh: NoticeId) -> Placed {
        let budget = capacity(budget);
        let placed = match call {
            Call::Life => {
                self.life.insert(0, now);
                Placed {
                    notice: fresh,
                    form: Form::Life,
                    rings: Rings::Now,
                }
            }
            Call::Group(group) if self.is_free(budget, now) => {
                let known = self.recent(now).find(|ring| ring.group == Some(group));
                let notice = known.map_or(fresh, |ring| ring.notice);
                self.ring(now, notice, Some(group));
                Placed {
                    notice,
                    form: Form::Group,
                    rings: Rings::Now,
                }
            }
            Call::Group(_) => {
                let notice = self.current(now).map_or(fresh, |bundle| bundle.notice);
                let rings = if self.used(now) < budget {
                    Rings::Now
                } else {
                    self.wait(budget, now)
                };
                self.put(notice, rings, now)
            }
            Call::Again => {
                let notice = self.current(now).map_or(fresh, |bundle| bundle.notice);
                let rings = match self.current(now).map(|bundle| bundle.state) {
                    Some(BundleState::Waiting { due, .. }) => Rings::At(due),
                    Some(BundleState::Rung { at }) => Rings::At(at + WINDOW),
                    None if self.used(now) < budget => Rings::Now,
                    None => self.wait(budget, now),
                };
                self.put(notice, rings, now)
            }
        };
        self.forget(budget, now);
        placed
    }

    /// The bundle's time has come: it rings, or says when it does, because danger to life has taken its place meanwhile. None
    /// when nothing in it waits.
    pub fn fall_due(&mut self, budget: u32, now: Instant) -> Option<(NoticeId, Rings)> {
        let budget = capacity(budget);
        let Bundle { notice, state } = self.bundle?;
        let BundleState::Waiting { since, due } = state else {
            return None;
        };
        let longest = since + WINDOW;
        let rings = if now < due {
            Rings::At(due)
        } else if self.used(now) < budget || now >= longest {
            Rings::Now
        } else {
            Rings::At(self.frees(budget, now).min(longest))
        };
        self.put(notice, rings, now);
        self.forget(budget, now);
        Some((notice, rings))
    }

    /// Whether a call may ring by itself. The last place is the bundle's: of one that waits, and of one that is yet to be
    /// opened. A bundle that has rung within the window has had it.
    fn is_free(&self, budget: usize, now: Instant) -> bool {
        let kept = match self.current(now).map(|bundle| bundle.state) {
            Some(BundleState::Rung { .. }) => 0,
            Some(BundleState::Waiting { .. }) | None => 1,
        };
        self.used(now) + kept < budget
    }

    /// The bundle that can be joined: it waits, or has rung within the window.
    fn current(&self, now: Instant) -> Option<Bundle> {
        self.bundle.filter(|bundle| match bundle.state {
            BundleState::Waiting { .. } => true,
            BundleState::Rung { at } => is_recent(at, now),
        })
    }

    /// When the bundle rings for who joins it now.
    fn wait(&self, budget: usize, now: Instant) -> Rings {
        match self.current(now).map(|bundle| bundle.state) {
            Some(BundleState::Waiting { due, .. }) => Rings::At(due),
            Some(BundleState::Rung { .. }) | None => Rings::At(self.frees(budget, now)),
        }
    }

    /// Puts a call into the bundle.
    fn put(&mut self, notice: NoticeId, rings: Rings, now: Instant) -> Placed {
        let since = match self.bundle.map(|bundle| bundle.state) {
            Some(BundleState::Waiting { since, .. }) => since,
            Some(BundleState::Rung { .. }) | None => now,
        };
        let state = match rings {
            Rings::Now => {
                self.ring(now, notice, None);
                BundleState::Rung { at: now }
            }
            Rings::At(due) => BundleState::Waiting { since, due },
        };
        self.bundle = Some(Bundle { notice, state });
        Placed {
            notice,
            form: Form::Bundle,
            rings,
        }
    }

    fn ring(&mut self, at: Instant, notice: NoticeId, group: Option<Group>) {
        self.rings.insert(0, Ring { at, notice, group });
    }

    fn recent(&self, now: Instant) -> impl Iterator<Item = &Ring> {
        self.rings
            .iter()
            .filter(move |ring| is_recent(ring.at, now))
    }

    /// How many places of the budget are taken; more when danger to life needed them.
    fn used(&self, now: Instant) -> usize {
        let life = self.life.iter().filter(|at| is_recent(**at, now)).count();
        self.recent(now).count() + life
    }

    /// When the next place is free, at most a window from now.
    fn frees(&self, budget: usize, now: Instant) -> Instant {
        let mut taken: Vec<Instant> = self.recent(now).map(|ring| ring.at).collect();
        taken.extend(self.life.iter().copied().filter(|at| is_recent(*at, now)));
        taken.sort_unstable_by(|one, other| other.cmp(one));
        taken
            .get(budget - 1)
            .map_or(now, |newest| (*newest).min(now) + WINDOW)
    }

    /// Drops what no decision asks for any more.
    fn forget(&mut self, budget: usize, now: Instant) {
        self.rings.retain(|ring| is_recent(ring.at, now));
        self.rings.truncate(budget);
        self.life.truncate(budget);
    }
}

fn capacity(budget: u32) -> usize {
    usize::try_from(budget.max(1)).unwrap_or(usize::MAX)
}

fn is_recent(at: Instant, now: Instant) -> bool {
    at > now - WINDOW
}
