//! Opaque page tokens. A token says where a list goes on, and for which filter.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike};
use huiyin_domain::time::{Date, Instant};
use sha2::{Digest, Sha256};

use crate::status::Problem;
use crate::violations::Violations;

/// Years a key may name.
const YEARS: RangeInclusive<i32> = 1..=9999;

/// Bytes of the checksum in a token.
const CHECKSUM: usize = 8;

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken {
    /// The key of the last row the caller has, as it was given to [`PageToken::issue`].
    pub last_key: String,
}

impl PageToken {
    /// The token of the page after the row with `last_key`, in a list filtered by
    /// `filter_fingerprint`: the list's name and its filter, written in any stable way.
    #[must_use]
    pub fn issue(last_key: &str, filter_fingerprint: &str) -> String {
        let checksum = checksum(last_key, filter_fingerprint);
        format!("{}{}", hex::encode(checksum), hex::encode(last_key))
    }

    /// Reads a token; `None` for the empty one, which asks for the first page.
    ///
    /// # Errors
    /// [`Problem::WrongPageToken`] when it was not issued here, or for another filter.
    pub fn parse(token: &str, filter_fingerprint: &str) -> Result<Option<Self>, Problem> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = hex::decode(token).map_err(|_| Problem::WrongPageToken)?;
        let (given, last_key) = bytes
            .split_at_checked(CHECKSUM)
            .ok_or(Problem::WrongPageToken)?;
        let last_key = std::str::from_utf8(last_key)
            .map_err(|_| Problem::WrongPageToken)?
            .to_owned();
        if last_key.chars().any(char::is_control) {
            return Err(Problem::WrongPageToken);
        }
        if given != checksum(&last_key, filter_fingerprint) {
            return Err(Problem::WrongPageToken);
        }
        Ok(Some(Self { last_key }))
    }
}

/// An instant as a part of a key: microseconds since 1970, which is what the database keeps.
#[must_use]
pub fn instant_key(instant: Instant) -> String {
    instant.timestamp_micros().to_string()
}

/// Reads [`instant_key`]. `None` for what no list can have issued; the database could not even
/// compare with it.
#[must_use]
pub fn read_instant_key(key: &str) -> Option<Instant> {
    let instant = DateTime::from_timestamp_micros(key.parse().ok()?)?;
    YEARS.contains(&instant.year()).then_some(instant)
}

/// A day as a part of a key, written `2026-01-31`; `None` for what no list can have issued.
#[must_use]
pub fn read_date_key(key: &str) -> Option<Date> {
    let date: Date = key.parse().ok()?;
    YEARS.contains(&date.year()).then_some(date)
}

/// The size of a page: `default` when none is asked for, at most `max`. A larger one is a violation.
pub fn page_size(violations: &mut Violations, asked: u32, default: u32, max: u32) -> u32 {
    if asked == 0 {
        default
    } else {
        violations.within("page_size", asked, 1..=max)
    }
}

fn checksum(last_key: &str, filter_fingerprint: &str) -> [u8; CHECKSUM] {
    let mut hash = Sha256::new();
    // the lengths keep "ab" + "c" and "a" + "bc" apart
    hash.update(format!(
        "page token 1,{},{},",
        last_key.len(),
        filter_fingerprint.len()
    ));
    hash.update(last_key);
    hash.update(filter_fingerprint);
    let mut checksum = [0; CHECKSUM];
    for (place, byte) in checksum.iter_mut().zip(hash.finalize()) {
        *place = byte;
    }
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_its_key() {
        let token = PageToken::issue("2026-01-05/matter_1/水", "matters state=open");
        assert!(token.bytes().all(|letter| letter.is_ascii_alphanumeric()));
        let read = PageToken::parse(&token, "matters state=open")
            .unwrap()
            .unwrap();
        assert_eq!(read.last_key, "2026-01-05/matter_1/水");
        assert_eq!(PageToken::parse("", "matters").unwrap(), None);
    }

    #[test]
    fn a_foreign_or_changed_token_is_refused() {
        let token = PageToken::issue("key", "matters");
        let changed = token.replace(&hex::encode("key"), &hex::encode("kez"));
        for (wrong, filter) in [
            (token.as_str(), "organs"),
            (&changed, "matters"),
            ("00", "matters"),
            ("?", "matters"),
        ] {
            assert!(
                matches!(
                    PageToken::parse(wrong, filter),
                    Err(Problem::WrongPageToken)
                ),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_key_names_only_what_the_database_can_hold() {
        let noon = "2026-01-05T04:00:00.000001Z".parse().unwrap();
        assert_eq!(read_instant_key(&instant_key(noon)), Some(noon));
        assert_eq!(read_date_key("2026-01-05"), noon.date_naive().into());
        for wrong in ["", "x", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(read_instant_key(wrong), None, "{wrong}");
        }
        for wrong in ["", "+262142-12-31", "-0044-03-15", "2026-02-30"] {
            assert_eq!(read_date_key(wrong), None, "{wrong}");
        }
        let forged = PageToken::issue("a\0b", "matters");
        assert!(PageToken::parse(&forged, "matters").is_err());
    }

    #[test]
    fn a_page_has_its_default_size_and_a_greatest() {
        let mut violations = Violations::default();
        assert_eq!(page_size(&mut violations, 0, 50, 200), 50);
        assert_eq!(page_size(&mut violations, 200, 50, 200), 200);
        assert!(violations.is_empty());
        page_size(&mut violations, 201, 50, 200);
        assert_eq!(
            violations.to_string(),
            "page_size is 201; 1 to 200 is allowed"
        );
    }
}
