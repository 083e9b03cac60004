//! The vault through its own door, and its parts against the standards.

mod changes;
mod copies;
mod files;
mod known_answers;
mod printing;
mod records;
mod references;
mod simulation;
mod trees;

use std::path::Path;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use crate::vault::{
    Change, Context, FileMaster, Leaf, Master, RecordKey, SealedState, Suite, Vault, VaultError,
    WrappedKey,
};

/// A master key in a folder of its own, and what is stored.
struct House {
    folder: TempDir,
    stored: SealedState,
}

impl House {
    /// A new vault, stored and finished.
    fn new(suite: Suite) -> (Self, Vault) {
        let folder = TempDir::new().unwrap();
        let change = Vault::create(master_in(folder.path()), suite).unwrap();
        let mut house = Self {
            folder,
            stored: change.sealed_state().clone(),
        };
        let vault = house.carry_out(&change);
        (house, vault)
    }

    fn master(&self) -> Arc<dyn Master> {
        master_in(self.folder.path())
    }

    /// Stores a change and finishes it.
    fn carry_out(&mut self, change: &Change) -> Vault {
        self.stored = read_again(change.sealed_state());
        change.finish().unwrap();
        change.vault().clone()
    }

    /// The vault as a process finds it that starts now.
    fn start(&self) -> Vault {
        Vault::open(self.master(), &read_again(&self.stored)).unwrap()
    }
}

fn master_in(folder: &Path) -> Arc<dyn Master> {
    Arc::new(FileMaster::open(&folder.join("keys")).unwrap())
}

/// A state as it comes back from where it was stored.
fn read_again(sealed: &SealedState) -> SealedState {
    let again = SealedState::parse(sealed.as_bytes()).unwrap();
    assert_eq!(&again, sealed);
    again
}

fn leaf(number: i64) -> Leaf {
    Leaf::try_from(number).unwrap()
}

/// The context of a record.
fn record(id: &str) -> Context {
    Context::of(&[b"record", id.as_bytes()])
}

/// What a record's one field holds.
fn told(key: &RecordKey, sealed: &crate::vault::SealedText) -> Result<String, VaultError> {
    let text = key.open(&[b"story"], sealed)?;
    Ok(String::from_utf8(text.expose_secret().to_vec()).unwrap())
}

/// Whether a wrapped key is that of an erased record.
fn is_erased(vault: &Vault, wrapped: &WrappedKey, record: &Context) -> bool {
    matches!(vault.open_key(wrapped, record), Err(VaultError::Erased))
}
