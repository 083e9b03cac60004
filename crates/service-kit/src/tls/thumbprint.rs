//! What a token is bound to: the SHA-256 of a certificate.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The SHA-256 of a certificate's DER, written in base64url as `x5t#S256` of RFC 8705 has it. Two are compared in constant time.
#[derive(Clone, Copy, Eq)]
pub struct Thumbprint([u8; 32]);

/// A text that is no thumbprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no thumbprint: 43 characters of base64url, the SHA-256 of a certificate's DER")]
pub struct InvalidThumbprint;

impl Thumbprint {
    /// The thumbprint of a certificate.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl PartialEq for Thumbprint {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

impl FromStr for Thumbprint {
    type Err = InvalidThumbprint;

    fn from_str(given: &str) -> Result<Self, InvalidThumbprint> {
        let bytes = URL_SAFE_NO_PAD
            .decode(given)
            .map_err(|_| InvalidThumbprint)?;
        bytes.try_into().map(Self).map_err(|_| InvalidThumbprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_reads_back_what_it_prints() {
        let thumbprint = Thumbprint::of(&CertificateDer::from_slice(b"abc"));
        // the SHA-256 of "abc", from FIPS 180-2, in base64url
        let printed = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
        assert_eq!(thumbprint.to_string(), printed);
        assert_eq!(printed.parse(), Ok(thumbprint));
        let other = Thumbprint::of(&CertificateDer::from_slice(b"abd"));
        assert_ne!(thumbprint, other);
    }

    #[test]
    fn what_is_too_short_too_long_or_no_base64url_is_no_thumbprint() {
        for given in [
            "",
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa",
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0A",
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=",
        ] {
            assert_eq!(given.parse::<Thumbprint>(), Err(InvalidThumbprint));
        }
    }
}
