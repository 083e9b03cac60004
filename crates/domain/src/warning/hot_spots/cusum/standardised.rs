//! The sum of standardised counts.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{
    super::{
        bad_field::{BadFields, Check},
        judgement::{Baseline, Judgement, Working, known},
        regression::{Ending, Fit, Harmonic, Response},
        series::Series,
    },
    CusumTransform, Sum,
};

/// Where the expected mean comes from (R: `m`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum CusumMean {
    /// It is known.
    Given {
        /// The mean, at least 0.
        mean: f64,
    },
    /// The mean of all points before the watched ones (R: `NULL`).
    Baseline,
    /// A Poisson regression on one swing a period through all points before the watched ones (R: `"glm"`).
    Harmonic {
        /// How many points a period has, above 2.
        period: f64,
        /// The position of the first point within its period; 1 when the series begins with one (R: `start[2]`).
        first_position: f64,
    },
}

/// The parameters of the sum of standardised counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CusumSettings {
    /// What is taken off every standardised count (R: `k`, 1.04).
    pub reference: f64,
    /// The sum at which the method warns, above 0 (R: `h`, 2.26).
    pub limit: f64,
    /// Where the expected mean comes from.
    pub mean: CusumMean,
    /// How counts are standardised.
    pub transform: CusumTransform,
}

impl Default for CusumSettings {
    fn default() -> Self {
        Self {
            reference: 1.04,
            limit: 2.26,
            mean: CusumMean::Baseline,
            transform: CusumTransform::Standard,
        }
    }
}

impl CusumSettings {
    /// The method with these settings.
    ///
    /// # Errors
    /// Every setting that is out of bounds.
    pub fn checked(self) -> Result<Cusum, BadFields> {
        let mut check = Check::default();
        check.not_negative("reference", self.reference);
        check.positive("limit", self.limit);
        match self.mean {
            CusumMean::Given { mean } => check.not_negative("mean", mean),
            CusumMean::Baseline => {}
            CusumMean::Harmonic {
                period,
                first_position,
            } => {
                let good = period > 2.0 && period.is_finite();
                check.that(good, "period", period, "a finite number above 2");
                check.not_negative("first_position", first_position);
            }
        }
        if let CusumTransform::PearsonNegativeBinomial { alpha } = self.transform {
            check.not_negative("alpha", alpha);
        }
        check.finish()?;
        Ok(Cusum(self))
    }
}

/// The sum of standardised counts with settings that hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cusum(CusumSettings);

impl Cusum {
    /// Judges the points one after the other; the sum begins at zero with the first of them. It is not set back by a
    /// warning.
    ///
    /// # Errors
    /// When a watched point has no report, none is watched, or there is no point before them and one is needed.
    pub fn watch(
        &self,
        series: &Series,
        watched: Range<usize>,
    ) -> Result<Vec<Judgement>, BadFields> {
        let known_before = watched.start.min(series.points());
        let points = 0..known_before;
        let before = points.filter_map(|point| Some((point, series.at(point)?)));
        let baseline = match self.0.mean {
            CusumMean::Given { .. } => None,
            CusumMean::Baseline | CusumMean::Harmonic { .. } => Baseline::of(before),
        };
        let mut check = Check::default();
        let given = matches!(self.0.mean, CusumMean::Given { .. });
        check.that(
            !watched.is_empty() && (given || baseline.is_some()),
            "watched",
            format!("{} to {}", watched.start, watched.end),
            "at least one point, with a reported point before it when the mean comes from the series",
        );
        check.finish()?;
        let means = self.means(series, &watched, baseline);
        let mut sum = Sum::default();
        let mut judgements = Vec::with_capacity(watched.len());
        for (point, mean) in watched.zip(means) {
            let observed = series.reported(point)?;
            let before = sum;
            let step = self.0.transform.standardised(f64::from(observed), mean) - self.0.reference;
            sum = before.add(step);
            let judged = self.judge((point, observed), mean, before, sum);
            judgements.push(Judgement { baseline, ..judged });
        }
        Ok(judgements)
    }

    fn judge(&self, (at, observed): (usize, u32), mean: f64, before: Sum, sum: Sum) -> Judgement {
        let CusumSettings {
            reference, limit, ..
        } = self.0;
        let room = limit + reference - before.value;
        let upper = self.0.transform.count_at(room, mean, limit, sum.value);
        Judgement {
            at,
            observed,
            expected: known(mean),
            upper: Some(upper),
            alarm: sum.value >= limit,
            // The tail of a normal sum that loses `reference` a point (Kingman's bound with its exponent 2 x reference).
            p_value: known((-2.0 * reference * sum.value).exp()),
            score: known(sum.value),
            baseline: None,
            working: Working::Cusum {
                step: sum.value - before.value,
                run: sum.run,
            },
        }
    }

    /// The expected mean of every watched point.
    fn means(
        &self,
        series: &Series,
        watched: &Range<usize>,
        baseline: Option<Baseline>,
    ) -> Vec<f64> {
        match self.0.mean {
            CusumMean::Given { mean } => vec![mean; watched.len()],
            CusumMean::Baseline => {
                vec![baseline.map_or(f64::NAN, |baseline| baseline.mean); watched.len()]
            }
            CusumMean::Harmonic {
                period,
                first_position,
            } => {
                let time = |point: usize| first_position + point as f64;
                let known: Vec<usize> = (0..watched.start)
                    .filter(|point| series.at(*point).is_some())
                    .collect();
                let mut response = Response::default();
                response.fill(known.iter().map(|point| series.raw(*point)));
                let design = Harmonic::new(known.iter().map(|point| time(*point)), period);
                let mut fit = Fit::default();
                let lost = fit.run(&design, &response, None) == Ending::Lost;
                let expected = |point| {
                    let predictor = Harmonic::at(time(point), period, &fit.coefficients);
                    if lost {
                        f64::NAN
                    } else {
                        predictor.exp().max(f64::EPSILON)
                    }
                };
                watched.clone().map(expected).collect()
            }
        }
    }
}
