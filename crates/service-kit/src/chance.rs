//! The one place where chance is drawn. Everywhere else it is an argument.

use huiyin_domain::ids::{Id, Kind};
use uuid::Uuid;

/// Letters of a query code: no vowels and no look-alikes, so that it can be read aloud.
const CODE_LETTERS: &[u8; 28] = b"BCDFGHJKLMNPQRSTVWXYZ3456789";

/// A new id, ordered by time.
#[must_use]
pub fn new_id<K: Kind>() -> Id<K> {
    Id::from_uuid(new_uuid())
}

/// A new uuid of version 7, ordered by time.
#[expect(clippy::disallowed_methods, reason = "the one file that draws chance")]
#[must_use]
pub fn new_uuid() -> Uuid {
    Uuid::now_v7()
}

/// A secret code of 12 letters and digits (57 bits) for following a matter.
///
/// # Errors
/// When the machine has no source of randomness.
pub fn query_code() -> Result<String, getrandom::Error> {
    let mut code = String::with_capacity(12);
    let mut bytes = [0_u8; 32];
    while code.len() < 12 {
        getrandom::fill(&mut bytes)?;
        // 252 = 9 * 28: larger bytes are thrown away so that every letter is equally likely
        let letters = bytes.iter().filter(|byte| **byte < 252);
        for byte in letters.take(12 - code.len()) {
            if let Some(letter) = CODE_LETTERS.get(usize::from(*byte) % CODE_LETTERS.len()) {
                code.push(char::from(*letter));
            }
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_code_has_twelve_letters_that_can_be_read_aloud() {
        let code = query_code().unwrap();
        assert_eq!(code.len(), 12);
        assert!(code.bytes().all(|letter| CODE_LETTERS.contains(&letter)));
        assert_ne!(code, query_code().unwrap());
    }
}
