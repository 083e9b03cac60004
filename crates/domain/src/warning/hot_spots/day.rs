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

/// The hot spots of the last day of these series. `quiet` series more were counted that have too few matters to warn: they are not
/// evaluated, and stand among the others as if nothing could be said of them, which makes the choice no less strict.
///
/// # Errors
/// When series are of different lengths.
pub fn look<K: Ord + Clone, D: Ord + Clone>(
    looked: &[Looked<K, D>],
    quiet: usize,
    (ladder, multiplicity): (&Ladder, &Multiplicity),
) -> Result<Vec<Found<K>>, BadFields> {
    let Some(first) = looked.first() else {
        return Ok(Vec::new());
    };
    let points = first.counts.points();
    let watch = Watch::on(points - 1, ladder)?;
    let mut workspace = Workspace::default();
    let mut candidates: Vec<Candidate<Option<K>, Option<D>>> =
        Vec::with_capacity(looked.len() + quiet);
    let mut explanations = Vec::new();
    for Looked {
        series,
        desk,
        counts,
    } in looked
    {
        if counts.points() != points {
            let allowed = format!("{points}, as the others");
            return Err(BadFields::one("counts", counts.points(), &allowed));
        }
        let evaluation = watch.evaluate(counts, &mut workspace)?;
        let candidate = Candidate::of(Some(series.clone()), Some(desk.clone()), &evaluation);
        candidates.extend(candidate);
        if let Evaluation::Watched(watched) = &evaluation {
            explanations.push(Explanation::of(watched));
        }
    }
    candidates.extend((0..quiet).map(|_| Candidate {
        series: None,
        desk: None,
        alarm: false,
        p_value: 1.0,
        matters: 0,
    }));
    let choices = multiplicity.choose(&candidates);
    let found = candidates.into_iter().zip(choices).zip(explanations);
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
    Ok(found.collect())
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
        let found = look(looked, quiet, (&ladder, &multiplicity)).unwrap();
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
        let multiplicity = MultiplicitySettings::default().checked().unwrap();
        let refused = look(&[series(2, 1), other], 0, (&ladder, &multiplicity)).unwrap_err();
        assert!(
            refused.to_string().contains("22, as the others"),
            "{refused}"
        );
    }
}
