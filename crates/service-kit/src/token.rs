//! Tokens of calling systems: for which organ and post a system speaks, said by an issuer the city believes.
//!
//! A caller shows a certificate (`crate::tls`) and, in `authorization`, an OAuth 2.0 access token that is bound to it (RFC 8705). A
//! token is a signed JWT (RFC 9068); whose signature is believed the issuer says itself, by OpenID Connect discovery. What is wrong
//! with a token is for our log; the caller reads no more than the kind of it. `docs/tokens.md` is written for callers.

mod address;
mod algorithm;
mod claims;
mod discovery;
mod kept;
mod key;
mod keyring;
mod read;
mod refused;
mod uses;
mod verify;
mod web;

pub use address::{InvalidWebAddress, WebAddress, WithoutTls};
pub use algorithm::{Algorithm, Algorithms, UnknownAlgorithm};
pub use claims::{MAX_LIFETIME, Speaker};
pub(crate) use discovery::{IssuerError, discover};
pub use refused::{Kind, TokenRefused};
pub use verify::{MAX_LENGTH, Tokens, TokensError, bearer};
pub(crate) use web::{Web, WebError, carried};

#[cfg(test)]
mod tests;
