//! What proofs consist of: the spans whose roots a proof names, in its order.

use super::span::Span;

/// The proof that the leaf with this index is in the tree of this size (RFC 9162 section 2.1.3.1), from the leaf upwards.
/// Nothing when it is not.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Vec<Span> {
    let mut path = Vec::new();
    if index >= size {
        return path;
    }
    let mut span = Span::whole(size);
    while let Some((left, right)) = span.split() {
        if index < right.from {
            path.push(right);
            span = left;
        } else {
            path.push(left);
            span = right;
        }
    }
    path.reverse();
    path
}

/// The proof that the tree of one size is the beginning of the tree of another (RFC 9162 section 2.1.4.1). Nothing when they are
/// equal, or one of them is empty: then there is nothing to prove.
#[must_use]
pub fn consistency(from: u64, to: u64) -> Vec<Span> {
    let mut path = Vec::new();
    if from == 0 || from >= to {
        return path;
    }
    let mut span = Span::whole(to);
    // whether the verifier knows the root of what is left: that of the smaller tree
    let mut is_known = true;
    while span.to != from {
        let Some((left, right)) = span.split() else {
            break;
        };
        if from <= left.to {
            path.push(right);
            span = left;
        } else {
            path.push(left);
            span = right;
            is_known = false;
        }
    }
    if !is_known {
        path.push(span);
    }
    path.reverse();
    path
}
