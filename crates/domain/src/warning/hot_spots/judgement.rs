//! What a method says of one point of a series.

use serde::Serialize;

/// The points a method took as normal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Baseline {
    /// The earliest point used, counted from 0.
    pub first: usize,
    /// The latest point used.
    pub last: usize,
    /// How many points between them were used.
    pub points: usize,
    /// Their mean count.
    pub mean: f64,
}

impl Baseline {
    /// The baseline of these points, ascending, with their counts. None without a point.
    pub(super) fn of(points: impl Iterator<Item = (usize, u32)>) -> Option<Self> {
        let mut baseline: Option<(usize, usize, usize, u64)> = None;
        for (point, count) in points {
            let (first, last, number, sum) = baseline.unwrap_or((point, point, 0, 0));
            let (first, last) = (first.min(point), last.max(point));
            baseline = Some((first, last, number + 1, sum + u64::from(count)));
        }
        baseline.map(|(first, last, points, sum)| Self {
            first,
            last,
            points,
            mean: sum as f64 / points as f64,
        })
    }
}

/// What a method found on its way to its bound; the figures that explain it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Working {
    /// Of EARS.
    Ears {
        /// The standard deviation of the baseline, not below the least one.
        sigma: f64,
    },
    /// Of a regression over past years.
    Regression {
        /// Variance over mean, at least 1.
        overdispersion: f64,
        /// The trend a point of time on the logarithmic scale, when one was kept.
        trend: Option<f64>,
        /// The standard error of the expectation, on the scale of the bound: counts, or logarithms of counts.
        standard_error: f64,
    },
    /// Of a cumulative sum.
    Cusum {
        /// What this point added before the sum was held at zero.
        step: f64,
        /// How many points the sum has been above zero, this one included.
        run: usize,
    },
    /// Nothing could be computed: the model did not settle, or too few matters were there to look at.
    Undecided,
}

/// What a method says of one point of a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// The point, counted from 0.
    pub at: usize,
    /// What was counted.
    pub observed: u32,
    /// What was to be expected; none when the method expects nothing or could not say.
    pub expected: Option<f64>,
    /// The count above which the method warns; none when it could not say.
    pub upper: Option<f64>,
    /// Whether the method warns.
    pub alarm: bool,
    /// How often so much would be counted in normal times, at most; none when the method could not say.
    pub p_value: Option<f64>,
    /// The method's own measure of how far it is from normal.
    pub score: Option<f64>,
    /// What was taken as normal; none when the expectation was given.
    pub baseline: Option<Baseline>,
    /// The figures on the way.
    pub working: Working,
}

impl Judgement {
    /// A judgement in which nothing could be said.
    pub(super) const fn undecided(at: usize, observed: u32, baseline: Option<Baseline>) -> Self {
        Self {
            at,
            observed,
            expected: None,
            upper: None,
            alarm: false,
            p_value: None,
            score: None,
            baseline,
            working: Working::Undecided,
        }
    }
}

impl Judgement {
    /// The judgement of a thinned series in the points of the whole one, whose judged point is `at`.
    pub(super) fn stretched(self, every: usize, at: usize) -> Self {
        let point = |thinned: usize| at - (self.at - thinned) * every;
        let baseline = self.baseline.map(|baseline| Baseline {
            first: point(baseline.first),
            last: point(baseline.last),
            ..baseline
        });
        Self {
            at,
            baseline,
            ..self
        }
    }
}

/// The number when it is one.
pub(super) fn known(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// The larger number; unknown when one of them is.
pub(super) const fn larger(one: f64, other: f64) -> f64 {
    if one.is_nan() || other.is_nan() {
        f64::NAN
    } else {
        one.max(other)
    }
}
