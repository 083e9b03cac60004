//! Tokens of callers, before an issuer of this machine.

use std::sync::LazyLock;
use std::time::Duration;

use huiyin_domain::time::Instant;
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::local::issuer::{self, Bearer, Issuer, Options};
use huiyin_service_kit::settings::TokenSettings;
use huiyin_service_kit::tls::Thumbprint;
use huiyin_service_kit::token::{Algorithms, Tokens, WebAddress, WithoutTls, bearer};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use tokio::runtime::Runtime;

const AUDIENCE: &str = "huiyin of huaihua";

/// The ground.
pub(crate) static GROUND: LazyLock<Ground> = LazyLock::new(Ground::new);

/// An issuer, and who checks its tokens.
pub(crate) struct Ground {
    runtime: Runtime,
    issuer: Issuer,
    tokens: Tokens,
    now: Instant,
    certificate: Thumbprint,
    _stopper: Stopper,
}

impl Ground {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let certificate = Thumbprint::of(&CertificateDer::from_slice(b"national-platform"));
        let now: Instant = "2026-03-02T01:00:00Z".parse().unwrap();
        let stopper = Stopper::new();
        let options = Options {
            port: 0,
            audience: AUDIENCE.to_owned(),
            lifetime: Duration::from_secs(300),
            clients: Vec::new(),
            keys: None,
        };
        let (issuer, tokens) = runtime.block_on(async {
            let issuer = issuer::start(options, &stopper).await.unwrap();
            let settings = TokenSettings {
                issuer: WebAddress::issuer(issuer.url(), WithoutTls::OnLoopback).unwrap(),
                audience: AUDIENCE.to_owned(),
                authorities: None,
                algorithms: Algorithms::default(),
            };
            (issuer, Tokens::start(&settings, &stopper).unwrap())
        });
        let ground = Self {
            runtime,
            issuer,
            tokens,
            now,
            certificate,
            _stopper: stopper,
        };
        // an honest token passes, and the keys are there from now on
        let token = ground.issuer.issue(&ground.bearer(), now).unwrap();
        assert!(ground.is_taken(&token), "an honest token is refused");
        ground
    }

    fn bearer(&self) -> Bearer {
        Bearer {
            client: "national-platform".to_owned(),
            certificate: self.certificate,
            organ: None,
            post: None,
        }
    }

    fn is_taken(&self, token: &str) -> bool {
        let verified = self.tokens.verify(token, Some(&self.certificate), self.now);
        self.runtime.block_on(verified).is_ok()
    }

    /// Nothing that a stranger writes is a token; what the issuer signs is one only when it is as our issuer writes tokens.
    pub(crate) fn verify(&self, data: &[u8]) {
        if let Ok(token) = bearer(data) {
            assert!(!self.is_taken(token), "a token that nobody signed is taken");
        }
        if let Ok(text) = std::str::from_utf8(data) {
            assert!(!self.is_taken(text), "a token that nobody signed is taken");
        }
        let Ok(claims) = serde_json::from_slice::<Value>(data) else {
            return;
        };
        self.signed(&claims);
        // an honest token in which something is changed
        if let (Value::Object(change), Ok(now)) = (claims, self.claims()) {
            let mut claims = now;
            claims.extend(change);
            self.signed(&Value::Object(claims));
        }
    }

    fn claims(&self) -> Result<serde_json::Map<String, Value>, Value> {
        match self.issuer.claims(&self.bearer(), self.now) {
            Value::Object(claims) => Ok(claims),
            other => Err(other),
        }
    }

    fn signed(&self, claims: &Value) {
        let token = self.issuer.signer().sign_token(claims).unwrap();
        if !self.is_taken(&token) {
            return;
        }
        // tokens of another issuer, for others or without an end are never taken, whoever signed them
        assert_eq!(
            claims.get("iss").and_then(Value::as_str),
            Some(self.issuer.url())
        );
        let audience = claims
            .get("aud")
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(audience.contains(AUDIENCE), "for {audience}");
        let end = claims
            .get("exp")
            .and_then(Value::as_f64)
            .unwrap_or_default();
        let now = self.now.timestamp();
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
        let now = now as f64;
        assert!(end > now - 120.0, "over at {end}");
    }
}
