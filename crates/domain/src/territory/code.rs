//! The code of a place.

use std::{fmt, str::FromStr};

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

/// How a code is written, for messages.
pub const CODE_FORM: &str = "expected 2, 4, 6, 9 or 12 digits (province, city, county, township, village), or 000000000000 for the nation; \
     the segment of a county, township or village without a national code begins with L";

/// A territory code of twelve digits. The level and the place above are read off the digits. A county, township
/// or village that has no national code has a local one, whose own segment begins with the letter L
/// and goes on with digits or capital letters: it keeps its place in the tree and can never meet a national code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TerritoryCode([u8; 12]);

/// A text that is no territory code.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{given:?} is no territory code; {CODE_FORM}")]
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

    /// Whether the code was given by a city: its own segment, or one above it, is no national one.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.0.contains(&LOCAL)
    }

    /// The code this place would have if the place above it, `from`, had the code `to`. None when it does
    /// not lie in `from`, or the two stand at different levels.
    #[must_use]
    pub fn moved(&self, from: &Self, to: &Self) -> Option<Self> {
        if !self.is_within(from) || from.level() != to.level() {
            return None;
        }
        let end = from.end().map_or(0, |(end, _)| end);
        let mut digits = self.0;
        digits[..end].copy_from_slice(&to.0[..end]);
        Some(Self(digits))
    }

    /// The local codes of the level that can lie in this place, in order; none for a level that has no local codes
    /// or is not below it.
    pub fn local_codes(&self, level: Level) -> impl Iterator<Item = Self> + use<> {
        let own = ENDS.iter().position(|(_, other)| *other == level);
        let segment = own
            .filter(|_| level < Level::City && level < self.level())
            .and_then(|own| Some((ENDS.get(own.checked_sub(1)?)?.0, ENDS.get(own)?.0)));
        let digits = self.0;
        segment.into_iter().flat_map(move |(start, end)| {
            let places = u32::try_from(end - start - 1).unwrap_or(0);
            (0..36_usize.pow(places)).map(move |n| {
                let mut digits = digits;
                digits[start] = LOCAL;
                let mut rest = n;
                for digit in digits[start + 1..end].iter_mut().rev() {
                    *digit = DIGITS[rest % 36];
                    rest /= 36;
                }
                Self(digits)
            })
        })
    }

    /// The first and the last code that can lie in this place, itself included, in the order of bytes.
    #[must_use]
    pub fn range(&self) -> (Self, Self) {
        let end = self.end().map_or(0, |(end, _)| end);
        let mut last = self.0;
        last[end..].fill(b'Z');
        (*self, Self(last))
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

/// The letter that a segment given by a city begins with.
const LOCAL: u8 = b'L';

/// What a local segment goes on with.
const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Every segment is all digits or, below the city, local.
fn segments_are_written_well(code: &[u8]) -> bool {
    let mut start = 0;
    ENDS.iter()
        .take_while(|(end, _)| *end <= code.len())
        .all(|(end, level)| {
            let segment = &code[start..*end];
            start = *end;
            match segment.split_first() {
                Some((&LOCAL, rest)) => {
                    *level < Level::City
                        && rest
                            .iter()
                            .all(|letter| letter.is_ascii_digit() || letter.is_ascii_uppercase())
                }
                _ => segment.iter().all(u8::is_ascii_digit),
            }
        })
}

impl FromStr for TerritoryCode {
    type Err = InvalidTerritoryCode;

    fn from_str(given: &str) -> Result<Self, InvalidTerritoryCode> {
        let invalid = || InvalidTerritoryCode {
            given: given.to_owned(),
        };
        let length_is_known = ENDS.iter().any(|(end, _)| *end == given.len());
        if !length_is_known || !segments_are_written_well(given.as_bytes()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> TerritoryCode {
        text.parse().unwrap()
    }

    #[test]
    fn local_codes_of_a_level_are_counted_in_digits_and_letters() {
        let shown = |place: &str, level| {
            let codes: Vec<String> = code(place)
                .local_codes(level)
                .map(|code| code.short().to_owned())
                .collect();
            (
                codes.len(),
                codes.first().cloned().unwrap_or_default(),
                codes.get(37).cloned().unwrap_or_default(),
            )
        };
        assert_eq!(
            shown("431202", Level::Township),
            (1296, "431202L00".to_owned(), "431202L11".to_owned())
        );
        assert_eq!(shown("4312", Level::County).1, "4312L0");
        assert_eq!(shown("4312", Level::County).0, 36);
        assert_eq!(shown("43", Level::City).0, 0);
        assert_eq!(shown("431202001", Level::County).0, 0);
        assert_eq!(shown("431202", Level::County).0, 0, "not below itself");
        assert_eq!(shown("431202", Level::City).0, 0);
        assert_eq!(shown("00", Level::City).0, 0, "cities have no local codes");
        assert!(
            code("431202")
                .local_codes(Level::Township)
                .all(|local| local.is_local()
                    && local.level() == Level::Township
                    && local.as_str().parse() == Ok(local))
        );
    }

    #[test]
    fn a_code_knows_its_level_and_what_lies_above() {
        let village = code("431202001003");
        assert_eq!(
            format!("{village:?} {village}"),
            "431202001003 431202001003"
        );
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
        for given in [
            "L1",
            "43L1",
            "43120L",
            "4312021L1",
            "431202l01",
            "431202L0-",
        ] {
            assert!(given.parse::<TerritoryCode>().is_err(), "{given}");
        }
        assert_eq!(code("00"), TerritoryCode::NATION);
        assert_eq!(code("430000000000"), code("43"));
    }

    #[test]
    fn a_unit_without_a_national_code_has_a_local_one() {
        let zone = code("4312L1");
        assert_eq!(
            (zone.level(), zone.parent()),
            (Level::County, Some(code("4312")))
        );
        let farm = code("431202L01");
        assert_eq!(
            (farm.level(), farm.parent()),
            (Level::Township, Some(code("431202")))
        );
        assert!(farm.is_local() && code("431202L01003").is_local() && !code("431202").is_local());
        assert_eq!(code("431202001L0A").parent(), Some(code("431202001")));
    }

    #[test]
    fn a_range_holds_what_lies_in_the_place_and_nothing_else() {
        let (first, last) = code("431202").range();
        for inside in [
            "431202",
            "431202001",
            "431202999999",
            "431202LZZ",
            "431202001LZZ",
        ] {
            assert!((first..=last).contains(&code(inside)), "{inside}");
        }
        for outside in ["4312", "431201", "431203", "4312L2001"] {
            assert!(!(first..=last).contains(&code(outside)), "{outside}");
        }
        let (first, last) = TerritoryCode::NATION.range();
        assert!((first..=last).contains(&code("659012001LZZ")));
    }

    #[test]
    fn a_place_moves_with_the_one_above() {
        let (old, new) = (code("110228"), code("110118"));
        assert_eq!(
            code("110228001003").moved(&old, &new),
            Some(code("110118001003"))
        );
        assert_eq!(old.moved(&old, &new), Some(new));
        assert_eq!(code("110229001").moved(&old, &new), None);
        assert_eq!(code("110228001").moved(&old, &code("1101")), None);
    }
}
