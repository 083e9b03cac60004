//! Signatures of what goes out, as Standard Webhooks has them (v1: HMAC-SHA256).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{hkdf, hmac};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// Bytes of a signing secret.
const SECRET_BYTES: usize = 32;
/// What the secrets are for, so that the key gives others for other things.
const PURPOSE: &[u8] = b"huiyin webhook signing secret v1";

/// The key from which the secrets of receivers are derived; none of them is kept.
#[derive(Clone, Debug)]
pub struct SigningKey(SecretString);

/// A secret that a receiver has too. Prints nothing.
pub struct SigningSecret(Zeroizing<[u8; SECRET_BYTES]>);

struct Bytes;

impl hkdf::KeyType for Bytes {
    fn len(&self) -> usize {
        SECRET_BYTES
    }
}

impl SigningKey {
    /// Characters of the shortest key.
    pub const SHORTEST: usize = 32;

    /// The key in a text of at least [`Self::SHORTEST`] characters.
    #[must_use]
    pub const fn new(text: SecretString) -> Self {
        Self(text)
    }

    /// The secret of a receiver in one of its versions (HKDF-SHA256, RFC 5869); none when there can be none.
    #[must_use]
    pub fn secret(&self, receiver: &str, version: u32) -> Option<SigningSecret> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, PURPOSE);
        let key = salt.extract(self.0.expose_secret().as_bytes());
        let version = version.to_be_bytes();
        let mut secret = Zeroizing::new([0; SECRET_BYTES]);
        key.expand(&[receiver.as_bytes(), &version], Bytes)
            .and_then(|derived| derived.fill(&mut *secret))
            .ok()?;
        Some(SigningSecret(secret))
    }
}

impl SigningSecret {
    /// As the receiver is told it: `whsec_` and base64.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("whsec_{}", STANDARD.encode(*self.0))
    }

    /// The signature of a message: of its id, the second it is sent in, and its body.
    #[must_use]
    pub fn sign(&self, id: &str, second: i64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.0);
        let signed = hmac::sign(&key, format!("{id}.{second}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(signed))
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}
