//! Thirty-two secret bytes.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

use crate::chance;
use crate::vault::VaultError;

/// Bytes of a secret.
pub(super) const SECRET_BYTES: usize = 32;

/// A key, or what keys are derived from. It is wiped when it is dropped, prints nothing, and is compared in the same time
/// wherever it differs.
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// A secret nobody can foretell.
    ///
    /// # Errors
    /// When the machine has no source of randomness.
    pub fn drawn() -> Result<Self, VaultError> {
        let mut secret = Self([0; SECRET_BYTES]);
        chance::fill(&mut secret.0)?;
        Ok(secret)
    }

    /// The secret that stands in these bytes.
    pub(super) fn of(bytes: &[u8; SECRET_BYTES]) -> Self {
        Self(*bytes)
    }

    /// The secret that stands in these bytes; none when they are too few or too many.
    pub(super) fn of_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::of)
    }

    /// The bytes.
    pub(super) fn expose(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// The bytes, to be written.
    pub(super) fn expose_mut(&mut self) -> &mut [u8; SECRET_BYTES] {
        &mut self.0
    }

    /// The same secret once more.
    pub(super) fn again(&self) -> Self {
        Self(self.0)
    }

    /// A secret to be written over.
    pub(super) fn blank() -> Self {
        Self([0; SECRET_BYTES])
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}
