//! What each rate counts, as versioned data. All measure how organs answer; none measures petitioners.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Percent, Rate};
use crate::{embedded, time::Date, word::words};

static EMBEDDED: LazyLock<Vec<IndicatorDefinition>> = LazyLock::new(|| {
    embedded::checked(
        "indicators.json",
        parse(include_str!("../../data/indicators.json")),
    )
});

words! {
    /// The rates that are published.
    Indicator {
        /// Petition offices: forwarded or answered in time.
        TimelyForwarding = "timely_forwarding",
        /// Organs: notice or objection in time.
        TimelyAcceptance = "timely_acceptance",
        /// Organs: opinion in time.
        OnTimeCompletion = "on_time_completion",
        /// Evaluated of those open to evaluation.
        Participation = "participation",
        /// Satisfied of those evaluated.
        Satisfaction = "satisfaction",
        /// Resolved at the first time.
        OneTimeResolution = "one_time_resolution",
        /// Raised again at the same level.
        SameLevelRepeat = "same_level_repeat",
        /// Assigned matters replied.
        AssignedReply = "assigned_reply",
    }
}

/// What an office is expected to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// At least so many tenths of a percent.
    AtLeastTenths(i64),
    /// At most so many tenths of a percent.
    AtMostTenths(i64),
}

impl Bar {
    /// Whether the rate reaches the bar; none when it has no base.
    #[must_use]
    pub fn reached(self, rate: Rate) -> Option<bool> {
        let Percent { tenths } = rate.percent()?;
        Some(match self {
            Self::AtLeastTenths(bar) => tenths >= bar,
            Self::AtMostTenths(bar) => tenths <= bar,
        })
    }
}

/// One version of what an indicator counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorDefinition {
    /// The indicator.
    pub indicator: Indicator,
    /// The version, counted from 1; printed with every table.
    pub version: u32,
    /// The first day of the first period it is used for.
    pub valid_from: Date,
    /// What is counted above the line.
    pub numerator: String,
    /// What is counted below it.
    pub denominator: String,
    /// What is expected, when something is.
    pub bar: Option<Bar>,
}

/// Why a text is no list of definitions.
#[derive(Debug, Error)]
pub enum IndicatorError {
    /// Not JSON of the expected shape.
    #[error("the definitions are not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// Not exactly one definition for each indicator, in the order of the words.
    #[error("every indicator needs one definition, in the order of the words")]
    Incomplete,
}

#[derive(Deserialize)]
struct IndicatorFile {
    definitions: Vec<IndicatorDefinition>,
}

fn parse(json: &str) -> Result<Vec<IndicatorDefinition>, IndicatorError> {
    let IndicatorFile { definitions } = serde_json::from_str(json)?;
    let complete = definitions
        .iter()
        .map(|definition| &definition.indicator)
        .eq(Indicator::all());
    if complete {
        Ok(definitions)
    } else {
        Err(IndicatorError::Incomplete)
    }
}

/// The definitions in force, one for each indicator.
#[must_use]
pub fn definitions() -> &'static [IndicatorDefinition] {
    &EMBEDDED
}

/// The definition of the indicator in force.
#[must_use]
pub fn definition(indicator: Indicator) -> &'static IndicatorDefinition {
    &EMBEDDED[indicator as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_indicator_has_its_definition() {
        for indicator in Indicator::all() {
            let found = definition(*indicator);
            assert_eq!((found.indicator, found.version), (*indicator, 1));
            assert!(!found.numerator.is_empty() && !found.denominator.is_empty());
        }
        assert!(matches!(
            parse(r#"{"definitions":[]}"#),
            Err(IndicatorError::Incomplete)
        ));
    }

    #[test]
    fn the_bars_are_ninety_twenty_and_a_hundred_percent() {
        let reached = |indicator, numerator, denominator| {
            definition(indicator).bar.and_then(|bar| {
                bar.reached(Rate {
                    numerator,
                    denominator,
                })
            })
        };
        assert_eq!(reached(Indicator::OneTimeResolution, 90, 100), Some(true));
        assert_eq!(
            reached(Indicator::OneTimeResolution, 899, 1000),
            Some(false)
        );
        assert_eq!(reached(Indicator::SameLevelRepeat, 20, 100), Some(true));
        assert_eq!(reached(Indicator::AssignedReply, 99, 100), Some(false));
        assert_eq!(reached(Indicator::AssignedReply, 0, 0), None);
    }
}
