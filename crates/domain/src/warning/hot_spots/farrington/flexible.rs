//! Farrington Flexible: the whole of the past years with a factor a season.

use serde::{Deserialize, Serialize};

use super::{
    super::{
        bad_field::{BadFields, Check},
        distributions::normal_quantile,
        judgement::{Baseline, Judgement, Working, known},
        series::Series,
    },
    Cycle, Enough, PowerTransform, Workspace,
    blocks::{Cut, seasons},
    check_window,
    model::{Designs, Errors, Manner, Modelled, Wanted},
};
use crate::word::words;

words! {
    /// How the bound is made (R: `thresholdMethod`).
    BoundMethod {
        /// A transformed count is taken as normal, with the error of the expectation.
        Delta = "delta",
        /// The quantile of the negative binomial count around the expectation.
        NegativeBinomial = "nb_plugin",
        /// The same around the upper end of the expectation's confidence interval.
        NegativeBinomialUpper = "muan",
    }
}

/// The parameters of Farrington Flexible.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlexibleSettings {
    /// After how many points a season comes again.
    pub cycle: Cycle,
    /// How many past years are used, at least 1 (R: `b`, 5).
    pub years: usize,
    /// How many points on each side of the same date are its season (R: `w`, 3).
    pub half_window: usize,
    /// How many seasons a year has, at least 1; 1 uses the windows alone (R: `noPeriods`, 1).
    pub periods: usize,
    /// The latest points before the day that are left out (R: `pastWeeksNotIncluded`, as `w`).
    pub recent_left_out: usize,
    /// Residuals above this weigh past points down; none weighs all alike (R: `weightsThreshold` 2.58, or `reweight` false).
    pub outbreak_threshold: Option<f64>,
    /// Whether a trend is looked for (R: `trend`, true).
    pub trend: bool,
    /// The trend is kept when its p-value is below this, above 0 and at most 1 (R: `pThresholdTrend`, 0.05).
    pub trend_threshold: f64,
    /// One-sided: a normal point lies above the bound in `alpha` of all cases (R: `alpha`, 0.05).
    pub alpha: f64,
    /// How many matters there must be lately.
    pub enough: Enough,
    /// How the bound is made.
    pub bound: BoundMethod,
    /// The power of counts that `delta` takes as normal.
    pub power: PowerTransform,
}

impl FlexibleSettings {
    /// The settings of the package for series of this cycle.
    #[must_use]
    pub fn of(cycle: Cycle) -> Self {
        Self {
            cycle,
            years: 5,
            half_window: 3,
            periods: 1,
            recent_left_out: 3,
            outbreak_threshold: Some(2.58),
            trend: true,
            trend_threshold: 0.05,
            alpha: 0.05,
            enough: Enough::default(),
            bound: BoundMethod::Delta,
            power: PowerTransform::default(),
        }
    }

    /// The method with these settings.
    ///
    /// # Errors
    /// Every setting that is out of bounds.
    pub fn checked(self) -> Result<Flexible, BadFields> {
        let mut check = Check::default();
        check_window(&mut check, self.cycle, self.years, self.half_window);
        check.at_least("periods", self.periods, 1);
        if let Some(threshold) = self.outbreak_threshold {
            check.positive("outbreak_threshold", threshold);
        }
        let threshold = self.trend_threshold;
        let good = threshold > 0.0 && threshold <= 1.0;
        check.that(good, "trend_threshold", threshold, "above 0 and at most 1");
        check.probability("alpha", self.alpha);
        self.enough.check(&mut check);
        check.finish()?;
        Ok(Flexible {
            settings: self,
            quantile: normal_quantile(1.0 - self.alpha),
        })
    }
}

/// Farrington Flexible with settings that hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flexible {
    settings: FlexibleSettings,
    quantile: f64,
}

impl Flexible {
    /// What all series share that are judged at the point: make it once a day, not once a series.
    ///
    /// # Errors
    /// When the history before the point does not hold the past years, or they have too few points.
    pub fn plan(&self, at: usize) -> Result<FlexiblePlan, BadFields> {
        let settings = &self.settings;
        let mut check = Check::default();
        settings.enough.check_history(at, &mut check);
        check.that(
            settings.recent_left_out <= at + 1,
            "recent_left_out",
            format!("{} at point {at}", settings.recent_left_out),
            &format!("at most {}, the points up to the judged one", at + 1),
        );
        let middles = self.middles(at);
        check.that(
            middles.is_some(),
            "years",
            format!("{} at point {at}", settings.years),
            "so many years as the history before the point holds, the half window of the first one included",
        );
        check.finish()?;
        let cut = Cut {
            middles: &middles.unwrap_or_default(),
            half_window: settings.half_window,
            periods: settings.periods,
            recent_left_out: settings.recent_left_out,
        };
        FlexiblePlan::new(*self, at, seasons(cut)?)
    }

    /// Judges one series alone.
    ///
    /// # Errors
    /// As [`Self::plan`] and [`FlexiblePlan::judge`].
    pub fn judge(
        &self,
        series: &Series,
        at: usize,
        workspace: &mut Workspace,
    ) -> Result<Judgement, BadFields> {
        series.reported(at)?;
        self.plan(at)?.judge(series, workspace)
    }

    /// The point and the same point of each past year; none when they do not lie within the series.
    fn middles(&self, at: usize) -> Option<Vec<usize>> {
        let settings = &self.settings;
        let middles: Option<Vec<usize>> = (0..=settings.years)
            .map(|year| usize::try_from(settings.cycle.back(at, year)?).ok())
            .collect();
        middles.filter(|middles| {
            let first = middles.last().copied().unwrap_or_default();
            first + 1 >= settings.half_window
        })
    }
}

/// Farrington Flexible at one point of time, for many series.
#[derive(Clone, Debug)]
pub struct FlexiblePlan {
    method: Flexible,
    at: usize,
    designs: Designs,
    /// The season of the point among those that have rows.
    season: usize,
    /// The first and the last point of the rows.
    ends: (usize, usize),
}

impl FlexiblePlan {
    fn new(method: Flexible, at: usize, seasons: Vec<Vec<usize>>) -> Result<Self, BadFields> {
        let designs = Designs::new(&seasons, method.settings.trend);
        let own = seasons.last().is_some_and(|own| !own.is_empty());
        let mut check = Check::default();
        check.that(
            own && designs.freedom() > 0,
            "recent_left_out",
            format!(
                "{}, which leaves {} past points",
                method.settings.recent_left_out,
                designs.points.len()
            ),
            "so few that the season of the day has past points, and all seasons more points than coefficients",
        );
        check.finish()?;
        let points = designs.points.iter().copied();
        let ends = points.clone().min().zip(points.max()).unwrap_or((0, 0));
        let seasons = seasons.iter().filter(|points| !points.is_empty()).count();
        Ok(Self {
            method,
            at,
            designs,
            season: seasons.saturating_sub(1),
            ends,
        })
    }

    /// The point.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Judges the point of the series.
    ///
    /// # Errors
    /// When the point has no report, or gaps leave too few past points.
    pub fn judge(
        &self,
        series: &Series,
        workspace: &mut Workspace,
    ) -> Result<Judgement, BadFields> {
        let observed = series.reported(self.at)?;
        let gap = |point: &usize| series.is_gap(*point);
        if !series.is_whole() && self.designs.points.iter().any(gap) {
            return self.without_gaps(series)?.judge(series, workspace);
        }
        workspace.fill(series, &self.designs.points);
        let baseline = Some(Baseline {
            first: self.ends.0,
            last: self.ends.1,
            points: self.designs.points.len(),
            mean: workspace.mean_count(),
        });
        let settings = &self.method.settings;
        let enough = settings.enough.reached(series, self.at).unwrap_or(false);
        let wanted = Wanted {
            season: self.season,
            time: self.at as f64,
        };
        let modelled = enough
            .then(|| workspace.model(&self.designs, self.manner(), wanted))
            .flatten();
        let decided = modelled.and_then(|modelled| self.decide(observed, modelled));
        Ok(decided.map_or_else(
            || Judgement::undecided(self.at, observed, baseline),
            |judged| Judgement { baseline, ..judged },
        ))
    }

    /// The same plan over the points that the series reported.
    fn without_gaps(&self, series: &Series) -> Result<Self, BadFields> {
        let rows = self.designs.rows_of_seasons();
        let reported = rows.map(|points| {
            let points = points.iter().copied();
            points.filter(|point| !series.is_gap(*point)).collect()
        });
        Self::new(self.method, self.at, reported.collect())
    }

    fn manner(&self) -> Manner {
        Manner {
            outbreak_threshold: self.method.settings.outbreak_threshold,
            uses_unsettled: false,
            errors: Errors::OfKeptWeights,
            trend_threshold: self.method.settings.trend_threshold,
            years: self.method.settings.years,
        }
    }

    fn decide(&self, observed: u32, modelled: Modelled) -> Option<Judgement> {
        let settings = &self.method.settings;
        let expectation = modelled.expectation;
        let count = f64::from(observed);
        let (upper, centre, error) = match settings.bound {
            BoundMethod::Delta => {
                let upper = expectation.normal_bound(settings.power, self.method.quantile);
                (upper, expectation.mean, expectation.mean_error())
            }
            BoundMethod::NegativeBinomial => {
                let upper = expectation.count_bound(expectation.mean, settings.alpha)?;
                (upper, expectation.predictor, expectation.predictor_error)
            }
            BoundMethod::NegativeBinomialUpper => {
                let reach = self.method.quantile * expectation.predictor_error;
                let mean = (expectation.predictor + reach).exp();
                let upper = expectation.count_bound(mean, settings.alpha)?;
                (upper, expectation.predictor, expectation.predictor_error)
            }
        };
        // For the negative binomial bounds R measures from the logarithm of the expectation; the sign is what counts.
        let score = (count - centre) / (upper - centre);
        Some(Judgement {
            at: self.at,
            observed,
            expected: known(expectation.mean),
            upper: known(upper),
            alarm: score > 1.0 && observed != 0,
            p_value: expectation.tail(count),
            score: known(score),
            baseline: None,
            working: Working::Regression {
                overdispersion: expectation.overdispersion,
                trend: modelled.trend,
                standard_error: error,
            },
        })
    }
}
