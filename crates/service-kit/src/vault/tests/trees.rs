//! A tree with holes against one that is derived from its root, step by step.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use sha2::Sha256;
use sm3::Sm3;

use crate::vault::layout::{FORMAT, Reader};
use crate::vault::numbers::{LEAVES, Leaf};
use crate::vault::secret::Secret;
use crate::vault::suite::Suite;
use crate::vault::tree::Tree;
use crate::vault::{VaultError, purpose};

const ROOT: [u8; 32] = [7; 32];

fn leaf(number: u64) -> Leaf {
    Leaf::of(number).unwrap()
}

fn whole(suite: Suite) -> Tree {
    Tree::grown(suite, Secret::of(&ROOT))
}

/// The secret of a leaf, from the root down.
fn derived(suite: Suite, leaf: u64) -> [u8; 32] {
    let sides = (0..40).rev().map(|bit| u8::from(leaf >> bit & 1 == 1));
    sides.fold(ROOT, |secret, side| match suite {
        Suite::Aes256Sha256 => {
            let hasher = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
            let hasher = hasher.chain_update(purpose::CHILD).chain_update([side]);
            hasher.finalize().into_bytes().into()
        }
        Suite::Sm4Sm3 => {
            let hasher = Hmac::<Sm3>::new_from_slice(&secret).unwrap();
            let hasher = hasher.chain_update(purpose::CHILD).chain_update([side]);
            hasher.finalize().into_bytes().into()
        }
    })
}

fn secret(tree: &Tree, number: u64) -> Option<[u8; 32]> {
    tree.secret(leaf(number)).map(|secret| *secret.expose())
}

fn written(tree: &Tree) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    tree.write(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 1 + tree.length());
    bytes
}

fn read(suite: Suite, bytes: &[u8]) -> Result<Tree, VaultError> {
    let mut reader = Reader::of("tree", bytes)?;
    let tree = Tree::read(suite, &mut reader)?;
    reader.finish().map(|()| tree)
}

fn nodes(tree: &Tree) -> usize {
    (tree.length() - 4) / 41
}

fn suites() -> impl Strategy<Value = Suite> {
    prop::sample::select(&Suite::ALL)
}

/// Leaves that lie close together, somewhere, and some far from them.
fn holes() -> impl Strategy<Value = (u64, BTreeSet<u64>)> {
    let start = (0..LEAVES / 64).prop_map(|block| block * 64);
    let near = prop::collection::btree_set(0_u64..64, 0..20);
    let far = prop::collection::btree_set(0..LEAVES, 0..4);
    (start, near, far).prop_map(|(start, near, far)| {
        let near = near.into_iter().map(|offset| start + offset);
        (start, near.chain(far).collect())
    })
}

fn sorted(holes: &BTreeSet<u64>) -> Vec<Leaf> {
    holes.iter().map(|number| leaf(*number)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn after_a_puncture_exactly_the_punctured_leaves_are_gone(
        suite in suites(),
        (start, holes) in holes(),
        others in prop::collection::vec(0..LEAVES, 4),
    ) {
        let tree = whole(suite).without(&sorted(&holes));
        let neighbours = (start..start + 64).chain(others).chain([0, LEAVES - 1]);
        for number in neighbours.chain(holes.iter().copied()) {
            let expected = (!holes.contains(&number)).then(|| derived(suite, number));
            prop_assert_eq!(secret(&tree, number), expected);
            // the second time from what is remembered
            prop_assert_eq!(secret(&tree, number), expected);
        }
    }

    #[test]
    fn leaves_punctured_one_after_another_leave_what_they_leave_together(
        suite in suites(),
        (_, holes) in holes(),
    ) {
        let together = whole(suite).without(&sorted(&holes));
        let alone = holes.iter().rev().fold(whole(suite), |tree, number| tree.without(&[leaf(*number)]));
        prop_assert_eq!(written(&alone), written(&together));
        let again = together.without(&sorted(&holes));
        prop_assert_eq!(written(&again), written(&together));
        prop_assert!(nodes(&together) <= 1 + 39 * holes.len());
    }

    #[test]
    fn a_tree_that_is_written_and_read_is_the_same(suite in suites(), (start, holes) in holes()) {
        let tree = whole(suite).without(&sorted(&holes));
        let again = read(suite, &written(&tree)).unwrap();
        prop_assert_eq!(written(&again), written(&tree));
        for number in start..start + 64 {
            prop_assert_eq!(secret(&again, number), secret(&tree, number));
        }
    }

    #[test]
    fn no_bytes_make_reading_a_tree_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let bytes = [&[FORMAT], bytes.as_slice()].concat();
        if let Ok(tree) = read(Suite::Aes256Sha256, &bytes) {
            prop_assert_eq!(written(&tree), bytes);
        }
    }
}

#[test]
fn neighbours_that_are_punctured_together_leave_little_behind() {
    let from = 1_000_000;
    let year: Vec<Leaf> = (from..from + 100_000).map(leaf).collect();
    let tree = whole(Suite::Aes256Sha256).without(&year);
    assert!(nodes(&tree) < 2 * 40, "{}", nodes(&tree));
    assert_eq!(secret(&tree, from), None);
    assert_eq!(
        secret(&tree, from - 1),
        Some(derived(Suite::Aes256Sha256, from - 1))
    );
}

#[test]
fn what_is_remembered_of_one_leaf_serves_no_other() {
    for suite in Suite::ALL {
        let tree = whole(suite);
        for number in [
            0,
            4095,
            4096,
            8191,
            8192,
            12_288,
            1 << 20,
            LEAVES / 2,
            LEAVES - 1,
        ] {
            assert_eq!(
                secret(&tree, number),
                Some(derived(suite, number)),
                "{number}"
            );
        }
    }
}

#[test]
fn a_tree_forgets_upper_nodes_rather_than_growing_without_end() {
    let tree = whole(Suite::Aes256Sha256);
    for block in (0..4100).chain(0..2) {
        assert!(secret(&tree, block << 12).is_some());
    }
    assert!(tree.remembered() <= 4096);
    assert_eq!(secret(&tree, 0), Some(derived(Suite::Aes256Sha256, 0)));
}

#[test]
fn a_tree_of_which_everything_was_punctured_has_nothing_left() {
    let last = [leaf(LEAVES - 1)];
    let tree = whole(Suite::Aes256Sha256).without(&last);
    let bytes = written(&tree);
    // only the last leaf's neighbours: keep the deepest one alone, and puncture it too
    let deepest = [
        &bytes[..1],
        &1_u32.to_be_bytes(),
        &bytes[bytes.len() - 41..],
    ]
    .concat();
    let one = read(Suite::Aes256Sha256, &deepest).unwrap();
    assert_eq!(secret(&one, LEAVES - 2), secret(&tree, LEAVES - 2));
    assert_eq!(secret(&one, 0), None);
    let none = one.without(&[leaf(LEAVES - 2)]);
    assert_eq!(nodes(&none), 0);
    assert_eq!(secret(&none, LEAVES - 2), None);
}

/// A frontier of nodes without secrets: level and first leaf of each.
fn frontier(nodes: &[(u8, u64)]) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    bytes.extend_from_slice(&u32::try_from(nodes.len()).unwrap().to_be_bytes());
    for (depth, first) in nodes {
        bytes.push(*depth);
        bytes.extend_from_slice(&first.to_be_bytes());
        bytes.extend_from_slice(&[0; 32]);
    }
    bytes
}

#[test]
fn a_frontier_that_cannot_be_is_refused() {
    let half = LEAVES / 2;
    let refused: [&[(u8, u64)]; 6] = [
        &[(41, 0)],
        &[(0, LEAVES)],
        &[(1, 1)],
        &[(1, half), (1, 0)],
        &[(1, 0), (40, half - 1)],
        &[(1, 0), (1, 0)],
    ];
    for nodes in refused {
        assert!(
            read(Suite::Aes256Sha256, &frontier(nodes)).is_err(),
            "{nodes:?}"
        );
    }
    assert!(read(Suite::Aes256Sha256, &frontier(&[(1, 0), (1, half)])).is_ok());
    let mut cut = frontier(&[(1, 0)]);
    cut.pop();
    assert!(read(Suite::Aes256Sha256, &cut).is_err());
    let mut longer = frontier(&[(1, 0)]);
    longer.push(0);
    assert!(read(Suite::Aes256Sha256, &longer).is_err());
}
