//! The master key: it lies outside of the database, and its older versions can be destroyed.

use std::fmt;
use std::sync::Arc;

mod file;
mod module;
mod pkcs11;
mod reference;

pub use file::FileMaster;
pub use pkcs11::Pkcs11Master;
pub use reference::{InvalidReference, KeyReference, PinSource, TokenKey};

use crate::vault::numbers::MasterVersion;
use crate::vault::secret::Secret;

/// The versions of a master key. Calls block: they read files, or ask a module.
pub trait Master: fmt::Debug + Send + Sync {
    /// The versions there are, oldest first.
    ///
    /// # Errors
    /// When the keys cannot be looked at.
    fn versions(&self) -> Result<Vec<MasterVersion>, MasterError>;

    /// Makes the key of a version; when it returns, the key outlives a loss of power.
    ///
    /// # Errors
    /// When there is one already, or it cannot be made.
    fn make(&self, version: MasterVersion) -> Result<(), MasterError>;

    /// Seals a secret under the key of a version, bound to what is associated.
    ///
    /// # Errors
    /// When there is no such version.
    fn wrap(
        &self,
        version: MasterVersion,
        associated: &[u8],
        secret: &Secret,
    ) -> Result<Vec<u8>, MasterError>;

    /// Opens what [`Self::wrap`] sealed.
    ///
    /// # Errors
    /// When the version was destroyed, or the bytes were changed.
    fn unwrap(
        &self,
        version: MasterVersion,
        associated: &[u8],
        wrapped: &[u8],
    ) -> Result<Secret, MasterError>;

    /// Destroys the key of a version; nothing happens when there is none.
    ///
    /// # Errors
    /// When it cannot be destroyed.
    fn destroy(&self, version: MasterVersion) -> Result<(), MasterError>;
}

/// Why a master key cannot be used. No text holds a part of a key or a PIN.
#[derive(Debug, thiserror::Error)]
pub enum MasterError {
    /// The version was destroyed, or never made.
    #[error(
        "version {0} of the master key is not there: it was destroyed, or the reference names another key"
    )]
    Gone(MasterVersion),
    /// There is such a version already: somebody else made it at the same time.
    #[error("version {0} of the master key is there already")]
    Exists(MasterVersion),
    /// The bytes were not sealed under this key, or were changed.
    #[error("version {0} of the master key does not open these bytes")]
    DoesNotOpen(MasterVersion),
    /// A file or folder cannot be used.
    #[error("{path} {wrong}")]
    File {
        /// Which one.
        path: String,
        /// What is wrong with it.
        wrong: String,
    },
    /// The module refuses.
    #[error("the PKCS#11 module cannot {what}: {wrong}")]
    Module {
        /// What it was asked.
        what: &'static str,
        /// What it answers.
        wrong: String,
    },
    /// The environment does not hold the PIN.
    #[error("the variable {0} of the environment, which is to hold the PIN, is not set")]
    NoPin(String),
    /// A secret cannot be drawn or sealed.
    #[error("a secret cannot be drawn or sealed")]
    Unsealed,
}

/// The master key that a reference names.
///
/// # Errors
/// When it cannot be reached.
pub fn master_of(reference: &KeyReference) -> Result<Arc<dyn Master>, MasterError> {
    Ok(match reference {
        KeyReference::Folder(folder) => Arc::new(FileMaster::open(folder)?),
        KeyReference::Token(key) => Arc::new(Pkcs11Master::open(key.clone())?),
    })
}
