//! Counts of matters of one place and subject, one a point of time.

use std::ops::Range;

use super::bad_field::BadFields;

/// Counts at equal steps of time (days or weeks), oldest first. A point without a report is a gap: it is no zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    counts: Vec<u32>,
    /// The points without a report, ascending; their counts are 0 and never read.
    gaps: Vec<usize>,
}

impl Series {
    /// A series in which every point was reported.
    ///
    /// # Errors
    /// When there is no point.
    pub fn new(counts: Vec<u32>) -> Result<Self, BadFields> {
        Self::with_gaps_at(counts, Vec::new())
    }

    /// A series in which points may lack a report.
    ///
    /// # Errors
    /// When there is no point.
    pub fn with_gaps(counts: &[Option<u32>]) -> Result<Self, BadFields> {
        let gaps = (0..counts.len())
            .filter(|index| counts[*index].is_none())
            .collect();
        Self::with_gaps_at(
            counts.iter().map(|count| count.unwrap_or(0)).collect(),
            gaps,
        )
    }

    fn with_gaps_at(counts: Vec<u32>, gaps: Vec<usize>) -> Result<Self, BadFields> {
        if counts.is_empty() {
            return Err(BadFields::one("series", "empty", "at least one point"));
        }
        Ok(Self { counts, gaps })
    }

    /// The number of points, at least one.
    #[must_use]
    pub const fn points(&self) -> usize {
        self.counts.len()
    }

    /// The count at the point; none for a gap and outside of the series.
    #[must_use]
    pub fn at(&self, point: usize) -> Option<u32> {
        let known = !self.is_gap(point);
        self.counts.get(point).copied().filter(|_| known)
    }

    /// Whether the point lacks its report.
    #[must_use]
    pub fn is_gap(&self, point: usize) -> bool {
        !self.gaps.is_empty() && self.gaps.binary_search(&point).is_ok()
    }

    /// Whether every point was reported.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Every `step`-th point, counted back from `last`, which stays the last one.
    ///
    /// # Errors
    /// When the step is 0 or the last point lies outside of the series.
    pub fn every(&self, step: usize, last: usize) -> Result<Self, BadFields> {
        if step == 0 {
            return Err(BadFields::one("step", step, "a whole number from 1"));
        }
        self.reported(last)?;
        let first = last % step;
        let points = (first..=last).step_by(step);
        let gaps = self
            .gaps
            .iter()
            .filter(|gap| **gap <= last && **gap % step == first)
            .map(|gap| gap / step)
            .collect();
        Self::with_gaps_at(points.map(|point| self.counts[point]).collect(), gaps)
    }

    /// The count at the point that is judged.
    pub(super) fn reported(&self, point: usize) -> Result<u32, BadFields> {
        self.at(point).ok_or_else(|| {
            let what = if point < self.points() {
                "a point without a report"
            } else {
                "outside of the series"
            };
            let allowed = format!("a reported point from 0 to {}", self.points() - 1);
            BadFields::one("at", format!("{point}, {what}"), &allowed)
        })
    }

    /// The count as a number, `NaN` for a gap: what is computed from it is then unknown as well.
    pub(super) fn number(&self, point: usize) -> f64 {
        self.at(point).map_or(f64::NAN, f64::from)
    }

    /// The known counts of a stretch.
    pub(super) fn known(&self, stretch: Range<usize>) -> impl Iterator<Item = u32> + '_ {
        stretch.filter_map(|point| self.at(point))
    }

    /// The raw count, for points that are known not to be gaps.
    pub(super) fn raw(&self, point: usize) -> u32 {
        self.counts[point]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_without_points_is_refused() {
        let refused = Series::new(Vec::new()).unwrap_err().to_string();
        assert_eq!(refused, "series is empty; allowed: at least one point");
    }

    #[test]
    fn a_gap_is_no_zero() {
        let series = Series::with_gaps(&[Some(4), None, Some(0)]).unwrap();
        assert_eq!(
            [series.at(0), series.at(1), series.at(2), series.at(3)],
            [Some(4), None, Some(0), None]
        );
        assert!(series.number(1).is_nan());
        assert_eq!(series.known(0..3).sum::<u32>(), 4);
        assert!(!series.is_whole());
    }

    #[test]
    fn a_point_that_cannot_be_judged_is_named() {
        let series = Series::with_gaps(&[Some(4), None]).unwrap();
        assert_eq!(
            series.reported(1).unwrap_err().to_string(),
            "at is 1, a point without a report; allowed: a reported point from 0 to 1"
        );
        assert!(
            series
                .reported(2)
                .unwrap_err()
                .to_string()
                .contains("2, outside of the series")
        );
    }

    #[test]
    fn every_seventh_day_ends_on_the_day() {
        let counts: Vec<_> = (0..20).map(|day| (day != 4).then_some(day)).collect();
        let weekly = Series::with_gaps(&counts).unwrap().every(7, 18).unwrap();
        let seen: Vec<_> = (0..4).map(|week| weekly.at(week)).collect();
        assert_eq!(seen, [None, Some(11), Some(18), None]);
        assert!(Series::new(vec![1]).unwrap().every(0, 0).is_err());
    }
}
