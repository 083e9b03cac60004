//! Why the vault cannot do what it is asked. No text holds a part of a key or of what was sealed.

use crate::vault::{Epoch, MasterError, MasterVersion};

/// Why the vault refuses.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The bytes are none that the vault wrote.
    #[error("these bytes are no {what}: {wrong}")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// Where they differ from it.
        wrong: &'static str,
    },
    /// The bytes were changed, or belong to another record, field, version or key.
    #[error("what is sealed does not open: it was changed, or belongs elsewhere")]
    DoesNotOpen,
    /// The key of this record has been destroyed.
    #[error("the record was erased: its key can never be derived again")]
    Erased,
    /// The record's key was wrapped under a tree that is no longer there.
    #[error("the tree of epoch {0} was dropped")]
    EpochGone(Epoch),
    /// The newest epoch is the one that new records use.
    #[error("epoch {0} is the newest and cannot be dropped")]
    EpochInUse(Epoch),
    /// There have been as many epochs, or versions of the master key, as can be numbered.
    #[error("there is no number left for {0}")]
    NoNumberLeft(&'static str),
    /// A leaf is a number below 2^40.
    #[error("{0} is no leaf: leaves are numbered from 0 and lie below 2^40")]
    NoLeaf(i64),
    /// The text is longer than GCM can seal.
    #[error("the text is too long to be sealed")]
    TooLong,
    /// A key could not be derived.
    #[error("a key could not be derived")]
    Derivation,
    /// The machine has no source of randomness.
    #[error("no randomness: {0}")]
    Chance(#[from] getrandom::Error),
    /// The state was stored, but older master keys could not be destroyed: what was erased can still be read from backups.
    #[error("the older master key {version} could not be destroyed: {error}")]
    NotDestroyed {
        /// The version that is still there.
        version: MasterVersion,
        /// Why.
        error: MasterError,
    },
    /// A copy of the state cannot be kept or read.
    #[error("the copy of the state at {path} {wrong}")]
    Copy {
        /// Where it lies.
        path: String,
        /// What is wrong.
        wrong: String,
    },
    /// The master key cannot be used.
    #[error(transparent)]
    Master(#[from] MasterError),
}
