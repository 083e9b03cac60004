//! Why there is a warning: everything a reader needs to check it.

use std::fmt;

use serde::Serialize;

use super::{
    evaluation::{Reading, Watched},
    judgement::{Baseline, Working},
    ladder::Method,
    scan::{Cluster, ScanSettings},
};

/// Why there is a warning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The day, as a point of the series.
    pub day: usize,
    /// How many matters it rests on.
    pub matters: u64,
    /// What was counted on the day, or in the cluster.
    pub observed: u64,
    /// What was to be expected; none when the method expects nothing.
    pub expected: Option<f64>,
    /// The count above which the method warns; none for a cluster, which is judged by its p-value.
    pub bound: Option<f64>,
    /// How often as much is seen in normal times, at most.
    pub p_value: Option<f64>,
    /// The method's own measure.
    pub score: Option<f64>,
    /// The method with its parameters, and what it took as normal.
    pub grounds: Grounds,
}

/// The method with its parameters, and what it took as normal.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "seen_in", rename_all = "snake_case")]
pub enum Grounds {
    /// One series over time.
    Series {
        /// The method and its parameters.
        method: Method,
        /// The points that were taken as normal.
        baseline: Option<Baseline>,
        /// The figures on the way.
        working: Working,
    },
    /// Neighbouring places together.
    Cluster {
        /// The parameters of the scan.
        settings: ScanSettings,
        /// The places, by their number in the scan.
        places: Vec<usize>,
        /// The first day of the cluster.
        first_day: usize,
    },
}

impl Explanation {
    /// Why the series warns; none when it does not.
    #[must_use]
    pub fn of(watched: &Watched) -> Option<Self> {
        let Reading {
            method,
            judgement,
            matters,
        } = *watched.warning()?;
        Some(Self {
            day: judgement.at,
            matters,
            observed: u64::from(judgement.observed),
            expected: judgement.expected,
            bound: judgement.upper,
            p_value: judgement.p_value,
            score: judgement.score,
            grounds: Grounds::Series {
                method,
                baseline: judgement.baseline,
                working: judgement.working,
            },
        })
    }

    /// Why the cluster warns, on the newest day of the scan.
    #[must_use]
    pub fn of_cluster(cluster: &Cluster, settings: ScanSettings, day: usize) -> Self {
        Self {
            day,
            matters: cluster.observed,
            observed: cluster.observed,
            expected: Some(cluster.expected),
            bound: None,
            p_value: Some(cluster.p_value),
            score: Some(cluster.log_likelihood_ratio),
            grounds: Grounds::Cluster {
                settings,
                places: cluster.places.clone(),
                first_day: cluster.first_day,
            },
        }
    }
}

impl fmt::Display for Explanation {
    /// One line: `14 matters, 3.2 expected, bound 9.0, p at most 4.0e-5, by Farrington Flexible against 156 past days around 3.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} matters", self.observed)?;
        if let Some(expected) = self.expected {
            write!(f, ", {expected:.1} expected")?;
        }
        if let Some(bound) = self.bound {
            write!(f, ", bound {bound:.1}")?;
        }
        if let Some(p_value) = self.p_value {
            write!(f, ", p at most {p_value:.1e}")?;
        }
        match &self.grounds {
            Grounds::Series {
                method, baseline, ..
            } => {
                write!(f, ", by {}", method.name())?;
                baseline.map_or(Ok(()), |baseline| {
                    let Baseline { points, mean, .. } = baseline;
                    write!(f, " against {points} past days around {mean:.1}")
                })
            }
            Grounds::Cluster {
                places, first_day, ..
            } => {
                let (number, days) = (places.len(), self.day + 1 - first_day);
                write!(f, ", by scan over {number} places and {days} days")
            }
        }
    }
}
