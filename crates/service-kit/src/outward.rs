//! What goes out of the house to addresses that others gave: one small POST by TLS 1.3, to nobody inside.
//!
//! Whoever gives an address makes us knock there from inside our own network. So an address is `https`, on few ports, and names a
//! host whose every address is of the open internet or of a network that the settings allow ([`Reach`]). That is looked at when it is
//! given and again at each connection, which then goes to exactly the address that was looked at: what a name answers in between
//! changes nothing. `docs/webhooks.md` is written for receivers.

mod address;
mod network;
mod post;
mod reach;
mod signature;

pub use address::OutwardAddress;
pub use network::{InvalidNetwork, Network};
pub use post::{Answered, Outward, OutwardError, POST_WITHIN};
pub use reach::{Reach, Resolve, resolve_by_the_machine};
pub use signature::{SigningKey, SigningSecret};

#[cfg(test)]
mod tests;
