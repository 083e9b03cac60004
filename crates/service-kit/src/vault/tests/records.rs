//! What is sealed opens, in its place alone.

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::{House, is_erased, leaf, record, told};
use crate::vault::state::State;
use crate::vault::{
    Context, Epoch, Leaf, RecordKey, SealedState, SealedText, Suite, Vault, VaultError, WrappedKey,
};

fn suites() -> impl Strategy<Value = Suite> {
    prop::sample::select(&Suite::ALL)
}

fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let part = prop_oneof![
        Just(b"a".to_vec()),
        prop::collection::vec(any::<u8>(), 0..4)
    ];
    prop::collection::vec(part, 0..4)
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(Vec::as_slice).collect()
}

fn numbers() -> impl Strategy<Value = Leaf> {
    (0_i64..1 << 40).prop_map(leaf)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens_in_its_context_alone(
        (suite, leaf) in (suites(), numbers()),
        (id, other_id) in (parts(), parts()),
        (field, other_field) in (parts(), parts()),
        text in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let (_house, vault) = House::new(suite);
        let (context, other) = (Context::of(&slices(&id)), Context::of(&slices(&other_id)));
        let (key, wrapped) = vault.new_key(leaf, &context).unwrap();
        let sealed = key.seal(&slices(&field), &text).unwrap();
        let (wrapped, sealed) = (
            WrappedKey::parse(&wrapped.to_bytes()).unwrap(),
            SealedText::parse(sealed.as_bytes()).unwrap(),
        );
        prop_assert_eq!(sealed.as_bytes().len(), text.len() + 34);
        prop_assert_eq!((wrapped.leaf(), wrapped.suite(), sealed.suite()), (leaf, suite, suite));
        let key = vault.open_key(&wrapped, &context).unwrap();
        let opened = key.open(&slices(&field), &sealed).unwrap();
        prop_assert_eq!(opened.expose_secret(), text.as_slice());
        if field != other_field {
            prop_assert!(key.open(&slices(&other_field), &sealed).is_err());
        }
        if id != other_id {
            prop_assert!(vault.open_key(&wrapped, &other).is_err());
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), format in 0_u8..3) {
        let bytes = [&[format], bytes.as_slice()].concat();
        if let Ok(text) = SealedText::parse(&bytes) {
            prop_assert_eq!(text.as_bytes(), bytes.as_slice());
        }
        if let Ok(key) = WrappedKey::parse(&bytes) {
            prop_assert_eq!(key.to_bytes(), bytes.as_slice());
        }
        if let Ok(state) = SealedState::parse(&bytes) {
            prop_assert_eq!(state.as_bytes(), bytes.as_slice());
        }
        if let Ok(state) = State::read(&bytes) {
            let written = state.to_bytes().unwrap();
            prop_assert_eq!(written.as_slice(), bytes.as_slice());
        }
    }
}

/// A record with one sealed text.
fn one(vault: &Vault) -> (RecordKey, WrappedKey, SealedText) {
    let (key, wrapped) = vault.new_key(leaf(12_345), &record("one")).unwrap();
    let sealed = key.seal(&[b"story"], "井".as_bytes()).unwrap();
    (key, wrapped, sealed)
}

/// The same bytes, each time with another bit flipped.
fn flipped(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

#[test]
fn any_flipped_bit_of_a_sealed_text_is_refused() {
    for suite in Suite::ALL {
        let (key, _, sealed) = one(&House::new(suite).1);
        for bytes in flipped(sealed.as_bytes()) {
            let opened = SealedText::parse(&bytes).and_then(|text| told(&key, &text));
            assert!(opened.is_err(), "{suite}: {bytes:?}");
        }
    }
}

#[test]
fn any_flipped_bit_of_a_wrapped_key_is_refused() {
    for suite in Suite::ALL {
        let (_house, vault) = House::new(suite);
        let (_, wrapped, _) = one(&vault);
        for bytes in flipped(&wrapped.to_bytes()) {
            let opened =
                WrappedKey::parse(&bytes).and_then(|key| vault.open_key(&key, &record("one")));
            assert!(opened.is_err(), "{suite}: {bytes:?}");
        }
    }
}

#[test]
fn any_flipped_bit_of_a_sealed_state_is_refused() {
    for suite in Suite::ALL {
        let (house, _) = House::new(suite);
        for bytes in flipped(house.stored.as_bytes()) {
            let state = SealedState::parse(&bytes);
            let opened = state.and_then(|state| Vault::look_into(house.master(), &state));
            assert!(opened.is_err(), "{suite}: {bytes:?}");
        }
    }
}

#[test]
fn bytes_that_are_cut_or_go_on_are_refused() {
    let (house, vault) = House::new(Suite::Aes256Sha256);
    let (key, wrapped, sealed) = one(&vault);
    only_whole(sealed.as_bytes(), |bytes| {
        SealedText::parse(bytes).is_ok_and(|text| told(&key, &text).is_ok())
    });
    only_whole(&wrapped.to_bytes(), |bytes| {
        WrappedKey::parse(bytes).is_ok_and(|key| vault.open_key(&key, &record("one")).is_ok())
    });
    only_whole(house.stored.as_bytes(), |bytes| {
        let state = SealedState::parse(bytes);
        state.is_ok_and(|state| Vault::look_into(house.master(), &state).is_ok())
    });
}

fn only_whole(bytes: &[u8], opens: impl Fn(&[u8]) -> bool) {
    assert!(opens(bytes));
    assert!(!opens(&[bytes, &[0]].concat()));
    assert!((0..bytes.len()).all(|length| !opens(&bytes[..length])));
}

#[test]
fn a_text_does_not_open_by_the_key_of_another_record() {
    let (_house, vault) = House::new(Suite::Aes256Sha256);
    let (_, _, sealed) = one(&vault);
    // not even of the same name
    let (other, _) = vault.new_key(leaf(12_346), &record("one")).unwrap();
    assert!(matches!(
        told(&other, &sealed),
        Err(VaultError::DoesNotOpen)
    ));
}

#[test]
fn a_wrapped_key_does_not_open_in_another_vault() {
    let (_house, vault) = House::new(Suite::Aes256Sha256);
    let (_other_house, other) = House::new(Suite::Aes256Sha256);
    let (_, wrapped, _) = one(&vault);
    let opened = other.open_key(&wrapped, &record("one"));
    assert!(matches!(opened, Err(VaultError::DoesNotOpen)));
}

#[test]
fn equal_texts_are_sealed_differently() {
    let (key, _, sealed) = one(&House::new(Suite::Sm4Sm3).1);
    let again = key.seal(&[b"story"], "井".as_bytes()).unwrap();
    assert_ne!(sealed, again);
}

#[test]
fn parts_are_told_apart() {
    let contexts: [&[&[u8]]; 6] = [
        &[],
        &[b""],
        &[b"", b""],
        &[b"ab", b"c"],
        &[b"a", b"bc"],
        &[b"abc"],
    ];
    for (place, parts) in contexts.iter().enumerate() {
        for (other_place, other) in contexts.iter().enumerate() {
            assert_eq!(
                Context::of(parts) == Context::of(other),
                place == other_place
            );
        }
    }
}

#[test]
fn both_suites_open_side_by_side_and_the_newest_seals() {
    let (mut house, vault) = House::new(Suite::Aes256Sha256);
    let (_, wrapped, sealed) = one(&vault);
    house.carry_out(&vault.rotate(Suite::Sm4Sm3).unwrap());
    let vault = house.start();
    assert_eq!(vault.suite(), Suite::Sm4Sm3);
    let key = vault.open_key(&wrapped, &record("one")).unwrap();
    let newer = key.seal(&[b"story"], "河".as_bytes()).unwrap();
    assert_eq!(
        (sealed.suite(), newer.suite()),
        (Suite::Aes256Sha256, Suite::Sm4Sm3)
    );
    assert_eq!(told(&key, &sealed).unwrap(), "井");
    assert_eq!(told(&key, &newer).unwrap(), "河");
    let (_, young) = vault.new_key(leaf(2), &record("young")).unwrap();
    assert_eq!(
        (wrapped.suite(), young.suite()),
        (Suite::Aes256Sha256, Suite::Sm4Sm3)
    );
    // and back again
    house.carry_out(&vault.rotate(Suite::Aes256Sha256).unwrap());
    let key = house.start().open_key(&wrapped, &record("one")).unwrap();
    assert_eq!(told(&key, &newer).unwrap(), "河");
}

#[test]
fn a_key_that_is_wrapped_anew_opens_what_it_sealed_before() {
    let (mut house, vault) = House::new(Suite::Aes256Sha256);
    let (_, wrapped, sealed) = one(&vault);
    let vault = house.carry_out(&vault.rotate(Suite::Sm4Sm3).unwrap());
    let moved = vault.rewrap(&wrapped, &record("one")).unwrap();
    assert_eq!(
        (moved.leaf(), moved.epoch().number(), moved.suite()),
        (wrapped.leaf(), 2, Suite::Sm4Sm3)
    );
    assert!(vault.rewrap(&wrapped, &record("two")).is_err());
    let vault = house.carry_out(&vault.drop_epoch(wrapped.epoch()).unwrap());
    let key = vault.open_key(&moved, &record("one")).unwrap();
    assert_eq!(told(&key, &sealed).unwrap(), "井");
    assert_eq!(sealed.key_version().number(), 1);
    assert_eq!(
        key.seal(&[b"story"], b"").unwrap().key_version().number(),
        1
    );
    let gone = vault.open_key(&wrapped, &record("one"));
    assert!(matches!(gone, Err(VaultError::EpochGone(Epoch(1)))));
}

#[test]
fn what_a_later_epoch_seals_says_so_and_opens() {
    let (mut house, vault) = House::new(Suite::Aes256Sha256);
    let vault = house.carry_out(&vault.rotate(Suite::Sm4Sm3).unwrap());
    let (key, wrapped, sealed) = one(&vault);
    assert_eq!(
        (wrapped.epoch(), sealed.key_version()),
        (Epoch(2), Epoch(2))
    );
    let again = SealedText::parse(sealed.as_bytes()).unwrap();
    assert_eq!(again, sealed);
    assert_eq!(told(&key, &again).unwrap(), "井");
}

#[test]
fn a_wrapped_key_of_another_version_does_not_open() {
    let (mut house, mut vault) = House::new(Suite::Aes256Sha256);
    let (_, wrapped, _) = one(&vault);
    for _ in 0..2 {
        vault = house.carry_out(&vault.rotate(Suite::Aes256Sha256).unwrap());
    }
    let moved = vault.rewrap(&wrapped, &record("one")).unwrap().to_bytes();
    // the epoch in which the key was drawn, one later
    assert_eq!(moved[6..10], [0, 0, 0, 1]);
    let altered = [&moved[..9], &[2], &moved[10..]].concat();
    let opens = |bytes: &[u8]| vault.open_key(&WrappedKey::parse(bytes).unwrap(), &record("one"));
    assert!(opens(&moved).is_ok());
    assert!(matches!(opens(&altered), Err(VaultError::DoesNotOpen)));
}

#[test]
fn a_wrapped_key_older_than_its_data_key_cannot_be() {
    let (_house, vault) = House::new(Suite::Aes256Sha256);
    let wrapped = one(&vault).1.to_bytes();
    for (epoch, drawn_in) in [(0, 0), (1, 0), (1, 2)] {
        let mut altered = wrapped.clone();
        (altered[5], altered[9]) = (epoch, drawn_in);
        assert!(matches!(
            WrappedKey::parse(&altered),
            Err(VaultError::Malformed { .. })
        ));
    }
}

#[test]
fn a_state_whose_epochs_are_not_in_order_or_that_goes_on_is_refused() {
    let tree = |epoch: u8| [&[0, 0, 0, epoch, 1], [0_u8; 4].as_slice()].concat();
    let state = |epochs: [u8; 2]| {
        let trees = epochs.map(tree).concat();
        [[1].as_slice(), &[7; 32], &[0, 1], &trees].concat()
    };
    let reads = |bytes: &[u8]| State::read(bytes).is_ok();
    assert!(reads(&state([1, 2])) && reads(&state([3, 9])));
    assert!(!reads(&state([2, 1])) && !reads(&state([1, 1])) && !reads(&state([0, 1])));
    assert!(!reads(&[state([1, 2]).as_slice(), &[0]].concat()));
}

#[test]
fn a_record_is_erased_in_every_epoch() {
    let (mut house, vault) = House::new(Suite::Aes256Sha256);
    let (_, wrapped, _) = one(&vault);
    let vault = house.carry_out(&vault.rotate(Suite::Aes256Sha256).unwrap());
    let moved = vault.rewrap(&wrapped, &record("one")).unwrap();
    let vault = house.carry_out(&vault.puncture(&[moved.leaf()]).unwrap());
    assert!(is_erased(&vault, &moved, &record("one")));
    // as it stands in a backup from before it moved
    assert!(is_erased(&vault, &wrapped, &record("one")));
    assert!(matches!(
        vault.rewrap(&wrapped, &record("one")),
        Err(VaultError::Erased)
    ));
    assert!(matches!(
        vault.new_key(moved.leaf(), &record("one")),
        Err(VaultError::Erased)
    ));
}

#[test]
fn keyed_hashes_outlive_punctures_and_rotations_and_are_found_by_either_suite() {
    let (mut house, vault) = House::new(Suite::Aes256Sha256);
    let before = vault.index_key("phone").unwrap().hash(&[b"139"]);
    house.carry_out(&vault.puncture(&[leaf(1)]).unwrap());
    let vault = house.start();
    assert_eq!(vault.index_key("phone").unwrap().hash(&[b"139"]), before);
    house.carry_out(&vault.rotate(Suite::Sm4Sm3).unwrap());
    let key = house.start().index_key("phone").unwrap();
    let now = key.hash(&[b"139"]);
    assert_ne!(now, before);
    assert_eq!(key.look_up(&[b"139"]), [now, before]);
    assert!(key.fits(&[b"139"], before.as_bytes()) && key.fits(&[b"139"], now.as_bytes()));
    assert!(
        !key.fits(&[b"138"], before.as_bytes()) && !key.fits(&[b"139"], &before.as_bytes()[1..])
    );
}

#[test]
fn keyed_hashes_differ_by_purpose_part_and_vault() {
    let (_house, vault) = House::new(Suite::Sm4Sm3);
    let (_other_house, other) = House::new(Suite::Sm4Sm3);
    let hash =
        |vault: &Vault, purpose, parts: &[&[u8]]| vault.index_key(purpose).unwrap().hash(parts);
    let hashes = [
        hash(&vault, "phone", &[b"ab", b"c"]),
        hash(&vault, "phone", &[b"a", b"bc"]),
        hash(&vault, "phone", &[b"abc"]),
        hash(&vault, "name", &[b"abc"]),
        hash(&other, "phone", &[b"abc"]),
    ];
    for (place, one) in hashes.iter().enumerate() {
        assert!(hashes.iter().skip(place + 1).all(|another| one != another));
    }
    assert_eq!(hashes[0], hash(&vault, "phone", &[b"ab", b"c"]));
}

#[test]
fn a_leaf_is_a_number_from_zero_below_two_to_the_fortieth() {
    assert_eq!(leaf(0).number(), 0);
    assert_eq!(leaf((1 << 40) - 1).number(), (1 << 40) - 1);
    for number in [-1, 1 << 40, i64::MIN, i64::MAX] {
        assert!(matches!(Leaf::try_from(number), Err(VaultError::NoLeaf(n)) if n == number));
    }
}
