//! Keys that are fetched: seldom, in time, and whatever the issuer does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures::future::join_all;
use http::{StatusCode, Uri, header};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::advance;

use super::super::keyring::{
    ASK_AGAIN_AFTER, BELIEVED_FOR, FETCH_WITHIN, MOST_WAITING, REFRESH_AFTER, TRY_AGAIN_AFTER,
};
use super::super::web::MAX_ANSWER;
use super::*;
use crate::local::authority::{Authority, Validity};
use crate::local::issuer::{IssuerKeys, Signer};
use crate::tls::Identity;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_key_that_rolls_over_is_taken_without_a_restart() {
    let (_still, ground) = (still(), Ground::new().await);
    let before = ground.token();
    assert_eq!(ground.verify(&before).await, Ok(speaker()));
    ground.issuer.rollover().unwrap();
    let after = ground.token();
    // the keys were fetched a moment ago
    assert_eq!(ground.verify(&after).await, Err(TokenRefused::UnknownKey));
    advance(ASK_AGAIN_AFTER).await;
    assert_eq!(ground.verify(&after).await, Ok(speaker()));
    let another_before = ground.token();
    assert_eq!(ground.verify(&before).await, Ok(speaker()));
    assert_eq!(ground.verify(&another_before).await, Ok(speaker()));
    assert_eq!(ground.issuer.key_reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_goes_with_the_key_that_signed_it() {
    let (_still, ground) = (still(), Ground::new().await);
    let token = ground.token();
    assert_eq!(ground.verify(&token).await, Ok(speaker()));
    ground.issuer.rollover().unwrap();
    ground.issuer.rollover().unwrap();
    assert_eq!(ground.verify(&token).await, Ok(speaker()), "not yet known");
    advance(REFRESH_AFTER).await;
    until(|| ground.issuer.key_reads() == 2).await;
    until(|| ground.tokens.rest()).await;
    assert_eq!(ground.verify(&ground.token()).await, Ok(speaker()));
    // although it was found good before, and is remembered
    assert_eq!(ground.verify(&token).await, Err(TokenRefused::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_again_when_they_are_old() {
    let (_still, ground) = (still(), Ground::new().await);
    assert_eq!(ground.verify(&ground.token()).await, Ok(speaker()));
    for fetched in 2..5 {
        // never sooner than four fifths of the time
        advance(REFRESH_AFTER * 4 / 5 - SECOND).await;
        assert_eq!(ground.verify(&ground.token()).await, Ok(speaker()));
        assert_eq!(ground.issuer.key_reads(), fetched - 1);
        advance(REFRESH_AFTER / 5 + SECOND).await;
        until(|| ground.issuer.key_reads() == fetched).await;
        until(|| ground.tokens.rest()).await;
        assert_eq!(ground.verify(&ground.token()).await, Ok(speaker()));
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_lead_to_one_fetch_in_ten_seconds() {
    let (_still, ground) = (still(), Ground::new().await);
    assert_eq!(ground.verify(&ground.token()).await, Ok(speaker()));
    let unknown: Vec<String> = (0..300)
        .map(|_| Signer::new().unwrap().sign_token(&ground.claims()).unwrap())
        .collect();
    let flood = async || {
        let verified = unknown.iter().map(|token| ground.verify(token));
        for verified in join_all(verified).await {
            assert_eq!(verified, Err(TokenRefused::UnknownKey));
        }
        ground.issuer.key_reads()
    };
    assert_eq!(flood().await, 1, "the keys had just been fetched");
    advance(ASK_AGAIN_AFTER - SECOND).await;
    assert_eq!(flood().await, 1);
    advance(SECOND).await;
    assert_eq!(flood().await, 2, "all at once, and for all of them");
    assert_eq!(flood().await, 2);
    advance(ASK_AGAIN_AFTER - SECOND).await;
    assert_eq!(flood().await, 2);
    advance(SECOND).await;
    assert_eq!(flood().await, 3);
    assert_eq!(ground.verify(&ground.token()).await, Ok(speaker()));
}

#[tokio::test(start_paused = true)]
async fn while_the_issuer_is_away_its_last_keys_are_believed_for_a_night() {
    let (_still, ground) = (still(), Ground::new().await);
    assert_eq!(ground.verify(&ground.token()).await, Ok(speaker()));
    ground.of_issuer.drain(SECOND).await.unwrap();
    advance(BELIEVED_FOR - SECOND).await;
    let remembered = ground.token();
    assert_eq!(ground.verify(&remembered).await, Ok(speaker()));
    advance(SECOND).await;
    let refused = Err(TokenRefused::NoKeys);
    assert_eq!(ground.verify(&ground.token()).await, refused);
    assert_eq!(
        ground.verify(&remembered).await,
        refused,
        "although it is remembered"
    );
}

/// An issuer that does what a test wants.
struct Fake {
    url: String,
    script: Arc<Script>,
}

struct Script {
    url: String,
    signer: Signer,
    does: Mutex<Does>,
    asked: AtomicUsize,
    strayed: AtomicUsize,
    go_on: Notify,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Well,
    /// Answers only when it is told to.
    Waits,
    /// Sends a body that never ends.
    Floods,
    /// Sends the head of an answer for ever.
    FloodsHead,
    Redirects,
    Fails,
    Chats,
    /// Says it is somebody else.
    IsAnother,
    /// Has its keys off this machine, without TLS.
    PointsAway,
    HasNoKeys,
}

impl Fake {
    async fn new(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Script {
            url: url.clone(),
            signer: Signer::new().unwrap(),
            does: Mutex::new(does),
            asked: AtomicUsize::new(0),
            strayed: AtomicUsize::new(0),
            go_on: Notify::new(),
        });
        let router = Router::new().fallback(page).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    fn does(&self, does: Does) {
        *self.script.does.lock().unwrap() = does;
    }

    fn asked(&self) -> usize {
        self.script.asked.load(Ordering::SeqCst)
    }

    fn tokens(&self) -> Tokens {
        Tokens::start(&settings(&self.url), &Stopper::new()).unwrap()
    }

    fn token(&self) -> String {
        let claims = json!({
            "iss": self.url, "aud": AUDIENCE, "client_id": "national-platform",
            "iat": now().timestamp(), "exp": now().timestamp() + 300,
            "jti": crate::chance::new_uuid().to_string(),
            "cnf": { "x5t#S256": ours().to_string() },
            "huiyin_organ": organ().to_string(), "huiyin_post": "duty-desk",
        });
        self.script.signer.sign_token(&claims).unwrap()
    }

    async fn verify(&self, tokens: &Tokens) -> Result<Speaker, TokenRefused> {
        tokens.verify(&self.token(), Some(&ours()), now()).await
    }
}

async fn page(State(script): State<Arc<Script>>, uri: Uri) -> Response {
    let configures = uri.path() == "/.well-known/openid-configuration";
    if configures {
        script.asked.fetch_add(1, Ordering::SeqCst);
    }
    if uri.path() == "/elsewhere" {
        script.strayed.fetch_add(1, Ordering::SeqCst);
    }
    let does = *script.does.lock().unwrap();
    if does == Does::Waits {
        script.go_on.notified().await;
    }
    let endless = || "x".repeat(MAX_ANSWER + 1);
    let url = &script.url;
    let another = json!({ "issuer": "https://issuer.example", "jwks_uri": format!("{url}/keys") });
    let away = json!({ "issuer": url, "jwks_uri": "http://192.0.2.1/keys" });
    match does {
        Does::Floods => endless().into_response(),
        Does::FloodsHead => ([(header::WARNING, endless())], "{}").into_response(),
        Does::Redirects => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        Does::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Does::Chats => "<html>welcome</html>".into_response(),
        Does::IsAnother => another.to_string().into_response(),
        Does::PointsAway => away.to_string().into_response(),
        Does::Well | Does::Waits | Does::HasNoKeys if configures => {
            json!({ "issuer": url, "jwks_uri": format!("{url}/keys") })
                .to_string()
                .into_response()
        }
        Does::HasNoKeys => json!({ "keys": [] }).to_string().into_response(),
        Does::Well | Does::Waits => json!({ "keys": [script.signer.public_key()] })
            .to_string()
            .into_response(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_answers_otherwise_has_no_keys_until_it_answers_well() {
    let _still = still();
    for does in [
        Does::Floods,
        Does::FloodsHead,
        Does::Redirects,
        Does::Fails,
        Does::Chats,
        Does::IsAnother,
        Does::PointsAway,
        Does::HasNoKeys,
    ] {
        let fake = Fake::new(does).await;
        let tokens = fake.tokens();
        let refused = fake.verify(&tokens).await;
        assert_eq!(refused, Err(TokenRefused::NoKeys), "{does:?}");
        fake.does(Does::Well);
        let refused = fake.verify(&tokens).await;
        assert_eq!(refused, Err(TokenRefused::NoKeys), "it was asked just now");
        advance(ASK_AGAIN_AFTER).await;
        assert_eq!(fake.verify(&tokens).await, Ok(speaker()), "{does:?}");
        let strayed = fake.script.strayed.load(Ordering::SeqCst);
        assert_eq!((fake.asked(), strayed), (2, 0), "{does:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_answers_otherwise_takes_no_good_key_away() {
    let _still = still();
    let fake = Fake::new(Does::Well).await;
    let tokens = fake.tokens();
    assert_eq!(fake.verify(&tokens).await, Ok(speaker()));
    fake.does(Does::HasNoKeys);
    advance(REFRESH_AFTER).await;
    until(|| fake.asked() == 2).await;
    until(|| tokens.rest()).await;
    assert_eq!(fake.verify(&tokens).await, Ok(speaker()));
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_slow_is_given_up_and_asked_again() {
    let _still = still();
    let fake = Fake::new(Does::Waits).await;
    let tokens = fake.tokens();
    let verified = async {
        until(|| fake.asked() == 1).await;
        advance(FETCH_WITHIN).await;
    };
    let (refused, ()) = tokio::join!(fake.verify(&tokens), verified);
    assert_eq!(refused, Err(TokenRefused::NoKeys));
    until(|| tokens.rest()).await;
    fake.does(Does::Well);
    // without anybody who asks for it
    advance(TRY_AGAIN_AFTER).await;
    until(|| fake.asked() == 2).await;
    assert_eq!(fake.verify(&tokens).await, Ok(speaker()));
    assert_eq!(fake.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn all_wait_for_one_fetch_and_none_ends_it_by_giving_up() {
    let _still = still();
    let fake = Fake::new(Does::Waits).await;
    let tokens = fake.tokens();
    let given_up = fake.verify(&tokens);
    {
        tokio::pin!(given_up);
        assert!(futures::poll!(&mut given_up).is_pending());
        until(|| fake.asked() == 1).await;
    }
    let waiting = join_all((0..50).map(|_| fake.verify(&tokens)));
    let answering = async {
        // both pages
        fake.script.go_on.notify_one();
        fake.does(Does::Well);
    };
    let (verified, ()) = tokio::join!(waiting, answering);
    assert!(verified.iter().all(|verified| *verified == Ok(speaker())));
    assert_eq!(fake.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_for_a_slow_issuer_than_may() {
    let _still = still();
    let fake = Fake::new(Does::Waits).await;
    let tokens = fake.tokens();
    let mut calls: Vec<_> = (0..MOST_WAITING + 10)
        .map(|_| Box::pin(fake.verify(&tokens)))
        .collect();
    let mut refused = 0;
    for call in &mut calls {
        match futures::poll!(call) {
            Poll::Pending => {}
            Poll::Ready(verified) => {
                assert_eq!(verified, Err(TokenRefused::NoKeys));
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 10);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_not_there_stops_nobody() {
    let _still = still();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let stopper = Stopper::new();
    let tokens = Tokens::start(&settings(&url), &stopper).unwrap();
    let token = Signer::new().unwrap().sign_token(&json!({})).unwrap();
    let verified = tokens.verify(&token, Some(&ours()), now()).await;
    assert_eq!(verified, Err(TokenRefused::NoKeys));
    assert_eq!(stopper.drain(SECOND).await, Ok(()));
}

#[tokio::test]
async fn by_tls_the_issuer_is_whom_its_authorities_vouch_for() {
    let folder = tempfile::tempdir().unwrap();
    let validity = Validity::from_today(1);
    let authority = || Authority::new("issuer.example".parse().unwrap(), validity).unwrap();
    let (its, another) = (authority(), authority());
    let issued = its.issue(&Identity::Caller("issuer".to_owned()), validity);
    let issued = issued.unwrap();
    let keys = IssuerKeys {
        certificate: issued.certificate,
        key: issued.key,
        authorities: its.certificate().to_owned(),
    };
    let stopper = Stopper::new();
    let options = Options {
        port: 0,
        audience: AUDIENCE.to_owned(),
        lifetime: Duration::from_mins(5),
        clients: Vec::new(),
        keys: Some(keys),
    };
    let issuer = issuer::start(options, &stopper).await.unwrap();
    assert!(issuer.url().starts_with("https://127.0.0.1:"));
    let verified = async |authorities: Option<&Authority>| {
        let file = authorities.map(|authority| {
            let file = folder.path().join("authorities.pem");
            std::fs::write(&file, authority.certificate()).unwrap();
            file
        });
        let settings = TokenSettings {
            authorities: file,
            ..settings(issuer.url())
        };
        let tokens = Tokens::start(&settings, &stopper).unwrap();
        let token = issuer.issue(&bearer(), now()).unwrap();
        tokens.verify(&token, Some(&ours()), now()).await
    };
    assert_eq!(verified(Some(&its)).await, Ok(speaker()));
    assert_eq!(verified(Some(&another)).await, Err(TokenRefused::NoKeys));
    let of_the_web = verified(None).await;
    assert_eq!(of_the_web, Err(TokenRefused::NoKeys));
    assert_eq!(issuer.key_reads(), 1);
}

#[tokio::test]
async fn authorities_that_cannot_be_read_are_told_of_at_the_start() {
    let wrong = |file: &str| {
        let settings = TokenSettings {
            authorities: Some(file.into()),
            ..settings("https://issuer.example")
        };
        let tokens = Tokens::start(&settings, &Stopper::new());
        tokens.unwrap_err().to_string()
    };
    let words = wrong("/nowhere/issuer.pem");
    let expected = "[tokens] authorities: /nowhere/issuer.pem cannot be read";
    assert!(words.starts_with(expected), "{words}");
    let words = wrong("/dev/null");
    let expected = "[tokens] authorities: /dev/null holds no certificate in PEM";
    assert_eq!(words, expected);
}
