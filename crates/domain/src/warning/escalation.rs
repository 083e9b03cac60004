//! What follows when nobody acknowledges. Escalation never stops silently: at the top it repeats.

use serde::{Deserialize, Serialize};

use crate::vocabulary::Level;

/// Who of a recipient is called. Ordered: a step never falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u32", from = "u32")]
pub enum Step {
    /// The post on duty.
    Duty,
    /// Its deputy.
    Deputy,
    /// The leader on duty.
    Leader,
    /// The level above.
    LevelAbove,
    /// Everybody again, for the n-th time, counted from 1.
    Repeat(u32),
}

impl Step {
    /// The step as a number, for a column: 0 to 3, then 3 + n for the n-th repetition.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Duty => 0,
            Self::Deputy => 1,
            Self::Leader => 2,
            Self::LevelAbove => 3,
            Self::Repeat(n) => n.saturating_add(3),
        }
    }

    /// The step of the number.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Duty,
            1 => Self::Deputy,
            2 => Self::Leader,
            3 => Self::LevelAbove,
            further => Self::Repeat(further - 3),
        }
    }

    /// The step in words, as it is logged.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Deputy => "deputy",
            Self::Leader => "leader",
            Self::LevelAbove => "level_above",
            Self::Repeat(_) => "repeat",
        }
    }
}

impl From<Step> for u32 {
    fn from(step: Step) -> Self {
        step.number()
    }
}

impl From<u32> for Step {
    fn from(number: u32) -> Self {
        Self::from_number(number)
    }
}

/// What happens when a step was not acknowledged in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// The step now taken.
    pub step: Step,
    /// The level that is told in addition, when one is.
    pub added_level: Option<Level>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_reads_back_from_its_number() {
        for number in [0, 1, 2, 3, 4, 5, 1000] {
            assert_eq!(Step::from_number(number).number(), number);
        }
    }
}
