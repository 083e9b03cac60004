//! A tree of keys of which single leaves can be destroyed.
//!
//! Each node's secret gives those of its two children by HMAC, and nothing gives it back from them. The tree is kept as
//! its frontier: the fewest nodes below which all leaves lie that are still there. To destroy a leaf, every node above it
//! is replaced by its children, and the leaf itself is left out.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use crate::vault::layout::Reader;
use crate::vault::numbers::{DEPTH, LEAVES, Leaf};
use crate::vault::secret::{SECRET_BYTES, Secret};
use crate::vault::suite::{KeyedHasher, Suite};
use crate::vault::{VaultError, purpose};

/// The level whose nodes are remembered, so that a leaf is twelve steps away and not forty.
const UPPER: u8 = 28;
/// How many nodes of that level are remembered: the leaves of sixteen million records.
const REMEMBERED: usize = 4096;
/// Bytes of a node: level, first leaf, secret.
const NODE_BYTES: usize = 1 + 8 + SECRET_BYTES;

/// A tree of keys.
pub(super) struct Tree {
    suite: Suite,
    /// The frontier, from left to right.
    nodes: Vec<Node>,
    upper: RwLock<BTreeMap<u64, Box<Secret>>>,
}

/// A node with all leaves below it still there.
struct Node {
    depth: u8,
    first: u64,
    secret: Secret,
}

impl Tree {
    /// A whole tree of chance.
    pub(super) fn drawn(suite: Suite) -> Result<Self, VaultError> {
        Ok(Self::grown(suite, Secret::drawn()?))
    }

    /// The whole tree of a root.
    pub(super) fn grown(suite: Suite, root: Secret) -> Self {
        let root = Node {
            depth: 0,
            first: 0,
            secret: root,
        };
        Self::of(suite, vec![root])
    }

    fn of(suite: Suite, nodes: Vec<Node>) -> Self {
        Self {
            suite,
            nodes,
            upper: RwLock::default(),
        }
    }

    /// The suite it was grown by.
    pub(super) fn suite(&self) -> Suite {
        self.suite
    }

    /// The secret of a leaf; none when it was destroyed.
    pub(super) fn secret(&self, leaf: Leaf) -> Option<Secret> {
        let after = self
            .nodes
            .partition_point(|node| node.first <= leaf.number());
        let node = self.nodes.get(after.checked_sub(1)?)?;
        if node.end() <= leaf.number() {
            return None;
        }
        if node.depth >= UPPER {
            return Some(walk(
                self.suite,
                node.secret.again(),
                node.depth..DEPTH,
                leaf,
            ));
        }
        let upper = self.upper_secret(node, leaf);
        Some(walk(self.suite, upper, UPPER..DEPTH, leaf))
    }

    /// The secret of the node of the remembered level above a leaf, all of whose leaves lie below `node`.
    fn upper_secret(&self, node: &Node, leaf: Leaf) -> Secret {
        let place = leaf.number() >> (DEPTH - UPPER);
        let known = self.upper.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = known.get(&place) {
            return secret.again();
        }
        drop(known);
        let secret = walk(self.suite, node.secret.again(), node.depth..UPPER, leaf);
        let mut known = self.upper.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(place, Box::new(secret.again()));
        secret
    }

    /// How many upper nodes are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.upper
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// The tree without these leaves, which must be in order.
    pub(super) fn without(&self, leaves: &[Leaf]) -> Self {
        let below = |node: &Node| pieces(node.depth, node.first, node.of_these(leaves));
        // room for all at once: a list that grows leaves copies of its secrets behind
        let mut kept = Vec::with_capacity(self.nodes.iter().map(below).sum());
        for node in &self.nodes {
            node.again()
                .keep(self.suite, node.of_these(leaves), &mut kept);
        }
        Self::of(self.suite, kept)
    }

    /// The same tree once more.
    pub(super) fn again(&self) -> Self {
        Self::of(self.suite, self.nodes.iter().map(Node::again).collect())
    }

    /// How many bytes [`Self::write`] writes.
    pub(super) fn length(&self) -> usize {
        4 + self.nodes.len() * NODE_BYTES
    }

    /// Writes the frontier.
    pub(super) fn write(&self, written: &mut Vec<u8>) -> Result<(), VaultError> {
        let nodes = u32::try_from(self.nodes.len()).map_err(|_| VaultError::TooLong)?;
        written.extend_from_slice(&nodes.to_be_bytes());
        for node in &self.nodes {
            written.push(node.depth);
            written.extend_from_slice(&node.first.to_be_bytes());
            written.extend_from_slice(node.secret.expose());
        }
        Ok(())
    }

    /// Reads a frontier: its nodes stand where nodes can, from left to right, none inside another.
    pub(super) fn read(suite: Suite, reader: &mut Reader<'_>) -> Result<Self, VaultError> {
        let count = reader.u32()? as usize;
        if reader.left() / NODE_BYTES < count {
            return Err(reader.wrong("it ends too early"));
        }
        let mut nodes: Vec<Node> = Vec::with_capacity(count);
        let mut end = 0;
        for _ in 0..count {
            let (depth, first) = (reader.u8()?, reader.u64()?);
            if depth > DEPTH || first >= LEAVES || first % leaves_below(depth) != 0 {
                return Err(reader.wrong("a node stands where none can"));
            }
            if first < end {
                return Err(reader.wrong("its nodes are not in order"));
            }
            let node = Node {
                depth,
                first,
                secret: Secret::of(reader.bytes()?),
            };
            end = node.end();
            nodes.push(node);
        }
        Ok(Self::of(suite, nodes))
    }
}

impl Node {
    /// The leaf after its last one.
    fn end(&self) -> u64 {
        self.first + leaves_below(self.depth)
    }

    /// Those of these leaves that lie below it.
    fn of_these<'a>(&self, leaves: &'a [Leaf]) -> &'a [Leaf] {
        let from = leaves.partition_point(|leaf| leaf.number() < self.first);
        let to = leaves.partition_point(|leaf| leaf.number() < self.end());
        leaves.get(from..to).unwrap_or_default()
    }

    fn again(&self) -> Self {
        Self {
            secret: self.secret.again(),
            ..*self
        }
    }

    /// Adds what is left of it without these leaves, all of which lie below it.
    fn keep(self, suite: Suite, leaves: &[Leaf], kept: &mut Vec<Self>) {
        if leaves.is_empty() {
            kept.push(self);
        } else if self.depth < DEPTH {
            let middle = self.first + leaves_below(self.depth + 1);
            let (left, right) = parted(leaves, middle);
            for (side, first, leaves) in [(0, self.first, left), (1, middle, right)] {
                let child = Self {
                    depth: self.depth + 1,
                    first,
                    secret: child(suite, &self.secret, side),
                };
                child.keep(suite, leaves, kept);
            }
        }
    }
}

/// How many nodes [`Node::keep`] adds.
fn pieces(depth: u8, first: u64, leaves: &[Leaf]) -> usize {
    if leaves.is_empty() {
        1
    } else if depth < DEPTH {
        let middle = first + leaves_below(depth + 1);
        let (left, right) = parted(leaves, middle);
        pieces(depth + 1, first, left) + pieces(depth + 1, middle, right)
    } else {
        0
    }
}

/// Those before a leaf, and the others.
fn parted(leaves: &[Leaf], middle: u64) -> (&[Leaf], &[Leaf]) {
    leaves.split_at(leaves.partition_point(|leaf| leaf.number() < middle))
}

fn leaves_below(depth: u8) -> u64 {
    LEAVES >> depth
}

/// The secret at the end of a way through these levels towards a leaf.
fn walk(suite: Suite, from: Secret, levels: std::ops::Range<u8>, leaf: Leaf) -> Secret {
    levels.fold(from, |secret, depth| {
        let side = (leaf.number() >> (DEPTH - 1 - depth)) & 1;
        child(suite, &secret, u8::from(side == 1))
    })
}

/// The secret of the left child (0) or of the right one (1).
fn child(suite: Suite, secret: &Secret, side: u8) -> Secret {
    KeyedHasher::new(suite, secret).hash(&[purpose::CHILD.as_bytes(), &[side]])
}
