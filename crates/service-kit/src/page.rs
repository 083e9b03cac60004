//! Opaque page tokens. A token says where a list goes on, and for which filter.

use sha2::{Digest, Sha256};

use crate::status::Problem;
use crate::violations::Violations;

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
        if given != checksum(&last_key, filter_fingerprint) {
            return Err(Problem::WrongPageToken);
        }
        Ok(Some(Self { last_key }))
    }
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
