//! What a token costs: one that is remembered against one that is checked.
#![expect(clippy::unwrap_used, reason = "a bench whose ground is missing fails")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use futures::FutureExt as _;
use huiyin_domain::time::Instant;
use huiyin_service_kit::clock;
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::local::issuer::{self, Bearer, Issuer, Options};
use huiyin_service_kit::settings::TokenSettings;
use huiyin_service_kit::tls::Thumbprint;
use huiyin_service_kit::token::{
    Algorithms, Speaker, TokenRefused, Tokens, WebAddress, WithoutTls,
};
use tokio::runtime::Runtime;

struct Ground {
    issuer: Issuer,
    tokens: Tokens,
    bearer: Bearer,
    now: Instant,
}

impl Ground {
    async fn new(stopper: &Stopper) -> Self {
        let options = Options {
            port: 0,
            audience: "huiyin".to_owned(),
            lifetime: Duration::from_mins(5),
            clients: Vec::new(),
            keys: None,
        };
        let issuer = issuer::start(options, stopper).await.unwrap();
        let settings = TokenSettings {
            issuer: WebAddress::issuer(issuer.url(), WithoutTls::OnLoopback).unwrap(),
            audience: "huiyin".to_owned(),
            authorities: None,
            algorithms: Algorithms::default(),
        };
        let tokens = Tokens::start(&settings, stopper).unwrap();
        let certificate: Thumbprint = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
            .parse()
            .unwrap();
        let bearer = Bearer {
            client: "national-platform".to_owned(),
            certificate,
            organ: "organ_0123456789abcdef0123456789abcdef".parse().ok(),
            post: Some("duty-desk".to_owned()),
        };
        let now = clock::of_the_machine();
        let ground = Self {
            issuer,
            tokens,
            bearer,
            now,
        };
        // the first one waits for the issuer's keys
        let (token, certificate) = (ground.token(), Some(&ground.bearer.certificate));
        let verified = ground.tokens.verify(&token, certificate, now);
        verified.await.unwrap();
        ground
    }

    fn token(&self) -> String {
        self.issuer.issue(&self.bearer, self.now).unwrap()
    }

    /// The keys are there, so nothing is waited for.
    fn verify(&self, token: &str) -> Result<Speaker, TokenRefused> {
        let presented = Some(&self.bearer.certificate);
        let verified = self.tokens.verify(token, presented, self.now);
        verified.now_or_never().unwrap()
    }
}

fn tokens(criterion: &mut Criterion) {
    let (runtime, stopper) = (Runtime::new().unwrap(), Stopper::new());
    let ground = runtime.block_on(Ground::new(&stopper));
    let token = ground.token();
    ground.verify(&token).unwrap();
    criterion.bench_function("a token that is remembered", |bench| {
        bench.iter(|| ground.verify(black_box(&token)).unwrap());
    });
    criterion.bench_function("a token that is seen first (ES256)", |bench| {
        let fresh = || ground.token();
        bench.iter_batched(
            fresh,
            |token| ground.verify(&token).unwrap(),
            BatchSize::SmallInput,
        );
    });
    let garbage = format!("{}A", &token[..token.len() - 1]);
    assert_eq!(ground.verify(&garbage), Err(TokenRefused::Signature));
    criterion.bench_function("a token with a wrong signature", |bench| {
        bench.iter(|| ground.verify(black_box(&garbage)));
    });
    let oversized = "x".repeat(1 << 20);
    criterion.bench_function("a megabyte that is no token", |bench| {
        bench.iter(|| ground.verify(black_box(&oversized)));
    });
    runtime
        .block_on(stopper.drain(Duration::from_secs(1)))
        .unwrap();
}

criterion_group!(benches, tokens);
criterion_main!(benches);
