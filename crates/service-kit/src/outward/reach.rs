//! Whom we call out there: which ports, and which addresses.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::network::{Network, is_metadata, special};

/// Finds the addresses of a name.
pub type Resolve = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The addresses of a name, as the machine finds them.
#[must_use]
pub fn resolve_by_the_machine() -> Resolve {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|found| found.ip()).collect())
        })
    })
}

/// Which addresses are called.
#[derive(Clone)]
pub struct Reach {
    /// Networks that are called although they are not of the open internet.
    pub networks: Vec<Network>,
    /// Ports that are called.
    pub ports: Vec<u16>,
    /// Finds the addresses of a name.
    pub resolve: Resolve,
}

impl Reach {
    /// What is wrong with an address, in words that go on from "is".
    pub(super) fn refuses(&self, address: IpAddr) -> Option<String> {
        if is_metadata(address) {
            return Some("where machines of a cloud are told their secrets".to_owned());
        }
        let words = special(address)?;
        let is_allowed = self
            .networks
            .iter()
            .any(|network| network.contains(address));
        (!is_allowed).then(|| words.to_owned())
    }

    /// The networks that the settings allow besides the open internet, in words.
    pub(super) fn allowed(&self) -> String {
        let networks = self.networks.iter().map(|network| format!(", {network}"));
        format!(
            "allowed: addresses of the open internet{}",
            networks.collect::<String>()
        )
    }

    /// The ports, in words.
    pub(super) fn allowed_ports(&self) -> String {
        let ports: Vec<String> = self.ports.iter().map(ToString::to_string).collect();
        format!("allowed: {}", ports.join(", "))
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reach")
            .field("networks", &self.networks)
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}
