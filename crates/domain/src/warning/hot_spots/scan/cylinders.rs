//! The likelihood ratios of all cylinders.

use std::ops::AddAssign;

use super::{
    super::bad_field::{BadFields, Check},
    Expectation, ScanSettings, Zones,
};

/// For every place, how many matters the last day, the last two days and so on have.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    days: usize,
    sums: Vec<u64>,
}

impl Recent {
    pub(super) fn of(counts: &[Vec<u32>], days: usize) -> Self {
        let mut recent = Self::empty(counts.len(), days);
        for (place, counts) in counts.iter().enumerate() {
            for (back, count) in counts.iter().rev().take(days).enumerate() {
                recent.add(place, back, u64::from(*count));
            }
        }
        recent.add_up();
        recent
    }

    pub(super) fn empty(places: usize, days: usize) -> Self {
        Self {
            days,
            sums: vec![0; places * days],
        }
    }

    pub(super) fn clear(&mut self) {
        self.sums.fill(0);
    }

    /// Adds matters so many days back, before the days are added up.
    pub(super) fn add(&mut self, place: usize, back: usize, matters: u64) {
        self.sums[place * self.days + back] += matters;
    }

    /// From the matters of each day to those of the last days.
    pub(super) fn add_up(&mut self) {
        for place in self.sums.chunks_mut(self.days) {
            let mut sum = 0;
            for day in place {
                sum += *day;
                *day = sum;
            }
        }
    }
}

/// The best cylinder around a centre.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    pub centre: usize,
    pub size: usize,
    pub days: usize,
    pub observed: u64,
    pub expected: f64,
    pub ratio: f64,
}

/// All cylinders with what is expected in them, which no deal changes.
#[derive(Debug)]
pub(super) struct Cylinders<'a> {
    zones: &'a Zones,
    days: usize,
    minimum_matters: u64,
    /// All matters.
    total: f64,
    /// For every centre, circle and number of last days, the expected matters.
    expected: Vec<Vec<f64>>,
}

impl<'a> Cylinders<'a> {
    pub(super) fn new(
        counts: &[Vec<u32>],
        zones: &'a Zones,
        expectation: Expectation<'_>,
        settings: &ScanSettings,
    ) -> Result<Self, BadFields> {
        let days = settings.maximum_days;
        let total: f64 = counts.iter().flatten().map(|count| f64::from(*count)).sum();
        let of_places = match expectation {
            Expectation::Permutation => permuted(counts, days, total),
            Expectation::Given(numbers) => given(counts, numbers, days, total)?,
        };
        let of_circles = |centre| {
            let mut circles = Vec::new();
            let mut sums = vec![0.0; days];
            circle_by_circle(zones, centre, &of_places, &mut sums, |_, sums| {
                circles.extend_from_slice(sums);
            });
            circles
        };
        Ok(Self {
            zones,
            days,
            minimum_matters: settings.minimum_matters,
            total,
            expected: (0..zones.places()).map(of_circles).collect(),
        })
    }

    /// The best cylinder of every centre that has one with more than expected.
    pub(super) fn best_of_centres(&self, recent: &Recent) -> Vec<Best> {
        let centres = 0..self.zones.places();
        centres
            .filter_map(|centre| self.best_above(0.0, centre, recent))
            .collect()
    }

    /// The largest ratio of all cylinders; 0 when none has more than expected.
    pub(super) fn largest_ratio(&self, recent: &Recent) -> f64 {
        (0..self.zones.places()).fold(0.0, |largest, centre| {
            let best = self.best_above(largest, centre, recent);
            best.map_or(largest, |best| best.ratio)
        })
    }

    /// The best cylinder around the centre, when its ratio is above the floor and it has enough matters.
    fn best_above(&self, floor: f64, centre: usize, recent: &Recent) -> Option<Best> {
        let mut best: Option<Best> = None;
        let mut floor = floor;
        let mut expected = self.expected[centre].chunks(self.days);
        let mut sums = vec![0; self.days];
        circle_by_circle(
            self.zones,
            centre,
            &recent.sums,
            &mut sums,
            |size, observed| {
                let expected = expected.next().unwrap_or_default();
                for (day, (observed, expected)) in observed.iter().zip(expected).enumerate() {
                    let candidate = *observed >= self.minimum_matters;
                    if candidate && self.may_exceed(floor, *observed, *expected) {
                        let ratio = self.ratio(*observed, *expected);
                        if ratio > floor {
                            floor = ratio;
                            best = Some(Best {
                                centre,
                                size,
                                days: day + 1,
                                observed: *observed,
                                expected: *expected,
                                ratio,
                            });
                        }
                    }
                }
            },
        );
        best
    }

    /// Whether the ratio can be above the floor: as ln x <= x - 1, it is at most (c-e)² C / (e (C-e)). Saves logarithms.
    fn may_exceed(&self, floor: f64, observed: u64, expected: f64) -> bool {
        let excess = observed as f64 - expected;
        excess > 0.0 && excess * excess * self.total >= floor * expected * (self.total - expected)
    }

    fn ratio(&self, observed: u64, expected: f64) -> f64 {
        let inside = observed as f64;
        let outside = self.total - inside;
        let rest = if outside > 0.0 {
            outside * (outside / (self.total - expected)).ln()
        } else {
            0.0
        };
        inside * (inside / expected).ln() + rest
    }
}

/// Adds up the places of one circle after the other around the centre and shows each circle's size and sums by day.
fn circle_by_circle<T: Copy + AddAssign>(
    zones: &Zones,
    centre: usize,
    of_places: &[T],
    sums: &mut [T],
    mut show: impl FnMut(usize, &[T]),
) {
    let (places, sizes) = zones.around(centre);
    let days = sums.len();
    let mut size = 0;
    for end in sizes {
        for place in &places[size..*end] {
            let more = &of_places[place * days..(place + 1) * days];
            sums.iter_mut()
                .zip(more)
                .for_each(|(sum, more)| *sum += *more);
        }
        size = *end;
        show(size, sums);
    }
}

/// The place's share of all matters times the matters of the last days.
fn permuted(counts: &[Vec<u32>], days: usize, total: f64) -> Vec<f64> {
    let of_day = |back: usize| -> f64 {
        let day = counts
            .iter()
            .filter_map(|place| place.iter().rev().nth(back));
        day.map(|count| f64::from(*count)).sum()
    };
    let mut last = Vec::with_capacity(days);
    for back in 0..days {
        last.push(of_day(back) + last.last().copied().unwrap_or(0.0));
    }
    let of_place = |place: &Vec<u32>| -> f64 { place.iter().map(|count| f64::from(*count)).sum() };
    let shares = counts.iter().map(|place| of_place(place) / total.max(1.0));
    shares
        .flat_map(|share| last.iter().map(move |matters| share * matters))
        .collect()
}

/// The given numbers, scaled to as many matters as there are, for the last days.
fn given(
    counts: &[Vec<u32>],
    numbers: &[Vec<f64>],
    days: usize,
    total: f64,
) -> Result<Vec<f64>, BadFields> {
    let mut check = Check::default();
    let shape = |lengths: &mut dyn Iterator<Item = usize>| lengths.collect::<Vec<_>>();
    let alike = shape(&mut counts.iter().map(Vec::len)) == shape(&mut numbers.iter().map(Vec::len));
    let allowed = "a finite number from 0 for every place and day, with a sum above 0";
    check.that(alike, "expectation", "of other places or days", allowed);
    let good = |number: &f64| number.is_finite() && *number >= 0.0;
    let wrong = numbers.iter().flatten().find(|number| !good(number));
    let shown = wrong.copied().unwrap_or_default();
    check.that(wrong.is_none(), "expectation", shown, allowed);
    let sum: f64 = numbers.iter().flatten().sum();
    check.that(
        wrong.is_some() || sum > 0.0,
        "expectation",
        "all 0",
        allowed,
    );
    check.finish()?;
    let scale = total / sum;
    let last_days = |place: &Vec<f64>| {
        let mut sum = 0.0;
        let days = place.iter().rev().take(days).map(|number| {
            sum += number * scale;
            sum
        });
        days.collect::<Vec<_>>()
    };
    Ok(numbers.iter().flat_map(last_days).collect())
}
