//! A key that signs tokens: ECDSA on P-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A key with its name.
#[derive(Debug)]
pub struct Signer {
    kid: String,
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

/// No key could be made, or nothing signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the issuer cannot sign")]
pub struct CannotSign;

impl Signer {
    /// A new key.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn new() -> Result<Self, CannotSign> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random)
            .map_err(|_| CannotSign)
            .and_then(|key| {
                let pair = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random);
                pair.map_err(|_| CannotSign)
            })?;
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(pair.public_key()));
        Ok(Self { kid, pair, random })
    }

    /// Its name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its public key (RFC 7517).
    #[must_use]
    pub fn public_key(&self) -> Value {
        // one byte that says the point is not compressed, and the point
        let point = self.pair.public_key().as_ref().get(1..).unwrap_or_default();
        let (x, y) = point.split_at(point.len() / 2);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    }

    /// A token that says this.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn sign_token(&self, claims: &Value) -> Result<String, CannotSign> {
        let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.kid });
        self.sign(&header, claims)
    }

    /// Whatever header and claims, signed.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String, CannotSign> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        self.sign_text(&format!("{}.{}", part(header), part(claims)))
    }

    /// Whatever text, with a dot and its signature after it.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn sign_text(&self, signed: &str) -> Result<String, CannotSign> {
        let signature = self.pair.sign(&self.random, signed.as_bytes());
        let signature = signature.map_err(|_| CannotSign)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
