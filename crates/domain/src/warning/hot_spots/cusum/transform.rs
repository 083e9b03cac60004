//! How a count is standardised, and which count the limit of the sum amounts to.

use serde::{Deserialize, Serialize};

/// How a count with an expected mean becomes a number around zero with a deviation around one (R: `trans`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum CusumTransform {
    /// The mean of a plain and of a square-root residual: good for small Poisson counts.
    Rossi,
    /// The plain residual over its Poisson deviation.
    Standard,
    /// The power 2/3 of Anscombe.
    Anscombe,
    /// The same with its bias taken off.
    AnscombeSecondOrder,
    /// The plain residual over its negative binomial deviation.
    PearsonNegativeBinomial {
        /// The variance is mean + alpha x mean squared; at least 0 (R: `alpha`, 0.1).
        alpha: f64,
    },
    /// The count itself.
    None,
}

impl CusumTransform {
    /// The standardised count.
    pub(super) fn standardised(self, count: f64, mean: f64) -> f64 {
        let two_thirds = |value: f64| value.powf(2.0 / 3.0);
        match self {
            Self::Rossi => (count - 3.0 * mean + 2.0 * (count * mean).sqrt()) / (2.0 * mean.sqrt()),
            Self::Standard => (count - mean) / mean.sqrt(),
            Self::Anscombe => 1.5 * (two_thirds(count) - two_thirds(mean)) / mean.powf(1.0 / 6.0),
            Self::AnscombeSecondOrder => {
                let middle = two_thirds(mean) - mean.powf(-1.0 / 3.0) / 9.0;
                (two_thirds(count) - middle) / (2.0 / 3.0 * mean.powf(1.0 / 6.0))
            }
            Self::PearsonNegativeBinomial { alpha } => {
                (count - mean) / (mean + alpha * mean * mean).sqrt()
            }
            Self::None => count,
        }
    }

    /// The count at which the sum reaches its limit when the standardised count is `room`; 0 when every count does.
    ///
    /// `after` is the sum with the point: the package measures from it where counts are taken as they are.
    pub(super) fn count_at(self, room: f64, mean: f64, limit: f64, after: f64) -> f64 {
        let root = mean.sqrt();
        let power = |middle: f64| {
            let base = 2.0 / 3.0 * mean.powf(1.0 / 6.0) * room + middle;
            if base < 0.0 { 0.0 } else { base.powf(1.5) }
        };
        let two_thirds = mean.powf(2.0 / 3.0);
        let count = match self {
            Self::Rossi => {
                let inner = 4.0 * mean * mean + 2.0 * mean * root * room;
                2.0 * root * room + 5.0 * mean - 2.0 * inner.sqrt()
            }
            Self::Standard => (root * room + mean).ceil(),
            Self::Anscombe => power(two_thirds),
            Self::AnscombeSecondOrder => power(two_thirds - mean.cbrt() / 9.0),
            Self::PearsonNegativeBinomial { alpha } => {
                (mean + alpha * mean * mean).sqrt() * room + mean
            }
            Self::None => limit - after,
        };
        // Not a number when no count is small enough.
        count.max(0.0)
    }
}
