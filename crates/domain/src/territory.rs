//! 行政区划: places. A code has twelve digits in segments of 2-2-2-3-3: province, city, county, township, village.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

use crate::vocabulary::Level;

/// Where the segments of a code end.
const ENDS: [(usize, Level); 5] = [
    (2, Level::Province),
    (4, Level::City),
    (6, Level::County),
    (9, Level::Township),
    (12, Level::Village),
];

/// A twelve-digit territory code. The level and the place above are read off the digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TerritoryCode([u8; 12]);

/// A text that is no territory code.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{given:?} is no territory code; expected 2, 4, 6, 9 or 12 digits (province, city, county, township, village), or 000000000000 for the nation"
)]
pub struct InvalidTerritoryCode {
    /// What was given.
    pub given: String,
}

impl TerritoryCode {
    /// The whole nation.
    pub const NATION: Self = Self([b'0'; 12]);

    /// The level the code stands at: that of its last segment that is not all zeros.
    #[must_use]
    pub fn level(&self) -> Level {
        self.end().map_or(Level::Nation, |(_, level)| level)
    }

    /// The place above; none above the nation. A township of a city without counties is under the city.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (end, _) = self.end()?;
        let start = ENDS
            .iter()
            .map(|(other, _)| *other)
            .filter(|other| *other < end)
            .max()
            .unwrap_or(0);
        let mut digits = self.0;
        digits[start..].fill(b'0');
        Some(Self(digits))
    }

    /// The place of this level that this place lies in, or this place itself when it stands at that
    /// level. None when this place stands higher, or the level is missing above it.
    #[must_use]
    pub fn ancestor(&self, level: Level) -> Option<Self> {
        self.chain().find(|place| place.level() == level)
    }

    /// This place, then each place above it, up to the nation.
    pub fn chain(&self) -> impl Iterator<Item = Self> + use<> {
        std::iter::successors(Some(*self), Self::parent)
    }

    /// Whether this place is the other one or lies in it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.chain().any(|place| place == *other)
    }

    /// The lowest place both lie in.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        self.chain()
            .find(|place| other.is_within(place))
            .unwrap_or(Self::NATION)
    }

    /// All twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The digits of the code's own level: 2, 4, 6, 9 or 12; the nation is `00`.
    #[must_use]
    pub fn short(&self) -> &str {
        let end = self.end().map_or(2, |(end, _)| end);
        self.as_str().get(..end).unwrap_or_default()
    }

    /// The end and the level of the last segment that is not all zeros.
    fn end(&self) -> Option<(usize, Level)> {
        let last = self.0.iter().rposition(|digit| *digit != b'0')?;
        ENDS.into_iter().find(|(end, _)| last < *end)
    }
}

impl FromStr for TerritoryCode {
    type Err = InvalidTerritoryCode;

    fn from_str(given: &str) -> Result<Self, InvalidTerritoryCode> {
        let invalid = || InvalidTerritoryCode {
            given: given.to_owned(),
        };
        let length_is_known = ENDS.iter().any(|(end, _)| *end == given.len());
        if !length_is_known || !given.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        let mut digits = [b'0'; 12];
        digits[..given.len()].copy_from_slice(given.as_bytes());
        let code = Self(digits);
        if digits.starts_with(b"00") && code != Self::NATION {
            return Err(invalid());
        }
        Ok(code)
    }
}

impl fmt::Display for TerritoryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for TerritoryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for TerritoryCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TerritoryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// One node of the administrative tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Territory {
    /// The code.
    pub code: TerritoryCode,
    /// The full name of this node alone, such as 怀化市.
    pub name: String,
    /// The level.
    pub level: Level,
    /// The node above, which may skip a level; none for the nation, or for the top of a partial tree.
    pub parent: Option<TerritoryCode>,
}

/// What is wrong with a row of a territory file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TerritoryFault {
    /// Two rows have the same code.
    #[error("row {row}: {code} is a duplicate")]
    Duplicate {
        /// The row, counted from 1.
        row: usize,
        /// The code.
        code: TerritoryCode,
    },
    /// The parent is not among the rows.
    #[error("row {row}: {code} has a missing parent {parent}")]
    MissingParent {
        /// The row, counted from 1.
        row: usize,
        /// The code.
        code: TerritoryCode,
        /// The parent that no row has.
        parent: TerritoryCode,
    },
    /// The code does not lie under the code of the parent.
    #[error("row {row}: {code} is not under its parent's code {parent}")]
    NotUnderParent {
        /// The row, counted from 1.
        row: usize,
        /// The code.
        code: TerritoryCode,
        /// The parent it claims.
        parent: TerritoryCode,
    },
    /// The level is not the one the code says.
    #[error("row {row}: {code} is a {expected} by its code, not a {given}")]
    WrongLevel {
        /// The row, counted from 1.
        row: usize,
        /// The code.
        code: TerritoryCode,
        /// The level of the code.
        expected: Level,
        /// The level of the row.
        given: Level,
    },
}

/// Every fault of the rows, in the order of the rows; empty when the rows form a tree.
#[must_use]
pub fn check_rows(rows: &[Territory]) -> Vec<TerritoryFault> {
    let mut first_row = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        first_row.entry(row.code).or_insert(index);
    }
    let mut faults = Vec::new();
    for (
        index,
        Territory {
            code,
            level,
            parent,
            ..
        },
    ) in rows.iter().enumerate()
    {
        let (row, code) = (index + 1, *code);
        if first_row.get(&code) != Some(&index) {
            faults.push(TerritoryFault::Duplicate { row, code });
        }
        if code.level() != *level {
            faults.push(TerritoryFault::WrongLevel {
                row,
                code,
                expected: code.level(),
                given: *level,
            });
        }
        let Some(parent) = *parent else { continue };
        if !first_row.contains_key(&parent) {
            faults.push(TerritoryFault::MissingParent { row, code, parent });
        }
        if parent == code || !code.is_within(&parent) {
            faults.push(TerritoryFault::NotUnderParent { row, code, parent });
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> TerritoryCode {
        text.parse().unwrap()
    }

    fn row(code_text: &str, parent: Option<&str>) -> Territory {
        let code = code(code_text);
        Territory {
            code,
            name: code_text.to_owned(),
            level: code.level(),
            parent: parent.map(self::code),
        }
    }

    #[test]
    fn a_code_knows_its_level_and_what_lies_above() {
        let village = code("431202001003");
        let levels: Vec<_> = village
            .chain()
            .map(|place| (place.level(), place.short().to_owned()))
            .collect();
        let expected = [
            (Level::Village, "431202001003"),
            (Level::Township, "431202001"),
            (Level::County, "431202"),
            (Level::City, "4312"),
            (Level::Province, "43"),
            (Level::Nation, "00"),
        ];
        assert_eq!(
            levels,
            expected.map(|(level, short)| (level, short.to_owned()))
        );
        assert_eq!(village.ancestor(Level::City), Some(code("4312")));
        assert_eq!(code("4312").ancestor(Level::County), None);
        assert!(village.is_within(&code("431202")) && !village.is_within(&code("431221")));
        assert_eq!(village.common(&code("431221")), code("4312"));
        assert_eq!(village.common(&code("11")), TerritoryCode::NATION);
    }

    #[test]
    fn a_township_of_a_city_without_counties_lies_under_the_city() {
        let township = code("442000001");
        assert_eq!(
            (township.level(), township.parent()),
            (Level::Township, Some(code("4420")))
        );
        assert_eq!(township.ancestor(Level::County), None);
    }

    #[test]
    fn a_wrong_code_is_answered_with_the_allowed_form() {
        for given in [
            "",
            "4",
            "431",
            "43120200100",
            "4312O2",
            "００",
            "000000000001",
            "0011",
        ] {
            let refused = given.parse::<TerritoryCode>().unwrap_err().to_string();
            assert!(refused.contains("2, 4, 6, 9 or 12 digits"), "{refused}");
        }
        assert_eq!(code("00"), TerritoryCode::NATION);
        assert_eq!(code("430000000000"), code("43"));
    }

    #[test]
    fn faults_of_a_file_are_all_named() {
        let mut wrong_level = row("4313", Some("43"));
        wrong_level.level = Level::County;
        let rows = [
            row("43", None),
            row("4312", Some("43")),
            row("4312", Some("43")),
            row("431202", Some("4313")),
            row("441200", Some("44")),
            wrong_level,
        ];
        let faults: Vec<_> = check_rows(&rows).iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "row 3: 431200000000 is a duplicate",
                "row 4: 431202000000 is not under its parent's code 431300000000",
                "row 5: 441200000000 has a missing parent 440000000000",
                "row 6: 431300000000 is a city by its code, not a county",
            ]
        );
    }
}
