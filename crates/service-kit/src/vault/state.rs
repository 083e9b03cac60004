//! What the vault knows: the trees of keys, and the secret of the keyed hashes.

use zeroize::Zeroizing;

use crate::vault::VaultError;
use crate::vault::layout::{FORMAT, Reader};
use crate::vault::numbers::{Epoch, Leaf};
use crate::vault::secret::{SECRET_BYTES, Secret};
use crate::vault::suite::Suite;
use crate::vault::tree::Tree;

/// What these bytes are called.
const WHAT: &str = "state of a vault";

/// What the vault knows.
pub(super) struct State {
    /// What the keys of the keyed hashes are derived from.
    pub(super) index: Secret,
    older: Vec<Grown>,
    newest: Grown,
}

/// A tree and its number.
struct Grown {
    epoch: Epoch,
    tree: Tree,
}

impl State {
    /// A first tree.
    pub(super) fn drawn(suite: Suite) -> Result<Self, VaultError> {
        Ok(Self {
            index: Secret::drawn()?,
            older: Vec::new(),
            newest: Grown {
                epoch: Epoch::FIRST,
                tree: Tree::drawn(suite)?,
            },
        })
    }

    /// The tree that new records use.
    pub(super) fn newest(&self) -> (Epoch, &Tree) {
        (self.newest.epoch, &self.newest.tree)
    }

    /// The tree of an epoch.
    pub(super) fn tree(&self, epoch: Epoch) -> Result<&Tree, VaultError> {
        let mut all = self.all();
        all.find(|grown| grown.epoch == epoch)
            .map(|grown| &grown.tree)
            .ok_or(VaultError::EpochGone(epoch))
    }

    /// The epochs there are, oldest first.
    pub(super) fn epochs(&self) -> impl Iterator<Item = Epoch> {
        self.all().map(|grown| grown.epoch)
    }

    /// This state without these leaves, in every tree: a backup may hold a record as it was before it moved to a newer one.
    pub(super) fn without(&self, leaves: &[Leaf]) -> Self {
        self.changed(|tree| tree.without(leaves))
    }

    /// This state with one more tree.
    pub(super) fn rotated(&self, suite: Suite) -> Result<Self, VaultError> {
        let newest = Grown {
            epoch: self.newest.epoch.next()?,
            tree: Tree::drawn(suite)?,
        };
        let Self {
            index,
            mut older,
            newest: last,
        } = self.changed(Tree::again);
        older.push(last);
        Ok(Self {
            index,
            older,
            newest,
        })
    }

    /// This state without the tree of an epoch, which must be there and not the newest.
    pub(super) fn dropped(&self, epoch: Epoch) -> Result<Self, VaultError> {
        if epoch == self.newest.epoch {
            return Err(VaultError::EpochInUse(epoch));
        }
        self.tree(epoch)?;
        let mut left = self.changed(Tree::again);
        left.older.retain(|grown| grown.epoch != epoch);
        Ok(left)
    }

    fn changed(&self, change: impl Fn(&Tree) -> Tree) -> Self {
        let changed = |grown: &Grown| Grown {
            epoch: grown.epoch,
            tree: change(&grown.tree),
        };
        Self {
            index: self.index.again(),
            older: self.older.iter().map(changed).collect(),
            newest: changed(&self.newest),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Grown> {
        self.older.iter().chain([&self.newest])
    }

    /// The state in bytes.
    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let trees: usize = self.all().map(|grown| 5 + grown.tree.length()).sum();
        // room for all at once: bytes that grow leave copies behind
        let mut written = Zeroizing::new(Vec::with_capacity(3 + SECRET_BYTES + trees));
        written.push(FORMAT);
        written.extend_from_slice(self.index.expose());
        let older = u16::try_from(self.older.len()).map_err(|_| VaultError::TooLong)?;
        written.extend_from_slice(&older.to_be_bytes());
        for grown in self.all() {
            written.extend_from_slice(&grown.epoch.0.to_be_bytes());
            written.push(grown.tree.suite().code());
            grown.tree.write(&mut written)?;
        }
        Ok(written)
    }

    /// The state that stands in bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, VaultError> {
        let mut reader = Reader::of(WHAT, bytes)?;
        let index = Secret::of(reader.bytes()?);
        let count = reader.u16()?;
        let mut older: Vec<Grown> = Vec::new();
        for _ in 0..count {
            let after = older.last().map(|grown| grown.epoch);
            older.push(Grown::read(&mut reader, after)?);
        }
        let after = older.last().map(|grown| grown.epoch);
        let newest = Grown::read(&mut reader, after)?;
        reader.finish()?;
        Ok(Self {
            index,
            older,
            newest,
        })
    }
}

impl Grown {
    fn read(reader: &mut Reader<'_>, after: Option<Epoch>) -> Result<Self, VaultError> {
        let epoch = Epoch(reader.u32()?);
        if epoch <= after.unwrap_or(Epoch(0)) {
            return Err(reader.wrong("its epochs are not in order"));
        }
        let suite = reader.suite()?;
        let tree = Tree::read(suite, reader)?;
        Ok(Self { epoch, tree })
    }
}
