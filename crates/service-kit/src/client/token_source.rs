//! Tokens to call with: got from an issuer by client credentials (RFC 6749, 4.4), kept until shortly before they expire.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::{Serializer, byte_serialize};
use http::{HeaderValue, StatusCode};
use huiyin_domain::ids::OrganId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};

use crate::tls::{Keys, Thumbprint};
use crate::token::{IssuerError, MAX_LENGTH, Web, WebAddress, WebError, discover};

/// Metadata that holds the token.
const AUTHORIZATION: &str = "authorization";
/// How long before it expires a token is no longer used; a fifth of its life when that is less.
const BEFORE_THE_END: Duration = Duration::from_mins(1);
/// How long after a failure the next attempt is made.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How long the page where tokens are given is believed to be where it was.
const PAGE_BELIEVED_FOR: Duration = Duration::from_mins(15);
/// Tokens kept; more make those go that nobody waits for.
const MOST: usize = 4096;
/// Characters of the longest error of an issuer that is repeated.
const MAX_ERROR: usize = 64;

/// How tokens are got from an issuer.
#[derive(Clone, Debug)]
pub struct Access {
    /// The issuer.
    pub issuer: WebAddress,
    /// The authorities of its certificate, PEM; those of the web when none are given.
    pub authorities: Option<PathBuf>,
    /// Our `client_id`.
    pub client: String,
    /// Our secret; none when our certificate says enough.
    pub secret: Option<SecretString>,
    /// The keys we call with, which tokens are bound to; none when the issuer knows our certificate already.
    pub keys: Option<Keys>,
}

/// The organ, and the post of it, that a call is made for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpokenFor {
    /// The organ.
    pub organ: OrganId,
    /// The post, never a person's name.
    pub post: String,
}

/// Why there is no token. No text holds one, or a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenUnavailable {
    /// The issuer cannot be asked.
    #[error("the issuer of tokens cannot be asked: {0}")]
    Away(String),
    /// The issuer says nothing of where tokens are given.
    #[error("the issuer of tokens does not say where they are given")]
    NoPage,
    /// The issuer gives us none.
    #[error("the issuer gives no token: {0}")]
    Refused(String),
    /// What the issuer gives is no token we could use.
    #[error("what the issuer gives is no bearer token with a time")]
    Unreadable,
}

/// Gives tokens, each got once and kept, however many ask for it at a time.
#[derive(Clone, Debug)]
pub struct TokenSource(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    access: Access,
    web: Web,
    page: Mutex<Tried<Page>>,
    places: std::sync::Mutex<HashMap<SpokenFor, Place>>,
}

/// What there is for one organ and post. Whoever holds the lock gets it; the others wait for that.
type Place = Arc<Mutex<Tried<Got>>>;

/// Something that is got from the issuer: how the last attempt went, if there was one.
#[derive(Debug)]
struct Tried<T>(Option<Result<T, Failure>>);

#[derive(Debug)]
struct Failure {
    why: TokenUnavailable,
    at: Instant,
}

/// A token, until when to use it, and the certificate it is bound to.
#[derive(Debug)]
struct Got {
    authorization: MetadataValue<Ascii>,
    until: Instant,
    certificate: Option<Thumbprint>,
}

/// Where tokens are given, and when the issuer said so.
#[derive(Debug)]
struct Page {
    address: WebAddress,
    at: Instant,
}

/// The answer of an issuer (RFC 6749, 5.1).
#[derive(Deserialize)]
struct Given {
    access_token: SecretString,
    token_type: String,
    expires_in: u64,
}

/// Its refusal (RFC 6749, 5.2).
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Access {
    /// The form with which a token is asked for, and who asks.
    fn asking(
        &self,
        spoken_for: &SpokenFor,
    ) -> Result<(Option<HeaderValue>, String), TokenUnavailable> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("huiyin_organ", &spoken_for.organ.to_string())
            .append_pair("huiyin_post", &spoken_for.post);
        let authorization = match &self.secret {
            Some(secret) => Some(basic(&self.client, secret)?),
            None => {
                form.append_pair("client_id", &self.client);
                None
            }
        };
        Ok((authorization, form.finish()))
    }
}

impl TokenSource {
    /// No token yet.
    #[must_use]
    pub fn new(access: Access) -> Self {
        let web = Web::new(access.authorities.clone(), access.keys.clone());
        Self(Arc::new(Inner {
            access,
            web,
            page: Mutex::default(),
            places: std::sync::Mutex::default(),
        }))
    }

    /// Puts the token for this organ and post into a call.
    ///
    /// # Errors
    /// When there is none.
    pub async fn authorize<T>(
        &self,
        request: &mut Request<T>,
        spoken_for: &SpokenFor,
    ) -> Result<(), TokenUnavailable> {
        let authorization = self.authorization(spoken_for).await?;
        request.metadata_mut().insert(AUTHORIZATION, authorization);
        Ok(())
    }

    /// The `authorization` of calls for this organ and post. It is bound to the certificate we have now: after a new one, the connection
    /// must be a new one too.
    ///
    /// # Errors
    /// When there is none. The same failure is given for two seconds before the issuer is asked again.
    pub async fn authorization(
        &self,
        spoken_for: &SpokenFor,
    ) -> Result<MetadataValue<Ascii>, TokenUnavailable> {
        let (asked, ours) = (Instant::now(), self.certificate());
        let place = self.place(spoken_for);
        let mut place = place.lock().await;
        let good = |got: &Got| got.until > Instant::now() && got.certificate == ours;
        if let Some(got) = place.present(good, asked)? {
            return Ok(got.authorization.clone());
        }
        let got = self.get(spoken_for, ours).await;
        Ok(place.put(got)?.authorization.clone())
    }

    fn certificate(&self) -> Option<Thumbprint> {
        self.0.access.keys.as_ref().and_then(Keys::thumbprint)
    }

    fn place(&self, spoken_for: &SpokenFor) -> Place {
        let places = &self.0.places;
        let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(spoken_for) {
            return Arc::clone(place);
        }
        if places.len() >= MOST {
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(places.entry(spoken_for.clone()).or_default())
    }

    /// Gets a token from the issuer.
    async fn get(
        &self,
        spoken_for: &SpokenFor,
        certificate: Option<Thumbprint>,
    ) -> Result<Got, TokenUnavailable> {
        let page = self.page().await?;
        let (authorization, form) = self.0.access.asking(spoken_for)?;
        let asked = Instant::now();
        let answered = self.0.web.post(&page, authorization, form).await;
        let answer = answered.map_err(|error| away(&page, &error))?;
        if answer.status != StatusCode::OK {
            return Err(refusal(answer.status, &answer.body));
        }
        let given: Given =
            serde_json::from_slice(&answer.body).map_err(|_| TokenUnavailable::Unreadable)?;
        let lifetime = Duration::from_secs(given.expires_in.min(24 * 60 * 60));
        let until = asked + lifetime - BEFORE_THE_END.min(lifetime / 5);
        Ok(Got {
            authorization: given.authorization()?,
            until,
            certificate,
        })
    }

    /// Where tokens are given.
    async fn page(&self) -> Result<WebAddress, TokenUnavailable> {
        let asked = Instant::now();
        let mut known = self.0.page.lock().await;
        let good = |page: &Page| page.at.elapsed() < PAGE_BELIEVED_FOR;
        if let Some(page) = known.present(good, asked)? {
            return Ok(page.address.clone());
        }
        let found = self.discover().await;
        Ok(known.put(found)?.address.clone())
    }

    async fn discover(&self) -> Result<Page, TokenUnavailable> {
        let pages = discover(&self.0.web, &self.0.access.issuer).await;
        let pages =
            pages.map_err(|error: IssuerError| TokenUnavailable::Away(error.to_string()))?;
        let address = pages.tokens.ok_or(TokenUnavailable::NoPage)?;
        let at = Instant::now();
        Ok(Page { address, at })
    }
}

impl<T> Tried<T> {
    /// What was got, if it is still good. A failure is that of all who asked before it, and of those who ask just after.
    fn present(
        &self,
        good: impl Fn(&T) -> bool,
        asked: Instant,
    ) -> Result<Option<&T>, TokenUnavailable> {
        match &self.0 {
            Some(Err(failure)) if failure.at >= asked || failure.at.elapsed() < TRY_AGAIN_AFTER => {
                Err(failure.why.clone())
            }
            Some(Ok(got)) if good(got) => Ok(Some(got)),
            Some(Ok(_) | Err(_)) | None => Ok(None),
        }
    }

    /// Puts down how it went.
    fn put(&mut self, got: Result<T, TokenUnavailable>) -> Result<&T, TokenUnavailable> {
        let at = Instant::now();
        let put = self.0.insert(got.map_err(|why| Failure { why, at }));
        put.as_ref().map_err(|failure| failure.why.clone())
    }
}

impl<T> Default for Tried<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl Given {
    fn authorization(&self) -> Result<MetadataValue<Ascii>, TokenUnavailable> {
        let token = self.access_token.expose_secret();
        let fits = (1..=MAX_LENGTH).contains(&token.len());
        if !fits || !self.token_type.eq_ignore_ascii_case("Bearer") {
            return Err(TokenUnavailable::Unreadable);
        }
        let written = MetadataValue::try_from(format!("Bearer {token}"));
        let mut written = written.map_err(|_| TokenUnavailable::Unreadable)?;
        written.set_sensitive(true);
        Ok(written)
    }
}

/// `client_secret_basic` (RFC 6749, 2.3.1).
fn basic(client: &str, secret: &SecretString) -> Result<HeaderValue, TokenUnavailable> {
    let written = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", written(client), written(secret.expose_secret()));
    let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
    let mut value = value.map_err(|_| TokenUnavailable::Unreadable)?;
    value.set_sensitive(true);
    Ok(value)
}

fn away(page: &WebAddress, error: &WebError) -> TokenUnavailable {
    TokenUnavailable::Away(format!("{page} {error}"))
}

/// The issuer's word for it, such as `invalid_client`, if it is one.
fn refusal(status: StatusCode, body: &[u8]) -> TokenUnavailable {
    let said = serde_json::from_slice(body).map(|refusal: Refusal| refusal.error);
    let word =
        |said: &String| said.len() <= MAX_ERROR && said.bytes().all(|byte| byte.is_ascii_graphic());
    match said.ok().filter(word) {
        Some(said) => TokenUnavailable::Refused(said),
        None => TokenUnavailable::Away(format!("it answered {}", status.as_u16())),
    }
}

#[cfg(test)]
mod tests;
