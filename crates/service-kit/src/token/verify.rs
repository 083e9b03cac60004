//! Whether a token is good, and who speaks by it.

use std::sync::Arc;

use huiyin_domain::time::Instant;

use super::algorithm::Algorithms;
use super::claims::{Claims, Speaker};
use super::keyring::Keyring;
use super::read::Parts;
use super::refused::TokenRefused;
use super::uses::{MOST, Uses, hash};
use super::web::Web;
use crate::lifecycle::Stopper;
use crate::metrics;
use crate::settings::TokenSettings;
use crate::tls::Thumbprint;

/// Characters of the longest token that is looked at.
pub const MAX_LENGTH: usize = 8 * 1024;

/// Checks tokens of one issuer.
#[derive(Clone, Debug)]
pub struct Tokens(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    issuer: String,
    audience: String,
    algorithms: Algorithms,
    keyring: Arc<Keyring>,
    uses: Uses,
}

/// Why tokens cannot be checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[tokens] authorities: {0}")]
pub struct TokensError(String);

/// The token of an `authorization`: `Bearer` and the token.
///
/// # Errors
/// [`TokenRefused::NotBearer`].
pub fn bearer(authorization: &[u8]) -> Result<&str, TokenRefused> {
    let text = std::str::from_utf8(authorization).map_err(|_| TokenRefused::NotBearer)?;
    let (scheme, token) = text.split_once(' ').ok_or(TokenRefused::NotBearer)?;
    let is_bearer = scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty();
    is_bearer.then_some(token).ok_or(TokenRefused::NotBearer)
}

impl Tokens {
    /// Begins to fetch the issuer's keys, and keeps them fresh until the process stops. An issuer that is away stops nobody: its tokens
    /// are refused until it is there.
    ///
    /// # Errors
    /// When the file of its authorities cannot be used.
    pub fn start(settings: &TokenSettings, stopper: &Stopper) -> Result<Self, TokensError> {
        Self::remembering(MOST, settings, stopper)
    }

    /// As [`Self::start`], remembering so many tokens.
    pub(super) fn remembering(
        most: usize,
        settings: &TokenSettings,
        stopper: &Stopper,
    ) -> Result<Self, TokensError> {
        let web = Web::new(settings.authorities.clone(), None);
        web.roots()
            .map_err(|wrong| TokensError(wrong.to_string()))?;
        let keyring = Arc::new(Keyring::new(settings.issuer.clone(), web));
        let fresh = Arc::clone(&keyring).keep_fresh(stopper.clone());
        stopper.spawn("the issuer's keys", fresh);
        Ok(Self(Arc::new(Inner {
            issuer: settings.issuer.as_str().to_owned(),
            audience: settings.audience.clone(),
            algorithms: settings.algorithms.clone(),
            keyring,
            uses: Uses::new(most),
        })))
    }

    /// Who speaks by a token, presented on a connection with this certificate, now by the machine's clock
    /// ([`crate::clock::of_the_machine`]).
    ///
    /// Waits up to 5 s for the issuer when the token is by a key that is not known, at most once in 10 s.
    ///
    /// # Errors
    /// Which check it failed; logged and counted here, without a word of the token.
    pub async fn verify(
        &self,
        token: &str,
        presented: Option<&Thumbprint>,
        now: Instant,
    ) -> Result<Speaker, TokenRefused> {
        let checked = self.check(token, presented, now).await;
        if let Err(refused) = &checked {
            let check = refused.check();
            tracing::info!(token.check = check, %refused, "a token was refused");
            metrics::count("huiyin_tokens_refused", 1, &[("check", check)]);
        }
        checked
    }

    async fn check(
        &self,
        token: &str,
        presented: Option<&Thumbprint>,
        now: Instant,
    ) -> Result<Speaker, TokenRefused> {
        let Inner {
            issuer,
            audience,
            algorithms,
            keyring,
            uses,
        } = &*self.0;
        if token.len() > MAX_LENGTH {
            return Err(TokenRefused::TooLong);
        }
        let hash = hash(token);
        let known = keyring
            .generation()
            .and_then(|generation| uses.known(&hash, generation, now));
        if let Some(known) = known {
            known.validity.check(now)?;
            is_bound(&known.certificate, presented)?;
            return Ok(known.speaker.clone());
        }
        let parts = Parts::of(token, algorithms)?;
        let key = (parts.kid.as_str(), parts.algorithm);
        let generation = keyring.check(key, parts.signed, &parts.signature).await?;
        let claims = Claims::read(&parts.claims, issuer, audience)?;
        claims.validity.check(now)?;
        is_bound(&claims.certificate, presented)?;
        uses.write_down(hash, &claims, (now, generation))?;
        Ok(claims.speaker)
    }

    /// Whether no fetch of keys runs.
    #[cfg(test)]
    pub(super) fn rest(&self) -> bool {
        self.0.keyring.rests()
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> (usize, usize) {
        self.0.uses.lens()
    }
}

/// Checks, in constant time, that the certificate is the one the token is bound to.
fn is_bound(certificate: &Thumbprint, presented: Option<&Thumbprint>) -> Result<(), TokenRefused> {
    let bound = presented.is_some_and(|presented| presented == certificate);
    bound.then_some(()).ok_or(TokenRefused::OtherCertificate)
}
