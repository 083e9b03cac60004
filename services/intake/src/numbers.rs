//! Numbers of matters: `431200-2025-48201907`, the county or city of the registering office, the year of registration, and
//! eight digits that are given once.
//!
//! A number tells nothing: its digits are a keyed hash of who asked under which request id. Numbers given in turn would tell
//! whoever registers two denunciations how many there were in between, and a gap that there was one.

use chrono::Datelike as _;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Instant, local_date};

use crate::keys::Keys;

/// How many numbers a county or city has in a year.
const NUMBERS: u64 = 100_000_000;

/// The number for what is registered under a request id; another one for each attempt, because a number may be given already.
pub(crate) fn drawn(keys: &Keys, (caller, request_id): (&str, &str), attempt: u32) -> u64 {
    keys.number(caller, request_id, attempt) % NUMBERS
}

/// A number as it is quoted in letters.
pub(crate) fn written(office: TerritoryCode, now: Instant, number: u64) -> String {
    let place = office.as_str().get(..6).unwrap_or_default();
    format!("{place}-{}-{number:08}", local_date(now).year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::keys;

    #[test]
    fn a_number_names_the_place_and_the_year_of_shanghai() {
        let new_year = "2025-12-31T16:00:00Z".parse().unwrap();
        assert_eq!(
            written("4312".parse().unwrap(), new_year, 42),
            "431200-2026-00000042"
        );
        assert_eq!(
            written("431202001".parse().unwrap(), new_year, 12_345_678),
            "431202-2026-12345678"
        );
    }

    #[test]
    fn numbers_follow_from_the_request_and_only_the_key_tells_how() {
        let (one, other) = (keys(), keys());
        let all = |keys: &Keys| -> Vec<u64> {
            let ids = (0..400).map(|id| format!("request-{id}"));
            ids.map(|id| drawn(keys, ("office", &id), 0)).collect()
        };
        let numbers = all(&one);
        assert_eq!(numbers, all(&one));
        assert_ne!(numbers, all(&other));
        assert_ne!(drawn(&one, ("office", "request-0"), 1), numbers[0]);
        assert_ne!(drawn(&one, ("elsewhere", "request-0"), 0), numbers[0]);
        // neither in turn nor of one part: 100 of each quarter are expected, 9 is the standard deviation
        let quarter = |part: u64| {
            let within = part * NUMBERS / 4..(part + 1) * NUMBERS / 4;
            numbers
                .iter()
                .filter(|number| within.contains(number))
                .count()
        };
        assert!(
            (0..4).all(|part| (55..145).contains(&quarter(part))),
            "{numbers:?}"
        );
        let rises = numbers.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((150..250).contains(&rises), "{rises}");
    }
}
