//! Farrington's methods: the same season of past years, a quasi-Poisson regression on it, past outbreaks weighed down,
//! and a bound for the day.
//!
//! - [`Farrington`]: Farrington, Andrews, Beale and Catchpole, 1996.
//! - [`Flexible`]: Noufaily and others, 2013: the whole year is used with a factor a season, the latest weeks are left
//!   out, past outbreaks are weighed down only when they are large, and the bound may be a negative binomial quantile.

mod blocks;
mod cycle;
mod flexible;
mod model;
mod original;
mod threshold;

pub use cycle::{Cycle, Step};
pub use flexible::{BoundMethod, Flexible, FlexiblePlan, FlexibleSettings};
pub use model::Workspace;
pub use original::{Farrington, FarringtonSettings};
pub use threshold::PowerTransform;

use serde::{Deserialize, Serialize};

use super::{bad_field::Check, series::Series};

/// How many past years a trend needs to be believed.
const YEARS_FOR_A_TREND: usize = 3;

/// How many matters there must have been lately for a method to say anything (R: `limit54`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enough {
    /// The least number of matters.
    pub matters: u32,
    /// Within so many points, the judged one included; at least 1.
    pub points: usize,
}

impl Default for Enough {
    /// Five matters in four points.
    fn default() -> Self {
        Self {
            matters: 5,
            points: 4,
        }
    }
}

impl Enough {
    fn check(self, check: &mut Check) {
        check.at_least("enough.points", self.points, 1);
    }

    /// Whether the points before and at the day fit into the history.
    fn check_history(self, at: usize, check: &mut Check) {
        check.that(
            self.points <= at + 1,
            "enough.points",
            format!("{} at point {at}", self.points),
            &format!("at most {}, the points up to the judged one", at + 1),
        );
    }

    /// Whether there were enough matters; none when a point lacks its report.
    fn reached(self, series: &Series, at: usize) -> Option<bool> {
        let points = at + 1 - self.points..=at;
        let counts: Option<Vec<u32>> = points.map(|point| series.at(point)).collect();
        let sum: u64 = counts?.into_iter().map(u64::from).sum();
        Some(sum >= u64::from(self.matters))
    }
}

/// Checks what both methods need of their windows.
fn check_window(check: &mut Check, cycle: Cycle, years: usize, half_window: usize) {
    cycle.check(check);
    check.at_least("years", years, 1);
    let width = half_window.saturating_mul(2).saturating_add(1);
    check.that(
        width <= cycle.points(),
        "half_window",
        half_window,
        &format!(
            "so that 2 x half_window + 1 is at most the {} points of a cycle",
            cycle.points()
        ),
    );
}
