//! The keyed hashes of the vaults: the query code of a receipt, the petitioner-and-matter of repeat screening, the numbers of
//! matters, and what was asked under a request id.

use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::vault::{IndexKey, KeyedHash, Vault};
use subtle::{Choice, ConstantTimeEq as _};

use crate::vault::Kind;

/// Letters of a query code: no vowels and no look-alikes, so that it can be read aloud.
const CODE_LETTERS: [char; 28] = [
    'B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X',
    'Y', 'Z', '3', '4', '5', '6', '7', '8', '9',
];
/// How many of them a code has, 57 bits.
const CODE_LENGTH: usize = 12;

/// The keyed hashes. What concerns a denunciation is hashed under its own vault. Printing them shows nothing.
#[derive(Debug)]
pub(crate) struct Keys {
    codes: IndexKey,
    numbers: IndexKey,
    screening: [IndexKey; 2],
    requests: [IndexKey; 2],
}

impl Keys {
    /// One key a purpose, so that a hash of one can never equal a hash of the other.
    pub(crate) fn of(open: &Vault, sealed: &Vault) -> Result<Self, Problem> {
        let key = |vault: &Vault, purpose: &str| {
            let key = vault.index_key(purpose);
            key.map_err(|error| Problem::Unexpected(format!("a key cannot be derived: {error}")))
        };
        let both = |purpose: &str| Ok::<_, Problem>([key(open, purpose)?, key(sealed, purpose)?]);
        Ok(Self {
            codes: key(open, "huiyin intake query code 2")?,
            numbers: key(open, "huiyin intake numbers 3")?,
            screening: both("huiyin intake screening 2")?,
            requests: both("huiyin intake request 1")?,
        })
    }

    /// The query code of the matter with a number. It is nowhere stored.
    pub(crate) fn query_code(&self, number: &str) -> String {
        letters(&self.codes.hash(&[number.as_bytes()]))
    }

    /// Whether this is its query code, also one that was given before the suite was changed; takes the same time for every
    /// wrong one.
    pub(crate) fn code_fits(&self, number: &str, code: &str) -> bool {
        let given = code.trim().to_uppercase();
        let codes = self.codes.look_up(&[number.as_bytes()]);
        let fits = codes.map(|hash| letters(&hash).as_bytes().ct_eq(given.as_bytes()));
        fits.into_iter()
            .fold(Choice::from(0), |any, one| any | one)
            .into()
    }

    /// The hashes that two matters share when the same petitioner raises the same thing: the one to store, and the one that
    /// was stored before the suite was changed.
    pub(crate) fn screening_hashes(&self, kind: Kind, parts: &[&str]) -> [Vec<u8>; 2] {
        let parts: Vec<_> = parts.iter().map(|part| part.as_bytes()).collect();
        let hashes = of(&self.screening, kind).look_up(&parts);
        hashes.map(|hash| hash.as_bytes().to_vec())
    }

    /// What was asked, known again by nobody without the vault: a plain hash could be tried against guesses.
    pub(crate) fn keyed(&self, kind: Kind, asked: Asked) -> Asked {
        // the suite of the day it was asked must not matter
        Asked {
            body_hash: of(&self.requests, kind).lasting(&[&asked.body_hash]),
            ..asked
        }
    }

    /// What the number of a matter is made of: the same when it is asked for again, whatever the suite.
    pub(crate) fn number(&self, caller: &str, request_id: &str, attempt: u32) -> u64 {
        let attempt = attempt.to_be_bytes();
        let parts = [caller.as_bytes(), request_id.as_bytes(), &attempt];
        let first = self.numbers.lasting(&parts).first_chunk().copied();
        u64::from_be_bytes(first.unwrap_or_default())
    }
}

fn of(keys: &[IndexKey; 2], kind: Kind) -> &IndexKey {
    let [open, sealed] = keys;
    match kind {
        Kind::Open => open,
        Kind::Sealed => sealed,
    }
}

/// The letters that a hash stands for, each as likely as the others to one part in 2^70.
fn letters(hash: &KeyedHash) -> String {
    let first = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    let mut left = u128::from_be_bytes(first);
    let count = CODE_LETTERS.len() as u128;
    let mut code = String::with_capacity(CODE_LENGTH);
    for _ in 0..CODE_LENGTH {
        let place = usize::try_from(left % count).unwrap_or_default();
        code.extend(CODE_LETTERS.get(place));
        left /= count;
    }
    code
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use huiyin_service_kit::vault::{FileMaster, Suite};

    use super::*;

    fn vault(folder: &std::path::Path) -> Vault {
        let master = Arc::new(FileMaster::open(&folder.join("keys")).unwrap());
        let change = Vault::create(master, Suite::Aes256Sha256).unwrap();
        change.vault().clone()
    }

    fn vaults() -> ([tempfile::TempDir; 2], [Vault; 2]) {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let vaults = [vault(folders[0].path()), vault(folders[1].path())];
        (folders, vaults)
    }

    /// Keys that nobody else has.
    pub(crate) fn keys() -> Keys {
        let (_folders, [open, sealed]) = vaults();
        Keys::of(&open, &sealed).unwrap()
    }

    #[test]
    fn only_the_code_of_the_receipt_fits() {
        let keys = keys();
        let code = keys.query_code("431200-2025-00000001");
        assert_eq!(code.len(), CODE_LENGTH);
        assert!(code.chars().all(|letter| CODE_LETTERS.contains(&letter)));
        let written = format!(" {} ", code.to_lowercase());
        assert!(keys.code_fits("431200-2025-00000001", &written));
        assert!(!keys.code_fits("431200-2025-00000002", &code));
        assert!(!keys.code_fits("431200-2025-00000001", &code[1..]));
        assert!(!keys.code_fits("431200-2025-00000001", ""));
    }

    #[test]
    fn letters_of_codes_are_equally_likely() {
        let keys = keys();
        let mut seen = std::collections::BTreeMap::<char, u32>::new();
        for number in 0..2_800 {
            for letter in keys.query_code(&number.to_string()).chars() {
                *seen.entry(letter).or_default() += 1;
            }
        }
        assert_eq!(seen.len(), 28);
        // 1200 of each are expected, 34 is the standard deviation
        assert!(
            seen.values().all(|count| (1_000..1_400).contains(count)),
            "{seen:?}"
        );
    }

    #[test]
    fn another_vault_another_kind_or_other_parts_make_another_hash() {
        let (one, two) = (keys(), keys());
        let hash = |keys: &Keys, kind, parts: &[&str]| keys.screening_hashes(kind, parts);
        let mut all = BTreeSet::new();
        for hashes in [
            hash(&one, Kind::Open, &["a", "bc"]),
            hash(&one, Kind::Open, &["ab", "c"]),
            hash(&one, Kind::Sealed, &["a", "bc"]),
            hash(&two, Kind::Open, &["a", "bc"]),
        ] {
            all.extend(hashes);
        }
        assert_eq!(all.len(), 8);
        assert_eq!(
            hash(&one, Kind::Open, &["a", "bc"]),
            hash(&one, Kind::Open, &["a", "bc"])
        );
    }

    #[test]
    fn what_was_hashed_before_the_suite_changed_is_found_after_it() {
        let (_folders, [open, sealed]) = vaults();
        let rotated = open.rotate(Suite::Sm4Sm3).unwrap();
        let before = Keys::of(&open, &sealed).unwrap();
        let after = Keys::of(rotated.vault(), &sealed).unwrap();
        let code = before.query_code("number");
        assert_ne!(code, after.query_code("number"));
        assert!(after.code_fits("number", &code));
        let (old, new) = (
            before.screening_hashes(Kind::Open, &["a"]),
            after.screening_hashes(Kind::Open, &["a"]),
        );
        assert_ne!(old[0], new[0]);
        assert_eq!(old[0], new[1]);
        assert_eq!(before.number("a", "b", 0), after.number("a", "b", 0));
        let asked = || Asked {
            caller: "office".to_owned(),
            request_id: "one".to_owned(),
            body_hash: [7; 32],
        };
        let hash = |keys: &Keys, kind| keys.keyed(kind, asked()).body_hash;
        assert_eq!(hash(&before, Kind::Open), hash(&after, Kind::Open));
        assert_ne!(hash(&before, Kind::Open), hash(&before, Kind::Sealed));
        assert_ne!(hash(&before, Kind::Open), asked().body_hash);
    }

    #[test]
    fn keys_do_not_print() {
        assert!(format!("{:?}", keys()).starts_with("Keys { codes: IndexKey(..)"));
    }
}
