//! Where somebody wants to be told.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::reach::Reach;
use crate::token::{WebAddress, WithoutTls};

/// Bytes of the longest address.
const LONGEST: usize = 2000;

/// An `https` address on a port that is called, whose host is a name or a plain address. Whether it leads inside is looked at by
/// [`Self::places`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutwardAddress(WebAddress);

impl OutwardAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it and what is allowed, in words that go on from the field's name.
    pub fn parse(given: &str, reach: &Reach) -> Result<Self, String> {
        if given.len() > LONGEST {
            return Err(format!("is longer than {LONGEST} bytes"));
        }
        let words = "is no address like https://desk.example/alerts: allowed is https, without a name before an @ and without a fragment";
        let address =
            WebAddress::parse(given, WithoutTls::Refused).map_err(|_| words.to_owned())?;
        let (host, port) = address.host_and_port();
        if !reach.ports.contains(&port) {
            return Err(format!("names the port {port}; {}", reach.allowed_ports()));
        }
        let is_plain = literal(host).is_some() || is_name(host);
        if !is_plain {
            let words = "names a host that is neither a name nor an address in its usual form, such as 192.0.2.1 or [2001:db8::1]";
            return Err(words.to_owned());
        }
        let found = Self(address);
        match literal(found.host()) {
            Some(ip) => found.look_at(&[ip], reach).map(|_| found),
            None => Ok(found),
        }
    }

    /// Where it leads just now: addresses that may be called, every one of them looked at.
    ///
    /// # Errors
    /// When the name is not known, or one of its addresses is not called.
    pub async fn places(&self, reach: &Reach) -> Result<Vec<SocketAddr>, String> {
        let found = match literal(self.host()) {
            Some(ip) => vec![ip],
            None => {
                let found = (reach.resolve)(self.host().to_owned()).await;
                found.unwrap_or_default()
            }
        };
        self.look_at(&found, reach)
    }

    fn look_at(&self, found: &[IpAddr], reach: &Reach) -> Result<Vec<SocketAddr>, String> {
        let (host, port) = self.0.host_and_port();
        if found.is_empty() {
            return Err(format!("names the host {host}, which has no address"));
        }
        for ip in found {
            if let Some(words) = reach.refuses(*ip) {
                return Err(format!(
                    "leads to an address that is {words}; {}",
                    reach.allowed()
                ));
            }
        }
        let places = found
            .iter()
            .map(|ip| SocketAddr::new(ip.to_canonical(), port));
        Ok(places.collect())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host, without the brackets of an address of version 6.
    pub(super) fn host(&self) -> &str {
        self.0.host_and_port().0
    }

    pub(super) const fn web(&self) -> &WebAddress {
        &self.0
    }
}

impl fmt::Display for OutwardAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An address in its usual form: four decimal numbers, or hexadecimal groups without a zone.
fn literal(host: &str) -> Option<IpAddr> {
    host.parse().ok()
}

/// A name of letters, digits and hyphens. What ends in a number is an address in another form (`0x7f.1`, `2130706433`), which some
/// resolver would read as one.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(plain)
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let ends_in_a_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.to_ascii_lowercase().starts_with("0x");
    host.len() <= 253 && host.split('.').all(is_label) && !ends_in_a_number
}
