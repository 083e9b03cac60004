//! Matters dealt anew, as chance alone would have them.

use super::{super::seeded::Seeded, Expectation, cylinders::Recent};

/// Deals the matters to places and days again and again.
#[derive(Debug)]
pub(super) struct Deals {
    chance: Seeded,
    manner: Manner,
    recent: Recent,
}

/// How matters are dealt.
#[derive(Debug)]
enum Manner {
    /// Each matter keeps its place; the days change hands. Only the last days are looked at, so only they are dealt.
    Permutation {
        /// The place of every matter, in any order.
        places: Vec<usize>,
        /// How many matters the last day has, and each day before it.
        days: Vec<usize>,
    },
    /// Every matter falls on a place and day by the share that is expected of it.
    Given {
        matters: u64,
        /// The shares of all places on the last days, added up; what is left to 1 belongs to the days before.
        shares: Vec<f64>,
        days: usize,
    },
}

impl Deals {
    pub(super) fn new(
        counts: &[Vec<u32>],
        expectation: Expectation<'_>,
        days: usize,
        seed: u64,
    ) -> Self {
        let manner = match expectation {
            Expectation::Permutation => {
                let matters = |(place, counts): (usize, &Vec<u32>)| {
                    let all: usize = counts.iter().map(|count| *count as usize).sum();
                    std::iter::repeat_n(place, all)
                };
                let of_day = |back: usize| {
                    let day = counts
                        .iter()
                        .filter_map(|place| place.iter().rev().nth(back));
                    day.map(|count| *count as usize).sum()
                };
                Manner::Permutation {
                    places: counts.iter().enumerate().flat_map(matters).collect(),
                    days: (0..days).map(of_day).collect(),
                }
            }
            Expectation::Given(numbers) => {
                let sum: f64 = numbers.iter().flatten().sum();
                let mut share = 0.0;
                let recent = numbers
                    .iter()
                    .flat_map(|place| place.iter().rev().take(days));
                let shares = recent.map(|number| {
                    share += number / sum;
                    share
                });
                Manner::Given {
                    matters: counts.iter().flatten().map(|count| u64::from(*count)).sum(),
                    shares: shares.collect(),
                    days,
                }
            }
        };
        Self {
            chance: Seeded::new(seed),
            manner,
            recent: Recent::empty(counts.len(), days),
        }
    }

    /// The next deal.
    pub(super) fn deal(&mut self) -> &Recent {
        self.recent.clear();
        match &mut self.manner {
            Manner::Permutation { places, days } => {
                let mut dealt = 0;
                for (back, matters) in days.iter().enumerate() {
                    for _ in 0..*matters {
                        // Fisher and Yates, as far as it is needed.
                        let other = dealt + self.chance.below(places.len() - dealt);
                        places.swap(dealt, other);
                        self.recent.add(places[dealt], back, 1);
                        dealt += 1;
                    }
                }
            }
            Manner::Given {
                matters,
                shares,
                days,
            } => {
                for _ in 0..*matters {
                    let share = self.chance.share();
                    let cell = shares.partition_point(|end| *end <= share);
                    if cell < shares.len() {
                        self.recent.add(cell / *days, cell % *days, 1);
                    }
                }
            }
        }
        self.recent.add_up();
        &self.recent
    }
}
