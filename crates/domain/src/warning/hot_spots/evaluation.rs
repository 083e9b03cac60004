//! What the ladder says of one day of one series.

use serde::Serialize;

use super::{
    bad_field::BadFields,
    ears::EarsVariant,
    farrington::{FlexiblePlan, Workspace},
    judgement::{Judgement, Working},
    ladder::{Detector, Ladder, Method, Runs},
    series::Series,
};

/// What the ladder says of the day.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Evaluation {
    /// The day lacks its report. That is no zero, and no warning.
    NoReport,
    /// The history before the day is too short for any method.
    TooShort {
        /// How many points there are before the day.
        history: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The methods of the rung have looked at the day.
    Watched(Watched),
}

/// What each method of the rung said of the day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Watched {
    /// The day, as a point of the series.
    pub day: usize,
    /// What each method said; never empty.
    pub readings: Vec<Reading>,
    /// The fewest matters a warning may rest on.
    pub minimum_matters: u64,
}

/// What one method said of the day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// The method with its settings.
    pub method: Method,
    /// What it said.
    pub judgement: Judgement,
    /// How many matters it rests on: those of the day, or those of all days that were added up.
    pub matters: u64,
}

impl Watched {
    /// The reading that warns: of those that rest on enough matters, the least likely in normal times. None when none warns.
    #[must_use]
    pub fn warning(&self) -> Option<&Reading> {
        let enough =
            |reading: &&Reading| reading.judgement.alarm && reading.matters >= self.minimum_matters;
        let p_value = |reading: &Reading| reading.judgement.p_value.unwrap_or(1.0);
        self.readings
            .iter()
            .filter(enough)
            .min_by(|one, other| p_value(one).total_cmp(&p_value(other)))
    }

    /// How often some method would go as far in normal times, at most: the least p-value, times the number of methods.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        let of = |reading: &Reading| reading.judgement.p_value.unwrap_or(1.0);
        let least = self.readings.iter().map(of).fold(1.0, f64::min);
        (least * self.readings.len() as f64).min(1.0)
    }
}

/// The ladder's methods prepared for one day and length of history, for all series that share them.
#[derive(Clone, Debug)]
pub struct Watch {
    day: usize,
    shortest: usize,
    minimum_matters: u64,
    detectors: Vec<(Detector, Option<FlexiblePlan>)>,
}

impl Watch {
    /// The methods for the day, which is a point of the series.
    ///
    /// # Errors
    /// When the past years of a dated series lie outside of the calendar.
    pub fn on(day: usize, ladder: &Ladder) -> Result<Self, BadFields> {
        let prepared = ladder.rung(day).iter().map(|detector| {
            let plan = match &detector.runs {
                Runs::Flexible { every, flexible } => Some(flexible.plan(day / every)?),
                Runs::Ears(_) | Runs::Sum(_) => None,
            };
            Ok((detector.clone(), plan))
        });
        Ok(Self {
            day,
            shortest: ladder.shortest_history(),
            minimum_matters: ladder.minimum_matters(),
            detectors: prepared.collect::<Result<_, BadFields>>()?,
        })
    }

    /// What the methods say of the day of the series.
    ///
    /// # Errors
    /// When the day lies outside of the series, or gaps leave a method too little to compare with.
    pub fn evaluate(
        &self,
        series: &Series,
        workspace: &mut Workspace,
    ) -> Result<Evaluation, BadFields> {
        if series.is_gap(self.day) {
            return Ok(Evaluation::NoReport);
        }
        series.reported(self.day)?;
        if self.detectors.is_empty() {
            return Ok(Evaluation::TooShort {
                history: self.day,
                needed: self.shortest,
            });
        }
        let readings = self.detectors.iter().map(|(detector, plan)| {
            let judgement = self.judge(detector, plan.as_ref(), series, workspace)?;
            Ok(Reading {
                method: detector.method,
                judgement,
                matters: matters(detector.method, &judgement, series),
            })
        });
        Ok(Evaluation::Watched(Watched {
            day: self.day,
            readings: readings.collect::<Result<_, BadFields>>()?,
            minimum_matters: self.minimum_matters,
        }))
    }

    fn judge(
        &self,
        detector: &Detector,
        plan: Option<&FlexiblePlan>,
        series: &Series,
        workspace: &mut Workspace,
    ) -> Result<Judgement, BadFields> {
        match (&detector.runs, plan) {
            (Runs::Ears(ears), _) => ears.judge(series, self.day),
            (Runs::Sum(sum), _) => sum.judge(series, self.day),
            (Runs::Flexible { every, flexible }, plan) => {
                let thinned = series.every(*every, self.day)?;
                let judged = match plan {
                    Some(plan) => plan.judge(&thinned, workspace)?,
                    None => flexible.judge(&thinned, self.day / every, workspace)?,
                };
                Ok(judged.stretched(*every, self.day))
            }
        }
    }
}

/// What the ladder says of the day of one series alone. For many series prepare a [`Watch`] once.
///
/// # Errors
/// As [`Watch::on`] and [`Watch::evaluate`].
pub fn evaluate(series: &Series, day: usize, ladder: &Ladder) -> Result<Evaluation, BadFields> {
    Watch::on(day, ladder)?.evaluate(series, &mut Workspace::default())
}

/// How many matters the judgement rests on.
fn matters(method: Method, judgement: &Judgement, series: &Series) -> u64 {
    let days = match (method, judgement.working) {
        (Method::Ears(settings), _) => match settings.variant {
            EarsVariant::C1 | EarsVariant::C2 => 1,
            EarsVariant::C3 => 3,
        },
        (Method::NegativeBinomialCusum(_), Working::Cusum { run, .. }) => run,
        (Method::NegativeBinomialCusum(_) | Method::Flexible { .. }, _) => 1,
    };
    let first = (judgement.at + 1).saturating_sub(days.max(1));
    series.known(first..judgement.at + 1).map(u64::from).sum()
}
