//! Clusters of a day: subjects of which townships that adjoin have more matters together than is normal there, though none of
//! them need stand out alone.

use super::{
    bad_field::{BadFields, Check},
    explanation::Explanation,
    multiplicity::{Candidate, Choice, Multiplicity},
    scan::{Expectation, Scan, ScanSettings, Zones},
};
use crate::{territory::TerritoryCode, vocabulary::Level};

/// Deals of the first, short scan of a subject. Only where none of them gives as large a ratio the whole one follows: of a
/// hundred quiet subjects five go on.
const SHORT: usize = 19;

/// The parameters of the search for clusters.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSettings {
    /// The scan.
    #[serde(default)]
    pub scan: ScanSettings,
    /// The days of which it learns what is normal, at least twice its longest cylinder.
    #[serde(default = "sixty")]
    pub days: usize,
    /// The most townships a cluster may have, at least 2; never more than half of all.
    #[serde(default = "thirty")]
    pub maximum_places: usize,
    /// How often chance alone may give as much for a cluster to warn; above 0 and below 1.
    #[serde(default = "one_in_two_hundred")]
    pub alpha: f64,
    /// Pairs of townships that adjoin.
    pub neighbours: Vec<(TerritoryCode, TerritoryCode)>,
}

const fn sixty() -> usize {
    60
}

const fn thirty() -> usize {
    30
}

const fn one_in_two_hundred() -> f64 {
    0.005
}

/// The search with settings that hold.
#[derive(Clone, Debug)]
pub struct Clusters {
    places: Vec<TerritoryCode>,
    zones: Zones,
    short: Scan,
    scan: Scan,
    settings: ClusterSettings,
}

/// A subject, with its counts of each place of the search, each day by day; the day that is looked at is the last.
#[derive(Clone, Debug)]
pub struct CountedSubject {
    /// Code of the subject.
    pub subject: String,
    /// Place by place, in the order of [`Clusters::places`].
    pub counts: Vec<Vec<u32>>,
}

/// A cluster of the day.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundCluster {
    /// Code of the subject.
    pub subject: String,
    /// The smallest place that holds all townships of the cluster.
    pub around: TerritoryCode,
    /// The townships, at least two.
    pub places: Vec<TerritoryCode>,
    /// How many days it has lasted, at least 1.
    pub days: usize,
    /// Why there is a warning.
    pub explanation: Explanation,
    /// Whether the desk has its budget full of less likely ones.
    pub over_budget: bool,
}

impl ClusterSettings {
    /// The search with these settings.
    ///
    /// # Errors
    /// Every setting that is out of bounds; a pair of which one is no township, or both are the same.
    pub fn checked(self) -> Result<Clusters, BadFields> {
        let mut check = Check::default();
        let twice = 2 * self.scan.maximum_days;
        check.at_least("days", self.days, twice.max(2));
        check.at_least("maximum_places", self.maximum_places, 2);
        check.probability("alpha", self.alpha);
        check.that(
            !self.neighbours.is_empty(),
            "neighbours",
            "empty",
            "at least one pair",
        );
        for (pair, (one, other)) in self.neighbours.iter().enumerate() {
            let townships = [one, other].iter().all(|of| of.level() == Level::Township);
            check.that(
                townships && one != other,
                "neighbours",
                format!("{one} and {other} in pair {pair}"),
                "two townships that are not the same",
            );
        }
        check.finish()?;
        let pairs = self.neighbours.iter();
        let mut places: Vec<TerritoryCode> =
            pairs.flat_map(|(one, other)| [*one, *other]).collect();
        places.sort_unstable();
        places.dedup();
        let mut adjoining = vec![Vec::new(); places.len()];
        for (one, other) in &self.neighbours {
            if let (Ok(one), Ok(other)) = (places.binary_search(one), places.binary_search(other)) {
                adjoining[one].push(other);
            }
        }
        let most = self.maximum_places.min(places.len().div_ceil(2));
        let short = ScanSettings {
            deals: SHORT,
            ..self.scan
        };
        Ok(Clusters {
            zones: Zones::from_neighbours(&adjoining, most)?,
            places,
            short: short.checked()?,
            scan: self.scan.checked()?,
            settings: self,
        })
    }
}

impl Clusters {
    /// The townships that are looked at, ascending.
    #[must_use]
    pub fn places(&self) -> &[TerritoryCode] {
        &self.places
    }

    /// The days of which the search learns what is normal.
    #[must_use]
    pub const fn days(&self) -> usize {
        self.settings.days
    }

    /// The fewest days of counts on which it runs: twice its longest cylinder.
    #[must_use]
    pub const fn fewest_days(&self) -> usize {
        2 * self.settings.scan.maximum_days
    }

    /// The fewest matters of the last days in all places that can be a cluster.
    #[must_use]
    pub const fn minimum_matters(&self) -> u64 {
        self.settings.scan.minimum_matters
    }

    /// The longest cluster in days.
    #[must_use]
    pub const fn maximum_days(&self) -> usize {
        self.settings.scan.maximum_days
    }

    /// The clusters of the last day. `quiet` subjects more have too few matters: they stand among the others as if nothing could
    /// be said of them. `desk` names who reads the warnings of a place, `seed` is the chance of the day.
    ///
    /// # Errors
    /// When counts are of other places or of unequal or too few days.
    pub fn look<D: Ord + Clone>(
        &self,
        (counted, quiet): (&[CountedSubject], usize),
        multiplicity: &Multiplicity,
        desk: impl Fn(&TerritoryCode) -> D,
        seed: u64,
    ) -> Result<Vec<FoundCluster>, BadFields> {
        let mut found: Vec<FoundCluster> = Vec::new();
        let mut nothing = quiet;
        for subject in counted {
            let clusters = self.of(subject, seed)?;
            nothing += usize::from(clusters.is_empty());
            found.extend(clusters);
        }
        let candidates = found.iter().map(|cluster| {
            let p_value = cluster.explanation.p_value.unwrap_or(1.0);
            Candidate {
                series: Some((&cluster.subject, &cluster.places)),
                desk: Some(desk(&cluster.around)),
                alarm: p_value <= self.settings.alpha,
                p_value,
                matters: cluster.explanation.matters,
            }
        });
        let none = Candidate {
            series: None,
            desk: None,
            alarm: false,
            p_value: 1.0,
            matters: 0,
        };
        let candidates: Vec<_> = candidates
            .chain(std::iter::repeat_n(none, nothing))
            .collect();
        let choices = multiplicity.choose(&candidates);
        let chosen = found.into_iter().zip(choices);
        let chosen = chosen.filter_map(|(cluster, choice)| match choice {
            Choice::Warns => Some(cluster),
            Choice::OverBudget => Some(FoundCluster {
                over_budget: true,
                ..cluster
            }),
            Choice::Quiet | Choice::TooFew | Choice::ByChance => None,
        });
        Ok(chosen.collect())
    }

    /// The clusters of one subject that have several places, whatever chance makes of them.
    fn of(&self, subject: &CountedSubject, seed: u64) -> Result<Vec<FoundCluster>, BadFields> {
        let CountedSubject { subject, counts } = subject;
        let days = counts.first().map_or(0, Vec::len);
        let mut check = Check::default();
        check.at_least("days", days, self.fewest_days());
        check.finish()?;
        let run = |scan: &Scan| scan.run(counts, &self.zones, Expectation::Permutation, seed);
        let first = run(&self.short)?;
        let least = 1.0 / (1 + SHORT) as f64;
        if first.iter().all(|cluster| cluster.p_value > least) {
            return Ok(Vec::new());
        }
        let several = run(&self.scan)?;
        let several = several.iter().filter(|cluster| cluster.places.len() > 1);
        let told = several.filter_map(|cluster| {
            let places: Vec<TerritoryCode> = cluster
                .places
                .iter()
                .map(|place| self.places[*place])
                .collect();
            let around = places
                .iter()
                .copied()
                .reduce(|one, other| one.common(&other))?;
            Some(FoundCluster {
                subject: subject.clone(),
                around,
                places,
                days: days - cluster.first_day,
                explanation: Explanation::of_cluster(cluster, self.settings.scan, days - 1),
                over_budget: false,
            })
        });
        Ok(told.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warning::hot_spots::MultiplicitySettings;

    const DAYS: usize = 60;

    fn town(number: u32) -> TerritoryCode {
        format!("4312{:02}{:03}", 1 + number / 6, 1 + number % 6)
            .parse()
            .unwrap()
    }

    /// Twelve townships of two counties in a row, each beside the next.
    fn in_a_row() -> ClusterSettings {
        ClusterSettings {
            scan: ScanSettings::default(),
            days: DAYS,
            maximum_places: 30,
            alpha: 0.005,
            neighbours: (0..11).map(|from| (town(from), town(from + 1))).collect(),
        }
    }

    /// A matter in every township every third day; in some of them three more on each of the last five days.
    fn counted(subject: &str, risen: &[usize]) -> CountedSubject {
        let counts = (0..12).map(|place| {
            let day = |day: usize| {
                let late = risen.contains(&place) && day >= DAYS - 5;
                u32::from((day + place).is_multiple_of(3)) + if late { 3 } else { 0 }
            };
            (0..DAYS).map(day).collect()
        });
        CountedSubject {
            subject: subject.to_owned(),
            counts: counts.collect(),
        }
    }

    fn look(counted: &[CountedSubject], quiet: usize, budget: usize) -> Vec<FoundCluster> {
        let settings = MultiplicitySettings {
            budget,
            ..MultiplicitySettings::default()
        };
        let choice = settings.checked().unwrap();
        let clusters = in_a_row().checked().unwrap();
        clusters
            .look((counted, quiet), &choice, |_| "city", 7)
            .unwrap()
    }

    #[test]
    fn townships_that_rise_together_are_one_cluster_of_the_smallest_place_around_them() {
        let found = look(&[counted("land", &[1, 2, 3]), counted("water", &[])], 0, 10);
        let [cluster] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(cluster.subject, "land");
        assert_eq!(cluster.places, [town(1), town(2), town(3)]);
        assert_eq!(cluster.around, town(1).ancestor(Level::County).unwrap());
        assert_eq!((cluster.days, cluster.over_budget), (5, false));
        assert!(
            cluster
                .explanation
                .to_string()
                .contains("by scan over 3 places and 5 days"),
            "{}",
            cluster.explanation
        );
    }

    #[test]
    fn a_cluster_over_two_counties_is_the_citys() {
        let found = look(&[counted("land", &[5, 6])], 0, 10);
        assert_eq!(found[0].around, town(0).ancestor(Level::City).unwrap());
    }

    #[test]
    fn a_township_that_rises_alone_is_left_to_its_series() {
        assert_eq!(look(&[counted("land", &[4])], 0, 10), []);
    }

    #[test]
    fn what_is_over_the_desks_budget_is_told_as_that_and_among_very_many_subjects_it_is_chance() {
        let two = [counted("land", &[1, 2, 3]), counted("water", &[7, 8])];
        let over = |found: Vec<FoundCluster>| found.iter().filter(|one| one.over_budget).count();
        assert_eq!(look(&two, 0, 10).len(), 2);
        assert_eq!(over(look(&two, 0, 1)), 1);
        assert_eq!(look(&two, 10_000, 10), []);
    }

    #[test]
    fn the_same_day_is_judged_alike_again() {
        let day = [counted("land", &[1, 2, 3])];
        assert_eq!(look(&day, 3, 10), look(&day, 3, 10));
    }

    #[test]
    fn wrong_settings_are_refused_by_field() {
        let wrong = ClusterSettings {
            days: 20,
            maximum_places: 1,
            alpha: 0.0,
            neighbours: vec![(town(1), town(1)), (town(1), town(1).parent().unwrap())],
            ..in_a_row()
        };
        let refused = wrong.checked().unwrap_err();
        let fields: Vec<&str> = refused.fields().iter().map(|field| field.field).collect();
        assert_eq!(
            fields,
            [
                "days",
                "maximum_places",
                "alpha",
                "neighbours",
                "neighbours"
            ]
        );
    }

    #[test]
    fn too_few_days_are_refused() {
        let mut short = counted("land", &[]);
        short.counts.iter_mut().for_each(|days| days.truncate(27));
        let clusters = in_a_row().checked().unwrap();
        let choice = MultiplicitySettings::default().checked().unwrap();
        let refused = clusters
            .look((&[short], 0), &choice, |_| "city", 7)
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "days is 27; allowed: a whole number from 28"
        );
    }
}
