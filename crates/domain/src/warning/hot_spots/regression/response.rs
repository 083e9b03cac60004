//! The counts that are fitted, with what every fit of them needs again.

/// What is added to a count before its logarithm starts a fit.
pub(super) const ABOVE_ZERO: f64 = 0.1;
/// Counts below this are looked up.
const TABLED: usize = 256;

/// The counts of the rows, and functions of them that no fit changes.
#[derive(Debug)]
pub(in super::super) struct Response {
    /// The counts.
    pub counts: Vec<f64>,
    /// The logarithm each row starts from.
    pub start: Vec<f64>,
    /// Each count times its logarithm.
    log_times: Vec<f64>,
    /// Each count to the power 2/3.
    pub two_thirds: Vec<f64>,
    /// The last three of small counts.
    table: Vec<[f64; 3]>,
}

impl Default for Response {
    fn default() -> Self {
        Self {
            counts: Vec::new(),
            start: Vec::new(),
            log_times: Vec::new(),
            two_thirds: Vec::new(),
            table: (0..TABLED).map(|count| functions(count as f64)).collect(),
        }
    }
}

fn functions(count: f64) -> [f64; 3] {
    let log_times = if count > 0.0 { count * count.ln() } else { 0.0 };
    [(count + ABOVE_ZERO).ln(), log_times, count.powf(2.0 / 3.0)]
}

impl Response {
    /// Takes in the counts of the next series.
    pub(in super::super) fn fill(&mut self, counts: impl Iterator<Item = u32>) {
        self.counts.clear();
        self.start.clear();
        self.log_times.clear();
        self.two_thirds.clear();
        for count in counts {
            let number = f64::from(count);
            let tabled = self.table.get(count as usize);
            let [start, log_times, two_thirds] =
                tabled.copied().unwrap_or_else(|| functions(number));
            self.counts.push(number);
            self.start.push(start);
            self.log_times.push(log_times);
            self.two_thirds.push(two_thirds);
        }
    }

    /// The largest count.
    pub(in super::super) fn largest(&self) -> f64 {
        self.counts.iter().copied().fold(0.0, f64::max)
    }

    /// The deviance of the counts from the means, whose logarithms are the predictors.
    pub(super) fn deviance(&self, predictor: &[f64], mean: &[f64], prior: Option<&[f64]>) -> f64 {
        let rows = self.counts.iter().zip(&self.log_times);
        let of_row = |((count, log_times), (predictor, mean)): ((&f64, &f64), (&f64, &f64))| {
            (log_times - count * predictor) - (count - mean)
        };
        let rows = rows.zip(predictor.iter().zip(mean)).map(of_row);
        let half: f64 = match prior {
            None => rows.sum(),
            Some(prior) => rows.zip(prior).map(|(row, prior)| row * prior).sum(),
        };
        2.0 * half
    }
}
