//! The numbers of leaves, epochs and versions of the master key.

use std::fmt;

use crate::vault::VaultError;

/// Levels of a tree of keys.
pub(super) const DEPTH: u8 = 40;
/// How many leaves a tree has.
pub(super) const LEAVES: u64 = 1 << DEPTH;

/// The number of a record in the trees of keys, the same in every epoch. Give each record its own, one after the other:
/// neighbours share most of the way to their keys, and records erased together leave little behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leaf(u64);

impl Leaf {
    pub(super) fn of(number: u64) -> Option<Self> {
        (number < LEAVES).then_some(Self(number))
    }

    /// The number, 0 to 2^40 - 1.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl TryFrom<i64> for Leaf {
    type Error = VaultError;

    fn try_from(number: i64) -> Result<Self, VaultError> {
        u64::try_from(number)
            .ok()
            .and_then(Self::of)
            .ok_or(VaultError::NoLeaf(number))
    }
}

/// The number of a tree of keys: 1 for the first, one more at each rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub(super) u32);

impl Epoch {
    pub(super) const FIRST: Self = Self(1);

    pub(super) fn next(self) -> Result<Self, VaultError> {
        let next = self.0.checked_add(1);
        next.map(Self).ok_or(VaultError::NoNumberLeft("an epoch"))
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The version of a master key: one more at each change of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MasterVersion(pub(super) u64);

impl MasterVersion {
    /// The version after all of these.
    pub(super) fn after(versions: impl IntoIterator<Item = Self>) -> Result<Self, VaultError> {
        let newest = versions.into_iter().map(|version| version.0).max();
        let next = newest.unwrap_or(0).checked_add(1);
        next.map(Self)
            .ok_or(VaultError::NoNumberLeft("a version of the master key"))
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for MasterVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
