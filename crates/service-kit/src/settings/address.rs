//! Where services answer.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use http::Uri;

use crate::names::ServiceName;

/// Where a service answers: `http://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Uri);

/// A text that is no address of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no address like http://127.0.0.1:7401")]
pub struct InvalidAddress;

/// `[addresses]`: where each service answers, as seen from this process.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub(super) intake: Address,
    pub(super) routing: Address,
    pub(super) supervision: Address,
    pub(super) stability_early_warning: Address,
    pub(super) statistics: Address,
}

impl Addresses {
    /// Where a service answers.
    #[must_use]
    pub fn of(&self, name: ServiceName) -> &Address {
        match name {
            ServiceName::Intake => &self.intake,
            ServiceName::Routing => &self.routing,
            ServiceName::Supervision => &self.supervision,
            ServiceName::StabilityEarlyWarning => &self.stability_early_warning,
            ServiceName::Statistics => &self.statistics,
        }
    }
}

impl Address {
    /// The address of a listening socket.
    ///
    /// # Errors
    /// Never for a socket address; the address is parsed like any other.
    pub fn of_socket(listen: SocketAddr) -> Result<Self, InvalidAddress> {
        format!("http://{listen}").parse()
    }

    /// The address of somebody elsewhere, who is spoken to by TLS: `https://host:port`.
    ///
    /// # Errors
    /// When it is none.
    pub fn by_tls(given: &str) -> Result<Self, InvalidAddress> {
        let rest = given.strip_prefix("https://").ok_or(InvalidAddress)?;
        // our own connections bring their TLS with them, whatever the scheme
        format!("http://{rest}").parse()
    }

    /// The address as a URI.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.0
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(given: &str) -> Result<Self, InvalidAddress> {
        let uri: Uri = given.parse().map_err(|_| InvalidAddress)?;
        let plain = uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none();
        let named = uri.host().is_some_and(|host| !host.is_empty());
        // a name before an @ would be printed with the address
        let anonymous = uri
            .authority()
            .is_some_and(|authority| !authority.as_str().contains('@'));
        if plain && named && anonymous {
            Ok(Self(uri))
        } else {
            Err(InvalidAddress)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_string().trim_end_matches('/'))
    }
}
