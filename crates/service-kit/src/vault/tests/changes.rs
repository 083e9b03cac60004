//! Changes of the state: what opens after them, and after a crash in their midst.

use super::{House, is_erased, leaf, master_in, read_again, record, told};
use crate::vault::{
    Epoch, MasterError, MasterVersion, SealedState, SealedText, Suite, Vault, VaultError,
    WrappedKey,
};

/// Two records in a new vault.
struct Two {
    house: House,
    vault: Vault,
    erased: (WrappedKey, SealedText),
    kept: (WrappedKey, SealedText),
}

impl Two {
    fn new() -> Self {
        let (house, vault) = House::new(Suite::Aes256Sha256);
        let one = |number, id| {
            let (key, wrapped) = vault.new_key(leaf(number), &record(id)).unwrap();
            (wrapped, key.seal(&[b"story"], id.as_bytes()).unwrap())
        };
        let (erased, kept) = (one(7, "erased"), one(8, "kept"));
        Self {
            house,
            vault,
            erased,
            kept,
        }
    }

    fn still_opens(&self, vault: &Vault, id: &str) -> bool {
        let (wrapped, sealed) = if id == "kept" {
            &self.kept
        } else {
            &self.erased
        };
        let key = vault.open_key(wrapped, &record(id));
        key.is_ok_and(|key| told(&key, sealed).is_ok_and(|text| text == id))
    }

    fn versions(&self) -> Vec<u64> {
        let versions = self.house.master().versions().unwrap();
        versions.into_iter().map(MasterVersion::number).collect()
    }
}

/// Whether the master key of a state is gone.
fn is_closed(house: &House, state: &SealedState) -> bool {
    matches!(
        Vault::look_into(house.master(), state),
        Err(VaultError::Master(MasterError::Gone(version))) if version == state.version()
    )
}

#[test]
fn after_an_erasure_no_older_state_opens() {
    let mut two = Two::new();
    let backup = two.house.stored.clone();
    let change = two.vault.puncture(&[leaf(7)]).unwrap();
    assert_eq!(change.replaces(), Some(backup.version()));
    let vault = two.house.carry_out(&change);
    assert!(is_closed(&two.house, &backup));
    for vault in [vault, two.house.start()] {
        assert!(is_erased(&vault, &two.erased.0, &record("erased")));
        assert!(two.still_opens(&vault, "kept"));
    }
    assert_eq!(two.versions(), [2]);
}

#[test]
fn a_crash_before_the_state_is_stored_changes_nothing() {
    let mut two = Two::new();
    drop(two.vault.puncture(&[leaf(7)]).unwrap());
    let vault = two.house.start();
    assert!(two.still_opens(&vault, "erased") && two.still_opens(&vault, "kept"));
    assert_eq!(two.versions(), [1, 2]);
    // and the next change takes a number of its own, and destroys what was left
    let change = vault.puncture(&[leaf(7)]).unwrap();
    let vault = two.house.carry_out(&change);
    assert!(is_erased(&vault, &two.erased.0, &record("erased")));
    assert_eq!(two.versions(), [3]);
}

#[test]
fn a_crash_after_the_state_is_stored_is_made_good_at_the_start() {
    let mut two = Two::new();
    let backup = two.house.stored.clone();
    let change = two.vault.puncture(&[leaf(7)]).unwrap();
    two.house.stored = read_again(change.sealed_state());
    drop(change);
    assert!(two.still_opens(
        &Vault::look_into(two.house.master(), &backup).unwrap(),
        "erased"
    ));
    let vault = two.house.start();
    assert!(is_closed(&two.house, &backup));
    assert!(is_erased(&vault, &two.erased.0, &record("erased")));
    assert!(two.still_opens(&vault, "kept"));
}

#[test]
fn a_crash_between_two_destructions_is_made_good_at_the_start() {
    let mut two = Two::new();
    drop(two.vault.rotate(Suite::Sm4Sm3).unwrap());
    let change = two.vault.puncture(&[leaf(7)]).unwrap();
    two.house.stored = change.sealed_state().clone();
    two.house.master().destroy(two.vault.version()).unwrap();
    assert_eq!(two.versions(), [2, 3]);
    two.house.start();
    assert_eq!(two.versions(), [3]);
}

#[test]
fn a_new_vault_that_was_not_stored_is_begun_again() {
    let folder = tempfile::TempDir::new().unwrap();
    drop(Vault::create(master_in(folder.path()), Suite::Sm4Sm3).unwrap());
    let change = Vault::create(master_in(folder.path()), Suite::Sm4Sm3).unwrap();
    assert_eq!(
        (change.replaces(), change.vault().version().number()),
        (None, 2)
    );
    change.finish().unwrap();
    let versions = master_in(folder.path()).versions().unwrap();
    assert_eq!(versions, [change.vault().version()]);
}

#[test]
fn two_changes_of_one_state_tell_that_they_replace_the_same() {
    let two = Two::new();
    let (one, other) = (
        two.vault.puncture(&[leaf(7)]).unwrap(),
        two.vault.puncture(&[leaf(8)]).unwrap(),
    );
    assert_eq!(one.replaces(), other.replaces());
    assert_ne!(one.sealed_state().version(), other.sealed_state().version());
}

#[test]
fn looking_into_a_state_destroys_nothing() {
    let two = Two::new();
    let change = two.vault.puncture(&[leaf(7)]).unwrap();
    Vault::look_into(two.house.master(), change.sealed_state()).unwrap();
    assert_eq!(two.versions(), [1, 2]);
}

#[test]
fn opening_destroys_nothing_when_the_state_does_not_open() {
    let two = Two::new();
    let change = two.vault.puncture(&[leaf(7)]).unwrap();
    let mut bytes = change.sealed_state().as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    assert!(Vault::open(two.house.master(), &SealedState::parse(&bytes).unwrap()).is_err());
    assert_eq!(two.versions(), [1, 2]);
}

#[test]
fn finishing_again_does_no_harm() {
    let mut two = Two::new();
    let change = two.vault.puncture(&[leaf(7)]).unwrap();
    two.house.carry_out(&change);
    change.finish().unwrap();
    assert!(two.still_opens(&two.house.start(), "kept"));
}

#[test]
fn a_key_that_cannot_be_destroyed_is_told_of() {
    let two = Two::new();
    let change = two.vault.puncture(&[leaf(7)]).unwrap();
    // a folder in the place of an older key
    let blocked = two.house.folder.path().join("keys/0.key");
    std::fs::create_dir(&blocked).unwrap();
    let refused = change.finish().unwrap_err();
    assert!(
        matches!(
            refused,
            VaultError::NotDestroyed {
                version: MasterVersion(0),
                ..
            }
        ),
        "{refused}"
    );
    let refused = Vault::open(two.house.master(), change.sealed_state());
    assert!(matches!(refused, Err(VaultError::NotDestroyed { .. })));
    std::fs::remove_dir(&blocked).unwrap();
    change.finish().unwrap();
    assert_eq!(two.versions(), [2]);
}

#[test]
fn only_an_older_epoch_that_is_there_can_be_dropped() {
    let mut two = Two::new();
    assert!(matches!(
        two.vault.drop_epoch(Epoch(1)),
        Err(VaultError::EpochInUse(Epoch(1)))
    ));
    assert!(matches!(
        two.vault.drop_epoch(Epoch(2)),
        Err(VaultError::EpochGone(Epoch(2)))
    ));
    for _ in 0..2 {
        let change = two.house.start().rotate(Suite::Aes256Sha256).unwrap();
        two.house.carry_out(&change);
    }
    let vault = two.house.start();
    assert_eq!(vault.epochs(), [Epoch(1), Epoch(2), Epoch(3)]);
    let vault = two.house.carry_out(&vault.drop_epoch(Epoch(2)).unwrap());
    assert_eq!(vault.epochs(), [Epoch(1), Epoch(3)]);
    assert!(two.still_opens(&two.house.start(), "kept"));
    assert!(matches!(
        vault.drop_epoch(Epoch(2)),
        Err(VaultError::EpochGone(Epoch(2)))
    ));
}

#[test]
fn a_state_grows_by_less_than_forty_nodes_an_erasure() {
    let mut two = Two::new();
    let before = two.house.stored.as_bytes().len();
    two.house
        .carry_out(&two.vault.puncture(&[leaf(7)]).unwrap());
    let after = two.house.stored.as_bytes().len();
    assert_eq!(after - before, 39 * 41);
}

#[test]
fn a_version_is_not_given_again_when_its_key_is_gone() {
    let two = Two::new();
    let change = two.vault.puncture(&[]).unwrap();
    change.finish().unwrap();
    two.house
        .master()
        .destroy(change.vault().version())
        .unwrap();
    assert!(two.versions().is_empty());
    let next = change.vault().puncture(&[]).unwrap();
    assert!(next.vault().version() > change.vault().version());
}

#[test]
fn there_is_no_version_after_the_last() {
    let two = Two::new();
    two.house.master().make(MasterVersion(u64::MAX)).unwrap();
    assert!(matches!(
        two.vault.puncture(&[]),
        Err(VaultError::NoNumberLeft(_))
    ));
}
