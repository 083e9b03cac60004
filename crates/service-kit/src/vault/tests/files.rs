//! The master key in files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use super::master_in;
use crate::vault::secret::Secret;
use crate::vault::{FileMaster, MasterError, MasterVersion};

const ONE: MasterVersion = MasterVersion(1);

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_wrapped_opens_by_its_version_and_what_is_associated_alone() {
    let folder = TempDir::new().unwrap();
    let master = master_in(folder.path());
    let secret = Secret::drawn().unwrap();
    for version in [ONE, MasterVersion(2)] {
        master.make(version).unwrap();
    }
    let wrapped = master.wrap(ONE, b"here", &secret).unwrap();
    assert_eq!(master.unwrap(ONE, b"here", &wrapped).unwrap(), secret);
    let refused = |version, associated: &[u8], wrapped: &[u8]| {
        matches!(
            master.unwrap(version, associated, wrapped),
            Err(MasterError::DoesNotOpen(_))
        )
    };
    assert!(refused(ONE, b"there", &wrapped));
    assert!(refused(MasterVersion(2), b"here", &wrapped));
    assert!(refused(ONE, b"here", &wrapped[1..]));
    assert!(refused(ONE, b"here", b""));
}

#[test]
fn keys_and_their_folder_are_their_owners_alone() {
    let folder = TempDir::new().unwrap();
    let keys = folder.path().join("keys");
    master_in(folder.path()).make(ONE).unwrap();
    assert_eq!((mode(&keys), mode(&keys.join("1.key"))), (0o700, 0o600));
}

#[test]
fn a_key_or_folder_that_is_open_to_others_is_refused() {
    let folder = TempDir::new().unwrap();
    let (keys, master) = (folder.path().join("keys"), master_in(folder.path()));
    master.make(ONE).unwrap();
    let secret = Secret::drawn().unwrap();
    for open in [0o640, 0o604, 0o620, 0o602] {
        fs::set_permissions(keys.join("1.key"), Permissions::from_mode(open)).unwrap();
        let refused = master.wrap(ONE, b"", &secret).unwrap_err();
        assert!(
            refused.to_string().contains(&format!("mode {open:o}")),
            "{refused}"
        );
    }
    fs::set_permissions(keys.join("1.key"), Permissions::from_mode(0o400)).unwrap();
    assert!(master.wrap(ONE, b"", &secret).is_ok());
    fs::set_permissions(&keys, Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(
        FileMaster::open(&keys),
        Err(MasterError::File { .. })
    ));
}

#[test]
fn a_key_of_another_length_is_refused() {
    let folder = TempDir::new().unwrap();
    let master = master_in(folder.path());
    for length in [0, 31, 33] {
        let path = folder.path().join("keys/1.key");
        fs::write(&path, vec![1; length]).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let refused = master.wrap(ONE, b"", &Secret::drawn().unwrap());
        assert!(matches!(refused, Err(MasterError::File { .. })));
    }
}

#[test]
fn no_version_is_made_twice() {
    let folder = TempDir::new().unwrap();
    let master = master_in(folder.path());
    master.make(ONE).unwrap();
    assert!(matches!(master.make(ONE), Err(MasterError::Exists(ONE))));
}

#[test]
fn a_destroyed_key_is_overwritten_and_gone() {
    let folder = TempDir::new().unwrap();
    let (keys, master) = (folder.path().join("keys"), master_in(folder.path()));
    master.make(ONE).unwrap();
    // the same blocks by a second name
    let blocks = folder.path().join("blocks");
    fs::hard_link(keys.join("1.key"), &blocks).unwrap();
    assert_ne!(fs::read(&blocks).unwrap(), [0; 32]);
    let wrapped = master.wrap(ONE, b"", &Secret::drawn().unwrap()).unwrap();
    master.destroy(ONE).unwrap();
    assert_eq!(fs::read(&blocks).unwrap(), [0; 32]);
    assert!(matches!(
        master.unwrap(ONE, b"", &wrapped),
        Err(MasterError::Gone(ONE))
    ));
    assert_eq!(master.versions().unwrap(), []);
    master.destroy(ONE).unwrap();
}

#[test]
fn versions_are_listed_in_order_and_other_files_are_not() {
    let folder = TempDir::new().unwrap();
    let master = master_in(folder.path());
    for version in [10, 9, 100] {
        master.make(MasterVersion(version)).unwrap();
    }
    for other in [
        "07.key",
        "+7.key",
        "-1.key",
        "7",
        "7.key.old",
        "a.key",
        ".key",
    ] {
        fs::write(folder.path().join("keys").join(other), "").unwrap();
    }
    let versions = [9, 10, 100].map(MasterVersion);
    assert_eq!(master.versions().unwrap(), versions);
}
