//! The two keyed hashes of the vault, HMAC-SHA256 under keys derived from one secret of the settings:
//! the query code of a receipt, and the petitioner-and-matter of repeat screening.

use hmac::{Hmac, KeyInit as _, Mac as _};
use huiyin_service_kit::status::Problem;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// The keyed hashes. Printing them shows nothing.
#[derive(Clone)]
pub(crate) struct Keys {
    codes: Hmac<Sha256>,
    screening: Hmac<Sha256>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// Derives one key a purpose, so that a hash of one can never equal a hash of the other.
    pub(crate) fn derived_from(secret: &SecretString) -> Result<Self, Problem> {
        let root = keyed(secret.expose_secret().as_bytes())?;
        let derived =
            |purpose: &str| keyed(&root.clone().chain_update(purpose).finalize().into_bytes());
        Ok(Self {
            codes: derived("huiyin intake query code 1")?,
            screening: derived("huiyin intake screening 1")?,
        })
    }

    /// The hash under which the query code of a matter is kept.
    pub(crate) fn code_hash(&self, number: &str, code: &str) -> Vec<u8> {
        self.code(number, code).finalize().into_bytes().to_vec()
    }

    /// Whether the code is the one whose hash is kept; takes the same time for every wrong one.
    pub(crate) fn code_fits(&self, number: &str, code: &str, kept: &[u8]) -> bool {
        self.code(number, code).verify_slice(kept).is_ok()
    }

    /// The hash that two matters share when the same petitioner raises the same thing.
    pub(crate) fn screening_hash(&self, parts: &[&str]) -> Vec<u8> {
        let mut hash = self.screening.clone();
        for part in parts {
            feed(&mut hash, part);
        }
        hash.finalize().into_bytes().to_vec()
    }

    fn code(&self, number: &str, code: &str) -> Hmac<Sha256> {
        let mut hash = self.codes.clone();
        feed(&mut hash, number);
        feed(&mut hash, &code.trim().to_uppercase());
        hash
    }
}

fn keyed(key: &[u8]) -> Result<Hmac<Sha256>, Problem> {
    Hmac::new_from_slice(key)
        .map_err(|error| Problem::Unexpected(format!("a key cannot be used: {error}")))
}

/// The length before each part keeps "ab" + "c" and "a" + "bc" apart.
fn feed(hash: &mut Hmac<Sha256>, part: &str) {
    hash.update(&(part.len() as u64).to_be_bytes());
    hash.update(part.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secret: &str) -> Keys {
        Keys::derived_from(&SecretString::from(secret)).unwrap()
    }

    #[test]
    fn only_the_code_of_the_receipt_fits() {
        let keys = keys("one");
        let kept = keys.code_hash("431200-2025-00000001", "BCDFGHJKLMNP");
        assert!(keys.code_fits("431200-2025-00000001", " bcdfghjklmnp ", &kept));
        assert!(!keys.code_fits("431200-2025-00000001", "BCDFGHJKLMNQ", &kept));
        assert!(!keys.code_fits("431200-2025-00000002", "BCDFGHJKLMNP", &kept));
        assert!(!keys.code_fits("431200-2025-00000001", "BCDFGHJKLMNP", &[]));
    }

    #[test]
    fn another_secret_or_other_parts_make_another_hash() {
        let one = keys("one");
        assert_eq!(
            one.screening_hash(&["a", "bc"]),
            one.screening_hash(&["a", "bc"])
        );
        assert_ne!(
            one.screening_hash(&["a", "bc"]),
            one.screening_hash(&["ab", "c"])
        );
        assert_ne!(
            one.screening_hash(&["a", "bc"]),
            keys("two").screening_hash(&["a", "bc"])
        );
    }

    #[test]
    fn keys_do_not_print() {
        assert_eq!(format!("{:?}", keys("a secret")), "Keys(..)");
    }
}
