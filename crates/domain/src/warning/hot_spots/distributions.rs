//! The distributions the methods rest on. Normal and t come from `statrs`; counts are summed here, because one
//! recurrence serves Poisson and negative binomial and stays exact when the overdispersion goes to 1.

use std::f64::consts::SQRT_2;

use statrs::function::{
    beta::checked_beta_reg,
    erf::{erfc, erfc_inv},
};

/// Terms below this share of what was summed change nothing any more.
const NEGLIGIBLE: f64 = 1e-20;
/// A variance above this is not summed: the normal distribution with a term for its skewness is then as good.
const SUMMED_VARIANCE: f64 = 1e8;
/// A dispersion above this is not summed: the tail has too many terms.
const SUMMED_DISPERSION: f64 = 2e3;

/// How the probabilities of a count are had.
#[derive(Clone, Copy, Debug)]
enum Means {
    /// It is always 0.
    Nothing,
    /// By the sum of all terms.
    Sum,
    /// By the normal distribution.
    Normal { deviation: f64 },
    /// By the beta function of a negative binomial count of this size.
    Beta { size: f64 },
}

/// The regularised incomplete beta function; not a number where it has no value.
fn beta_reg(one: f64, other: f64, share: f64) -> f64 {
    checked_beta_reg(one, other, share).unwrap_or(f64::NAN)
}

/// The point below which a standard normal value lies with the probability.
pub(super) fn normal_quantile(probability: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * probability)
}

/// The probability that a standard normal value lies above the point.
pub(super) fn normal_upper_tail(point: f64) -> f64 {
    0.5 * erfc(point / SQRT_2)
}

/// The probability that the absolute value of a t-distributed value lies above that of the point.
pub(super) fn t_two_sided(point: f64, freedom: f64) -> f64 {
    let share = freedom / point.mul_add(point, freedom);
    beta_reg(freedom / 2.0, 0.5, share.clamp(0.0, 1.0))
}

/// Counts with this mean whose variance is `dispersion` times the mean: Poisson at 1, negative binomial above.
#[derive(Clone, Copy, Debug)]
pub(super) struct CountDistribution {
    mean: f64,
    dispersion: f64,
}

impl CountDistribution {
    /// A dispersion below 1 counts as 1. Mean and dispersion are finite, the mean is not negative.
    pub(super) const fn new(mean: f64, dispersion: f64) -> Self {
        Self {
            mean,
            dispersion: dispersion.max(1.0),
        }
    }

    /// The probability of `count + 1` in that of `count`.
    fn ratio(self, count: f64) -> f64 {
        count.mul_add(self.dispersion - 1.0, self.mean) / ((count + 1.0) * self.dispersion)
    }

    /// The most frequent count.
    fn mode(self) -> f64 {
        ((self.mean - self.dispersion).floor() + 1.0).max(0.0)
    }

    /// The sum of the terms from the mode down, and of those above it, when the term of the mode is 1.
    fn halves(self) -> (f64, f64) {
        let mode = self.mode();
        let (mut term, mut count, mut lower) = (1.0, mode, 1.0);
        while count > 0.0 && term > lower * NEGLIGIBLE {
            count -= 1.0;
            term /= self.ratio(count);
            lower += term;
        }
        (lower, self.sum_above(1.0, mode))
    }

    /// The sum of the terms above the count whose own term is given.
    fn sum_above(self, term: f64, count: f64) -> f64 {
        let (mut term, mut count, mut sum) = (term, count, 0.0);
        loop {
            let ratio = self.ratio(count);
            term *= ratio;
            sum += term;
            count += 1.0;
            // Below the least normal number a term no longer shrinks by a ratio near 1.
            if term < f64::MIN_POSITIVE || (ratio < 1.0 && term < sum * NEGLIGIBLE) {
                return sum;
            }
        }
    }

    /// How the probabilities are had.
    fn means(self) -> Means {
        let variance = self.mean * self.dispersion;
        let size = self.mean / (self.dispersion - 1.0);
        if self.mean == 0.0 || size < f64::MIN_POSITIVE {
            Means::Nothing
        } else if self.dispersion > SUMMED_DISPERSION && size < SUMMED_DISPERSION {
            Means::Beta { size }
        } else if variance > SUMMED_VARIANCE {
            let deviation = variance.sqrt();
            Means::Normal { deviation }
        } else {
            Means::Sum
        }
    }

    /// The smallest count that is not exceeded with the probability.
    pub(super) fn quantile(self, probability: f64) -> f64 {
        match self.means() {
            Means::Nothing => 0.0,
            Means::Sum => self.summed_quantile(probability),
            Means::Normal { deviation } => {
                let point = normal_quantile(probability);
                let skewness = (2.0 * self.dispersion - 1.0) / deviation;
                let skewed = point + skewness * (point * point - 1.0) / 6.0;
                deviation.mul_add(skewed, self.mean).round().max(0.0)
            }
            Means::Beta { size } => {
                let reached = |count: f64| {
                    beta_reg(size, count + 1.0, self.dispersion.recip()) >= probability
                };
                let (mut below, mut count) = (-1.0, 0.0);
                while count < f64::MAX / 4.0 && !reached(count) {
                    (below, count) = (count, 2.0 * count + 1.0);
                }
                while count - below > 1.0 && f64::midpoint(below, count).floor() > below {
                    let middle = f64::midpoint(below, count).floor();
                    if reached(middle) {
                        count = middle;
                    } else {
                        below = middle;
                    }
                }
                count
            }
        }
    }

    /// The probability of a count as large as the given one or larger.
    pub(super) fn upper_tail(self, from: f64) -> f64 {
        if from <= 0.0 {
            return 1.0;
        }
        match self.means() {
            Means::Nothing => 0.0,
            Means::Sum => self.summed_tail(from),
            Means::Normal { deviation } => normal_upper_tail((from - 0.5 - self.mean) / deviation),
            Means::Beta { size } => beta_reg(from, size, 1.0 - self.dispersion.recip()),
        }
    }

    fn summed_quantile(self, probability: f64) -> f64 {
        let (lower, upper) = self.halves();
        let wanted = probability * (lower + upper);
        let (mut count, mut term, mut sum) = (self.mode(), 1.0, lower);
        while sum < wanted && term >= f64::MIN_POSITIVE {
            term *= self.ratio(count);
            count += 1.0;
            sum += term;
        }
        while count > 0.0 && sum - term >= wanted {
            sum -= term;
            count -= 1.0;
            term /= self.ratio(count);
        }
        count
    }

    fn summed_tail(self, from: f64) -> f64 {
        let (lower, upper) = self.halves();
        let (mut count, mut term) = (self.mode(), 1.0);
        if from > count {
            while count < from && term > 0.0 {
                term *= self.ratio(count);
                count += 1.0;
            }
            return (term + self.sum_above(term, count)) / (lower + upper);
        }
        let mut tail = upper;
        while count >= from && term > tail * NEGLIGIBLE {
            tail += term;
            count -= 1.0;
            term /= self.ratio(count);
        }
        (tail / (lower + upper)).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        let allowed = 1e-12 * expected.abs().max(1e-3);
        assert!((found - expected).abs() <= allowed, "{found} {expected}");
    }

    #[test]
    fn normal_values_are_those_of_the_tables() {
        // Values of R 4.2.2: qnorm(c(.99,.995,.975,.999,.3)), pnorm(c(1,3,6), lower.tail=FALSE).
        for (probability, point) in [
            (0.99, 2.326_347_874_040_841),
            (0.995, 2.575_829_303_548_901),
            (0.975, 1.959_963_984_540_054),
            (0.999, 3.090_232_306_167_813),
            (0.3, -0.524_400_512_708_040_9),
        ] {
            close(normal_quantile(probability), point);
        }
        // The tail is only used for p-values: statrs is right to ten places there.
        for (point, tail) in [
            (1.0, 0.158_655_253_931_457_05),
            (3.0, 1.349_898_031_630_094_6e-3),
            (6.0, 9.865_876_450_376_982e-10),
        ] {
            let found = normal_upper_tail(point);
            assert!((found / tail - 1.0).abs() < 1e-9, "{found} {tail}");
        }
    }

    #[test]
    fn t_and_count_distributions_are_those_of_r() {
        // 2*pt(-c(2.1,0.3,5), c(26,3,140)) and qnbinom, qpois, pnbinom, ppois of R 4.2.2.
        close(t_two_sided(-2.1, 26.0), 4.558_131_386_544_713e-2);
        close(t_two_sided(0.3, 3.0), 7.837_632_920_399_19e-1);
        close(t_two_sided(5.0, 140.0) * 1e6, 1.687_495_726_243_581);
        let overdispersed = CountDistribution::new(3.0, 1.7);
        let quantiles = [0.99, 0.999, 0.01].map(|share| overdispersed.quantile(share));
        assert_eq!(quantiles, [10.0, 13.0, 0.0]);
        assert_eq!(CountDistribution::new(3.2, 0.4).quantile(0.99), 8.0);
        assert_eq!(CountDistribution::new(1000.0, 1.0).quantile(0.5), 1000.0);
        assert_eq!(CountDistribution::new(5000.0, 40.0).quantile(0.99), 6098.0);
        assert_eq!(CountDistribution::new(1e-4, 1.5).quantile(0.99), 0.0);
        close(overdispersed.upper_tail(9.0), 2.363_668_766_589_842e-2);
        close(
            overdispersed.upper_tail(19.0) * 1e3,
            2.431_339_836_943_647e-2,
        );
        close(CountDistribution::new(0.2, 1.0).upper_tail(0.0), 1.0);
        close(
            CountDistribution::new(3.2, 1.0).upper_tail(3.0),
            0.620_096_258_921_626_8,
        );
        close(
            CountDistribution::new(1000.0, 1.0).upper_tail(1100.0),
            9.626_304_058_665_573e-4,
        );
        close(
            CountDistribution::new(50.0, 4.0).upper_tail(40.0),
            0.760_990_517_094_413_5,
        );
    }

    #[test]
    fn a_count_beyond_all_sums_has_its_quantile_all_the_same() {
        // qpois(.99, 1e12), qnbinom(.99, 1e12, .5) of R 4.2.2.
        assert_eq!(
            CountDistribution::new(1e12, 1.0).quantile(0.99),
            1_000_002_326_349.0
        );
        assert_eq!(
            CountDistribution::new(1e12, 2.0).quantile(0.99),
            1_000_003_289_955.0
        );
        assert!(CountDistribution::new(1e300, 3.0).quantile(0.99) >= 1e300);
        let half = CountDistribution::new(1e12, 1.0).upper_tail(1e12);
        assert!((half - 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_count_dispersed_beyond_all_sums_is_that_of_r_too() {
        // qnbinom(.99, mu/(phi-1), 1/phi) and pnbinom(19, ..., lower.tail = FALSE) of R 4.2.2.
        for (mean, dispersion, quantile, tail) in [
            (3.0, 1e5, 0.0, 2.389_358_308_825_3e-4),
            (1e6, 1e6, 4_605_170.0, 0.999_980_000_414_351),
            (1e-3, 1e8, 0.0, 1.487_294_142_444e-10),
            (1e9, 1e7, 1_247_225_614.0, 1.0),
            (300.0, 2e4, 8495.0, 0.091_111_623_112_653_8),
        ] {
            let counts = CountDistribution::new(mean, dispersion);
            let bound = counts.quantile(0.99);
            assert!(
                (bound - quantile).abs() <= 1e-6 * quantile,
                "{bound} {quantile}"
            );
            let found = counts.upper_tail(20.0);
            assert!((found / tail - 1.0).abs() < 1e-3, "{found} {tail}");
        }
    }

    #[test]
    fn a_count_that_is_nearly_never_there_comes_to_an_end() {
        for dispersion in [1.0, 1.5, 1900.0, 1e5, 1e300, f64::INFINITY] {
            for mean in [0.0, 1e-320, 1e-300, 1e-9, 1e300, f64::MAX] {
                let counts = CountDistribution::new(mean, dispersion);
                let (bound, tail) = (counts.quantile(0.99), counts.upper_tail(20.0));
                assert!(bound >= 0.0, "{mean} {dispersion}: {bound}");
                assert!((0.0..=1.0).contains(&tail), "{mean} {dispersion}: {tail}");
            }
        }
    }

    #[test]
    fn the_quantile_is_the_first_count_whose_tail_is_small_enough() {
        for (mean, dispersion) in [
            (0.0, 1.0),
            (0.3, 6.0),
            (4.0, 1.0),
            (60.0, 2.5),
            (900.0, 30.0),
        ] {
            let counts = CountDistribution::new(mean, dispersion);
            for share in [0.01, 0.5, 0.9, 0.99, 0.9999] {
                let bound = counts.quantile(share);
                assert!(counts.upper_tail(bound + 1.0) <= (1.0 - share) * (1.0 + 1e-9));
                assert!(bound == 0.0 || counts.upper_tail(bound) > (1.0 - share) * (1.0 - 1e-9));
            }
        }
    }
}
