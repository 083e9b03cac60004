//! Which method runs on how long a history.
//!
//! | history | methods |
//! |---|---|
//! | below 11 days | none: nothing is normal yet |
//! | 11 days | EARS C2 and C3 on 7 days |
//! | 27 days | EARS C2 on 14 days; negative binomial sum against 21 days |
//! | 70 days | EARS C2 on 28 days; negative binomial sum against 56 days that knows weekdays |
//! | 160 weeks | Farrington Flexible on the same weekday of three past years; the sum against 56 days |

use serde::{Deserialize, Serialize};

use super::{
    bad_field::{BadFields, Check},
    cusum::{NegativeBinomialCusum, NegativeBinomialSettings},
    ears::{Ears, EarsSettings, EarsVariant},
    farrington::{BoundMethod, Cycle, Enough, Flexible, FlexibleSettings, PowerTransform},
};

/// The fewest matters a warning may rest on, so that nobody can be singled out (default).
pub const MINIMUM_MATTERS: u64 = 5;
/// Days of a week: petitions come by weekday.
const WEEK: usize = 7;

/// A method with its settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Method {
    /// Mean and deviation of the last points.
    Ears(EarsSettings),
    /// The sum of log likelihood ratios of overdispersed counts.
    NegativeBinomialCusum(NegativeBinomialSettings),
    /// Farrington Flexible on every `every`-th point up to the judged one: 7 compares Mondays with Mondays.
    Flexible {
        /// 1 takes every point.
        every: usize,
        /// The settings, in points of the thinned series.
        settings: FlexibleSettings,
    },
}

impl Method {
    /// The method in a word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ears(settings) => settings.variant.name(),
            Self::NegativeBinomialCusum(_) => "negative binomial sum",
            Self::Flexible { .. } => "Farrington Flexible",
        }
    }
}

/// The methods of a length of history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// The least number of points before the judged one.
    pub from: usize,
    /// The methods that run; the series warns when one of them does.
    pub methods: Vec<Method>,
}

/// The ladder as data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LadderSettings {
    /// The rungs, by rising length of history.
    pub rungs: Vec<Rung>,
    /// The fewest matters a warning may rest on, at least 1.
    pub minimum_matters: u64,
}

/// From this many days on the first methods run.
const DAYS: usize = 11;
/// From this many days on there is a baseline of three weeks to add up against.
const SOME_WEEKS: usize = 27;
/// From this many days on every weekday has eight days of its own.
const EIGHT_OF_A_WEEKDAY: usize = 10 * WEEK;
/// From this many days on there are three past years.
const YEARS: usize = (3 * 52 + 4) * WEEK;

/// EARS as it warns on few normal days in spite of so few points: their deviation is uncertain itself, and counts
/// lean to the right, so the bound lies more deviations away than the normal distribution would have it.
const fn ears(variant: EarsVariant, baseline: usize, alpha: f64) -> Method {
    Method::Ears(EarsSettings {
        variant,
        baseline,
        minimum_sigma: 1.5,
        alpha,
    })
}

const fn sum(baseline: usize, window: usize, cycle: usize, limit: f64) -> Method {
    Method::NegativeBinomialCusum(NegativeBinomialSettings {
        baseline,
        window,
        cycle,
        rise: 2.5,
        limit,
        ceiling: limit + 1.0,
        minimum_mean: 0.05,
    })
}

/// The same weekday of three past years, in ten seasons; a trend only when it is significant.
const FLEXIBLE: Method = Method::Flexible {
    every: WEEK,
    settings: FlexibleSettings {
        cycle: Cycle::Points { length: 52 },
        years: 3,
        half_window: 3,
        periods: 10,
        recent_left_out: 4,
        outbreak_threshold: Some(2.58),
        trend: true,
        trend_threshold: 0.05,
        alpha: 0.001,
        enough: Enough {
            matters: 1,
            points: 1,
        },
        bound: BoundMethod::NegativeBinomial,
        power: PowerTransform::TwoThirds,
    },
};

impl Default for LadderSettings {
    fn default() -> Self {
        let rungs = [
            (
                DAYS,
                [
                    ears(EarsVariant::C2, 7, 1e-10),
                    ears(EarsVariant::C3, 7, 1e-6),
                ],
            ),
            (
                SOME_WEEKS,
                [
                    ears(EarsVariant::C2, 2 * WEEK, 1e-8),
                    sum(3 * WEEK, WEEK, 1, 6.5),
                ],
            ),
            (
                EIGHT_OF_A_WEEKDAY,
                [
                    ears(EarsVariant::C2, 4 * WEEK, 1e-8),
                    sum(8 * WEEK, 2 * WEEK, WEEK, 8.0),
                ],
            ),
            (YEARS, [FLEXIBLE, sum(8 * WEEK, 2 * WEEK, WEEK, 9.0)]),
        ];
        let rung = |(from, methods): (usize, [Method; 2])| Rung {
            from,
            methods: methods.to_vec(),
        };
        Self {
            rungs: rungs.into_iter().map(rung).collect(),
            minimum_matters: MINIMUM_MATTERS,
        }
    }
}

impl LadderSettings {
    /// The ladder with these settings.
    ///
    /// # Errors
    /// Every rung that does not stand above the one before, has no method, or has one that needs a longer history;
    /// every setting of a method that is out of bounds.
    pub fn checked(self) -> Result<Ladder, BadFields> {
        let mut check = Check::default();
        check.that(!self.rungs.is_empty(), "rungs", "none", "at least one rung");
        check.minimum_matters(self.minimum_matters);
        let mut above = None;
        for rung in &self.rungs {
            let rises = above.is_none_or(|above| rung.from > above);
            check.that(rises, "from", rung.from, "above that of the rung before");
            let some = !rung.methods.is_empty();
            check.that(some, "methods", "none", "at least one method a rung");
            above = Some(rung.from);
        }
        check.finish()?;
        let rungs = self.rungs.iter().map(|rung| {
            let methods = rung.methods.iter();
            let detectors: Result<Vec<_>, _> = methods
                .map(|method| Detector::new(*method, rung.from))
                .collect();
            Ok((rung.from, detectors?))
        });
        Ok(Ladder {
            rungs: rungs.collect::<Result<_, BadFields>>()?,
            minimum_matters: self.minimum_matters,
        })
    }
}

/// The ladder, checked: every method can run from its rung on.
#[derive(Clone, Debug)]
pub struct Ladder {
    rungs: Vec<(usize, Vec<Detector>)>,
    minimum_matters: u64,
}

impl Ladder {
    /// The fewest matters a warning may rest on.
    #[must_use]
    pub const fn minimum_matters(&self) -> u64 {
        self.minimum_matters
    }

    /// The shortest history that a method runs on.
    #[must_use]
    pub fn shortest_history(&self) -> usize {
        self.rungs.first().map_or(0, |(from, _)| *from)
    }

    /// The methods for a history of so many points before the judged one; none when it is too short.
    pub(super) fn rung(&self, history: usize) -> &[Detector] {
        let reached = self.rungs.iter().rev();
        reached
            .clone()
            .find(|(from, _)| *from <= history)
            .map_or(&[], |(_, detectors)| detectors)
    }
}

/// A method ready to run.
#[derive(Clone, Debug)]
pub(super) struct Detector {
    pub method: Method,
    pub runs: Runs,
}

/// What a method runs as.
#[derive(Clone, Debug)]
pub(super) enum Runs {
    Ears(Ears),
    Sum(NegativeBinomialCusum),
    Flexible { every: usize, flexible: Flexible },
}

impl Detector {
    fn new(method: Method, from: usize) -> Result<Self, BadFields> {
        let runs = match method {
            Method::Ears(settings) => {
                let needed = settings.variant.history(settings.baseline);
                long_enough(needed, from)?;
                Runs::Ears(settings.checked()?)
            }
            Method::NegativeBinomialCusum(settings) => {
                let sum = settings.checked()?;
                long_enough(sum.history(), from)?;
                Runs::Sum(sum)
            }
            Method::Flexible { every, settings } => {
                if every == 0 {
                    return Err(BadFields::one("every", every, "a whole number from 1"));
                }
                let flexible = settings.checked()?;
                flexible.plan(from / every)?;
                Runs::Flexible { every, flexible }
            }
        };
        Ok(Self { method, runs })
    }
}

fn long_enough(needed: usize, from: usize) -> Result<(), BadFields> {
    if needed <= from {
        return Ok(());
    }
    let allowed = format!("at least {needed}, the history of its methods");
    Err(BadFields::one("from", from, &allowed))
}
