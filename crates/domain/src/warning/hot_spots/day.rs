//! One day of many series: which of them become warnings, and why.

use super::{
    bad_field::BadFields,
    evaluation::{Evaluation, Watch},
    explanation::Explanation,
    farrington::Workspace,
    ladder::Ladder,
    multiplicity::{Candidate, Choice, Multiplicity},
    series::Series,
};

/// A series that may warn on the day.
#[derive(Clone, Debug)]
pub struct Looked<K, D> {
    /// The place and subject.
    pub series: K,
    /// The desk that reads its warnings.
    pub desk: D,
    /// The counts of every day up to the one that is looked at, which is the last.
    pub counts: Series,
}

/// A hot spot of the day.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<K> {
    /// The place and subject.
    pub series: K,
    /// Why there is a warning.
    pub explanation: Explanation,
    /// Whether the desk has its budget full of less likely ones; it is told all the same, as that.
    pub over_budget: bool,
}

/// A day that is looked at, series by series: they need not all be in memory at once.
#[derive(Debug)]
pub struct Day<K, D> {
    watch: Watch,
    points: usize,
    workspace: Workspace,
    candidates: Vec<Candidate<Option<K>, Option<D>>>,
    explanations: Vec<Option<Explanation>>,
}

impl<K: Ord, D: Ord> Day<K, D> {
    /// A day that is the last of so many points.
    ///
    /// # Errors
    /// When no method of the ladder can be prepared for it.
    pub fn of(points: usize, ladder: &Ladder) -> Result<Self, BadFields> {
        Ok(Self {
            watch: Watch::on(points.saturating_sub(1), ladder)?,
            points,
            workspace: Workspace::default(),
            candidates: Vec::new(),
            explanations: Vec::new(),
        })
    }

    /// Looks at one series.
    ///
    /// # Errors
    /// When it has another length.
    pub fn look_at(&mut self, looked: Looked<K, D>) -> Result<(), BadFields> {
        let Looked {
            series,
            desk,
            counts,
        } = looked;
        if counts.points() != self.points {
            let allowed = format!("{}, as the others", self.points);
            return Err(BadFields::one("counts", counts.points(), &allowed));
        }
        let evaluation = self.watch.evaluate(&counts, &mut self.workspace)?;
        let candidate = Candidate::of(Some(series), Some(desk), &evaluation);
        self.candidates.extend(candidate);
        if let Evaluation::Watched(watched) = &evaluation {
            self.explanations.push(Explanation::of(watched));
        }
        Ok(())
    }

    /// The hot spots of the day. `quiet` series more were counted that have too few matters to warn: they are not evaluated, and
    /// stand among the others as if nothing could be said of them, which makes the choice no less strict.
    #[must_use]
    pub fn found(mut self, quiet: usize, multiplicity: &Multiplicity) -> Vec<Found<K>> {
        self.candidates.extend((0..quiet).map(|_| Candidate {
            series: None,
            desk: None,
            alarm: false,
            p_value: 1.0,
            matters: 0,
        }));
        let choices = multiplicity.choose(&self.candidates);
        let found = self.candidates.into_iter().zip(choices);
        let found = found.zip(self.explanations);
        let found = found.filter_map(|((candidate, choice), explanation)| {
            let over_budget = match choice {
                Choice::Warns => false,
                Choice::OverBudget => true,
                Choice::Quiet | Choice::TooFew | Choice::ByChance => return None,
            };
            Some(Found {
                series: candidate.series?,
                explanation: explanation?,
                over_budget,
            })
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warning::hot_spots::{LadderSettings, MultiplicitySettings};

    /// Three weeks of one matter a day, and on the last day so many.
    fn series(series: u32, last: u32) -> Looked<u32, &'static str> {
        let counts = std::iter::repeat_n(1, 21).chain([last]).collect();
        Looked {
            series,
            desk: "county",
            counts: Series::new(counts).unwrap(),
        }
    }

    fn found(
        looked: &[Looked<u32, &'static str>],
        quiet: usize,
        budget: usize,
    ) -> Vec<(u32, bool)> {
        let ladder = LadderSettings::default().checked().unwrap();
        let settings = MultiplicitySettings {
            budget,
            ..MultiplicitySettings::default()
        };
        let multiplicity = settings.checked().unwrap();
        let mut day = Day::of(22, &ladder).unwrap();
        for series in looked {
            day.look_at(series.clone()).unwrap();
        }
        let found = day.found(quiet, &multiplicity);
        found
            .into_iter()
            .map(|found| (found.series, found.over_budget))
            .collect()
    }

    #[test]
    fn a_jump_is_found_and_a_quiet_day_is_not() {
        assert_eq!(found(&[series(1, 1), series(2, 60)], 0, 10), [(2, false)]);
        assert_eq!(found(&[], 9, 10), []);
    }

    #[test]
    fn what_goes_beyond_the_budget_is_told_as_that() {
        let all = [series(1, 60), series(2, 80), series(3, 70)];
        assert_eq!(found(&all, 0, 2), [(1, true), (2, false), (3, false)]);
    }

    #[test]
    fn among_very_many_series_the_same_jump_is_chance() {
        assert_eq!(found(&[series(1, 24)], 0, 10).len(), 1);
        assert_eq!(found(&[series(1, 24)], 1_000_000, 10).len(), 0);
    }

    #[test]
    fn series_of_other_lengths_are_refused() {
        let other = Looked {
            counts: Series::new(vec![1; 21]).unwrap(),
            ..series(1, 1)
        };
        let ladder = LadderSettings::default().checked().unwrap();
        let mut day = Day::of(22, &ladder).unwrap();
        day.look_at(series(2, 1)).unwrap();
        let refused = day.look_at(other).unwrap_err();
        assert!(
            refused.to_string().contains("22, as the others"),
            "{refused}"
        );
    }
}
