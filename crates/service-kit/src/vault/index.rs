//! Keyed hashes, by which what is sealed is found again.

use std::fmt;

use subtle::{Choice, ConstantTimeEq as _};

use crate::vault::context::write_parts;
use crate::vault::secret::{SECRET_BYTES, Secret};
use crate::vault::suite::{KeyedHasher, Suite};
use crate::vault::{VaultError, purpose};

/// Hashes for one purpose: equal parts have equal hashes, and a hash of another purpose is never equal. Only who has the
/// vault can make one.
#[derive(Clone)]
pub struct IndexKey {
    newest: KeyedHasher,
    other: KeyedHasher,
}

/// A keyed hash. It prints nothing, and is compared in the same time wherever it differs.
#[derive(Clone, Copy)]
pub struct KeyedHash([u8; SECRET_BYTES]);

impl IndexKey {
    /// The key of a purpose; what is new is hashed by `suite`.
    pub(super) fn new(index: &Secret, suite: Suite, purpose: &str) -> Result<Self, VaultError> {
        let other = match suite {
            Suite::Aes256Sha256 => Suite::Sm4Sm3,
            Suite::Sm4Sm3 => Suite::Aes256Sha256,
        };
        let hasher = |suite: Suite| {
            let info = [
                purpose::INDEX.as_bytes(),
                &[suite.code()],
                purpose.as_bytes(),
            ];
            let key = suite.derive(index, &info)?;
            Ok::<_, VaultError>(KeyedHasher::new(suite, &key))
        };
        Ok(Self {
            newest: hasher(suite)?,
            other: hasher(other)?,
        })
    }

    /// The hash to store. It tells where one part ends and the next begins.
    #[must_use]
    pub fn hash(&self, parts: &[&[u8]]) -> KeyedHash {
        hash(&self.newest, parts)
    }

    /// The hashes to look for: that of [`Self::hash`], and that of the other suite, by which an older one may have been made.
    #[must_use]
    pub fn look_up(&self, parts: &[&[u8]]) -> [KeyedHash; 2] {
        [hash(&self.newest, parts), hash(&self.other, parts)]
    }

    /// One hash of both suites, the same whichever is the newest: for what is compared and never looked up.
    #[must_use]
    pub fn lasting(&self, parts: &[&[u8]]) -> [u8; 32] {
        let [one, other] = self.look_up(parts);
        let mut mixed = one.0;
        for (mixed, other) in mixed.iter_mut().zip(other.0) {
            *mixed ^= other;
        }
        mixed
    }

    /// Whether a stored hash is one of these parts; takes the same time for every one that is not.
    #[must_use]
    pub fn fits(&self, parts: &[&[u8]], stored: &[u8]) -> bool {
        let hashes = self.look_up(parts);
        let fits = hashes.iter().map(|hash| hash.0.as_slice().ct_eq(stored));
        fits.fold(Choice::from(0), |any, one| any | one).into()
    }
}

fn hash(hasher: &KeyedHasher, parts: &[&[u8]]) -> KeyedHash {
    let mut written = zeroize::Zeroizing::new(Vec::new());
    write_parts(&mut written, parts);
    KeyedHash(*hasher.hash(&[&written]).expose())
}

impl KeyedHash {
    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for KeyedHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeyedHash {}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(..)")
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(..)")
    }
}
