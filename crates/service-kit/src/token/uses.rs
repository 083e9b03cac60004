//! Tokens that were seen: a second call by the same one costs a look-up, and no `jti` serves two.
//!
//! Both books are bounded. When one is full, what would end first goes: a token forgotten is checked again, and a `jti` forgotten is
//! still bound to its certificate and lives an hour at most, so that only an issuer which uses an id twice could be missed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use huiyin_domain::time::Instant;
use sha2::{Digest as _, Sha256};

use super::claims::{Claims, Speaker, Validity};
use super::kept::Kept;
use super::refused::TokenRefused;
use crate::metrics;
use crate::tls::Thumbprint;

/// Entries of each book. A caller needs one token an hour for each organ and post it speaks for.
pub(super) const MOST: usize = 65_536;

/// The SHA-256 of a token, or of a `jti`.
pub(super) type Hash = [u8; 32];

/// The two books.
#[derive(Debug)]
pub(super) struct Uses(Mutex<Books>);

#[derive(Debug)]
struct Books {
    // by the hash of the token
    known: Kept<Hash, Arc<Known>, Instant>,
    // by the hash of the jti: the token it belongs to
    ids: Kept<Hash, Hash, Instant>,
}

/// A token that was found good.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) speaker: Speaker,
    pub(super) certificate: Thumbprint,
    pub(super) validity: Validity,
    // of the keys it was checked by
    pub(super) generation: u64,
}

/// The hash of a token or a `jti`.
pub(super) fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

impl Uses {
    /// Nothing seen yet, and so much at most.
    pub(super) fn new(most: usize) -> Self {
        Self(Mutex::new(Books {
            known: Kept::new(most),
            ids: Kept::new(most),
        }))
    }

    /// A token that was found good by the keys of this generation.
    pub(super) fn known(&self, token: &Hash, generation: u64, now: Instant) -> Option<Arc<Known>> {
        let books = self.books();
        let known = books.known.get(token, now)?;
        (known.generation == generation).then(|| Arc::clone(known))
    }

    /// Writes a good token down. Its certificate is among its claims, so that one `jti` with one content is one certificate's too.
    pub(super) fn write_down(
        &self,
        token: Hash,
        claims: &Claims,
        (now, generation): (Instant, u64),
    ) -> Result<(), TokenRefused> {
        let id = hash(&claims.id);
        let times = (now, claims.validity.end());
        let known = Arc::new(Known {
            speaker: claims.speaker.clone(),
            certificate: claims.certificate,
            validity: claims.validity,
            generation,
        });
        let mut books = self.books();
        if books.ids.get(&id, now).is_some_and(|first| *first != token) {
            return Err(TokenRefused::Replayed);
        }
        let gone = books.ids.keep(id, token, times) + books.known.keep(token, known, times);
        drop(books);
        if gone > 0 {
            let gone = u64::try_from(gone).unwrap_or(u64::MAX);
            metrics::count("huiyin_token_uses_forgotten", gone, &[]);
        }
        Ok(())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn lens(&self) -> (usize, usize) {
        let books = self.books();
        (books.known.len(), books.ids.len())
    }
}
