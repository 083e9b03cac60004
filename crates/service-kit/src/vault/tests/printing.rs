//! Nothing prints a secret.

use std::fmt::Debug;

use super::{House, leaf, record};
use crate::vault::secret::Secret;
use crate::vault::{Context, Suite};

/// The text that printing gives, in one line and in many.
fn printed(value: &dyn Debug) -> String {
    format!("{value:?} {value:#?}")
}

#[test]
fn no_part_of_the_vault_prints_what_it_holds() {
    let (_house, vault) = House::new(Suite::Aes256Sha256);
    let (key, _) = vault.new_key(leaf(1), &record("one")).unwrap();
    let index = vault.index_key("phone").unwrap();
    let text = key.seal(&[b"story"], b"told").unwrap();
    let change = vault.puncture(&[]).unwrap();
    let exact: [(&dyn Debug, &str); 5] = [
        (&Secret::of(&[77; 32]), "Secret(..)"),
        (&key, "RecordKey(..)"),
        (&index, "IndexKey(..)"),
        (&index.hash(&[b"139"]), "KeyedHash(..)"),
        (&Context::of(&[b"one"]), "Context(..)"),
    ];
    for (value, expected) in exact {
        assert_eq!(format!("{value:?}"), expected);
    }
    assert!(
        format!("{vault:?}").starts_with("Vault { version: MasterVersion(1), epochs: [Epoch(1)]")
    );
    let opened = key.open(&[b"story"], &text).unwrap();
    let all: [&dyn Debug; 4] = [
        &vault,
        &change,
        &opened,
        &vault.open_key(
            &vault.new_key(leaf(2), &record("two")).unwrap().1,
            &record("two"),
        ),
    ];
    let told: String = all.into_iter().map(printed).collect();
    // neither as a list of numbers, nor as a text
    let state = change.vault().state.to_bytes().unwrap();
    for secret in [
        state[1..9].to_vec(),
        state[60..68].to_vec(),
        b"told".to_vec(),
    ] {
        let list: Vec<String> = secret.iter().map(u8::to_string).collect();
        assert!(!told.contains(&list.join(", ")), "{told}");
        assert!(!told.contains(&hex::encode(&secret)), "{told}");
    }
    assert!(!told.contains("told"), "{told}");
}
