//! Log-linear regression of counts by iteratively reweighted least squares.
//!
//! The steps are those of McCullagh and Nelder with the start, the stopping rule and the limit of rounds that
//! statistical packages agree on, because a group of zeros never settles: its fitted mean falls by a factor e a round,
//! and what it is in the end depends on when the rounds end. A standard error belongs to the weights of the last
//! round, which were made before its coefficients.

mod harmonic;
mod response;
mod seasons;

pub(super) use harmonic::Harmonic;
pub(super) use response::Response;
pub(super) use seasons::{SeasonFactors, Seasons};

/// The rounds end when the deviance changes by less than this share.
const SETTLED: f64 = 1e-8;
/// The most rounds, and the most halvings of a step that leads nowhere.
const ROUNDS: usize = 25;

/// What the counts depend on: solves one weighted least-squares problem a round.
pub(super) trait Design {
    /// What remains of a solution besides the coefficients: enough for standard errors.
    type Factors: Default;

    /// How many coefficients there are.
    fn coefficients(&self) -> usize;

    /// The coefficients that come closest to the response, rows weighed.
    fn solve(
        &self,
        weights: &[f64],
        response: &[f64],
        coefficients: &mut [f64],
        factors: &mut Self::Factors,
    );

    /// The linear predictor of every row.
    fn predict(&self, coefficients: &[f64], predictor: &mut [f64]);
}

/// A fitted regression; its buffers are used again by the next fit.
#[derive(Debug, Default)]
pub(super) struct Fit<F> {
    /// The coefficients.
    pub coefficients: Vec<f64>,
    /// Those of the round before.
    before: Vec<f64>,
    /// What the design keeps of the last round.
    pub factors: F,
    /// The linear predictor of each row.
    pub predictor: Vec<f64>,
    /// The fitted mean of each row.
    pub mean: Vec<f64>,
    /// The weights of the last round.
    pub weights: Vec<f64>,
    /// The working response.
    working: Vec<f64>,
}

/// How a fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The deviance settled.
    Settled,
    /// The rounds ran out; the last coefficients stand.
    RanOut,
    /// No step led to a finite deviance: there are no coefficients.
    Lost,
}

impl<F: Default> Fit<F> {
    /// Fits the counts; `prior` weighs the rows and is all ones when none.
    pub(super) fn run<D: Design<Factors = F>>(
        &mut self,
        design: &D,
        response: &Response,
        prior: Option<&[f64]>,
    ) -> Ending {
        self.start(design.coefficients(), response);
        let mut deviance = response.deviance(&self.predictor, &self.mean, prior);
        for round in 0..ROUNDS {
            self.weigh(response, prior);
            self.before.clone_from(&self.coefficients);
            design.solve(
                &self.weights,
                &self.working,
                &mut self.coefficients,
                &mut self.factors,
            );
            let mut found = self.evaluate(design, response, prior);
            if !found.is_finite() {
                if round == 0 || self.coefficients.iter().any(|value| !value.is_finite()) {
                    return Ending::Lost;
                }
                let Some(halved) = self.halve(design, response, prior) else {
                    return Ending::Lost;
                };
                found = halved;
            }
            if (found - deviance).abs() / (found.abs() + 0.1) < SETTLED {
                return Ending::Settled;
            }
            deviance = found;
        }
        Ending::RanOut
    }

    /// Every row starts at its own count, a little above zero.
    fn start(&mut self, coefficients: usize, response: &Response) {
        self.coefficients.clear();
        self.coefficients.resize(coefficients, 0.0);
        self.predictor.clone_from(&response.start);
        self.mean.clear();
        self.mean.extend(
            response
                .counts
                .iter()
                .map(|count| count + response::ABOVE_ZERO),
        );
        self.weights.resize(response.counts.len(), 0.0);
        self.working.resize(response.counts.len(), 0.0);
    }

    /// The weights and the working response at the present mean.
    fn weigh(&mut self, response: &Response, prior: Option<&[f64]>) {
        let rows = self.working.iter_mut().zip(&self.predictor);
        for ((working, predictor), (count, mean)) in
            rows.zip(response.counts.iter().zip(&self.mean))
        {
            *working = predictor + (count - mean) / mean;
        }
        match prior {
            None => self.weights.copy_from_slice(&self.mean),
            Some(prior) => {
                for (weight, (mean, prior)) in
                    self.weights.iter_mut().zip(self.mean.iter().zip(prior))
                {
                    *weight = mean * prior;
                }
            }
        }
    }

    /// The predictor, the mean and the deviance at the present coefficients.
    fn evaluate<D: Design>(
        &mut self,
        design: &D,
        response: &Response,
        prior: Option<&[f64]>,
    ) -> f64 {
        design.predict(&self.coefficients, &mut self.predictor);
        for (mean, predictor) in self.mean.iter_mut().zip(&self.predictor) {
            *mean = predictor.exp().max(f64::EPSILON);
        }
        response.deviance(&self.predictor, &self.mean, prior)
    }

    /// Goes back half of the way until the deviance is finite.
    fn halve<D: Design>(
        &mut self,
        design: &D,
        response: &Response,
        prior: Option<&[f64]>,
    ) -> Option<f64> {
        for _ in 0..ROUNDS {
            for (now, before) in self.coefficients.iter_mut().zip(&self.before) {
                *now = f64::midpoint(*now, *before);
            }
            let found = self.evaluate(design, response, prior);
            if found.is_finite() {
                return Some(found);
            }
        }
        None
    }

    /// The sum of the squared working residuals, rows weighed, over the degrees of freedom.
    pub(super) fn dispersion(&self, response: &Response, weights: &[f64], freedom: usize) -> f64 {
        let squares: f64 = weights
            .iter()
            .zip(response.counts.iter().zip(&self.mean))
            .map(|(weight, (count, mean))| weight * ((count - mean) / mean).powi(2))
            .sum();
        squares / freedom as f64
    }
}
