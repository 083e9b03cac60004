//! Clusters of neighbouring places: Kulldorff's prospective space-time scan statistic.
//!
//! A cylinder is a circle of places around a centre, over the last days up to the newest one. With c matters counted in it
//! and e expected, of C in all, its log likelihood ratio is
//!
//! ```text
//! c ln(c/e) + (C-c) ln((C-c)/(C-e))     when c > e, else 0
//! ```
//!
//! The most likely cluster is the cylinder with the largest ratio. How often chance alone gives as large a one is found by
//! dealing the matters anew many times: p = (1 + times as large or larger) / (1 + times dealt).

mod cylinders;
mod deals;
mod zones;

pub use zones::{Centroid, Zones};

use serde::{Deserialize, Serialize};

use self::{
    cylinders::{Best, Cylinders, Recent},
    deals::Deals,
};
use super::bad_field::{BadFields, Check};

/// What is expected of each place and day (R and others: "permutation" and "Poisson" model).
#[derive(Clone, Copy, Debug)]
pub enum Expectation<'a> {
    /// The place's share of all matters times the day's share: needs nothing but the counts (Kulldorff and others, 2005).
    Permutation,
    /// Given numbers, place by place and day by day; only their proportions count (Kulldorff, 2001).
    Given(&'a [Vec<f64>]),
}

/// The parameters of the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScanSettings {
    /// The longest cylinder in days, at least 1.
    pub maximum_days: usize,
    /// How often matters are dealt anew, at least 1; 999 gives p-values in thousandths.
    pub deals: usize,
    /// The fewest matters a cluster may have, at least 1, so that nobody can be singled out.
    pub minimum_matters: u64,
    /// The most clusters that are told; the second and later ones share no place with those before, at least 1.
    pub clusters: usize,
}

impl Default for ScanSettings {
    fn default() -> Self {
        Self {
            maximum_days: 14,
            deals: 999,
            minimum_matters: super::MINIMUM_MATTERS,
            clusters: 3,
        }
    }
}

/// A circle of places over the last days.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cluster {
    /// The place in the middle.
    pub centre: usize,
    /// The places, ascending.
    pub places: Vec<usize>,
    /// The first day; it lasts up to the newest day.
    pub first_day: usize,
    /// The matters in it.
    pub observed: u64,
    /// The matters expected in it.
    pub expected: f64,
    /// The log likelihood ratio.
    pub log_likelihood_ratio: f64,
    /// How often chance alone gives as large a ratio anywhere.
    pub p_value: f64,
}

impl ScanSettings {
    /// The scan with these settings.
    ///
    /// # Errors
    /// Every setting that is out of bounds.
    pub fn checked(self) -> Result<Scan, BadFields> {
        let mut check = Check::default();
        check.at_least("maximum_days", self.maximum_days, 1);
        check.at_least("deals", self.deals, 1);
        check.minimum_matters(self.minimum_matters);
        check.at_least("clusters", self.clusters, 1);
        check.finish()?;
        Ok(Scan(self))
    }
}

/// The scan with settings that hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan(ScanSettings);

impl Scan {
    /// The clusters that end on the newest day, most likely first. `counts` holds the matters place by place, each day by
    /// day, oldest first; `seed` is the chance by which they are dealt anew.
    ///
    /// # Errors
    /// When the zones are of other places, places differ in their days, the cylinders are longer than the history, or
    /// expectations are not finite numbers from 0 with a sum above 0.
    pub fn run(
        &self,
        counts: &[Vec<u32>],
        zones: &Zones,
        expectation: Expectation<'_>,
        seed: u64,
    ) -> Result<Vec<Cluster>, BadFields> {
        let days = self.days(counts, zones)?;
        let recent = Recent::of(counts, self.0.maximum_days);
        let cylinders = Cylinders::new(counts, zones, expectation, &self.0)?;
        let found = cylinders.best_of_centres(&recent);
        let clusters = self.apart(zones, found);
        if clusters.is_empty() {
            return Ok(Vec::new());
        }
        let mut as_large = vec![0_usize; clusters.len()];
        let mut deals = Deals::new(counts, expectation, self.0.maximum_days, seed);
        for _ in 0..self.0.deals {
            let dealt = cylinders.largest_ratio(deals.deal());
            for (times, cluster) in as_large.iter_mut().zip(&clusters) {
                *times += usize::from(dealt >= cluster.ratio);
            }
        }
        let told = clusters.iter().zip(as_large);
        Ok(told
            .map(|(best, times)| self.tell(zones, best, days, times))
            .collect())
    }

    fn days(&self, counts: &[Vec<u32>], zones: &Zones) -> Result<usize, BadFields> {
        let days = counts.first().map_or(0, Vec::len);
        let mut check = Check::default();
        check.that(
            counts.len() == zones.places(),
            "counts",
            format!("of {} places", counts.len()),
            &format!("of the {} places of the zones", zones.places()),
        );
        let alike = counts.iter().all(|place| place.len() == days);
        check.that(
            alike,
            "counts",
            "of unequal days",
            "the same days for every place",
        );
        check.that(
            self.0.maximum_days <= days,
            "maximum_days",
            self.0.maximum_days,
            &format!("at most {days}, the days of the counts"),
        );
        check.finish()?;
        Ok(days)
    }

    /// The best cylinders of which none shares a place with a better one.
    fn apart(&self, zones: &Zones, mut found: Vec<Best>) -> Vec<Best> {
        // The largest ratio first; of equal ones the smaller circle, then the shorter time, then the first place.
        found.sort_by(|one, other| {
            let ratio = other.ratio.total_cmp(&one.ratio);
            let size = |best: &Best| (best.size, best.days, best.centre);
            ratio.then_with(|| size(one).cmp(&size(other)))
        });
        let mut taken = vec![false; zones.places()];
        let mut apart = Vec::new();
        for best in found {
            let places = zones.circle(best.centre, best.size);
            if apart.len() == self.0.clusters || places.iter().any(|place| taken[*place]) {
                continue;
            }
            places.iter().for_each(|place| taken[*place] = true);
            apart.push(best);
        }
        apart
    }

    fn tell(&self, zones: &Zones, best: &Best, days: usize, as_large: usize) -> Cluster {
        let mut places = zones.circle(best.centre, best.size).to_vec();
        places.sort_unstable();
        Cluster {
            centre: best.centre,
            places,
            first_day: days - best.days,
            observed: best.observed,
            expected: best.expected,
            log_likelihood_ratio: best.ratio,
            p_value: (1 + as_large) as f64 / (1 + self.0.deals) as f64,
        }
    }
}
