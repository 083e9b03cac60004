//! Hashes of 32 bytes, by one of two functions.

use std::fmt;
use std::str::FromStr;

use sha2::Sha256;
use sm3::Sm3;

/// Bytes of a hash.
pub const DIGEST_BYTES: usize = 32;

/// A hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; DIGEST_BYTES]);

/// The hash function of a log, chosen when it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HashSuite {
    /// SHA-256 (FIPS 180-4).
    #[default]
    Sha256,
    /// SM3 (GB/T 32905).
    Sm3,
}

/// A text that names no hash function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no hash function of a log; there are sha-256 and sm3")]
pub struct UnknownHashSuite;

impl HashSuite {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sm3];

    /// Its name in settings, tables and signed texts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sm3 => "sm3",
        }
    }

    /// The hash of the parts one after another.
    #[must_use]
    pub fn hash(self, parts: &[&[u8]]) -> Digest {
        match self {
            Self::Sha256 => hashed::<Sha256>(parts),
            Self::Sm3 => hashed::<Sm3>(parts),
        }
    }

    /// The hash of a leaf that holds these parts, RFC 9162 section 2.1.1.
    #[must_use]
    pub fn leaf(self, parts: &[&[u8]; 3]) -> Digest {
        let [one, two, three] = parts;
        self.hash(&[&[0], one, two, three])
    }

    /// The hash of a node above two others, RFC 9162 section 2.1.1.
    #[must_use]
    pub fn node(self, left: &Digest, right: &Digest) -> Digest {
        self.hash(&[&[1], &left.0, &right.0])
    }

    /// The root of a tree without leaves.
    #[must_use]
    pub fn empty(self) -> Digest {
        self.hash(&[])
    }
}

fn hashed<D: sha2::Digest<OutputSize = sha2::digest::consts::U32>>(parts: &[&[u8]]) -> Digest {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    Digest(hash.finalize().into())
}

impl FromStr for HashSuite {
    type Err = UnknownHashSuite;

    fn from_str(given: &str) -> Result<Self, UnknownHashSuite> {
        let mut all = Self::ALL.into_iter();
        all.find(|suite| suite.as_str() == given)
            .ok_or(UnknownHashSuite)
    }
}

impl Digest {
    /// A hash out of bytes; none unless there are 32.
    #[must_use]
    pub fn of_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
