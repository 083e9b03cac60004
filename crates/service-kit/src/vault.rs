//! A vault for what must be read by few and can be erased everywhere, also in backups and on standbys.
//!
//! Each record has a data key of its own. It is wrapped under a leaf of a tree of keys, and the tree is kept, sealed under a
//! master key that lies outside of the database, as the state of the vault. To erase a record its leaf is destroyed: the
//! state that is left is sealed under a new version of the master key, and the older versions are destroyed, so that no
//! older copy of the state can ever be opened again. `docs/vault.md` tells it whole.
//!
//! The vault stores nothing: it gives out bytes, and the caller lays them into tables. What it is asked may block for
//! milliseconds where it asks the master key ([`Vault::create`], [`Vault::open`], changes of the state), and takes
//! microseconds elsewhere.

use std::fmt;
use std::sync::Arc;

mod change;
mod context;
mod copy;
mod error;
mod index;
mod layout;
mod master;
mod numbers;
mod purpose;
mod record_key;
mod sealed_state;
mod secret;
mod state;
mod suite;
mod tree;
mod wrapped_key;

pub use change::Change;
pub use context::Context;
pub use copy::StateCopy;
pub use error::VaultError;
pub use index::{IndexKey, KeyedHash};
pub use master::{
    FileMaster, InvalidReference, KeyReference, Master, MasterError, PinSource, Pkcs11Master,
    TokenKey, master_of,
};
pub use numbers::{Epoch, Leaf, MasterVersion};
pub use record_key::{RecordKey, SealedText};
pub use sealed_state::SealedState;
pub use secret::Secret;
pub use suite::{Suite, UnknownSuite};
pub use wrapped_key::WrappedKey;

use state::State;
use wrapped_key::Head;

#[cfg(test)]
mod tests;

/// The vault, open. Clones are the same one; a change of the state gives a new one.
#[derive(Clone)]
pub struct Vault {
    master: Arc<dyn Master>,
    version: MasterVersion,
    state: Arc<State>,
}

impl Vault {
    /// A new vault with a first tree of keys. Store its state, then finish the change: until then there is no vault.
    ///
    /// # Errors
    /// When the master key cannot be made.
    pub fn create(master: Arc<dyn Master>, suite: Suite) -> Result<Change, VaultError> {
        Change::to(master, None, State::drawn(suite)?)
    }

    /// Opens the state that was stored last, then destroys the older versions of the master key that a change which did not
    /// finish has left.
    ///
    /// Only a process that may change the state may open it like this, and only on the one state there is: a copy of the
    /// database that is opened and changed on the same master key takes the key away from the original.
    ///
    /// # Errors
    /// When the master key is gone, the state was changed, or an older master key cannot be destroyed.
    pub fn open(master: Arc<dyn Master>, sealed: &SealedState) -> Result<Self, VaultError> {
        let vault = Self::look_into(master, sealed)?;
        vault.destroy_older()?;
        Ok(vault)
    }

    /// Opens a state and destroys nothing: for looking into a restored backup.
    ///
    /// # Errors
    /// When the master key is gone, or the state was changed.
    pub fn look_into(master: Arc<dyn Master>, sealed: &SealedState) -> Result<Self, VaultError> {
        let state = Arc::new(sealed.open(&*master)?);
        Ok(Self {
            master,
            version: sealed.version(),
            state,
        })
    }

    /// The version of the master key under which the state lies. Who finds a newer one stored must open that.
    #[must_use]
    pub fn version(&self) -> MasterVersion {
        self.version
    }

    /// The suite of what is sealed, wrapped and hashed from now on: that of the newest tree. When the settings name another
    /// one, [`Self::rotate`] to it.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.state.newest().1.suite()
    }

    /// The epochs whose trees are there, oldest first; new records use the last.
    #[must_use]
    pub fn epochs(&self) -> Vec<Epoch> {
        self.state.epochs().collect()
    }

    /// Draws the data key of a new record. The leaf must be one that no other record has or had.
    ///
    /// # Errors
    /// When the leaf was punctured, or the machine has no source of randomness.
    pub fn new_key(
        &self,
        leaf: Leaf,
        record: &Context,
    ) -> Result<(RecordKey, WrappedKey), VaultError> {
        let (epoch, _) = self.state.newest();
        let data_key = Secret::drawn()?;
        let wrapped = self.wrap(leaf, epoch, record, &data_key)?;
        let key = RecordKey::new(data_key, epoch, record, self.suite())?;
        Ok((key, wrapped))
    }

    /// Opens the data key of a record.
    ///
    /// # Errors
    /// When the record was erased, or the key belongs to another record or was changed.
    pub fn open_key(
        &self,
        wrapped: &WrappedKey,
        record: &Context,
    ) -> Result<RecordKey, VaultError> {
        let data_key = self.unwrap(wrapped, record)?;
        RecordKey::new(data_key, wrapped.head.drawn_in, record, self.suite())
    }

    /// Wraps the data key of a record anew, under the newest tree. What the key seals stays as it is.
    ///
    /// # Errors
    /// As [`Self::open_key`].
    pub fn rewrap(&self, wrapped: &WrappedKey, record: &Context) -> Result<WrappedKey, VaultError> {
        let data_key = self.unwrap(wrapped, record)?;
        self.wrap(wrapped.leaf(), wrapped.head.drawn_in, record, &data_key)
    }

    /// Destroys the keys of these leaves, in every tree. Once the change is stored and finished, their records cannot be
    /// opened any more, whatever copy of them is found. Doing it again changes nothing for them.
    ///
    /// # Errors
    /// When a new master key cannot be made.
    pub fn puncture(&self, leaves: &[Leaf]) -> Result<Change, VaultError> {
        let mut leaves = leaves.to_vec();
        leaves.sort_unstable();
        leaves.dedup();
        self.change(self.state.without(&leaves))
    }

    /// Grows a fresh tree by a suite; new records use it, and [`Self::rewrap`] moves older ones to it.
    ///
    /// # Errors
    /// When a new master key cannot be made.
    pub fn rotate(&self, suite: Suite) -> Result<Change, VaultError> {
        self.change(self.state.rotated(suite)?)
    }

    /// Drops the tree of an epoch. Records that are still wrapped under it, also in backups, are erased by that.
    ///
    /// # Errors
    /// When it is the newest, or not there.
    pub fn drop_epoch(&self, epoch: Epoch) -> Result<Change, VaultError> {
        self.change(self.state.dropped(epoch)?)
    }

    /// The keyed hashes of a purpose. Punctures and rotations leave them as they are.
    ///
    /// # Errors
    /// When the key cannot be derived.
    pub fn index_key(&self, purpose: &str) -> Result<IndexKey, VaultError> {
        IndexKey::new(&self.state.index, self.suite(), purpose)
    }

    fn change(&self, state: State) -> Result<Change, VaultError> {
        Change::to(Arc::clone(&self.master), Some(self.version), state)
    }

    fn wrap(
        &self,
        leaf: Leaf,
        drawn_in: Epoch,
        record: &Context,
        data_key: &Secret,
    ) -> Result<WrappedKey, VaultError> {
        let (epoch, tree) = self.state.newest();
        let suite = tree.suite();
        let head = Head {
            suite,
            epoch,
            drawn_in,
            leaf,
        };
        WrappedKey::wrap(head, tree, record, data_key)
    }

    fn unwrap(&self, wrapped: &WrappedKey, record: &Context) -> Result<Secret, VaultError> {
        wrapped.unwrap(self.state.tree(wrapped.epoch())?, record)
    }

    /// Destroys the versions of the master key older than the one in use.
    fn destroy_older(&self) -> Result<(), VaultError> {
        for version in self.master.versions()? {
            if version < self.version {
                let destroyed = self.master.destroy(version);
                destroyed.map_err(|error| VaultError::NotDestroyed { version, error })?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("version", &self.version)
            .field("epochs", &self.epochs())
            .finish_non_exhaustive()
    }
}
