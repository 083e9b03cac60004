//! Percentages with one decimal, rounded half up (away from zero), in whole numbers throughout.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is printed where there is no percentage because the base is 0.
pub const DASH: &str = "–";

/// A percentage in tenths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Percent {
    /// Tenths of a percent: 857 is 85.7 %.
    pub tenths: i64,
}

impl Percent {
    /// `part / base` as a percentage; none when the base is 0.
    #[must_use]
    pub fn of(part: i128, base: u64) -> Option<Self> {
        let base = i128::from(base);
        let doubled = part.checked_abs()?.checked_mul(2_000)?.checked_add(base)?;
        let tenths = i64::try_from(doubled.checked_div(base.checked_mul(2)?)?).ok()?;
        Some(Self {
            tenths: if part < 0 { -tenths } else { tenths },
        })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.tenths {
            ..0 => "-",
            0.. if f.sign_plus() && self.tenths != 0 => "+",
            0.. => "",
        };
        let tenths = self.tenths.unsigned_abs();
        write!(f, "{sign}{}.{} %", tenths / 10, tenths % 10)
    }
}

/// A value beside that of the same months of the year before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearOnYear {
    /// This year's.
    pub current: u64,
    /// The year before's.
    pub previous: u64,
}

/// The comparison of the two values. The caller compares the same months and follows lineage of places.
#[must_use]
pub const fn year_on_year(current: u64, previous: u64) -> YearOnYear {
    YearOnYear { current, previous }
}

impl YearOnYear {
    /// `(current - previous) / previous`; none when there was nothing before.
    #[must_use]
    pub fn percent(&self) -> Option<Percent> {
        Percent::of(
            i128::from(self.current) - i128::from(self.previous),
            self.previous,
        )
    }
}

/// `+14.4 %`, `-5.1 %`, `0.0 %`, or a dash.
impl fmt::Display for YearOnYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.percent() {
            Some(percent) => write!(f, "{percent:+}"),
            None => f.write_str(DASH),
        }
    }
}

/// A rate that keeps its numerator and denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// How many did.
    pub numerator: u64,
    /// How many could.
    pub denominator: u64,
}

impl Rate {
    /// The percentage; none when the denominator is 0.
    #[must_use]
    pub fn percent(&self) -> Option<Percent> {
        Percent::of(i128::from(self.numerator), self.denominator)
    }

    /// The percentage alone, `85.7 %` or a dash, for a table that prints the base beside it.
    #[must_use]
    pub fn percent_text(&self) -> String {
        self.percent()
            .map_or_else(|| DASH.to_owned(), |percent| percent.to_string())
    }
}

/// `85.7 % (180/210)`, or a dash with the base.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}/{})",
            self.percent_text(),
            self.numerator,
            self.denominator
        )
    }
}
