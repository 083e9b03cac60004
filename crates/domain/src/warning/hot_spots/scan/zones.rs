//! Circles of neighbouring places.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::super::bad_field::{BadFields, Check};

/// Where a place lies, on a plane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Centroid {
    /// Kilometres to the east of any fixed point.
    pub east: f64,
    /// Kilometres to the north of it.
    pub north: f64,
}

/// For every place, the circles around it: all places as near as the farthest one in it. Places that are equally far come
/// in together, so circles do not depend on the order of places.
#[derive(Clone, Debug)]
pub struct Zones {
    around: Vec<Around>,
}

/// The places around one, nearest first.
#[derive(Clone, Debug)]
struct Around {
    places: Vec<usize>,
    /// How many places each circle has, ascending.
    sizes: Vec<usize>,
}

impl Zones {
    /// Circles by the distance of centroids, of at most so many places.
    ///
    /// # Errors
    /// When there is no place, a coordinate is no finite number, or circles may have no place.
    pub fn from_centroids(
        centroids: &[Centroid],
        maximum_places: usize,
    ) -> Result<Self, BadFields> {
        let mut check = checked(centroids.len(), maximum_places);
        let finite = |centroid: &Centroid| centroid.east.is_finite() && centroid.north.is_finite();
        let wrong = centroids.iter().position(|centroid| !finite(centroid));
        check.that(
            wrong.is_none(),
            "centroids",
            format!("not finite at place {}", wrong.unwrap_or_default()),
            "finite coordinates",
        );
        check.finish()?;
        let around = centroids.iter().map(|centre| {
            let squared = |other: &Centroid| {
                (other.east - centre.east).powi(2) + (other.north - centre.north).powi(2)
            };
            let distances = centroids.iter().map(squared).enumerate();
            Around::new(distances.collect(), maximum_places)
        });
        Ok(Self {
            around: around.collect(),
        })
    }

    /// Circles by the number of steps from neighbour to neighbour, of at most so many places. A neighbour of a place has it
    /// as neighbour as well, whether it says so or not.
    ///
    /// # Errors
    /// When there is no place, a neighbour is none of them, or circles may have no place.
    pub fn from_neighbours(
        neighbours: &[Vec<usize>],
        maximum_places: usize,
    ) -> Result<Self, BadFields> {
        let number = neighbours.len();
        let mut check = checked(number, maximum_places);
        let wrong = neighbours.iter().flatten().find(|place| **place >= number);
        check.that(
            wrong.is_none(),
            "neighbours",
            wrong.copied().unwrap_or_default(),
            &format!("places below {number}"),
        );
        check.finish()?;
        let mut mutual = neighbours.to_vec();
        for (place, list) in neighbours.iter().enumerate() {
            list.iter().for_each(|other| mutual[*other].push(place));
        }
        let around = (0..number).map(|centre| {
            let steps = steps_from(centre, &mutual);
            let reached = steps.into_iter().enumerate();
            let distances = reached.filter_map(|(place, steps)| Some((place, steps? as f64)));
            Around::new(distances.collect(), maximum_places)
        });
        Ok(Self {
            around: around.collect(),
        })
    }

    /// How many places there are.
    #[must_use]
    pub const fn places(&self) -> usize {
        self.around.len()
    }

    /// The places around the centre, nearest first, and how many of them each circle has.
    pub(super) fn around(&self, centre: usize) -> (&[usize], &[usize]) {
        let around = &self.around[centre];
        (&around.places, &around.sizes)
    }

    /// The places of the circle of this size.
    pub(super) fn circle(&self, centre: usize, size: usize) -> &[usize] {
        &self.around[centre].places[..size]
    }
}

fn checked(places: usize, maximum_places: usize) -> Check {
    let mut check = Check::default();
    check.at_least("places", places, 1);
    check.at_least("maximum_places", maximum_places, 1);
    check
}

/// How many steps each place is from the centre; none when it cannot be reached.
fn steps_from(centre: usize, neighbours: &[Vec<usize>]) -> Vec<Option<usize>> {
    let mut steps = vec![None; neighbours.len()];
    steps[centre] = Some(0);
    let mut next = VecDeque::from([(centre, 0)]);
    while let Some((place, far)) = next.pop_front() {
        for other in &neighbours[place] {
            if steps[*other].is_none() {
                steps[*other] = Some(far + 1);
                next.push_back((*other, far + 1));
            }
        }
    }
    steps
}

impl Around {
    fn new(mut distances: Vec<(usize, f64)>, maximum_places: usize) -> Self {
        distances.sort_by(|one, other| one.1.total_cmp(&other.1).then(one.0.cmp(&other.0)));
        let ends = |index: &usize| {
            let next = distances.get(index + 1);
            next.is_none_or(|next| next.1 > distances[*index].1)
        };
        let sizes: Vec<usize> = (0..distances.len().min(maximum_places))
            .filter(ends)
            .map(|index| index + 1)
            .collect();
        let largest = sizes.last().copied().unwrap_or(0);
        Self {
            places: distances[..largest]
                .iter()
                .map(|(place, _)| *place)
                .collect(),
            sizes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_equally_far_come_in_together() {
        let at = |east, north| Centroid { east, north };
        let places = [at(0.0, 0.0), at(1.0, 0.0), at(-1.0, 0.0), at(3.0, 0.0)];
        let zones = Zones::from_centroids(&places, 4).unwrap();
        assert_eq!(zones.around(0), (&[0, 1, 2, 3][..], &[1, 3, 4][..]));
        let small = Zones::from_centroids(&places, 2).unwrap();
        assert_eq!(small.around(0), (&[0][..], &[1][..]));
    }

    #[test]
    fn neighbours_of_neighbours_are_two_steps_away() {
        let zones = Zones::from_neighbours(&[vec![1], vec![2], vec![], vec![]], 4).unwrap();
        assert_eq!(zones.around(0), (&[0, 1, 2][..], &[1, 2, 3][..]));
        assert_eq!(zones.around(3), (&[3][..], &[1][..]));
        let refused = Zones::from_neighbours(&[vec![1]], 4).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "neighbours is 1; allowed: places below 1"
        );
    }

    #[test]
    fn a_place_nowhere_is_refused() {
        let nowhere = Centroid {
            east: f64::NAN,
            north: 0.0,
        };
        let refused = Zones::from_centroids(&[nowhere], 0).unwrap_err();
        let fields: Vec<_> = refused.fields().iter().map(|field| field.field).collect();
        assert_eq!(fields, ["maximum_places", "centroids"]);
    }
}
