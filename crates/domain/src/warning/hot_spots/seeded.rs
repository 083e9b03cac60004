//! Chance from a seed: the same seed gives the same numbers on every machine and in every release, so a published
//! p-value can be computed again.

/// `SplitMix64` (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub(super) struct Seeded(u64);

impl Seeded {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A whole number below the bound; 0 for a bound of 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * bound as u128;
        // The high half is below the bound.
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from 0 up to but not 1.
    pub(super) const fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_numbers() {
        // The first outputs of the reference implementation for the seed 1234567.
        let mut chance = Seeded::new(1_234_567);
        let numbers = [chance.next(), chance.next(), chance.next()];
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(numbers, published);
    }

    #[test]
    fn numbers_below_a_bound_reach_every_number() {
        let mut chance = Seeded::new(5);
        let mut seen = [0; 6];
        for _ in 0..6000 {
            seen[chance.below(6)] += 1;
        }
        assert!(
            seen.iter().all(|times| (900..1100).contains(times)),
            "{seen:?}"
        );
        assert!((0..1000).all(|_| (0.0..1.0).contains(&chance.share())));
    }
}
