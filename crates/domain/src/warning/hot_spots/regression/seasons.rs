//! Counts that depend on the season, with or without a straight trend.
//!
//! Every row belongs to one season, so the weighted normal equations are a diagonal with one column beside it: the
//! trend follows from what is left of time within the seasons, and each season's level from its means. Rows are kept
//! season by season.

use std::ops::Range;

use super::Design;

/// The rows of a regression on seasons.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Seasons {
    /// The rows of each season.
    seasons: Vec<Range<usize>>,
    /// The time of each row, counted from the middle of all rows.
    time: Vec<f64>,
    /// Where the middle lies on the caller's clock.
    middle: f64,
    /// Whether there is a trend.
    trend: bool,
}

/// What a solution leaves: sums of the weights of its round.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct SeasonFactors {
    /// The weight of each season.
    weight: Vec<f64>,
    /// The mean time of each season.
    time: Vec<f64>,
    /// The mean response of each season.
    response: Vec<f64>,
    /// The weighed squares of time within the seasons.
    spread: f64,
}

impl Seasons {
    /// The design over rows that stand season by season; every season has a row.
    pub(in super::super) fn new(seasons: Vec<Range<usize>>, time: &[f64], trend: bool) -> Self {
        let middle = time.iter().sum::<f64>() / time.len().max(1) as f64;
        Self {
            seasons,
            time: time.iter().map(|time| time - middle).collect(),
            middle,
            trend,
        }
    }

    /// The same rows without a trend.
    pub(in super::super) fn without_trend(&self) -> Self {
        Self {
            trend: false,
            ..self.clone()
        }
    }

    /// The rows of each season.
    pub(in super::super) fn rows(&self) -> impl Iterator<Item = &Range<usize>> {
        self.seasons.iter()
    }

    /// Whether there is a trend.
    pub(in super::super) const fn has_trend(&self) -> bool {
        self.trend
    }

    /// Rows that no coefficient uses up.
    pub(in super::super) fn freedom(&self) -> usize {
        self.time.len().saturating_sub(self.coefficients())
    }

    /// The linear predictor of a season at a time of the caller's clock.
    pub(in super::super) fn at(&self, season: usize, time: f64, coefficients: &[f64]) -> f64 {
        coefficients[season] + self.slope(coefficients) * (time - self.middle)
    }

    /// The trend a step of time; 0 without one.
    pub(in super::super) fn slope(&self, coefficients: &[f64]) -> f64 {
        if self.trend {
            coefficients[self.seasons.len()]
        } else {
            0.0
        }
    }

    /// The variance of the trend when the dispersion is 1.
    pub(in super::super) fn slope_variance(factors: &SeasonFactors) -> f64 {
        factors.spread.recip()
    }

    /// The variance of [`Self::at`] when the dispersion is 1.
    pub(in super::super) fn variance(
        &self,
        season: usize,
        time: f64,
        factors: &SeasonFactors,
    ) -> f64 {
        let level = factors.weight[season].recip();
        if self.trend {
            let distance = time - self.middle - factors.time[season];
            level + distance * distance / factors.spread
        } else {
            level
        }
    }

    /// How far each row draws its own fit to itself, between 0 and 1.
    pub(in super::super) fn leverages(
        &self,
        weights: &[f64],
        factors: &SeasonFactors,
        leverages: &mut Vec<f64>,
    ) {
        leverages.clear();
        for (season, rows) in self.seasons.iter().enumerate() {
            let level = factors.weight[season].recip();
            let (middle, spread) = (factors.time[season], factors.spread);
            let rows = weights[rows.clone()].iter().zip(&self.time[rows.clone()]);
            if self.trend {
                leverages.extend(rows.map(|(weight, time)| {
                    weight * (level + (time - middle) * (time - middle) / spread)
                }));
            } else {
                leverages.extend(rows.map(|(weight, _)| weight * level));
            }
        }
    }
}

impl Design for Seasons {
    type Factors = SeasonFactors;

    fn coefficients(&self) -> usize {
        self.seasons.len() + usize::from(self.trend)
    }

    fn solve(
        &self,
        weights: &[f64],
        response: &[f64],
        coefficients: &mut [f64],
        factors: &mut SeasonFactors,
    ) {
        factors.weight.clear();
        factors.time.clear();
        factors.response.clear();
        let (mut spread, mut along) = (0.0, 0.0);
        for rows in &self.seasons {
            let rows = Rows {
                weights: &weights[rows.clone()],
                response: &response[rows.clone()],
                time: &self.time[rows.clone()],
            };
            let (weight, mean_response, mean_time) = rows.means(self.trend);
            if self.trend {
                let (squares, products) = rows.within(mean_time, mean_response);
                spread += squares;
                along += products;
            }
            factors.weight.push(weight);
            factors.response.push(mean_response);
            factors.time.push(mean_time);
        }
        factors.spread = spread;
        let slope = if self.trend { along / spread } else { 0.0 };
        let means = factors.response.iter().zip(&factors.time);
        for (coefficient, (response, time)) in coefficients.iter_mut().zip(means) {
            *coefficient = response - slope * time;
        }
        if self.trend {
            coefficients[self.seasons.len()] = slope;
        }
    }

    fn predict(&self, coefficients: &[f64], predictor: &mut [f64]) {
        let slope = self.slope(coefficients);
        for (rows, level) in self.seasons.iter().zip(coefficients) {
            let times = &self.time[rows.clone()];
            for (predictor, time) in predictor[rows.clone()].iter_mut().zip(times) {
                *predictor = level + slope * time;
            }
        }
    }
}

/// The rows of one season.
struct Rows<'a> {
    weights: &'a [f64],
    response: &'a [f64],
    time: &'a [f64],
}

impl Rows<'_> {
    /// The weight, the mean response and, when asked for, the mean time.
    fn means(&self, with_time: bool) -> (f64, f64, f64) {
        let (mut weight, mut response, mut time) = (0.0, 0.0, 0.0);
        for (row, share) in self.weights.iter().enumerate() {
            weight += share;
            response += share * self.response[row];
            if with_time {
                time += share * self.time[row];
            }
        }
        (weight, response / weight, time / weight)
    }

    /// The weighed squares of time, and its products with the response, both from their means.
    fn within(&self, mean_time: f64, mean_response: f64) -> (f64, f64) {
        let (mut squares, mut products) = (0.0, 0.0);
        for (row, share) in self.weights.iter().enumerate() {
            let distance = self.time[row] - mean_time;
            squares += share * distance * distance;
            products += share * distance * (self.response[row] - mean_response);
        }
        (squares, products)
    }
}
