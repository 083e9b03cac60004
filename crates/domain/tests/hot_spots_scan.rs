//! The space-time scan against a brute force that goes matter by matter, and planted clusters that it must find.
#![expect(clippy::unwrap_used, reason = "a test whose ground is missing fails")]

use std::collections::BTreeSet;

use huiyin_domain::warning::hot_spots::{
    Centroid, Cluster, Expectation, Scan, ScanSettings, Zones,
};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TOLERANCE: f64 = 1e-6;

/// A city: where its places lie, and where and when each matter was raised.
#[derive(Clone, Debug)]
struct City {
    places: Vec<(f64, f64)>,
    days: usize,
    matters: Vec<(usize, usize)>,
}

impl City {
    fn generated(seed: u64, places: usize, days: usize, matters: usize) -> Self {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        // Whole kilometres, so that distances are often equal.
        let mut kilometre = || f64::from(chance.random_range(0..12_u32));
        let places: Vec<(f64, f64)> = (0..places).map(|_| (kilometre(), kilometre())).collect();
        let mut matter = || {
            let place = chance
                .random_range(0..places.len())
                .min(chance.random_range(0..places.len()));
            (place, chance.random_range(0..days))
        };
        Self {
            matters: (0..matters).map(|_| matter()).collect(),
            places,
            days,
        }
    }

    /// Adds matters of the last days in all places within the distance of one.
    fn plant(
        &mut self,
        centre: usize,
        kilometres: f64,
        days: usize,
        each_day: usize,
    ) -> BTreeSet<usize> {
        let circle = self.within(centre, kilometres);
        for place in &circle {
            for back in 1..=days {
                let matters = std::iter::repeat_n((*place, self.days - back), each_day);
                self.matters.extend(matters);
            }
        }
        circle
    }

    fn distance(&self, one: usize, other: usize) -> f64 {
        let [(east, north), (other_east, other_north)] = [self.places[one], self.places[other]];
        (east - other_east).hypot(north - other_north)
    }

    fn within(&self, centre: usize, kilometres: f64) -> BTreeSet<usize> {
        let near = |place: &usize| self.distance(centre, *place) <= kilometres + 1e-9;
        (0..self.places.len()).filter(near).collect()
    }

    fn counts(&self) -> Vec<Vec<u32>> {
        let mut counts = vec![vec![0; self.days]; self.places.len()];
        self.matters
            .iter()
            .for_each(|(place, day)| counts[*place][*day] += 1);
        counts
    }

    fn zones(&self, maximum: usize) -> Zones {
        let centroid = |(east, north): &(f64, f64)| Centroid {
            east: *east,
            north: *north,
        };
        let centroids: Vec<Centroid> = self.places.iter().map(centroid).collect();
        Zones::from_centroids(&centroids, maximum).unwrap()
    }

    /// The expected matters of a circle's last days: of every pair of matters, one there at any time and one then anywhere.
    fn expected(&self, circle: &BTreeSet<usize>, first_day: usize) -> f64 {
        let mut pairs = 0_u64;
        for (place, _) in &self.matters {
            for (_, day) in &self.matters {
                pairs += u64::from(circle.contains(place) && *day >= first_day);
            }
        }
        pairs as f64 / self.matters.len() as f64
    }

    fn observed(&self, circle: &BTreeSet<usize>, first_day: usize) -> usize {
        let inside = |(place, day): &&(usize, usize)| circle.contains(place) && *day >= first_day;
        self.matters.iter().filter(inside).count()
    }

    /// The largest ratio over all circles around all places, with the places and first days that have it.
    fn brute(
        &self,
        settings: &ScanSettings,
        maximum: usize,
        expected: impl Fn(&BTreeSet<usize>, usize) -> f64,
    ) -> (f64, Vec<(BTreeSet<usize>, usize)>) {
        let (mut largest, mut found) = (0.0, Vec::new());
        for centre in 0..self.places.len() {
            for edge in 0..self.places.len() {
                let circle = self.within(centre, self.distance(centre, edge));
                if circle.len() > maximum {
                    continue;
                }
                for first_day in self.days - settings.maximum_days..self.days {
                    let observed = self.observed(&circle, first_day);
                    if (observed as u64) < settings.minimum_matters {
                        continue;
                    }
                    let ratio =
                        poisson_ratio(observed, expected(&circle, first_day), self.matters.len());
                    if ratio > largest + TOLERANCE {
                        (largest, found) = (ratio, Vec::new());
                    }
                    if (ratio - largest).abs() <= TOLERANCE {
                        found.push((circle.clone(), first_day));
                    }
                }
            }
        }
        (largest, found)
    }
}

/// The logarithm of how much likelier the matters are with a rate of their own inside, as two Poisson likelihoods.
fn poisson_ratio(observed: usize, expected: f64, total: usize) -> f64 {
    let (inside, all) = (observed as f64, total as f64);
    if inside <= expected {
        return 0.0;
    }
    let likelihood = |count: f64, mean: f64| {
        if mean > 0.0 {
            count * mean.ln() - mean
        } else {
            -mean
        }
    };
    let own = likelihood(inside, inside) + likelihood(all - inside, all - inside);
    let normal = likelihood(inside, expected) + likelihood(all - inside, all - expected);
    own - normal
}

fn settings(days: usize) -> ScanSettings {
    ScanSettings {
        maximum_days: days,
        deals: 99,
        minimum_matters: 3,
        clusters: 2,
    }
}

fn run(
    city: &City,
    settings: ScanSettings,
    maximum: usize,
    expectation: Expectation<'_>,
) -> Vec<Cluster> {
    let scan: Scan = settings.checked().unwrap();
    scan.run(&city.counts(), &city.zones(maximum), expectation, 7)
        .unwrap()
}

/// The cluster is one of those that the brute force has as largest.
fn is_one_of(cluster: &Cluster, ratio: f64, found: &[(BTreeSet<usize>, usize)]) -> bool {
    let places: BTreeSet<usize> = cluster.places.iter().copied().collect();
    (cluster.log_likelihood_ratio - ratio).abs() <= TOLERANCE
        && found.contains(&(places, cluster.first_day))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_permutation_scan_is_equal_to_the_brute_force(seed in 0_u64..1000, planted in any::<bool>()) {
        let mut city = City::generated(seed, 14, 20, 120);
        if planted {
            city.plant(3, 2.0, 4, 2);
        }
        let settings = settings(7);
        let (ratio, found) = city.brute(&settings, 8, |circle, day| city.expected(circle, day));
        let told = run(&city, settings, 8, Expectation::Permutation);
        prop_assert!(is_one_of(&told[0], ratio, &found), "{:?} {ratio} {found:?}", told[0]);
        let places: BTreeSet<usize> = told[0].places.iter().copied().collect();
        prop_assert_eq!(told[0].observed, city.observed(&places, told[0].first_day) as u64);
        let expected = city.expected(&places, told[0].first_day);
        prop_assert!((told[0].expected - expected).abs() <= TOLERANCE);
    }

    #[test]
    fn the_scan_with_given_expectations_is_equal_to_the_brute_force(seed in 0_u64..1000) {
        let mut city = City::generated(seed, 12, 15, 90);
        city.plant(5, 1.5, 3, 1);
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut number = || chance.random_range(0.1..3.0);
        let given: Vec<Vec<f64>> = (0..12).map(|_| (0..15).map(|_| number()).collect()).collect();
        let all: f64 = given.iter().flatten().sum();
        let share = city.matters.len() as f64 / all;
        let expected = |circle: &BTreeSet<usize>, first: usize| -> f64 {
            circle.iter().flat_map(|place| (first..15).map(move |day| (*place, day))).map(|(place, day)| given[place][day] * share).sum()
        };
        let settings = settings(5);
        let (ratio, found) = city.brute(&settings, 6, expected);
        let told = run(&city, settings, 6, Expectation::Given(&given));
        prop_assert!(is_one_of(&told[0], ratio, &found), "{:?} {ratio} {found:?}", told[0]);
    }
}

#[test]
fn a_planted_cluster_is_found_where_and_when_it_is() {
    let mut found = 0;
    for seed in 0..10 {
        let mut city = City::generated(seed, 40, 60, 600);
        let planted = city.plant(20, 2.0, 5, 2);
        let told = run(
            &city,
            ScanSettings {
                deals: 99,
                ..ScanSettings::default()
            },
            20,
            Expectation::Permutation,
        );
        let places: BTreeSet<usize> = told[0].places.iter().copied().collect();
        let common = places.intersection(&planted).count();
        let exact = common * 2 >= planted.len().max(places.len());
        found +=
            usize::from(exact && told[0].p_value <= 0.01 && told[0].first_day.abs_diff(55) <= 1);
    }
    println!("planted cluster of 2 matters a day and place, 5 days: found in {found} of 10 cities");
    assert_eq!(found, 10);
}

#[test]
fn without_a_cluster_the_p_values_are_those_of_chance() {
    let small = (0..60).filter(|seed| {
        let city = City::generated(1000 + seed, 15, 30, 200);
        let told = run(&city, settings(7), 8, Expectation::Permutation);
        told.first().is_some_and(|cluster| cluster.p_value <= 0.2)
    });
    let small = small.count();
    println!("p <= 0.2 in {small} of 60 cities without a cluster");
    // Twelve are expected, with a deviation of three.
    assert!((3..=21).contains(&small), "{small}");
}

#[test]
fn the_second_cluster_shares_no_place_with_the_first() {
    let mut city = City::generated(3, 40, 40, 300);
    city.plant(0, 1.0, 3, 4);
    city.plant(39, 1.0, 3, 4);
    let told = run(&city, settings(7), 12, Expectation::Permutation);
    assert_eq!(told.len(), 2);
    assert!(
        told[0]
            .places
            .iter()
            .all(|place| !told[1].places.contains(place))
    );
    assert!(told[0].log_likelihood_ratio >= told[1].log_likelihood_ratio);
}

#[test]
fn the_same_seed_gives_the_same_p_value_and_places_in_any_order_the_same_cluster() {
    let mut city = City::generated(11, 20, 30, 200);
    city.plant(4, 2.0, 3, 1);
    let once = run(&city, settings(7), 10, Expectation::Permutation);
    assert_eq!(once, run(&city, settings(7), 10, Expectation::Permutation));
    let mut turned = city.clone();
    turned.places.reverse();
    turned
        .matters
        .iter_mut()
        .for_each(|(place, _)| *place = 19 - *place);
    let again = run(&turned, settings(7), 10, Expectation::Permutation);
    let mut places: Vec<usize> = again[0].places.iter().map(|place| 19 - place).collect();
    places.sort_unstable();
    assert_eq!(places, once[0].places);
    assert!((again[0].log_likelihood_ratio - once[0].log_likelihood_ratio).abs() < TOLERANCE);
}

#[test]
fn a_cluster_below_the_minimum_group_is_never_told() {
    let mut city = City::generated(2, 10, 30, 40);
    city.matters.retain(|(place, day)| *place != 0 && *day < 20);
    city.matters.extend([(0, 29); 4]);
    let with = |minimum_matters| {
        let settings = ScanSettings {
            minimum_matters,
            ..settings(7)
        };
        run(&city, settings, 10, Expectation::Permutation)
    };
    assert_eq!((with(4)[0].observed, with(4)[0].first_day), (4, 29));
    assert_eq!(with(5), []);
}

#[test]
fn input_that_cannot_be_scanned_is_refused_by_field() {
    let wrong = ScanSettings {
        maximum_days: 0,
        deals: 0,
        minimum_matters: 0,
        clusters: 0,
    };
    assert_eq!(wrong.checked().unwrap_err().fields().len(), 4);
    let city = City::generated(1, 5, 10, 30);
    let scan = settings(11).checked().unwrap();
    let refused = scan
        .run(
            &city.counts()[..4],
            &city.zones(3),
            Expectation::Permutation,
            1,
        )
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "counts is of 4 places; allowed: of the 5 places of the zones; maximum_days is 11; allowed: at most 10, the days of the counts"
    );
    let scan = settings(7).checked().unwrap();
    for (number, said) in [
        (f64::NAN, "expectation is NaN"),
        (-1.0, "expectation is -1"),
        (0.0, "expectation is all 0"),
    ] {
        let given = vec![vec![number; 10]; 5];
        let refused = scan
            .run(
                &city.counts(),
                &city.zones(3),
                Expectation::Given(&given),
                1,
            )
            .unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
    }
}
