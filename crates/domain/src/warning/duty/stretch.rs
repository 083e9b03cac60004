//! Stretches of time, and what of them is left when others are taken away.

use crate::time::{Duration, Instant};

/// A stretch of time: from an instant to just before another, later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stretch {
    from: Instant,
    to: Instant,
}

impl Stretch {
    /// From the first instant to just before the second; none when that is not later.
    #[must_use]
    pub fn new(from: Instant, to: Instant) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// Its first instant.
    #[must_use]
    pub const fn from(&self) -> Instant {
        self.from
    }

    /// The first instant after it.
    #[must_use]
    pub const fn to(&self) -> Instant {
        self.to
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.to - self.from
    }

    /// Whether the instant lies in it.
    #[must_use]
    pub fn holds(&self, at: Instant) -> bool {
        self.from <= at && at < self.to
    }

    /// Whether some instant lies in both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// What of it lies in the other.
    #[must_use]
    pub fn within(&self, other: &Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.to.min(other.to))
    }
}

/// What of the required stretches no kept one covers, earliest first; neighbours are one. A gap ends where something is kept, and
/// where nothing is required.
#[must_use]
pub fn gaps(required: &[Stretch], kept: &[Stretch]) -> Vec<Stretch> {
    let kept = merged(kept);
    let mut gaps = Vec::new();
    for required in merged(required) {
        let mut from = required.from;
        for kept in kept.iter().filter(|kept| kept.overlaps(&required)) {
            gaps.extend(Stretch::new(from, kept.from));
            from = from.max(kept.to);
        }
        gaps.extend(Stretch::new(from, required.to));
    }
    gaps
}

/// The same instants in as few stretches as there can be, earliest first.
pub(super) fn merged(stretches: &[Stretch]) -> Vec<Stretch> {
    let mut sorted = stretches.to_vec();
    sorted.sort_unstable();
    let mut merged: Vec<Stretch> = Vec::with_capacity(sorted.len());
    for next in sorted {
        match merged.last_mut() {
            Some(last) if next.from <= last.to => last.to = last.to.max(next.to),
            Some(_) | None => merged.push(next),
        }
    }
    merged
}
