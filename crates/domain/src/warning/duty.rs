//! 值班: the shifts of duty desks, when somebody must be on duty, and where nobody is. A shift names posts and the phone of the
//! desk, never a person.

mod hours;
mod posts;
mod roster;
mod stretch;

pub use hours::{DutyCover, DutyHours, required};
pub use posts::{DutyRole, OnDuty, Substitution};
pub use roster::{MOST_SHIFTS, ShiftFault, roster_faults};
pub use stretch::{Stretch, gaps};

use std::collections::BTreeSet;

use crate::{
    ids::AlertId,
    time::{Duration, Instant, end_of_day, local_date},
};

/// How long after midnight the gaps of the days ahead are looked for.
const LAG: Duration = Duration::hours(1);

/// The gap in which nobody answers at an instant and that nothing was said of yet: one that has lasted since before the last time
/// something was said is the same gap.
#[must_use]
pub fn unsaid(gaps: &[Stretch], now: Instant, last_said: Option<Instant>) -> Option<Stretch> {
    let gap = gaps.iter().find(|gap| gap.holds(now))?;
    let said = last_said.is_some_and(|said| said >= gap.from());
    (!said).then_some(*gap)
}

/// When an organ is looked at next: where the next of its gaps begins, and early on the next day at the latest.
#[must_use]
pub fn next_look(gaps: &[Stretch], now: Instant) -> Instant {
    let tomorrow = end_of_day(local_date(now)) + LAG;
    let begins = gaps.iter().map(Stretch::from).filter(|from| *from > now);
    begins.min().map_or(tomorrow, |first| first.min(tomorrow))
}

/// What is wrong with the list of a hand-over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandOverFaults {
    /// Alerts that are open at the organ and are not on the list.
    pub left_out: Vec<AlertId>,
    /// Alerts on the list that are not open at the organ.
    pub not_open: Vec<AlertId>,
}

/// Whether a hand-over lists every open alert and no other.
///
/// # Errors
/// Names what is left out and what is not open.
pub fn hand_over(open: &[AlertId], listed: &[AlertId]) -> Result<(), HandOverFaults> {
    let (open, listed): (BTreeSet<AlertId>, BTreeSet<AlertId>) = (
        open.iter().copied().collect(),
        listed.iter().copied().collect(),
    );
    let faults = HandOverFaults {
        left_out: open.difference(&listed).copied().collect(),
        not_open: listed.difference(&open).copied().collect(),
    };
    if faults == HandOverFaults::default() {
        Ok(())
    } else {
        Err(faults)
    }
}
