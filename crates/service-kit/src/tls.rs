//! Closed doors: mutual TLS between all who call each other, each known by the SPIFFE id of its certificate.
//!
//! Keys are files. They are read again and again, so that a certificate is replaced, or revoked, without a restart: new
//! connections go by the new ones, and old ones end by their age.

mod arrivals;
mod connect;
mod files;
mod identity;
mod incoming;
mod thumbprint;
mod trust;
mod web;

pub use connect::Connector;
pub use files::{KeyFiles, Keys, TlsError, keep_fresh};
pub(crate) use identity::segment;
pub use identity::{Identity, InvalidIdentity, TrustDomain};
pub use incoming::{Connection, Incoming, Peer};
pub use thumbprint::{InvalidThumbprint, Thumbprint};
pub(crate) use web::to_the_web;

#[cfg(test)]
mod tests;
