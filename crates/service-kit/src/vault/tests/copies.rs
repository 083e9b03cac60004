//! The copy of the newest state.

use tempfile::TempDir;

use super::{House, leaf};
use crate::vault::{StateCopy, Suite, Vault, VaultError};

#[test]
fn the_newest_state_that_was_kept_opens_a_vault_whose_database_is_lost() {
    let (house, vault) = House::new(Suite::Aes256Sha256);
    let copy = StateCopy::at(&house.folder.path().join("state"));
    assert!(copy.read().unwrap().is_none());
    copy.keep(&house.stored).unwrap();
    let change = vault.puncture(&[leaf(1)]).unwrap();
    copy.keep(change.sealed_state()).unwrap();
    change.finish().unwrap();
    let kept = copy.read().unwrap().unwrap();
    assert_eq!(&kept, change.sealed_state());
    assert!(Vault::open(house.master(), &kept).is_ok());
    // nothing else is left beside it but the keys
    let names = house.folder.path().read_dir().unwrap();
    assert_eq!(names.count(), 2);
}

#[test]
fn an_older_state_does_not_replace_a_newer_copy() {
    let (house, vault) = House::new(Suite::Aes256Sha256);
    let copy = StateCopy::at(&house.folder.path().join("state"));
    let change = vault.puncture(&[leaf(1)]).unwrap();
    copy.keep(change.sealed_state()).unwrap();
    copy.keep(&house.stored).unwrap();
    assert_eq!(copy.read().unwrap().as_ref(), Some(change.sealed_state()));
}

#[test]
fn a_copy_that_cannot_be_kept_or_read_is_told_of() {
    let (house, _) = House::new(Suite::Aes256Sha256);
    let folder = TempDir::new().unwrap();
    let nowhere = StateCopy::at(&folder.path().join("none/state")).keep(&house.stored);
    assert!(matches!(nowhere, Err(VaultError::Copy { .. })));
    assert!(matches!(
        StateCopy::at(folder.path()).read(),
        Err(VaultError::Copy { .. })
    ));
    let other = folder.path().join("other");
    std::fs::write(&other, "no state").unwrap();
    assert!(matches!(
        StateCopy::at(&other).keep(&house.stored),
        Err(VaultError::Malformed { .. })
    ));
}
