//! Merkle trees as RFC 9162 section 2.1 has them: how they grow, what proofs are made of, and how proofs are checked. No I/O:
//! whoever has the hashes of some subtrees computes everything else from them.

mod check;
mod frontier;
mod path;
mod span;
mod stored;

pub use check::{is_beginning, is_included};
pub use frontier::Frontier;
pub use path::{consistency, inclusion};
pub use span::{Span, Subtree};
pub use stored::{Run, STORED_EVERY, Stored, wanted};

#[cfg(test)]
mod tests;
