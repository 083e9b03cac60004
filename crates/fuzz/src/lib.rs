//! What anybody may send, sent: each function takes bytes and puts them where bytes of strangers arrive. None may panic, and nothing
//! that is read may be read in two ways.
//!
//! `./dev fuzz` drives them by libFuzzer, which looks for bytes that reach code no others reached; what it found is kept in `corpus/`
//! and is put through them again by every `./dev test`.
#![expect(clippy::unwrap_used, reason = "to panic is how a finding is told")]

mod contract;
mod cursors;
mod decoders;
mod house;
mod tokens;

/// Takes bytes and puts them where they arrive.
pub type Target = fn(&[u8]);

/// The targets by name, as in `corpus/`.
pub const TARGETS: [(&str, Target); 4] = [
    ("decoders", decoders),
    ("validators", validators),
    ("cursors", cursors),
    ("tokens", tokens),
];

/// Bytes as a stream, a database and a vault may hold them: events through every reaction, sealed texts and wrapped keys,
/// identities and headers.
///
/// # Panics
/// When something is wrong with the house.
pub fn decoders(data: &[u8]) {
    decoders::decode(data);
}

/// Bytes as the body of a call of any method.
///
/// # Panics
/// When something is wrong with the house.
pub fn validators(data: &[u8]) {
    house::HOUSE.call(data);
}

/// Bytes as a page token or a part of one.
///
/// # Panics
/// When something is wrong with the house.
pub fn cursors(data: &[u8]) {
    cursors::read(data);
}

/// Bytes as a token, and as what a token signed by the issuer says.
///
/// # Panics
/// When something is wrong with the house.
pub fn tokens(data: &[u8]) {
    tokens::GROUND.verify(data);
}
