//! Farrington's method of 1996: a window around the same date of each past year, and a straight trend through them.

use serde::{Deserialize, Serialize};

use super::{
    super::{
        bad_field::{BadFields, Check},
        distributions::normal_quantile,
        judgement::{Baseline, Judgement, Working, known},
        series::Series,
    },
    Cycle, Enough, PowerTransform, Workspace, check_window,
    model::{Designs, Errors, Manner, Modelled, Wanted},
};

/// Residuals above this weigh past points down.
const OUTBREAK_THRESHOLD: f64 = 1.0;
/// A trend with a p-value below this is significant.
const TREND_THRESHOLD: f64 = 0.05;

/// The parameters of the method of 1996.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FarringtonSettings {
    /// After how many points a season comes again.
    pub cycle: Cycle,
    /// How many past years are used, at least 1 (R: `b`, 5).
    pub years: usize,
    /// How many points on each side of the same date are used (R: `w`, 3).
    pub half_window: usize,
    /// Whether past outbreaks are weighed down (R: `reweight`, true).
    pub reweigh: bool,
    /// Whether a trend is looked for (R: `trend`, true).
    pub trend: bool,
    /// Two-sided: a normal point lies above the bound in half of `alpha` of all cases (R: `alpha`, 0.05).
    pub alpha: f64,
    /// How many matters there must be lately.
    pub enough: Enough,
    /// The power of counts that is taken as normal.
    pub power: PowerTransform,
}

impl FarringtonSettings {
    /// The settings of the package for series of this cycle.
    #[must_use]
    pub fn of(cycle: Cycle) -> Self {
        Self {
            cycle,
            years: 5,
            half_window: 3,
            reweigh: true,
            trend: true,
            alpha: 0.05,
            enough: Enough::default(),
            power: PowerTransform::default(),
        }
    }

    /// The method with these settings.
    ///
    /// # Errors
    /// Every setting that is out of bounds.
    pub fn checked(self) -> Result<Farrington, BadFields> {
        let mut check = Check::default();
        check_window(&mut check, self.cycle, self.years, self.half_window);
        check.probability("alpha", self.alpha);
        self.enough.check(&mut check);
        check.finish()?;
        Ok(Farrington {
            settings: self,
            quantile: normal_quantile(1.0 - self.alpha / 2.0),
        })
    }
}

/// The method of 1996 with settings that hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Farrington {
    settings: FarringtonSettings,
    quantile: f64,
}

impl Farrington {
    /// Judges the point by the same season of past years. Years before the series are left out.
    ///
    /// # Errors
    /// When the point has no report, or the past has too few points for the regression.
    pub fn judge(
        &self,
        series: &Series,
        at: usize,
        workspace: &mut Workspace,
    ) -> Result<Judgement, BadFields> {
        let observed = series.reported(at)?;
        let mut check = Check::default();
        self.settings.enough.check_history(at, &mut check);
        check.finish()?;
        let points = self.reference_points(series, at)?;
        let counts = points.iter().map(|point| (*point, series.raw(*point)));
        let baseline = Baseline::of(counts);
        let designs = Designs::new(&[points], self.settings.trend);
        workspace.fill(series, &designs.points);
        let manner = Manner {
            outbreak_threshold: self.settings.reweigh.then_some(OUTBREAK_THRESHOLD),
            uses_unsettled: true,
            errors: Errors::OfFit,
            trend_threshold: TREND_THRESHOLD,
            years: self.settings.years,
        };
        let wanted = Wanted {
            season: 0,
            time: at as f64,
        };
        let enough = self.settings.enough.reached(series, at);
        let modelled = workspace.model(&designs, manner, wanted);
        let (Some(modelled), Some(enough)) = (modelled, enough) else {
            return Ok(Judgement::undecided(at, observed, baseline));
        };
        let judged = self.decide(at, observed, modelled, enough);
        Ok(Judgement { baseline, ..judged })
    }

    /// The reported points of the windows, oldest first; enough for the regression.
    fn reference_points(&self, series: &Series, at: usize) -> Result<Vec<usize>, BadFields> {
        let settings = &self.settings;
        let half = i64::try_from(settings.half_window).unwrap_or(i64::MAX);
        let middles = (1..=settings.years)
            .rev()
            .filter_map(|year| settings.cycle.back(at, year));
        let points: Vec<usize> = middles
            .flat_map(|middle| middle.saturating_sub(half)..=middle.saturating_add(half))
            .filter_map(|point| usize::try_from(point).ok())
            .filter(|point| series.at(*point).is_some())
            .collect();
        let needed = if settings.trend { 3 } else { 2 };
        let mut check = Check::default();
        check.that(
            points.len() >= needed,
            "years",
            format!(
                "{} at point {at}, with {} past points",
                settings.years,
                points.len()
            ),
            &format!(
                "a history with at least {needed} reported points in the same season of past years"
            ),
        );
        check.finish()?;
        Ok(points)
    }

    fn decide(&self, at: usize, observed: u32, modelled: Modelled, enough: bool) -> Judgement {
        let expectation = modelled.expectation;
        let count = f64::from(observed);
        let upper = expectation.normal_bound(self.settings.power, self.quantile);
        let score = (count - expectation.mean) / (upper - expectation.mean);
        Judgement {
            at,
            observed,
            expected: known(expectation.mean),
            upper: if enough { known(upper) } else { Some(0.0) },
            alarm: enough && score > 1.0,
            p_value: expectation.tail(count).filter(|_| enough),
            score: known(score).filter(|_| enough),
            baseline: None,
            working: Working::Regression {
                overdispersion: expectation.overdispersion,
                trend: modelled.trend,
                standard_error: expectation.mean_error(),
            },
        }
    }
}
