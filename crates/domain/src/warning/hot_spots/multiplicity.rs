//! Many series a day: which of their alarms become warnings.
//!
//! Of 56,000 series that each warn on one normal day of 500, a hundred warn every day for nothing. So, in this order:
//!
//! 1. a series with fewer matters than the minimum group never warns;
//! 2. Benjamini and Hochberg (1995): of the warnings of a day, at most the given share is expected to be for nothing. With
//!    p-values p(1) <= ... <= p(m) of all m series looked at, those up to the largest k with p(k) <= k/m x rate stand;
//! 3. a desk gets at most its budget of warnings a day, the least likely in normal times first. What goes beyond is
//!    not lost: it is told as over budget, with its explanation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    bad_field::{BadFields, Check},
    evaluation::Evaluation,
    ladder::MINIMUM_MATTERS,
};

/// The parameters of the choice.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MultiplicitySettings {
    /// Which share of the warnings of a day may be for nothing, above 0 and below 1.
    pub false_discovery_rate: f64,
    /// How many warnings a desk gets a day, at least 1.
    pub budget: usize,
    /// The fewest matters a warning may rest on, at least 1.
    pub minimum_matters: u64,
}

impl Default for MultiplicitySettings {
    fn default() -> Self {
        Self {
            false_discovery_rate: 0.1,
            budget: 10,
            minimum_matters: MINIMUM_MATTERS,
        }
    }
}

/// What a series brings to the choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<K, D> {
    /// The series: place and subject.
    pub series: K,
    /// The desk that reads its warnings.
    pub desk: D,
    /// Whether a method warns.
    pub alarm: bool,
    /// How often the methods would go as far in normal times, at most; 1 when they could not say.
    pub p_value: f64,
    /// How many matters the alarm rests on.
    pub matters: u64,
}

impl<K, D> Candidate<K, D> {
    /// The candidate of an evaluated series; none when it was not looked at.
    #[must_use]
    pub fn of(series: K, desk: D, evaluation: &Evaluation) -> Option<Self> {
        match evaluation {
            Evaluation::NoReport | Evaluation::TooShort { .. } => None,
            Evaluation::Watched(watched) => {
                let warning = watched.warning();
                Some(Self {
                    series,
                    desk,
                    alarm: warning.is_some(),
                    p_value: watched.p_value(),
                    matters: warning.map_or(0, |reading| reading.matters),
                })
            }
        }
    }
}

/// What becomes of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// No method warns.
    Quiet,
    /// It rests on too few matters: nobody is singled out.
    TooFew,
    /// Among so many series as much is to be expected by chance.
    ByChance,
    /// It stands, but the desk has its budget full of less likely ones.
    OverBudget,
    /// It is a warning.
    Warns,
}

impl MultiplicitySettings {
    /// The choice with these settings.
    ///
    /// # Errors
    /// Every setting that is out of bounds.
    pub fn checked(self) -> Result<Multiplicity, BadFields> {
        let mut check = Check::default();
        check.probability("false_discovery_rate", self.false_discovery_rate);
        check.at_least("budget", self.budget, 1);
        check.minimum_matters(self.minimum_matters);
        check.finish()?;
        Ok(Multiplicity(self))
    }
}

/// The choice with settings that hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Multiplicity(MultiplicitySettings);

impl Multiplicity {
    /// What becomes of each candidate of a day, in their order; the order decides nothing as long as series differ.
    #[must_use]
    pub fn choose<K: Ord, D: Ord>(&self, candidates: &[Candidate<K, D>]) -> Vec<Choice> {
        let by_chance_above = self.largest_discovered(candidates);
        let mut choices: Vec<Choice> = candidates
            .iter()
            .map(|candidate| self.alone(candidate, by_chance_above))
            .collect();
        let mut standing: Vec<usize> = (0..candidates.len())
            .filter(|index| choices[*index] == Choice::Warns)
            .collect();
        standing.sort_by(|one, other| {
            let [one, other] = [&candidates[*one], &candidates[*other]];
            let likely = one.p_value.total_cmp(&other.p_value);
            let large = other.matters.cmp(&one.matters);
            likely
                .then(large)
                .then_with(|| one.series.cmp(&other.series))
        });
        let mut told = BTreeMap::new();
        for index in standing {
            let number = told.entry(&candidates[index].desk).or_insert(0_usize);
            if *number == self.0.budget {
                choices[index] = Choice::OverBudget;
            } else {
                *number += 1;
            }
        }
        choices
    }

    /// What becomes of the candidate before the budget.
    fn alone<K, D>(&self, candidate: &Candidate<K, D>, by_chance_above: Option<f64>) -> Choice {
        let discovered = by_chance_above.is_some_and(|largest| candidate.p_value <= largest);
        match (candidate.alarm, candidate.matters >= self.0.minimum_matters) {
            (false, _) => Choice::Quiet,
            (true, false) => Choice::TooFew,
            (true, true) if discovered => Choice::Warns,
            (true, true) => Choice::ByChance,
        }
    }

    /// The largest p-value that stands; none when none does.
    fn largest_discovered<K, D>(&self, candidates: &[Candidate<K, D>]) -> Option<f64> {
        let mut sorted: Vec<f64> = candidates
            .iter()
            .map(|candidate| candidate.p_value)
            .collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let step = self.0.false_discovery_rate / sorted.len() as f64;
        let stands = |(index, p_value): &(usize, f64)| *p_value <= (index + 1) as f64 * step;
        let last = sorted.into_iter().enumerate().rfind(stands);
        last.map(|(_, p_value)| p_value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(series: u32, p_value: f64, matters: u64) -> Candidate<u32, &'static str> {
        Candidate {
            series,
            desk: if series < 100 { "north" } else { "south" },
            alarm: true,
            p_value,
            matters,
        }
    }

    fn choose(settings: MultiplicitySettings, candidates: &[Candidate<u32, &str>]) -> Vec<Choice> {
        settings.checked().unwrap().choose(candidates)
    }

    #[test]
    fn the_example_of_benjamini_and_hochberg_has_four_discoveries() {
        // Their table of fifteen p-values at a rate of 0.05.
        let published = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0,
        ];
        let candidates = published.iter().zip(0..);
        let candidates: Vec<_> = candidates
            .map(|(p, index)| candidate(index, *p, 9))
            .collect();
        let settings = MultiplicitySettings {
            false_discovery_rate: 0.05,
            ..MultiplicitySettings::default()
        };
        let warned = choose(settings, &candidates);
        let warned = warned.iter().filter(|choice| **choice == Choice::Warns);
        assert_eq!(warned.count(), 4);
    }

    #[test]
    fn each_desk_has_its_own_budget_and_the_least_likely_come_first() {
        let settings = MultiplicitySettings {
            budget: 2,
            ..MultiplicitySettings::default()
        };
        let candidates = [
            candidate(1, 0.003, 9),
            candidate(2, 0.001, 9),
            candidate(3, 0.003, 12),
            candidate(100, 0.01, 5),
            candidate(101, 1e-9, 4),
        ];
        let expected = [
            Choice::OverBudget,
            Choice::Warns,
            Choice::Warns,
            Choice::Warns,
            Choice::TooFew,
        ];
        assert_eq!(choose(settings, &candidates), expected);
    }

    #[test]
    fn a_quiet_series_never_warns_and_a_day_without_series_is_no_day_of_warnings() {
        let quiet = Candidate {
            alarm: false,
            ..candidate(1, 1e-12, 50)
        };
        let settings = MultiplicitySettings::default();
        assert_eq!(choose(settings, &[quiet]), [Choice::Quiet]);
        assert_eq!(choose(settings, &[]), []);
        assert_eq!(
            choose(settings, &[candidate(1, 0.5, 9)]),
            [Choice::ByChance]
        );
    }

    #[test]
    fn settings_out_of_bounds_are_all_named() {
        let wrong = MultiplicitySettings {
            false_discovery_rate: f64::NAN,
            budget: 0,
            minimum_matters: 0,
        };
        let refused = wrong.checked().unwrap_err();
        let fields: Vec<_> = refused.fields().iter().map(|field| field.field).collect();
        assert_eq!(
            fields,
            ["false_discovery_rate", "budget", "minimum_matters"]
        );
    }
}
