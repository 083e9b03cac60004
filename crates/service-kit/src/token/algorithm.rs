//! The algorithms a token may be signed by.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// An algorithm of RFC 7518 or RFC 8037 by a public key. There is no `none`, and none by a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
    /// RSA PSS with SHA-256, keys of 2048 bits or more.
    Ps256,
    /// RSA PKCS#1 v1.5 with SHA-256, keys of 2048 bits or more.
    Rs256,
}

/// The algorithms that are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Algorithms(BTreeSet<Algorithm>);

/// A text that names no such algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of ES256, ES384, EdDSA, PS256, RS256")]
pub struct UnknownAlgorithm;

impl Algorithm {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
        Self::Ps256,
        Self::Rs256,
    ];

    /// Its name in `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }
}

impl Algorithms {
    /// Whether one is allowed.
    #[must_use]
    pub fn allow(&self, algorithm: Algorithm) -> bool {
        self.0.contains(&algorithm)
    }
}

impl Default for Algorithms {
    /// Those of elliptic curves; RSA only where an issuer has nothing else.
    fn default() -> Self {
        Self([Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa].into())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(given: &str) -> Result<Self, UnknownAlgorithm> {
        let mut all = Self::ALL.into_iter();
        all.find(|algorithm| algorithm.as_str() == given)
            .ok_or(UnknownAlgorithm)
    }
}

impl FromStr for Algorithms {
    type Err = UnknownAlgorithm;

    fn from_str(given: &str) -> Result<Self, UnknownAlgorithm> {
        let named = given.split_whitespace().map(str::parse);
        let named: BTreeSet<Algorithm> = named.collect::<Result<_, _>>()?;
        let some = !named.is_empty();
        some.then_some(Self(named)).ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_letter_by_letter_and_no_secret_signs() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
        for given in ["none", "None", "HS256", "es256", "ES256 ", "ES256K", ""] {
            assert_eq!(given.parse::<Algorithm>(), Err(UnknownAlgorithm), "{given}");
        }
    }

    #[test]
    fn rsa_is_allowed_only_where_it_is_named() {
        let usual = Algorithms::default();
        assert!(usual.allow(Algorithm::Es256) && !usual.allow(Algorithm::Rs256));
        let named: Algorithms = "PS256  ES384".parse().unwrap();
        assert!(named.allow(Algorithm::Ps256) && !named.allow(Algorithm::Es256));
        assert_eq!("".parse::<Algorithms>(), Err(UnknownAlgorithm));
        assert_eq!("ES256,ES384".parse::<Algorithms>(), Err(UnknownAlgorithm));
    }
}
