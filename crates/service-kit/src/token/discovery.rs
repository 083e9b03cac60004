//! Where an issuer has its pages, as it says itself (OpenID Connect Discovery 1.0).

use serde::Deserialize;

use super::address::{InvalidWebAddress, WebAddress};
use super::key::NoKeySet;
use super::web::{Web, WebError};

/// The pages of an issuer.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    /// Where its keys are.
    pub(crate) keys: WebAddress,
    /// Where tokens are given; none where it says nothing of it.
    pub(crate) tokens: Option<WebAddress>,
}

/// Why an issuer could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IssuerError {
    /// It does not answer as it should.
    #[error("{page} {error}")]
    Web {
        /// Which page.
        page: String,
        /// How it answered.
        error: WebError,
    },
    /// Its configuration is none.
    #[error("its configuration cannot be read")]
    Configuration,
    /// Its configuration is that of another issuer.
    #[error("its configuration is that of another issuer")]
    OtherIssuer,
    /// A page is where none may be.
    #[error("a page of its configuration {0}")]
    Address(#[from] InvalidWebAddress),
    /// Its keys are none.
    #[error("it publishes {0}")]
    Keys(#[from] NoKeySet),
    /// It took too long.
    #[error("it took too long")]
    TookTooLong,
}

/// What is read of the configuration.
#[derive(Deserialize)]
struct Written {
    issuer: String,
    jwks_uri: String,
    token_endpoint: Option<String>,
    mtls_endpoint_aliases: Option<Aliases>,
}

/// Pages for those who show a certificate (RFC 8705, 5).
#[derive(Deserialize)]
struct Aliases {
    token_endpoint: Option<String>,
}

/// Reads where the pages of an issuer are.
pub(crate) async fn discover(web: &Web, issuer: &WebAddress) -> Result<Pages, IssuerError> {
    let text = page(web, &issuer.configuration()?).await?;
    let written: Written = serde_json::from_slice(&text).map_err(|_| IssuerError::Configuration)?;
    // otherwise another issuer of the same host could answer for this one
    if written.issuer != issuer.as_str() {
        return Err(IssuerError::OtherIssuer);
    }
    let address = |text: &str| WebAddress::parse(text, issuer.without_tls());
    let alias = written.mtls_endpoint_aliases;
    let alias = alias.and_then(|aliases| aliases.token_endpoint);
    let tokens = alias.or(written.token_endpoint);
    Ok(Pages {
        keys: address(&written.jwks_uri)?,
        tokens: tokens.as_deref().map(address).transpose()?,
    })
}

/// Reads a page of an issuer.
pub(crate) async fn page(web: &Web, address: &WebAddress) -> Result<Vec<u8>, IssuerError> {
    let page = || address.to_string();
    let error = match web.get(address).await {
        Ok(answer) if answer.status.is_success() => return Ok(answer.body),
        Ok(answer) => WebError::Answered(answer.status.as_u16()),
        Err(error) => error,
    };
    Err(IssuerError::Web {
        page: page(),
        error,
    })
}
