//! What a sealed text belongs to.

use std::fmt;

/// What a sealed text belongs to, in parts: a record's id, a field's name. Two contexts are the same only part by part,
/// so that `["ab", "c"]` is not `["a", "bc"]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Context(Vec<u8>);

impl Context {
    /// A context of these parts.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut written = Vec::new();
        write_parts(&mut written, parts);
        Self(written)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Context(..)")
    }
}

/// Writes how many parts there are, and each after its length.
pub(super) fn write_parts(written: &mut Vec<u8>, parts: &[&[u8]]) {
    // room for all at once: bytes that grow leave copies behind, and a part may be personal
    written.reserve(8 + parts.iter().map(|part| 8 + part.len()).sum::<usize>());
    written.extend_from_slice(&(parts.len() as u64).to_be_bytes());
    for part in parts {
        written.extend_from_slice(&(part.len() as u64).to_be_bytes());
        written.extend_from_slice(part);
    }
}

/// What is authenticated with a sealed text: its kind and header, and the context it belongs to.
pub(super) fn associated(kind: &str, header: &[u8], context: &Context) -> Vec<u8> {
    let mut written = Vec::with_capacity(24 + kind.len() + header.len() + context.0.len());
    write_parts(&mut written, &[kind.as_bytes(), header]);
    written.extend_from_slice(context.as_bytes());
    written
}
