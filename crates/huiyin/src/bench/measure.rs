//! Quantiles and medians.

use anyhow::Result;
use hdrhistogram::Histogram;

/// A histogram of microseconds, three digits, up to ten minutes.
pub(super) fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 600_000_000, 3)?)
}

/// A quantile in milliseconds.
pub(super) fn milliseconds(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}

/// The median.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.get(values.len() / 2), values.len()) {
        (Some(middle), _) => *middle,
        (None, _) => 0.0,
    }
}
