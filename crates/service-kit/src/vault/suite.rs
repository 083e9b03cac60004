//! The two suites of algorithms, and what the vault asks of a suite.

use std::fmt;
use std::str::FromStr;

use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit as _};
use aes_gcm::{Aes256Gcm, AesGcm, Key};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use sm3::Sm3;
use sm4::Sm4;
use zeroize::Zeroizing;

use crate::chance;
use crate::vault::VaultError;
use crate::vault::secret::{SECRET_BYTES, Secret};

/// Bytes before a sealed text that make its sealing unique.
pub(super) const NONCE_BYTES: usize = 12;
/// Bytes after a sealed text that prove it.
pub(super) const TAG_BYTES: usize = 16;

/// GCM with SM4, as RFC 8998 has it.
type Sm4Gcm = AesGcm<Sm4, U12>;

/// Algorithms that go together. Both are open to whoever reads; a setting chooses for what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suite {
    /// AES-256-GCM (NIST SP 800-38D), SHA-256, HMAC-SHA256 and HKDF over it.
    Aes256Sha256,
    /// SM4-GCM (GB/T 32907, RFC 8998), SM3 (GB/T 32905), HMAC-SM3 and HKDF over it.
    Sm4Sm3,
}

/// A text that names no suite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no suite of algorithms; there are aes-256-sha-256 and sm4-sm3")]
pub struct UnknownSuite;

impl Suite {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Aes256Sha256, Self::Sm4Sm3];

    /// Its name in settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aes256Sha256 => "aes-256-sha-256",
            Self::Sm4Sm3 => "sm4-sm3",
        }
    }

    /// Its number in sealed texts.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Aes256Sha256 => 1,
            Self::Sm4Sm3 => 2,
        }
    }

    /// The suite of a number.
    pub(super) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.code() == code)
    }

    /// The key for one purpose out of a secret that serves several: HKDF-Expand.
    pub(super) fn derive(self, secret: &Secret, purpose: &[&[u8]]) -> Result<Secret, VaultError> {
        let mut key = Secret::blank();
        let (from, into) = (secret.expose(), key.expose_mut());
        let expanded = match self {
            Self::Aes256Sha256 => {
                let expander =
                    Hkdf::<Sha256>::from_prk(from).map_err(|_| VaultError::Derivation)?;
                expander.expand_multi_info(purpose, into)
            }
            Self::Sm4Sm3 => {
                let expander = Hkdf::<Sm3>::from_prk(from).map_err(|_| VaultError::Derivation)?;
                expander.expand_multi_info(purpose, into)
            }
        };
        expanded.map_err(|_| VaultError::Derivation)?;
        Ok(key)
    }
}

impl FromStr for Suite {
    type Err = UnknownSuite;

    fn from_str(given: &str) -> Result<Self, UnknownSuite> {
        let mut all = Self::ALL.into_iter();
        all.find(|suite| suite.as_str() == given)
            .ok_or(UnknownSuite)
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// HMAC of a suite under one key.
#[derive(Clone)]
pub(super) enum KeyedHasher {
    Sha256(Hmac<Sha256>),
    Sm3(Hmac<Sm3>),
}

impl KeyedHasher {
    /// The hasher of a key; a key shorter than a block is filled up with zeros, as HMAC has it.
    pub(super) fn new(suite: Suite, key: &Secret) -> Self {
        let mut block = Zeroizing::new([0_u8; 2 * SECRET_BYTES]);
        let (head, _) = block.split_at_mut(SECRET_BYTES);
        head.copy_from_slice(key.expose());
        match suite {
            Suite::Aes256Sha256 => Self::Sha256(Hmac::new((&*block).into())),
            Suite::Sm4Sm3 => Self::Sm3(Hmac::new((&*block).into())),
        }
    }

    /// The hash of the pieces, one after the other.
    pub(super) fn hash(&self, pieces: &[&[u8]]) -> Secret {
        let mut hash = Secret::blank();
        let into = hash.expose_mut();
        match self {
            Self::Sha256(hasher) => {
                let fed = pieces
                    .iter()
                    .fold(hasher.clone(), |fed, piece| fed.chain_update(piece));
                into.copy_from_slice(&fed.finalize().into_bytes());
            }
            Self::Sm3(hasher) => {
                let fed = pieces
                    .iter()
                    .fold(hasher.clone(), |fed, piece| fed.chain_update(piece));
                into.copy_from_slice(&fed.finalize().into_bytes());
            }
        }
        hash
    }
}

/// GCM of a suite under one key.
pub(super) enum Cipher {
    Aes(Box<Aes256Gcm>),
    Sm4(Box<Sm4Gcm>),
}

impl Cipher {
    /// The cipher of a key. SM4 takes its first half: keys here are derived, each for one suite.
    pub(super) fn new(suite: Suite, key: &Secret) -> Self {
        match suite {
            Suite::Aes256Sha256 => Self::Aes(Box::new(Aes256Gcm::new(key.expose().into()))),
            Suite::Sm4Sm3 => {
                let key: &Key<Aes256Gcm> = key.expose().into();
                let (half, _) = key.split_ref::<U16>();
                Self::Sm4(Box::new(Sm4Gcm::new(half)))
            }
        }
    }

    /// Appends nonce, sealed text and tag to `sealed`.
    pub(super) fn seal(
        &self,
        associated: &[u8],
        text: &[u8],
        sealed: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        let mut nonce = [0_u8; NONCE_BYTES];
        chance::fill(&mut nonce)?;
        self.seal_with(&nonce, associated, text, sealed)
    }

    /// Seals with a nonce that must never have been used with this key.
    pub(super) fn seal_with(
        &self,
        nonce: &[u8; NONCE_BYTES],
        associated: &[u8],
        text: &[u8],
        sealed: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        sealed.extend_from_slice(nonce);
        let start = sealed.len();
        // the room stays as it is while the text is in it, so no copy of it is left behind
        sealed.reserve_exact(text.len() + TAG_BYTES);
        sealed.extend_from_slice(text);
        let buffer = sealed.get_mut(start..).unwrap_or_default();
        let tag = match self {
            Self::Aes(cipher) => {
                cipher.encrypt_inout_detached(nonce.into(), associated, buffer.into())
            }
            Self::Sm4(cipher) => {
                cipher.encrypt_inout_detached(nonce.into(), associated, buffer.into())
            }
        };
        sealed.extend_from_slice(&tag.map_err(|_| VaultError::TooLong)?);
        Ok(())
    }

    /// Opens nonce, sealed text and tag.
    pub(super) fn open(
        &self,
        associated: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (nonce, rest) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(VaultError::DoesNotOpen)?;
        let (sealed, tag) = rest
            .split_last_chunk::<TAG_BYTES>()
            .ok_or(VaultError::DoesNotOpen)?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let (nonce, buffer, tag) = (
            nonce.into(),
            InOutBuf::from(text.as_mut_slice()),
            tag.into(),
        );
        let opened = match self {
            Self::Aes(cipher) => cipher.decrypt_inout_detached(nonce, associated, buffer, tag),
            Self::Sm4(cipher) => cipher.decrypt_inout_detached(nonce, associated, buffer, tag),
        };
        opened.map_err(|_| VaultError::DoesNotOpen)?;
        Ok(text)
    }
}
