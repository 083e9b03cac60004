//! The bound of the day, and how unlikely the day is, from what the regression expects.

use serde::{Deserialize, Serialize};

use super::super::distributions::CountDistribution;

/// Points and weights that stand for a standard normal value (Gauss and Hermite, five points).
const NORMAL: [(f64, f64); 5] = [
    (-2.856_970_013_872_806, 0.011_257_411_327_720_69),
    (-1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (0.0, 0.533_333_333_333_333_3),
    (1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (2.856_970_013_872_806, 0.011_257_411_327_720_69),
];

/// The power of counts that is taken as normal (R: `powertrans`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PowerTransform {
    /// 2/3 makes a Poisson count nearly symmetric: the default.
    #[default]
    #[serde(rename = "2/3")]
    TwoThirds,
    /// 1/2 makes its variance nearly constant.
    #[serde(rename = "1/2")]
    Half,
    /// Counts as they are.
    #[serde(rename = "none")]
    None,
}

impl PowerTransform {
    /// The exponent, and the standard deviation of a transformed count with this mean.
    fn exponent_and_deviation(self, mean: f64, dispersion: f64) -> (f64, f64) {
        match self {
            Self::TwoThirds => {
                let variance = 4.0 / 9.0 * mean.cbrt() * dispersion;
                (2.0 / 3.0, variance.sqrt())
            }
            Self::Half => (0.5, (0.25 * dispersion).sqrt()),
            Self::None => (1.0, (mean * dispersion).sqrt()),
        }
    }
}

/// What the regression expects of the day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expectation {
    /// The expected count.
    pub mean: f64,
    /// The logarithm of it.
    pub predictor: f64,
    /// The standard error of the logarithm.
    pub predictor_error: f64,
    /// Variance over mean of the counts, at least 1.
    pub overdispersion: f64,
}

impl Expectation {
    /// The standard error of the expected count.
    pub(super) fn mean_error(self) -> f64 {
        self.predictor_error * self.mean.max(f64::EPSILON)
    }

    /// The bound of a transformed count that is taken as normal around its expectation, with the error of the expectation.
    pub(super) fn normal_bound(self, power: PowerTransform, quantile: f64) -> f64 {
        let dispersion = self.overdispersion + self.mean_error().powi(2) / self.mean;
        let (exponent, deviation) = power.exponent_and_deviation(self.mean, dispersion);
        let middle = self.mean.powf(exponent);
        let reach = quantile * deviation;
        let [low, high] = [middle - reach, middle + reach].map(|end| end.powf(exponent.recip()));
        low.max(high)
    }

    /// The quantile of the negative binomial (Poisson without overdispersion) count around a mean: none when the mean
    /// is beyond all numbers.
    pub(super) fn count_bound(self, mean: f64, alpha: f64) -> Option<f64> {
        let counts = mean
            .is_finite()
            .then(|| CountDistribution::new(mean, self.overdispersion))?;
        Some(counts.quantile(1.0 - alpha))
    }

    /// How often a negative binomial count is as large as observed when its mean is only known with its error. The
    /// bounds leave parts of that out, so this is what many series are compared by. 1 up to the expectation.
    pub(super) fn tail(self, observed: f64) -> Option<f64> {
        if observed <= self.mean {
            return Some(1.0);
        }
        if !self.predictor_error.is_finite() {
            return None;
        }
        let at = |(point, weight): (f64, f64)| {
            let mean = (self.predictor + point * self.predictor_error).exp();
            let counts = CountDistribution::new(mean.min(f64::MAX), self.overdispersion);
            weight * counts.upper_tail(observed)
        };
        Some(NORMAL.into_iter().map(at).sum::<f64>().min(1.0))
    }
}
