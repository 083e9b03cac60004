//! Counts that swing once a period: a constant, a cosine and a sine.

use std::f64::consts::TAU;

use super::Design;

/// How many columns there are.
const COLUMNS: usize = 3;
/// A column of which less than this share is left beside those before it adds nothing of its own.
const ALIASED: f64 = 1e-11;

/// The rows of a regression on one swing a period.
#[derive(Clone, Debug)]
pub(in super::super) struct Harmonic {
    rows: Vec<[f64; COLUMNS]>,
}

/// The swing at a time.
fn columns(time: f64, period: f64) -> [f64; COLUMNS] {
    let turn = TAU / period * time;
    [1.0, turn.cos(), turn.sin()]
}

impl Harmonic {
    /// The design over these times.
    pub(in super::super) fn new(times: impl Iterator<Item = f64>, period: f64) -> Self {
        Self {
            rows: times.map(|time| columns(time, period)).collect(),
        }
    }

    /// The linear predictor at a time.
    pub(in super::super) fn at(time: f64, period: f64, coefficients: &[f64]) -> f64 {
        dot(&columns(time, period), coefficients)
    }
}

fn dot(row: &[f64; COLUMNS], coefficients: &[f64]) -> f64 {
    row.iter()
        .zip(coefficients)
        .map(|(value, coefficient)| value * coefficient)
        .sum()
}

/// A row with its response as the last column.
type Beside = [f64; COLUMNS + 1];

/// The weighed product of two columns.
fn product(rows: &[Beside], weights: &[f64], one: usize, other: usize) -> f64 {
    let rows = rows.iter().zip(weights);
    rows.map(|(row, weight)| weight * row[one] * row[other])
        .sum()
}

impl Design for Harmonic {
    type Factors = ();

    fn coefficients(&self) -> usize {
        COLUMNS
    }

    /// Columns are made orthogonal one after the other (Gram and Schmidt); a column that adds nothing gets 0.
    fn solve(&self, weights: &[f64], response: &[f64], coefficients: &mut [f64], (): &mut ()) {
        let beside = self.rows.iter().zip(response);
        let given: Vec<Beside> = beside
            .map(|([one, cosine, sine], response)| [*one, *cosine, *sine, *response])
            .collect();
        let mut left = given.clone();
        let mut shares = [[0.0; COLUMNS + 1]; COLUMNS];
        for column in 0..COLUMNS {
            let squares = product(&left, weights, column, column);
            if squares <= ALIASED * ALIASED * product(&given, weights, column, column) {
                continue;
            }
            for later in column + 1..=COLUMNS {
                let share = product(&left, weights, column, later) / squares;
                shares[column][later] = share;
                left.iter_mut()
                    .for_each(|row| row[later] -= share * row[column]);
            }
        }
        for column in (0..COLUMNS).rev() {
            let later = shares[column][column + 1..COLUMNS].iter();
            let taken: f64 = later
                .zip(&coefficients[column + 1..])
                .map(|(share, coefficient)| share * coefficient)
                .sum();
            coefficients[column] = shares[column][COLUMNS] - taken;
        }
    }

    fn predict(&self, coefficients: &[f64], predictor: &mut [f64]) {
        for (predictor, row) in predictor.iter_mut().zip(&self.rows) {
            *predictor = dot(row, coefficients);
        }
    }
}
