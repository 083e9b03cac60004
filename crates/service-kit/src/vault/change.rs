//! A change of the state, in two steps: store it, then destroy what opens the state before it.

use std::sync::Arc;

use crate::vault::master::Master;
use crate::vault::numbers::MasterVersion;
use crate::vault::sealed_state::SealedState;
use crate::vault::state::State;
use crate::vault::{Vault, VaultError};

/// A change of the state that was made and sealed under a new version of the master key, and is not stored yet.
///
/// 1. In a transaction that holds the row of the state locked, make the change and write [`Self::sealed_state`] over the
///    state of version [`Self::replaces`].
/// 2. When it is committed, and wherever it must survive it has arrived, [`Self::finish`].
///
/// A crash before the commit leaves the old state and its key, and a new key that nobody uses; a crash after it leaves the
/// new state and its key, and old ones that [`Vault::open`] destroys. Whether a commit whose answer was lost took place is
/// seen by reading the row again. A change that is given up needs nothing done: the next one that finishes destroys its key.
#[must_use = "a change has no effect until its state is stored and it is finished"]
#[derive(Clone, Debug)]
pub struct Change {
    vault: Vault,
    sealed: SealedState,
    replaces: Option<MasterVersion>,
}

impl Change {
    /// Makes the next version of the master key and seals the state under it.
    pub(super) fn to(
        master: Arc<dyn Master>,
        replaces: Option<MasterVersion>,
        state: State,
    ) -> Result<Self, VaultError> {
        let version = MasterVersion::after(master.versions()?.into_iter().chain(replaces))?;
        master.make(version)?;
        let sealed = SealedState::seal(&state, &*master, version)?;
        let vault = Vault {
            master,
            version,
            state: Arc::new(state),
        };
        Ok(Self {
            vault,
            sealed,
            replaces,
        })
    }

    /// The new state, to be stored.
    #[must_use]
    pub fn sealed_state(&self) -> &SealedState {
        &self.sealed
    }

    /// The version of the state it was made from, which must be the one that is stored; none for a new vault.
    #[must_use]
    pub fn replaces(&self) -> Option<MasterVersion> {
        self.replaces
    }

    /// The vault after the change, to be used from the commit on.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Destroys the older versions of the master key. From now on no older state can be opened: not the one in a backup, on
    /// a standby that lags behind, or at an earlier point in time. It may be called again.
    ///
    /// # Errors
    /// When one cannot be destroyed: what was erased can still be read from copies of older states, until this is called
    /// again or the state is opened anew.
    pub fn finish(&self) -> Result<(), VaultError> {
        self.vault.destroy_older()
    }
}
