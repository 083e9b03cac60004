//! The keys of an issuer (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::Algorithm;
use super::refused::TokenRefused;

/// Keys of an issuer that are looked at; a set with more is none.
const MAX_KEYS: usize = 64;
/// Bytes of the shortest modulus of RSA: 2048 bits.
const MIN_MODULUS: usize = 256;

/// The keys an issuer publishes, those of them that can sign a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeySet(Vec<Key>);

/// A public key with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    kid: String,
    // some issuers say for which algorithm alone a key is
    only: Option<Algorithm>,
    public: Public,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Public {
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// A key as it is written.
#[derive(Deserialize)]
struct Written {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    for_use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    // the secret part, which nobody should ever see
    d: Option<Value>,
}

/// A text that holds no key we could use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no set of keys with one to check a token by")]
pub(crate) struct NoKeySet;

impl KeySet {
    /// Reads what an issuer publishes. Keys that can check no token (for encryption, of other types, too short, without a name) are
    /// passed over.
    pub(super) fn read(text: &[u8]) -> Result<Self, NoKeySet> {
        #[derive(Deserialize)]
        struct Published {
            keys: Vec<Value>,
        }
        let published: Published = serde_json::from_slice(text).map_err(|_| NoKeySet)?;
        if published.keys.len() > MAX_KEYS {
            return Err(NoKeySet);
        }
        let keys = published.keys.into_iter();
        let keys: Vec<Key> = keys.filter_map(|key| Key::read(key).ok()).collect();
        let some = !keys.is_empty();
        some.then_some(Self(keys)).ok_or(NoKeySet)
    }

    /// Whether there is a key of this name.
    pub(super) fn has(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid == kid)
    }

    /// Checks that a key of this name made the signature.
    pub(super) fn check(
        &self,
        (kid, algorithm): (&str, Algorithm),
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenRefused> {
        let named = self.0.iter().filter(|key| key.kid == kid);
        let mut refused = TokenRefused::UnknownKey;
        for key in named {
            match key.check(algorithm, signed, signature) {
                Ok(()) => return Ok(()),
                Err(reason) => refused = reason,
            }
        }
        Err(refused)
    }
}

impl Key {
    fn read(written: Value) -> Result<Self, NoKeySet> {
        let written: Written = serde_json::from_value(written).map_err(|_| NoKeySet)?;
        let signs = written.for_use.as_deref().is_none_or(|it| it == "sig");
        let verifies = written
            .key_ops
            .as_ref()
            .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !signs || !verifies || written.d.is_some() {
            return Err(NoKeySet);
        }
        let only = written.alg.as_deref().map(str::parse).transpose();
        let public = Public::read(&written)?;
        Ok(Self {
            kid: written.kid.ok_or(NoKeySet)?,
            only: only.map_err(|_| NoKeySet)?,
            public,
        })
    }

    fn check(
        &self,
        algorithm: Algorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenRefused> {
        if self.only.is_some_and(|only| only != algorithm) {
            return Err(TokenRefused::UnfitKey);
        }
        let by = |verification: &'static dyn VerificationAlgorithm, point: &[u8]| {
            UnparsedPublicKey::new(verification, point).verify(signed, signature)
        };
        let by_rsa = |parameters: &RsaParameters, n: &[u8], e: &[u8]| {
            RsaPublicKeyComponents { n, e }.verify(parameters, signed, signature)
        };
        let checked = match (&self.public, algorithm) {
            (Public::P256(point), Algorithm::Es256) => by(&ECDSA_P256_SHA256_FIXED, point),
            (Public::P384(point), Algorithm::Es384) => by(&ECDSA_P384_SHA384_FIXED, point),
            (Public::Ed25519(point), Algorithm::EdDsa) => by(&ED25519, point),
            (Public::Rsa { n, e }, Algorithm::Ps256) => by_rsa(&RSA_PSS_2048_8192_SHA256, n, e),
            (Public::Rsa { n, e }, Algorithm::Rs256) => by_rsa(&RSA_PKCS1_2048_8192_SHA256, n, e),
            (
                Public::P256(_) | Public::P384(_) | Public::Ed25519(_) | Public::Rsa { .. },
                Algorithm::Es256
                | Algorithm::Es384
                | Algorithm::EdDsa
                | Algorithm::Ps256
                | Algorithm::Rs256,
            ) => return Err(TokenRefused::UnfitKey),
        };
        checked.map_err(|_| TokenRefused::Signature)
    }
}

impl Public {
    fn read(written: &Written) -> Result<Self, NoKeySet> {
        match (written.kty.as_str(), written.crv.as_deref()) {
            ("EC", Some("P-256")) => Ok(Self::P256(point(written, 32)?)),
            ("EC", Some("P-384")) => Ok(Self::P384(point(written, 48)?)),
            ("OKP", Some("Ed25519")) => Ok(Self::Ed25519(long(written.x.as_ref(), 32)?)),
            ("RSA", None) => {
                let n = number(written.n.as_ref())?;
                // no leading zeros are left, so the highest bit of the shortest must be set
                let short = n.len() < MIN_MODULUS
                    || (n.len() == MIN_MODULUS && n.first().is_some_and(|first| *first < 0x80));
                if short {
                    return Err(NoKeySet);
                }
                let e = number(written.e.as_ref())?;
                Ok(Self::Rsa { n, e })
            }
            // oct is a secret that both would know
            (_, _) => Err(NoKeySet),
        }
    }
}

/// A point of a curve, not compressed.
fn point(written: &Written, length: usize) -> Result<Vec<u8>, NoKeySet> {
    let mut point = vec![4];
    point.extend(long(written.x.as_ref(), length)?);
    point.extend(long(written.y.as_ref(), length)?);
    Ok(point)
}

fn long(written: Option<&String>, length: usize) -> Result<Vec<u8>, NoKeySet> {
    let bytes = URL_SAFE_NO_PAD.decode(written.ok_or(NoKeySet)?);
    let bytes = bytes.map_err(|_| NoKeySet)?;
    let fits = bytes.len() == length;
    fits.then_some(bytes).ok_or(NoKeySet)
}

/// A whole number without leading zeros.
fn number(written: Option<&String>) -> Result<Vec<u8>, NoKeySet> {
    let bytes = URL_SAFE_NO_PAD.decode(written.ok_or(NoKeySet)?);
    let bytes = bytes.map_err(|_| NoKeySet)?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

#[cfg(test)]
mod tests;
