//! The sum of log likelihood ratios of overdispersed counts.
//!
//! In normal times a count X has the mean m and the variance m + a m² (negative binomial with size 1/a). A hot spot
//! multiplies the mean by `rise` r. The log likelihood ratio of a count x is
//!
//! ```text
//! l(x) = x ln r - (x + 1/a) ln( (1 + a r m) / (1 + a m) )        and for a = 0:  l(x) = x ln r - m (r - 1)
//! ```
//!
//! and the sum is S(t) = max(0, min(ceiling, S(t-1)) + l(x(t))); it warns at S(t) >= h. Because the mean of exp(l(X)) is
//! 1 in normal times, the share of normal days with S >= h is at most exp(-h) (Kingman's bound for a walk held at zero).
//!
//! m is the mean of the baseline at the same position of the cycle (the same weekday), a the moment estimate of the
//! baseline: sum((x - m)² n/(n-1) - m) / sum(m²), not below zero, where n counts the points behind each m. Both are
//! estimates, so the share falls more slowly: with the baselines of the ladder like exp(-3/4 S), as measured on generated
//! series (`tests/hot_spots_performance.rs`). That is the p-value.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{
    super::{
        bad_field::{BadFields, Check},
        judgement::{Baseline, Judgement, Working, known},
        series::Series,
    },
    Sum,
};

/// How much of the sum counts for the p-value, because mean and overdispersion are estimated.
const ESTIMATED: f64 = 0.75;

/// The parameters of the negative binomial sum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NegativeBinomialSettings {
    /// How many points before the watched ones are the baseline, at least two cycles.
    pub baseline: usize,
    /// How many points are added up, the judged one included; at least 1.
    pub window: usize,
    /// After how many points the expected mean comes again, at least 1: 7 knows weekdays, 1 knows one mean.
    pub cycle: usize,
    /// By what a hot spot multiplies the mean, above 1.
    pub rise: f64,
    /// The sum at which the method warns, above 0.
    pub limit: f64,
    /// No more than this is carried over to the next point, at least the limit: a hot spot that ended is soon forgotten.
    pub ceiling: f64,
    /// The least expected mean, above 0: a place that never had a matter could not be compared with anything.
    pub minimum_mean: f64,
}

impl NegativeBinomialSettings {
    /// The method with these settings.
    ///
    /// # Errors
    /// Every setting that is out of bounds.
    pub fn checked(self) -> Result<NegativeBinomialCusum, BadFields> {
        let mut check = Check::default();
        check.at_least("cycle", self.cycle, 1);
        check.at_least("baseline", self.baseline, self.cycle.saturating_mul(2));
        check.at_least("window", self.window, 1);
        let rises = self.rise > 1.0 && self.rise.is_finite();
        check.that(rises, "rise", self.rise, "a finite number above 1");
        check.positive("limit", self.limit);
        let reaches = self.ceiling >= self.limit;
        check.that(reaches, "ceiling", self.ceiling, "at least the limit");
        check.positive("minimum_mean", self.minimum_mean);
        check.finish()?;
        Ok(NegativeBinomialCusum(self))
    }
}

/// The negative binomial sum with settings that hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NegativeBinomialCusum(NegativeBinomialSettings);

/// What the baseline says of normal times.
#[derive(Clone, Debug)]
struct Normal {
    /// The expected mean by the position in the cycle.
    means: Vec<f64>,
    /// a of the variance m + a m².
    overdispersion: f64,
}

impl NegativeBinomialCusum {
    /// How many points before the judged one are needed.
    #[must_use]
    pub const fn history(&self) -> usize {
        self.0.baseline + self.0.window - 1
    }

    /// Judges the point by the sum over the window that ends with it. A point of the window without a report adds
    /// nothing and takes nothing off.
    ///
    /// # Errors
    /// When the point has no report, fewer points before it than baseline and window need, or a position of the cycle
    /// has no report in the baseline.
    pub fn judge(&self, series: &Series, at: usize) -> Result<Judgement, BadFields> {
        let observed = series.reported(at)?;
        let needed = self.history();
        if at < needed {
            let given = format!("{} at point {at}", self.0.baseline);
            let allowed = format!(
                "a window within the history; with the {} points added up this one needs {needed} points before the day",
                self.0.window
            );
            return Err(BadFields::one("baseline", given, &allowed));
        }
        let window = at + 1 - self.0.window..at + 1;
        let points = window.start - self.0.baseline..window.start;
        let normal = self.normal(series, points.clone())?;
        let (mut before, mut sum) = (Sum::default(), Sum::default());
        for point in window {
            before = Sum {
                value: sum.value.min(self.0.ceiling),
                ..sum
            };
            if let Some(count) = series.at(point) {
                let step = self.ratio(f64::from(count), normal.mean(point), normal.overdispersion);
                sum = before.add(step);
            }
        }
        let baseline = points.filter_map(|point| Some((point, series.at(point)?)));
        let mean = normal.mean(at);
        let upper = self.count_at(self.0.limit - before.value, mean, normal.overdispersion);
        Ok(Judgement {
            at,
            observed,
            expected: known(mean),
            upper: Some(upper),
            alarm: sum.value >= self.0.limit,
            p_value: Some((-ESTIMATED * sum.value).exp()),
            score: Some(sum.value),
            baseline: Baseline::of(baseline),
            working: Working::Cusum {
                step: sum.value - before.value,
                run: sum.run,
            },
        })
    }

    /// The log likelihood ratio of the count.
    fn ratio(&self, count: f64, mean: f64, overdispersion: f64) -> f64 {
        let (spread, size_spread) = self.spreads(mean, overdispersion);
        count * (self.0.rise.ln() - spread) - size_spread
    }

    /// The least count that adds so much to the sum, 0 when every count does.
    fn count_at(&self, wanted: f64, mean: f64, overdispersion: f64) -> f64 {
        let (spread, size_spread) = self.spreads(mean, overdispersion);
        ((wanted + size_spread) / (self.0.rise.ln() - spread)).max(0.0)
    }

    /// ln((1 + a r m) / (1 + a m)), and the same over a.
    fn spreads(&self, mean: f64, overdispersion: f64) -> (f64, f64) {
        let growth = mean * (self.0.rise - 1.0) / (1.0 + overdispersion * mean);
        let spread = (overdispersion * growth).ln_1p();
        if overdispersion > 0.0 {
            (spread, spread / overdispersion)
        } else {
            (0.0, growth)
        }
    }

    fn normal(&self, series: &Series, points: Range<usize>) -> Result<Normal, BadFields> {
        let cycle = self.0.cycle;
        let mut sums = vec![(0_u32, 0.0_f64); cycle];
        for point in points.clone() {
            if let Some(count) = series.at(point) {
                let (number, sum) = &mut sums[point % cycle];
                *number += 1;
                *sum += f64::from(count);
            }
        }
        if let Some(missing) = sums.iter().position(|(number, _)| *number < 2) {
            let given = format!("without reports at position {missing} of the cycle");
            let allowed = "at least two reported points at every position of the cycle";
            return Err(BadFields::one("baseline", given, allowed));
        }
        let means: Vec<f64> = sums
            .iter()
            .map(|(number, sum)| (sum / f64::from(*number)).max(self.0.minimum_mean))
            .collect();
        let (mut excess, mut squares) = (0.0, 0.0);
        for point in points {
            if let Some(count) = series.at(point) {
                let (number, mean) = (f64::from(sums[point % cycle].0), means[point % cycle]);
                excess += (f64::from(count) - mean).powi(2) * number / (number - 1.0) - mean;
                squares += mean * mean;
            }
        }
        Ok(Normal {
            means,
            overdispersion: (excess / squares).max(0.0),
        })
    }
}

impl Normal {
    fn mean(&self, point: usize) -> f64 {
        self.means[point % self.means.len()]
    }
}
