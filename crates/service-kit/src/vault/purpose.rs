//! What a key or a sealed text is for: what serves one purpose never serves another.

/// The state under its own key.
pub(super) const STATE: &str = "huiyin vault state 1";
/// The state's key under the master key.
pub(super) const MASTER: &str = "huiyin vault master 1";
/// A data key under its leaf.
pub(super) const WRAPPED_KEY: &str = "huiyin vault wrapped key 1";
/// A text under a data key.
pub(super) const FIELD: &str = "huiyin vault field 1";
/// A keyed hash.
pub(super) const INDEX: &str = "huiyin vault index 1";
/// A node's child.
pub(super) const CHILD: &str = "huiyin vault child 1";
