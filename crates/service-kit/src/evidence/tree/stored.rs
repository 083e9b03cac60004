//! Which hashes are stored: those of the leaves, and of the perfect subtrees of every eighth level. So what is stored grows by one
//! in 255, and a proof reads at most two runs of 255 hashes for each eight levels of the tree, whatever its size.

use std::collections::HashMap;

use super::frontier::folded;
use super::span::{Span, Subtree};
use crate::evidence::digest::{Digest, HashSuite};

/// Subtrees of every so many levels are stored.
pub const STORED_EVERY: u8 = 8;

/// Stored hashes of one level that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// The level: 0 for leaves, else a multiple of [`STORED_EVERY`].
    pub level: u8,
    /// The index of the first.
    pub from: u64,
    /// The index behind the last.
    pub to: u64,
}

impl Run {
    /// What the hash of a subtree is computed from.
    fn under(subtree: Subtree) -> Self {
        let above = subtree.level % STORED_EVERY;
        Self {
            level: subtree.level - above,
            from: subtree.index << above,
            to: (subtree.index + 1) << above,
        }
    }
}

/// The stored hashes that the roots of these spans are computed from, in as few runs as there are.
#[must_use]
pub fn wanted(spans: &[Span]) -> Vec<Run> {
    let subtrees = spans.iter().flat_map(|span| span.subtrees());
    let mut runs: Vec<Run> = subtrees.map(Run::under).collect();
    runs.sort_unstable();
    let mut joined: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        match joined.last_mut() {
            Some(last) if last.level == run.level && run.from <= last.to => {
                last.to = last.to.max(run.to);
            }
            Some(_) | None => joined.push(run),
        }
    }
    joined
}

/// Stored hashes that were read.
#[derive(Clone, Debug, Default)]
pub struct Stored(HashMap<(u8, u64), Digest>);

impl Stored {
    /// Adds one: of a leaf, or of a subtree of a level that is stored.
    pub fn insert(&mut self, level: u8, index: u64, hash: Digest) {
        self.0.insert((level, index), hash);
    }

    /// The root of a span; none when a hash that it is computed from is missing.
    #[must_use]
    pub fn root(&self, suite: HashSuite, span: Span) -> Option<Digest> {
        let roots: Option<Vec<Digest>> = span
            .subtrees()
            .map(|subtree| self.root_of(suite, subtree))
            .collect();
        folded(suite, &roots?)
    }

    fn root_of(&self, suite: HashSuite, subtree: Subtree) -> Option<Digest> {
        let Run { level, from, to } = Run::under(subtree);
        let hashes: Option<Vec<Digest>> = (from..to)
            .map(|index| self.0.get(&(level, index)).copied())
            .collect();
        let mut hashes = hashes?;
        while hashes.len() > 1 {
            let (pairs, _) = hashes.as_chunks::<2>();
            hashes = pairs
                .iter()
                .map(|[left, right]| suite.node(left, right))
                .collect();
        }
        hashes.pop()
    }
}
