//! A small issuer of tokens on the loopback address, for development and tests: it stands in for that of a province or a nation.
//!
//! It knows its clients by the certificate they show (RFC 8705) or by a secret, takes their word for the organ and post they speak
//! for, and binds each token to the client's certificate. Without keys of its own it speaks HTTP, which only the development profile
//! believes.

mod door;
mod pages;
mod signer;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use huiyin_domain::ids::OrganId;
use huiyin_domain::time::{Duration as Length, Instant};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::chance;
use crate::lifecycle::Stopper;
use crate::local::LocalError;
use crate::tls::Thumbprint;

pub use signer::{CannotSign, Signer};

/// What an issuer is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Whom its tokens are for.
    pub audience: String,
    /// How long a token lives.
    pub lifetime: Duration,
    /// Who may ask for tokens.
    pub clients: Vec<Client>,
    /// Its certificate and key; none speaks HTTP.
    pub keys: Option<IssuerKeys>,
}

/// A system that may ask for tokens.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// The certificate its tokens are bound to, and by which it is known where it has no secret.
    pub certificate: Thumbprint,
    /// Its secret; none when its certificate is enough.
    pub secret: Option<SecretString>,
    /// The `scope` of its tokens: what it may do when it speaks for itself.
    pub scope: String,
}

/// The keys of an issuer that is reached by TLS, PEM each.
#[derive(Clone)]
pub struct IssuerKeys {
    /// Its certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
    /// Who issues the certificates of its clients.
    pub authorities: String,
}

/// An issuer that runs.
#[derive(Clone, Debug)]
pub struct Issuer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: String,
    options: Options,
    signers: RwLock<Signers>,
    key_reads: AtomicU64,
    token_requests: AtomicU64,
}

/// The key that signs, and the one that signed before, which is still published for the tokens that are out.
#[derive(Debug)]
struct Signers {
    present: Arc<Signer>,
    former: Option<Arc<Signer>>,
}

/// Whom a token is for.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The calling system.
    pub client: String,
    /// The certificate it is bound to.
    pub certificate: Thumbprint,
    /// The organ it speaks for; none when it speaks for itself.
    pub organ: Option<OrganId>,
    /// The post of that organ.
    pub post: Option<String>,
}

impl std::fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuerKeys").finish_non_exhaustive()
    }
}

/// Starts an issuer with a new key, which runs until the process stops.
///
/// # Errors
/// When its port is taken, or its keys cannot be used.
pub async fn start(options: Options, stopper: &Stopper) -> Result<Issuer, LocalError> {
    let acceptor = options.keys.as_ref().map(door::acceptor).transpose()?;
    let listener = TcpListener::bind(("127.0.0.1", options.port))
        .await
        .map_err(LocalError::io("the issuer cannot listen"))?;
    let address = listener
        .local_addr()
        .map_err(LocalError::io("the issuer cannot listen"))?;
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    let present = Arc::new(Signer::new().map_err(|_| LocalError::Failed {
        program: "the issuer".to_owned(),
        words: "no key could be made".to_owned(),
    })?);
    let issuer = Issuer(Arc::new(Inner {
        url: format!("{scheme}://{address}"),
        options,
        signers: RwLock::new(Signers {
            present,
            former: None,
        }),
        key_reads: AtomicU64::new(0),
        token_requests: AtomicU64::new(0),
    }));
    let router = pages::router(issuer.clone());
    let serving = door::serve(listener, acceptor, router, stopper.clone());
    stopper.spawn("the issuer", serving);
    Ok(issuer)
}

impl Issuer {
    /// Its `iss`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Signs by a new key from now on. The key before stays published; the one before that goes.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn rollover(&self) -> Result<(), CannotSign> {
        let fresh = Arc::new(Signer::new()?);
        let mut signers = self
            .0
            .signers
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        signers.former = Some(std::mem::replace(&mut signers.present, fresh));
        Ok(())
    }

    /// The key that signs now.
    #[must_use]
    pub fn signer(&self) -> Arc<Signer> {
        Arc::clone(&self.signers().present)
    }

    /// A token as of `now`.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn issue(&self, bearer: &Bearer, now: Instant) -> Result<String, CannotSign> {
        self.signer().sign_token(&self.claims(bearer, now))
    }

    /// What a token says.
    #[must_use]
    pub fn claims(&self, bearer: &Bearer, now: Instant) -> Value {
        let lifetime = Length::from_std(self.0.options.lifetime).unwrap_or_default();
        let mut claims = json!({
            "iss": self.0.url,
            "aud": self.0.options.audience,
            "sub": bearer.client,
            "client_id": bearer.client,
            "iat": now.timestamp(),
            "exp": (now + lifetime).timestamp(),
            "jti": chance::new_uuid().simple().to_string(),
            "cnf": { "x5t#S256": bearer.certificate.to_string() },
        });
        let mut clients = self.0.options.clients.iter();
        if let Some(client) = clients.find(|client| client.id == bearer.client) {
            claims["scope"] = json!(client.scope);
        }
        if let Some(organ) = bearer.organ {
            claims["huiyin_organ"] = json!(organ.to_string());
        }
        if let Some(post) = &bearer.post {
            claims["huiyin_post"] = json!(post);
        }
        claims
    }

    /// The keys it publishes.
    #[must_use]
    pub fn key_set(&self) -> Value {
        let signers = self.signers();
        let former = signers.former.as_ref();
        let keys: Vec<Value> = std::iter::once(&signers.present)
            .chain(former)
            .map(|signer| signer.public_key())
            .collect();
        json!({ "keys": keys })
    }

    /// How often its keys were read.
    #[must_use]
    pub fn key_reads(&self) -> u64 {
        self.0.key_reads.load(Ordering::Relaxed)
    }

    /// How often it was asked for a token.
    #[must_use]
    pub fn token_requests(&self) -> u64 {
        self.0.token_requests.load(Ordering::Relaxed)
    }

    fn signers(&self) -> std::sync::RwLockReadGuard<'_, Signers> {
        self.0
            .signers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
