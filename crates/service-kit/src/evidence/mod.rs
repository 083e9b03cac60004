//! Tamper evidence: everything that a service tells, and every reading of personal data, stands in a log that can only grow
//! without being found out.
//!
//! The events of the feed become the leaves of Merkle trees ([`tree`]), one for denunciations and one for everything else, in
//! the order in which they were sequenced ([`recorder`]). The service signs their roots ([`head`]) and hands them in at other
//! services and at the level above, which keep them (`anchoring`). Whoever raised a matter gets a proof that its registration
//! stands there ([`receipt`]); whoever has the database can have everything recomputed ([`verify`]). `docs/evidence.md` tells what
//! that proves, and what not.

pub mod anchoring;
mod anchors;
mod batch;
pub mod digest;
pub mod entry;
pub mod head;
pub mod key;
pub mod proof;
pub mod receipt;
pub mod recorder;
pub mod rpc;
mod sealed;
mod store;
pub mod tree;
pub mod verify;
pub mod wire;

pub(crate) use anchoring::start;
pub use store::anchors::Anchor;

pub(crate) use sealed::{denounced, keep_sealed, seal};
