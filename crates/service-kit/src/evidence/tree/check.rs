//! Checks proofs by what they say alone.

use crate::evidence::digest::{Digest, HashSuite};

/// Whether the path shows that this leaf has this index in the tree of this size and root (RFC 9162 section 2.1.3.2).
#[must_use]
pub fn is_included(
    suite: HashSuite,
    (leaf, index): (&Digest, u64),
    (size, root): (u64, &Digest),
    path: &[Digest],
) -> bool {
    if index >= size {
        return false;
    }
    let mut place = Place {
        node: index,
        last: size - 1,
    };
    let mut reached = *leaf;
    for other in path {
        if place.last == 0 {
            return false;
        }
        reached = if place.is_right() {
            suite.node(other, &reached)
        } else {
            suite.node(&reached, other)
        };
        place.climb();
    }
    place.last == 0 && reached == *root
}

/// Whether the path shows that the tree of the first size and root is the beginning of that of the second
/// (RFC 9162 section 2.1.4.2). A tree without leaves is the beginning of every one.
#[must_use]
pub fn is_beginning(
    suite: HashSuite,
    (from, from_root): (u64, &Digest),
    (to, to_root): (u64, &Digest),
    path: &[Digest],
) -> bool {
    if from == 0 {
        return path.is_empty() && *from_root == suite.empty();
    }
    if from >= to {
        return from == to && path.is_empty() && from_root == to_root;
    }
    // a perfect tree is a node of the larger one, and its root is not said again
    let (mut smaller, path) = match path.split_first() {
        None => return false,
        Some(_) if from.is_power_of_two() => (*from_root, path),
        Some((first, rest)) => (*first, rest),
    };
    let mut larger = smaller;
    let mut place = Place {
        node: from - 1,
        last: to - 1,
    };
    place.leave_right_turns();
    for other in path {
        if place.last == 0 {
            return false;
        }
        if place.is_right() {
            smaller = suite.node(other, &smaller);
            larger = suite.node(other, &larger);
        } else {
            larger = suite.node(&larger, other);
        }
        place.climb();
    }
    place.last == 0 && smaller == *from_root && larger == *to_root
}

/// A node on the way up, and the last one of its level.
struct Place {
    node: u64,
    last: u64,
}

impl Place {
    /// Whether what the proof names next stands at the left of it.
    const fn is_right(&self) -> bool {
        self.node & 1 == 1 || self.node == self.last
    }

    const fn climb(&mut self) {
        if self.is_right() {
            // the last node of a level without a neighbour is that of the next
            while self.node & 1 == 0 && self.node != 0 {
                self.up();
            }
        }
        self.up();
    }

    const fn leave_right_turns(&mut self) {
        while self.node & 1 == 1 {
            self.up();
        }
    }

    const fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }
}
