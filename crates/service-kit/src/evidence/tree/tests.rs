//! The tree against the definitions of RFC 9162 as they are written there, and against the answers that others publish.

use proptest::prelude::*;

use super::*;
use crate::evidence::digest::{Digest, HashSuite};

/// `MTH(D_n)` of section 2.1.1.
fn root(suite: HashSuite, leaves: &[Digest]) -> Digest {
    match leaves {
        [] => suite.hash(&[]),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(half(leaves.len()));
            suite.node(&root(suite, left), &root(suite, right))
        }
    }
}

/// The largest power of two that is smaller.
fn half(len: usize) -> usize {
    let mut power = 1;
    while power * 2 < len {
        power *= 2;
    }
    power
}

/// `PATH(m, D_n)` of section 2.1.3.1.
fn path(suite: HashSuite, index: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    let (mut below, other) = if index < left.len() {
        (path(suite, index, left), root(suite, right))
    } else {
        (path(suite, index - left.len(), right), root(suite, left))
    };
    below.push(other);
    below
}

/// `SUBPROOF(m, D_n, b)` of section 2.1.4.1.
fn subproof(suite: HashSuite, from: usize, leaves: &[Digest], is_known: bool) -> Vec<Digest> {
    if from == leaves.len() {
        return if is_known {
            Vec::new()
        } else {
            vec![root(suite, leaves)]
        };
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    let (mut below, other) = if from <= left.len() {
        (subproof(suite, from, left, is_known), root(suite, right))
    } else {
        let below = subproof(suite, from - left.len(), right, false);
        (below, root(suite, left))
    };
    below.push(other);
    below
}

fn leaves(suite: HashSuite, size: usize) -> Vec<Digest> {
    let leaf = |number: usize| suite.leaf(&[&number.to_be_bytes(), b"", b""]);
    (0..size).map(leaf).collect()
}

/// A tree that grew leaf by leaf, and what is stored of it.
fn grown(suite: HashSuite, leaves: &[Digest]) -> (Frontier, Stored) {
    let (mut frontier, mut stored) = (Frontier::default(), Stored::default());
    for (index, leaf) in (0..).zip(leaves) {
        stored.insert(0, index, *leaf);
        frontier.push(suite, *leaf, |subtree, hash| {
            if subtree.level.is_multiple_of(STORED_EVERY) {
                stored.insert(subtree.level, subtree.index, hash);
            }
        });
    }
    (frontier, stored)
}

/// The hashes of a proof out of what is stored, and out of no more than was asked for.
fn proved(suite: HashSuite, stored: &Stored, spans: &[Span], size: usize) -> Vec<Digest> {
    let mut read = Stored::default();
    for run in wanted(spans) {
        for index in run.from..run.to {
            let subtree = Subtree {
                level: run.level,
                index,
            };
            assert!(
                (index + 1) << run.level <= size as u64,
                "{subtree:?} is not there"
            );
            let span = Span {
                from: index << run.level,
                to: (index + 1) << run.level,
            };
            read.insert(run.level, index, stored.root(suite, span).unwrap());
        }
    }
    let hashes = spans.iter().map(|span| read.root(suite, *span).unwrap());
    hashes.collect()
}

fn suite() -> impl Strategy<Value = HashSuite> {
    prop::sample::select(HashSuite::ALL.as_slice())
}

proptest! {
    #[test]
    fn a_tree_that_grew_has_the_root_of_the_definition(suite in suite(), size in 0_usize..700) {
        let leaves = leaves(suite, size);
        let (frontier, _) = grown(suite, &leaves);
        prop_assert_eq!(frontier.root(suite), root(suite, &leaves));
        prop_assert_eq!(frontier.size(), size as u64);
        let again = Frontier::of_bytes(frontier.size(), &frontier.to_bytes());
        prop_assert_eq!(again, Some(frontier));
    }

    #[test]
    fn a_proof_of_inclusion_is_that_of_the_definition_and_is_believed(
        suite in suite(), size in 1_usize..700, index in any::<prop::sample::Index>(),
    ) {
        let (index, leaves) = (index.index(size), leaves(suite, size));
        let (_, stored) = grown(suite, &leaves);
        let spans = inclusion(index as u64, size as u64);
        let proof = proved(suite, &stored, &spans, size);
        prop_assert_eq!(&proof, &path(suite, index, &leaves));
        let (leaf, tree) = ((&leaves[index], index as u64), (size as u64, &root(suite, &leaves)));
        prop_assert!(is_included(suite, leaf, tree, &proof));
    }

    #[test]
    fn a_proof_of_consistency_is_that_of_the_definition_and_is_believed(
        suite in suite(), to in 1_usize..700, from in any::<prop::sample::Index>(),
    ) {
        let (from, leaves) = (from.index(to + 1), leaves(suite, to));
        let (_, stored) = grown(suite, &leaves);
        let spans = consistency(from as u64, to as u64);
        let proof = proved(suite, &stored, &spans, to);
        if from > 0 {
            prop_assert_eq!(&proof, &subproof(suite, from, &leaves, true));
        }
        let (smaller, larger) = (root(suite, &leaves[..from]), root(suite, &leaves));
        prop_assert!(is_beginning(suite, (from as u64, &smaller), (to as u64, &larger), &proof));
    }

    #[test]
    fn a_proof_of_inclusion_that_was_changed_is_not_believed(
        size in 2_usize..300, index in any::<prop::sample::Index>(), change in change(),
    ) {
        let suite = HashSuite::Sha256;
        let (index, leaves) = (index.index(size), leaves(suite, size));
        let tree = root(suite, &leaves);
        let honest = path(suite, index, &leaves);
        let mut proof = honest.clone();
        change.make(&mut proof);
        prop_assume!(proof != honest);
        let leaf = (&leaves[index], index as u64);
        prop_assert!(!is_included(suite, leaf, (size as u64, &tree), &proof));
        // neither is another place, another leaf or another size
        let elsewhere = (&leaves[index], (index as u64 + 1) % size as u64);
        prop_assert!(!is_included(suite, elsewhere, (size as u64, &tree), &honest));
        let other = (&leaves[(index + 1) % size], index as u64);
        prop_assert!(!is_included(suite, other, (size as u64, &tree), &honest));
        prop_assert!(!is_included(suite, leaf, (index as u64, &tree), &honest));
    }

    #[test]
    fn a_proof_of_consistency_that_was_changed_is_not_believed(
        to in 2_usize..300, from in any::<prop::sample::Index>(), change in change(),
    ) {
        let suite = HashSuite::Sha256;
        let (from, leaves) = (1 + from.index(to - 1), leaves(suite, to));
        let (smaller, larger) = (root(suite, &leaves[..from]), root(suite, &leaves));
        let honest = subproof(suite, from, &leaves, true);
        let mut proof = honest.clone();
        change.make(&mut proof);
        prop_assume!(proof != honest);
        prop_assert!(!is_beginning(suite, (from as u64, &smaller), (to as u64, &larger), &proof));
        // neither is another tree of either size
        let mut others = leaves.clone();
        others[from - 1] = suite.hash(&[b"another"]);
        let (other_smaller, other_larger) = (root(suite, &others[..from]), root(suite, &others));
        prop_assert!(!is_beginning(suite, (from as u64, &other_smaller), (to as u64, &larger), &honest));
        prop_assert!(!is_beginning(suite, (from as u64, &smaller), (to as u64, &other_larger), &honest));
    }

    #[test]
    fn the_spans_of_the_largest_logs_are_found_and_few_hashes_make_them(
        size in 1_u64..(1 << 40), index in any::<prop::sample::Index>(),
    ) {
        let index = u64::try_from(index.index(usize::try_from(size).unwrap())).unwrap();
        for spans in [inclusion(index, size), consistency(index, size)] {
            prop_assert!(spans.len() <= 41);
            let hashes: u64 = wanted(&spans).iter().map(|run| run.to - run.from).sum();
            // five stored levels, two runs in each
            prop_assert!(hashes <= 5 * 2 * 255, "{hashes}");
        }
    }
}

/// A change of a proof.
#[derive(Clone, Debug)]
enum Change {
    Flip(prop::sample::Index, u8),
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index),
    Swap(prop::sample::Index),
    Add(u8),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(place, bit)| Change::Flip(place, bit)),
        place().prop_map(Change::Drop),
        place().prop_map(Change::Repeat),
        place().prop_map(Change::Swap),
        any::<u8>().prop_map(Change::Add),
    ]
}

impl Change {
    fn make(&self, proof: &mut Vec<Digest>) {
        let len = proof.len();
        match self {
            Self::Add(byte) => proof.push(Digest([*byte; 32])),
            _ if len == 0 => {}
            Self::Flip(place, bit) => {
                proof[place.index(len)].0[usize::from(bit / 8)] ^= 1 << (bit % 8);
            }
            Self::Drop(place) => drop(proof.remove(place.index(len))),
            Self::Repeat(place) => proof.insert(place.index(len), proof[place.index(len)]),
            Self::Swap(place) => proof.swap(place.index(len), 0),
        }
    }
}

/// The leaves and roots with which logs of certificates are tested.
#[test]
fn the_published_answers_of_sha_256_are_found() {
    let inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let suite = HashSuite::Sha256;
    let mut frontier = Frontier::default();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(frontier.root(suite).to_string(), empty);
    for (input, root) in inputs.into_iter().zip(roots) {
        let leaf = suite.leaf(&[&hex::decode(input).unwrap(), b"", b""]);
        frontier.push(suite, leaf, |_, _| {});
        assert_eq!(frontier.root(suite).to_string(), root);
    }
}

/// The example of GB/T 32905, appendix A.1.
#[test]
fn sm3_is_that_of_the_standard() {
    let answer = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    assert_eq!(HashSuite::Sm3.hash(&[b"a", b"bc"]).to_string(), answer);
}

#[test]
fn a_frontier_of_the_wrong_length_is_none() {
    let one = HashSuite::Sha256.empty();
    assert!(Frontier::of(3, vec![one]).is_none());
    assert!(Frontier::of_bytes(1, &[0; 31]).is_none());
    assert!(Frontier::of_bytes(1, &[0; 33]).is_none());
    assert_eq!(Frontier::of_bytes(0, &[]), Some(Frontier::default()));
}
