//! Cumulative sums: what lies above the expected adds up from point to point, so that a small lasting rise is seen that
//! no single day shows.
//!
//! - [`Cusum`]: the sum of standardised counts (Rossi and others, 1999).
//! - [`NegativeBinomialCusum`]: the sum of log likelihood ratios of overdispersed counts (Höhle and Paul, 2008).

mod negative_binomial;
mod standardised;
mod transform;

pub use negative_binomial::{NegativeBinomialCusum, NegativeBinomialSettings};
pub use standardised::{Cusum, CusumMean, CusumSettings};
pub use transform::CusumTransform;

use super::judgement::larger;

/// A sum that is held at zero.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    value: f64,
    /// How many points it has been above zero.
    run: usize,
}

impl Sum {
    fn add(self, step: f64) -> Self {
        let value = larger(0.0, self.value + step);
        Self {
            value,
            run: if value > 0.0 { self.run + 1 } else { 0 },
        }
    }
}
