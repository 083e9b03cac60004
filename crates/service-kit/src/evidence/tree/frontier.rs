//! How a tree grows: all that is needed of it to go on are the roots of the perfect subtrees it consists of.

use super::span::{Span, Subtree};
use crate::evidence::digest::{DIGEST_BYTES, Digest, HashSuite};

/// A tree as far as it has grown: at most one hash for each bit of its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Digest>,
}

impl Frontier {
    /// A tree of this size whose perfect subtrees have these roots, the largest first; none when there are too many or too few.
    #[must_use]
    pub fn of(size: u64, roots: Vec<Digest>) -> Option<Self> {
        let fits = usize::try_from(size.count_ones()).is_ok_and(|wanted| wanted == roots.len());
        fits.then_some(Self { size, roots })
    }

    /// How many leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; tells each perfect subtree of more than one leaf that this makes, from below.
    pub fn push(&mut self, suite: HashSuite, leaf: Digest, mut made: impl FnMut(Subtree, Digest)) {
        let mut subtree = Subtree {
            level: 0,
            index: self.size,
        };
        let mut hash = leaf;
        while subtree.index & 1 == 1 {
            let Some(left) = self.roots.pop() else { break };
            hash = suite.node(&left, &hash);
            subtree = subtree.above();
            made(subtree, hash);
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The hash of the whole tree.
    #[must_use]
    pub fn root(&self, suite: HashSuite) -> Digest {
        folded(suite, &self.roots).unwrap_or_else(|| suite.empty())
    }

    /// The hashes one after another, as they are stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.iter().flat_map(|root| root.0).collect()
    }

    /// Reads [`Self::to_bytes`]; none when it does not fit the size.
    #[must_use]
    pub fn of_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (roots, rest) = bytes.as_chunks::<DIGEST_BYTES>();
        let roots = roots.iter().map(|root| Digest(*root)).collect();
        Self::of(size, roots).filter(|_| rest.is_empty())
    }

    /// The perfect subtrees whose roots it holds.
    pub fn subtrees(&self) -> impl Iterator<Item = Subtree> {
        Span::whole(self.size).subtrees()
    }
}

/// The root over perfect subtrees, the largest first; none over nothing.
pub(super) fn folded(suite: HashSuite, roots: &[Digest]) -> Option<Digest> {
    let (last, larger) = roots.split_last()?;
    let root = larger
        .iter()
        .rfold(*last, |right, left| suite.node(left, &right));
    Some(root)
}
