//! A token taken apart: three parts of base64url (RFC 7515, 7.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::{Algorithm, Algorithms};
use super::refused::TokenRefused;

/// A token taken apart, its header checked, nothing of it believed.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    /// How it says it is signed.
    pub(super) algorithm: Algorithm,
    /// By which key it says so.
    pub(super) kid: String,
    /// What is signed.
    pub(super) signed: &'a [u8],
    /// The signature.
    pub(super) signature: Vec<u8>,
    /// The claims; JSON if the signature fits.
    pub(super) claims: Vec<u8>,
}

/// What is read of the header. Keys it may carry or point at (`jwk`, `jku`, `x5c`, `x5u`) are nobody's.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    // also `null`: whoever writes crit demands something
    #[serde(default, deserialize_with = "there")]
    crit: bool,
}

fn there<'de, D: serde::Deserializer<'de>>(given: D) -> Result<bool, D::Error> {
    Value::deserialize(given).map(|_| true)
}

impl<'a> Parts<'a> {
    /// Takes a token apart.
    pub(super) fn of(token: &'a str, allowed: &Algorithms) -> Result<Self, TokenRefused> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefused::Unreadable)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenRefused::Unreadable)?;
        let header: Header =
            serde_json::from_slice(&decoded(header)?).map_err(|_| TokenRefused::Unreadable)?;
        // a claims part with a dot in it is no base64url, so four and more parts end here
        let (claims, signature) = (decoded(claims)?, decoded(signature)?);
        let algorithm = header.alg.parse().map_err(|_| TokenRefused::Algorithm)?;
        if !allowed.allow(algorithm) {
            return Err(TokenRefused::Algorithm);
        }
        if !header.typ.as_deref().is_some_and(is_access_token) {
            return Err(TokenRefused::Type);
        }
        if header.crit {
            return Err(TokenRefused::Critical);
        }
        Ok(Self {
            algorithm,
            kid: header.kid.ok_or(TokenRefused::UnknownKey)?,
            signed: signed.as_bytes(),
            signature,
            claims,
        })
    }
}

/// RFC 9068 wants `at+jwt`; most issuers still write `JWT`. A media type has no case.
fn is_access_token(typ: &str) -> bool {
    ["at+jwt", "application/at+jwt", "JWT"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(typ))
}

/// Base64url without padding, whose last letter carries no stray bits: there is one way to write a token.
fn decoded(part: &str) -> Result<Vec<u8>, TokenRefused> {
    let decoded = URL_SAFE_NO_PAD.decode(part);
    decoded.map_err(|_| TokenRefused::Unreadable)
}
