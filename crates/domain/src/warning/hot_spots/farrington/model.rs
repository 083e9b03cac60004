//! The regression of both methods: fitted, past outbreaks weighed down, fitted again; the trend kept or dropped.

use super::{
    super::{
        distributions::t_two_sided,
        regression::{Ending, Fit, Response, SeasonFactors, Seasons},
        series::Series,
    },
    YEARS_FOR_A_TREND,
    threshold::Expectation,
};

/// A dispersion below this is rounding: the fit is perfect, and nothing can be tested by it.
const PERFECT: f64 = 1e-18;
/// A row that leaves less room than this to its fit has no residual of its own.
const NO_ROOM: f64 = 1e-13;

/// Buffers that are used again from series to series.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The counts of the rows.
    pub(super) response: Response,
    fit: Fit<SeasonFactors>,
    leverages: Vec<f64>,
    /// The weights that past outbreaks leave, all ones without reweighting.
    kept: Vec<f64>,
}

/// How a method fits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Residuals above this weigh their rows down; none weighs all rows alike.
    pub outbreak_threshold: Option<f64>,
    /// Whether a fit without a trend that did not settle is used all the same.
    pub uses_unsettled: bool,
    /// What standard errors are made with.
    pub errors: Errors,
    /// The trend is kept when its p-value is below this.
    pub trend_threshold: f64,
    /// How many past years there are.
    pub years: usize,
}

/// What dispersion standard errors are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errors {
    /// That of the fit; for the expectation at least 1.
    OfFit,
    /// That of the weights which past outbreaks left, also below 1 (so R's `farringtonFlexible`).
    OfKeptWeights,
}

/// The season and time for which something is expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub season: usize,
    pub time: f64,
}

/// The rows of a regression with a trend and without.
#[derive(Clone, Debug)]
pub(super) struct Designs {
    /// The points of the rows, season by season.
    pub points: Vec<usize>,
    /// With a trend, when one is wanted.
    pub trended: Option<Seasons>,
    /// Without.
    pub plain: Seasons,
}

impl Designs {
    /// The designs over the points of each season, empty seasons left out.
    pub(super) fn new(seasons: &[Vec<usize>], trend: bool) -> Self {
        let points: Vec<usize> = seasons.iter().flatten().copied().collect();
        let time: Vec<f64> = points.iter().map(|point| *point as f64).collect();
        let mut start = 0;
        let rows = seasons.iter().filter(|season| !season.is_empty());
        let ranges = rows
            .map(|season| {
                let range = start..start + season.len();
                start = range.end;
                range
            })
            .collect();
        let trended = Seasons::new(ranges, &time, true);
        Self {
            points,
            plain: trended.without_trend(),
            trended: trend.then_some(trended),
        }
    }

    /// The points of each season.
    pub(super) fn rows_of_seasons(&self) -> impl Iterator<Item = &[usize]> {
        self.plain.rows().map(|rows| &self.points[rows.clone()])
    }

    /// Rows that the largest model leaves free.
    pub(super) fn freedom(&self) -> usize {
        self.trended.as_ref().unwrap_or(&self.plain).freedom()
    }
}

/// What came of a fit.
#[derive(Clone, Copy, Debug)]
struct Fitted<'a> {
    design: &'a Seasons,
    overdispersion: f64,
    /// The dispersion by which the trend is tested.
    tested_by: f64,
    /// The dispersion by which the expectation errs.
    errs_by: f64,
}

/// What the model says of the wanted season and time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Modelled {
    pub expectation: Expectation,
    /// The trend, when one was kept.
    pub trend: Option<f64>,
}

impl Workspace {
    /// Takes in the counts of the next series at the points of the rows.
    pub(super) fn fill(&mut self, series: &Series, points: &[usize]) {
        self.response
            .fill(points.iter().map(|point| series.raw(*point)));
    }

    /// The mean count of the rows.
    pub(super) fn mean_count(&self) -> f64 {
        self.response.counts.iter().sum::<f64>() / self.response.counts.len() as f64
    }

    /// The model of the counts: with the trend when it is significant, seen over at least three years and does not
    /// lead above every count of the past. None when nothing settles.
    pub(super) fn model(
        &mut self,
        designs: &Designs,
        manner: Manner,
        wanted: Wanted,
    ) -> Option<Modelled> {
        if let Some(trended) = &designs.trended {
            let fitted = self.fit(trended, Some(&designs.plain), manner)?;
            if !fitted.design.has_trend() || self.keeps_trend(&fitted, manner, wanted) {
                return Some(self.expect(&fitted, wanted));
            }
        }
        let fitted = self.fit(&designs.plain, None, manner)?;
        Some(self.expect(&fitted, wanted))
    }

    fn fit<'a>(
        &mut self,
        design: &'a Seasons,
        instead: Option<&'a Seasons>,
        manner: Manner,
    ) -> Option<Fitted<'a>> {
        let (mut design, mut ending) = (design, self.fit.run(design, &self.response, None));
        if let (true, Some(plain)) = (ending != Ending::Settled, instead) {
            design = plain;
            ending = self.fit.run(plain, &self.response, None);
        }
        match ending {
            Ending::Settled => {}
            Ending::RanOut if manner.uses_unsettled => {}
            Ending::RanOut | Ending::Lost => return None,
        }
        let dispersion = self.dispersion(design);
        let Some(threshold) = manner.outbreak_threshold else {
            return Some(fitted(design, manner.errors, dispersion, dispersion));
        };
        self.weigh_outbreaks_down(design, dispersion.max(1.0), threshold);
        let ending = self.fit.run(design, &self.response, Some(&self.kept));
        if ending == Ending::Lost {
            return None;
        }
        let of_kept = self
            .fit
            .dispersion(&self.response, &self.kept, design.freedom());
        let dispersion = self.dispersion(design);
        Some(fitted(design, manner.errors, dispersion, of_kept))
    }

    fn dispersion(&self, design: &Seasons) -> f64 {
        self.fit
            .dispersion(&self.response, &self.fit.weights, design.freedom())
    }

    /// Rows that lie far above their fit count less, by the square of how far (standardised Anscombe residuals).
    fn weigh_outbreaks_down(&mut self, design: &Seasons, overdispersion: f64, threshold: f64) {
        design.leverages(&self.fit.weights, &self.fit.factors, &mut self.leverages);
        let rows = self.leverages.iter().zip(&self.fit.mean);
        let residuals =
            rows.zip(&self.response.two_thirds)
                .map(|((leverage, mean), two_thirds)| {
                    let root = mean.sqrt();
                    let raw = 1.5 * (two_thirds / root.cbrt() - root);
                    let room = 1.0 - leverage;
                    if room < NO_ROOM {
                        0.0
                    } else {
                        raw / (overdispersion * room).sqrt()
                    }
                });
        self.kept.clear();
        self.kept.extend(residuals.map(|residual| {
            if residual > threshold {
                residual.powi(-2)
            } else {
                1.0
            }
        }));
        let scale = self.kept.len() as f64 / self.kept.iter().sum::<f64>();
        self.kept.iter_mut().for_each(|weight| *weight *= scale);
    }

    fn keeps_trend(&self, fitted: &Fitted<'_>, manner: Manner, wanted: Wanted) -> bool {
        if manner.years < YEARS_FOR_A_TREND || fitted.tested_by < PERFECT {
            return false;
        }
        let variance = fitted.tested_by * Seasons::slope_variance(&self.fit.factors);
        let slope = fitted.design.slope(&self.fit.coefficients);
        let freedom = fitted.design.freedom() as f64;
        // A threshold of 1 takes every trend, also one that is zero but for rounding.
        let significant = manner.trend_threshold >= 1.0
            || t_two_sided(slope / variance.sqrt(), freedom) < manner.trend_threshold;
        significant && self.expect(fitted, wanted).expectation.mean <= self.response.largest()
    }

    fn expect(&self, fitted: &Fitted<'_>, wanted: Wanted) -> Modelled {
        let Wanted { season, time } = wanted;
        let design = fitted.design;
        let predictor = design.at(season, time, &self.fit.coefficients);
        let variance = fitted.errs_by * design.variance(season, time, &self.fit.factors);
        Modelled {
            expectation: Expectation {
                mean: predictor.exp().max(f64::EPSILON),
                predictor,
                predictor_error: variance.sqrt(),
                overdispersion: fitted.overdispersion,
            },
            trend: design
                .has_trend()
                .then(|| design.slope(&self.fit.coefficients)),
        }
    }
}

const fn fitted(design: &Seasons, errors: Errors, of_fit: f64, of_kept: f64) -> Fitted<'_> {
    let overdispersion = of_fit.max(1.0);
    let (tested_by, errs_by) = match errors {
        Errors::OfFit => (of_fit, overdispersion),
        Errors::OfKeptWeights => (of_kept, of_kept),
    };
    Fitted {
        design,
        overdispersion,
        tested_by,
        errs_by,
    }
}
