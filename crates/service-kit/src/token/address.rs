//! Where the pages of an issuer are.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

/// `https://host[:port]/path`, or `http://` where that is allowed. Holds no name and no password.
#[derive(Clone, PartialEq, Eq)]
pub struct WebAddress {
    // an issuer is compared letter by letter, so its text is kept as it was written
    text: String,
    uri: Uri,
}

/// Whether an address without TLS is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutTls {
    /// Never.
    Refused,
    /// On the loopback address, in the development profile.
    OnLoopback,
}

/// A text that is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no address like https://issuer.example/city")]
pub struct InvalidWebAddress;

impl WebAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none, names somebody before an `@`, has a fragment, or is without TLS where that is not allowed.
    pub fn parse(given: &str, without_tls: WithoutTls) -> Result<Self, InvalidWebAddress> {
        let uri: Uri = given.parse().map_err(|_| InvalidWebAddress)?;
        let authority = uri.authority().ok_or(InvalidWebAddress)?.as_str();
        let closed = match (uri.scheme_str(), without_tls) {
            (Some("https"), WithoutTls::Refused | WithoutTls::OnLoopback) => true,
            (Some("http"), WithoutTls::OnLoopback) => uri.host().is_some_and(is_loopback),
            (Some(_) | None, WithoutTls::Refused | WithoutTls::OnLoopback) => false,
        };
        let named = uri.host().is_some_and(|host| !host.is_empty());
        if closed && named && !authority.contains('@') && !given.contains('#') {
            let text = given.to_owned();
            Ok(Self { text, uri })
        } else {
            Err(InvalidWebAddress)
        }
    }

    /// Reads the address of an issuer, which has no query.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn issuer(given: &str, without_tls: WithoutTls) -> Result<Self, InvalidWebAddress> {
        let address = Self::parse(given, without_tls)?;
        let plain = address.uri.query().is_none();
        plain.then_some(address).ok_or(InvalidWebAddress)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is allowed to those it names: without TLS only if it is so itself.
    #[must_use]
    pub fn without_tls(&self) -> WithoutTls {
        if self.is_closed() {
            WithoutTls::Refused
        } else {
            WithoutTls::OnLoopback
        }
    }

    /// The page of an issuer that says where its other pages are (OpenID Connect Discovery 1.0, 4).
    pub(crate) fn configuration(&self) -> Result<Self, InvalidWebAddress> {
        let issuer = self.text.trim_end_matches('/');
        let page = format!("{issuer}/.well-known/openid-configuration");
        Self::parse(&page, self.without_tls())
    }

    pub(crate) const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether it is reached by TLS.
    pub(crate) fn is_closed(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// Host, without the brackets of an IPv6 address, and port.
    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        let host = self.uri.host().unwrap_or_default();
        let usual = if self.is_closed() { 443 } else { 80 };
        let port = self.uri.port_u16().unwrap_or(usual);
        (host.trim_matches(['[', ']']), port)
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_an_address_and_http_only_on_loopback_where_it_is_allowed() {
        for (given, refused, on_loopback) in [
            ("https://issuer.example", true, true),
            ("https://issuer.example:8443/city?x=1", true, true),
            ("http://127.0.0.1:8080/city", false, true),
            ("http://[::1]:8080", false, true),
            ("http://localhost:8080", false, false),
            ("http://10.0.0.1:8080", false, false),
            ("http://issuer.example", false, false),
            ("https://somebody@issuer.example", false, false),
            ("https://issuer.example/#city", false, false),
            ("https://", false, false),
            ("issuer.example", false, false),
            ("/city", false, false),
            ("ftp://issuer.example", false, false),
            ("", false, false),
        ] {
            let taken = |without_tls| WebAddress::parse(given, without_tls).is_ok();
            let both = (taken(WithoutTls::Refused), taken(WithoutTls::OnLoopback));
            assert_eq!(both, (refused, on_loopback), "{given}");
        }
    }

    #[test]
    fn an_issuer_has_no_query_and_keeps_its_letters() {
        let issuer = |text| WebAddress::issuer(text, WithoutTls::Refused);
        assert_eq!(
            issuer("https://issuer.example/?city=1"),
            Err(InvalidWebAddress)
        );
        let slash = issuer("https://issuer.example/city/").unwrap();
        assert_eq!(slash.as_str(), "https://issuer.example/city/");
        assert_eq!(
            slash.configuration().unwrap().as_str(),
            "https://issuer.example/city/.well-known/openid-configuration"
        );
        assert_eq!(slash.host_and_port(), ("issuer.example", 443));
    }
}
