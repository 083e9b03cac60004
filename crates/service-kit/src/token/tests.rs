//! Tokens of an issuer that runs beside the test, under a clock that stands still unless the test moves it.

mod fetching;
mod fuzz;
mod refusals;

use std::collections::BTreeSet;

use std::time::Duration;

use huiyin_domain::ids::OrganId;
use huiyin_domain::time::{Duration as Length, Instant};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

use super::*;
use crate::lifecycle::Stopper;
use crate::local::issuer::{self, Bearer, Issuer, Options};
use crate::settings::TokenSettings;
use crate::tls::Thumbprint;

const AUDIENCE: &str = "huiyin of huaihua";

fn now() -> Instant {
    "2026-03-02T01:00:00Z".parse().unwrap()
}

fn organ() -> OrganId {
    "organ_0123456789abcdef0123456789abcdef".parse().unwrap()
}

fn certificate(of: &str) -> Thumbprint {
    Thumbprint::of(&CertificateDer::from_slice(of.as_bytes()))
}

fn ours() -> Thumbprint {
    certificate("national-platform")
}

fn bearer() -> Bearer {
    Bearer {
        client: "national-platform".to_owned(),
        certificate: ours(),
        organ: Some(organ()),
        post: Some("duty-desk".to_owned()),
    }
}

fn speaker() -> Speaker {
    Speaker {
        client: "national-platform".to_owned(),
        organ: Some(organ()),
        post: Some("duty-desk".to_owned()),
        duties: BTreeSet::new(),
    }
}

fn settings(issuer: &str) -> TokenSettings {
    TokenSettings {
        issuer: WebAddress::issuer(issuer, WithoutTls::OnLoopback).unwrap(),
        audience: AUDIENCE.to_owned(),
        authorities: None,
        algorithms: Algorithms::default(),
    }
}

/// A running issuer, and tokens of it that are checked.
struct Ground {
    issuer: Issuer,
    tokens: Tokens,
    stopper: Stopper,
    // the issuer has one of its own, to go away
    of_issuer: Stopper,
}

impl Ground {
    async fn new() -> Self {
        Self::remembering(1000).await
    }

    async fn remembering(most: usize) -> Self {
        let (stopper, of_issuer) = (Stopper::new(), Stopper::new());
        let options = Options {
            port: 0,
            audience: AUDIENCE.to_owned(),
            lifetime: Duration::from_mins(5),
            clients: Vec::new(),
            keys: None,
        };
        let issuer = issuer::start(options, &of_issuer).await.unwrap();
        let settings = settings(issuer.url());
        let tokens = Tokens::remembering(most, &settings, &stopper).unwrap();
        Self {
            issuer,
            tokens,
            stopper,
            of_issuer,
        }
    }

    fn claims(&self) -> Value {
        self.issuer.claims(&bearer(), now())
    }

    fn token(&self) -> String {
        self.issuer.issue(&bearer(), now()).unwrap()
    }

    /// Claims other than usual, signed as usual.
    fn signed(&self, claims: &Value) -> String {
        self.issuer.signer().sign_token(claims).unwrap()
    }

    async fn verify(&self, token: &str) -> Result<Speaker, TokenRefused> {
        self.tokens.verify(token, Some(&ours()), now()).await
    }
}

/// Keeps a paused clock where it is while sockets are waited for: tokio moves it only when nothing blocks.
struct Still(#[expect(dead_code, reason = "let go of when dropped")] std::sync::mpsc::Sender<()>);

fn still() -> Still {
    let (held, holding) = std::sync::mpsc::channel();
    tokio::task::spawn_blocking(move || holding.recv());
    Still(held)
}

/// Lets everything else go on until something is so.
async fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_000_000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never was so");
}
