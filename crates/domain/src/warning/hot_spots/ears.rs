//! EARS, the methods for short histories (Hutwagner and others, 2003; Fricker and others, 2008): mean and standard
//! deviation of the last few points. C1 takes the points just before the day, C2 leaves two out so that a slow rise
//! does not hide itself, C3 adds up what C2 said of the two days before.

use serde::{Deserialize, Serialize};

use super::{
    bad_field::{BadFields, Check},
    distributions::{normal_quantile, t_two_sided},
    judgement::{Baseline, Judgement, Working, known, larger},
    series::Series,
};
use crate::word::words;

/// How many points C2 and C3 leave out before the day.
const LEFT_OUT: usize = 2;
/// How many earlier days C3 adds up.
const ADDED: usize = 2;
/// The fewest baseline points: fewer have no useful deviation.
const LEAST_BASELINE: usize = 3;

words! {
    /// Which of the three.
    EarsVariant {
        /// The points just before the day.
        C1 = "c1",
        /// Two days left out.
        C2 = "c2",
        /// What C2 said of the two days before, added up.
        C3 = "c3",
    }
}

impl EarsVariant {
    /// The variant in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::C1 => "EARS C1",
            Self::C2 => "EARS C2",
            Self::C3 => "EARS C3",
        }
    }

    /// How many points before the day are needed with the baseline.
    #[must_use]
    pub const fn history(self, baseline: usize) -> usize {
        match self {
            Self::C1 => baseline,
            Self::C2 => baseline + LEFT_OUT,
            Self::C3 => baseline + LEFT_OUT + ADDED,
        }
    }
}

/// The parameters of EARS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarsSettings {
    /// Which of the three.
    pub variant: EarsVariant,
    /// How many points are the baseline, at least 3 (R: `baseline`, 7).
    pub baseline: usize,
    /// The least standard deviation, at least 0 (R: `minSigma`, 0). A quiet series then needs more than one matter to warn.
    pub minimum_sigma: f64,
    /// How often a normal point may warn, above 0 and below 1 (R: `alpha`, 0.001; 0.025 for C3).
    pub alpha: f64,
}

impl EarsSettings {
    /// The settings that the literature gives the variant.
    #[must_use]
    pub const fn of(variant: EarsVariant) -> Self {
        let alpha = match variant {
            EarsVariant::C1 | EarsVariant::C2 => 0.001,
            EarsVariant::C3 => 0.025,
        };
        Self {
            variant,
            baseline: 7,
            minimum_sigma: 0.0,
            alpha,
        }
    }

    /// The method with these settings.
    ///
    /// # Errors
    /// Every setting that is out of bounds.
    pub fn checked(self) -> Result<Ears, BadFields> {
        let mut check = Check::default();
        check.at_least("baseline", self.baseline, LEAST_BASELINE);
        check.not_negative("minimum_sigma", self.minimum_sigma);
        check.probability("alpha", self.alpha);
        check.finish()?;
        Ok(Ears {
            settings: self,
            quantile: normal_quantile(1.0 - self.alpha),
        })
    }
}

/// EARS with settings that hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ears {
    settings: EarsSettings,
    /// How many standard deviations above the mean the bound lies.
    quantile: f64,
}

impl Ears {
    /// Judges the point by those before it.
    ///
    /// # Errors
    /// When the point has no report, or fewer points before it than the variant needs.
    pub fn judge(&self, series: &Series, at: usize) -> Result<Judgement, BadFields> {
        let observed = series.reported(at)?;
        let needed = self.settings.variant.history(self.settings.baseline);
        if at < needed {
            let given = format!("{} at point {at}", self.settings.baseline);
            let allowed = format!(
                "a window within the history; this one needs {needed} points before the day"
            );
            return Err(BadFields::one("baseline", given, &allowed));
        }
        Ok(match self.settings.variant {
            EarsVariant::C1 => self.by_deviation(series, at, observed, 0),
            EarsVariant::C2 => self.by_deviation(series, at, observed, LEFT_OUT),
            EarsVariant::C3 => self.by_days_before(series, at, observed),
        })
    }

    /// C1 and C2: the bound is the mean plus so many deviations.
    fn by_deviation(
        &self,
        series: &Series,
        at: usize,
        observed: u32,
        left_out: usize,
    ) -> Judgement {
        let window = Window::before(series, at - left_out, &self.settings);
        let upper = self.quantile.mul_add(window.sigma, window.mean);
        let excess = f64::from(observed) - window.mean;
        Judgement {
            at,
            observed,
            expected: known(window.mean),
            upper: known(upper),
            alarm: f64::from(observed) > upper,
            p_value: known(upper).map(|_| self.tail(excess / window.sigma)),
            score: known(excess / window.sigma),
            baseline: window.baseline,
            working: Working::Ears {
                sigma: window.sigma,
            },
        }
    }

    /// How often a normal point lies so many deviations above the mean of so few points: the tail of Student's t, which
    /// is wider than the normal one that the bound is made with. For C3, one of the added days exceeds its share.
    fn tail(&self, deviations: f64) -> f64 {
        let points = self.settings.baseline as f64;
        if deviations <= 0.0 || deviations.is_nan() {
            // Also when nothing moved and nothing exceeds it: 0 deviations of 0.
            return 1.0;
        }
        let scaled = deviations / (1.0 + points.recip()).sqrt();
        0.5 * t_two_sided(scaled, points - 1.0)
    }

    /// C3: what the two days before exceeded by is taken off the bound of the day.
    fn by_days_before(&self, series: &Series, at: usize, observed: u32) -> Judgement {
        let exceeded: f64 = (1..=ADDED)
            .map(|back| {
                let day = at - back;
                let window = Window::before(series, day - LEFT_OUT, &self.settings);
                larger(0.0, (series.number(day) - window.mean) / window.sigma - 1.0)
            })
            .sum();
        let window = Window::before(series, at - LEFT_OUT, &self.settings);
        let distance = window.sigma * (self.quantile - exceeded);
        let upper = larger(0.0, f64::from(observed) + distance);
        let days = ADDED as f64;
        Judgement {
            at,
            observed,
            expected: known(window.mean),
            upper: known(upper),
            alarm: f64::from(observed) > upper,
            p_value: known(upper).map(|_| (days * self.tail(exceeded / days + 1.0)).min(1.0)),
            score: known(exceeded),
            baseline: window.baseline,
            working: Working::Ears {
                sigma: window.sigma,
            },
        }
    }
}

/// Mean and deviation of the points before a point.
struct Window {
    mean: f64,
    sigma: f64,
    baseline: Option<Baseline>,
}

impl Window {
    /// Both are unknown when a point of the window lacks its report.
    fn before(series: &Series, end: usize, settings: &EarsSettings) -> Self {
        let points = end - settings.baseline..end;
        let numbers = points.clone().map(|point| series.number(point));
        let mean = numbers.clone().sum::<f64>() / settings.baseline as f64;
        let squares: f64 = numbers.map(|count| (count - mean).powi(2)).sum();
        let sigma = (squares / (settings.baseline - 1) as f64).sqrt();
        let known = points.filter_map(|point| Some((point, series.at(point)?)));
        Self {
            mean,
            sigma: larger(sigma, settings.minimum_sigma),
            baseline: Baseline::of(known),
        }
    }
}
