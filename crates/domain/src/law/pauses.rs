//! The stretches in which a clock stood still.

use serde::{Deserialize, Serialize};

use crate::{time::Date, word::words};

words! {
    /// What a clock can stand still for. Which of them a clock knows is said by its rule.
    PauseCause {
        /// A hearing; its time is not counted in re-examination (art. 36).
        Hearing = "hearing",
        /// An expert appraisal (local).
        ExpertAppraisal = "expert_appraisal",
    }
}

/// Days on which a clock stood still: those after `from`, up to and with `to`. As with receipt, the day on
/// which something happens still belongs to what was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stretch {
    /// The day on which the pause began; itself counted.
    pub from: Date,
    /// The day on which it ended; itself not counted. None while it lasts.
    pub to: Option<Date>,
}

/// Stretches in the order of time, none of which touches another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pauses(Vec<Stretch>);

impl Pauses {
    /// A clock that never stood still.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Stretches in any order, also overlapping ones: a clock that two causes hold stands still once.
    #[must_use]
    pub fn of(mut stretches: Vec<Stretch>) -> Self {
        stretches.sort_by_key(|stretch| stretch.from);
        let mut apart: Vec<Stretch> = Vec::with_capacity(stretches.len());
        for stretch in stretches {
            match apart.last_mut() {
                Some(last) if last.to.is_none_or(|to| stretch.from <= to) => {
                    last.to = last.to.zip(stretch.to).map(|(one, other)| one.max(other));
                }
                Some(_) | None => apart.push(stretch),
            }
        }
        apart.retain(|stretch| stretch.to.is_none_or(|to| to > stretch.from));
        Self(apart)
    }

    /// The stretches.
    #[must_use]
    pub fn stretches(&self) -> &[Stretch] {
        &self.0
    }

    /// Since when the clock has been standing still; none when it runs.
    #[must_use]
    pub fn since(&self) -> Option<Date> {
        self.0
            .last()
            .filter(|last| last.to.is_none())
            .map(|last| last.from)
    }

    /// Whether the clock stood still on the day.
    #[must_use]
    pub fn holds(&self, date: Date) -> bool {
        let before = self.0.partition_point(|stretch| stretch.from < date);
        let stretch = before.checked_sub(1).and_then(|last| self.0.get(last));
        stretch.is_some_and(|stretch| stretch.to.is_none_or(|to| date <= to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(from: &str, to: &str) -> Stretch {
        Stretch {
            from: from.parse().unwrap(),
            to: to.parse().ok(),
        }
    }

    #[test]
    fn overlapping_stretches_become_one_and_empty_ones_none() {
        let pauses = Pauses::of(vec![
            stretch("2026-03-10", "2026-03-20"),
            stretch("2026-03-01", "2026-03-12"),
            stretch("2026-04-01", "2026-04-01"),
            stretch("2026-05-01", ""),
            stretch("2026-05-03", "2026-05-04"),
        ]);
        assert_eq!(
            pauses.stretches(),
            [
                stretch("2026-03-01", "2026-03-20"),
                stretch("2026-05-01", "")
            ]
        );
        assert_eq!(pauses.since(), "2026-05-01".parse().ok());
    }

    #[test]
    fn the_day_it_began_is_counted_and_the_day_it_ended_is_not() {
        let pauses = Pauses::of(vec![stretch("2026-03-01", "2026-03-03")]);
        let held: Vec<bool> = [
            "2026-02-28",
            "2026-03-01",
            "2026-03-02",
            "2026-03-03",
            "2026-03-04",
        ]
        .map(|day| pauses.holds(day.parse().unwrap()))
        .to_vec();
        assert_eq!(held, [false, false, true, true, false]);
        assert_eq!(Pauses::none().since(), None);
    }
}
