//! Tokens got from an issuer that runs beside the test.

use futures::future::join_all;
use huiyin_domain::posts::Duty;
use tokio::time::advance;

use super::*;
use crate::clock;
use crate::lifecycle::Stopper;
use crate::local::authority::{Authority, Validity};
use crate::local::issuer::{self, Client, Issuer, IssuerKeys, Options};
use crate::settings::TokenSettings;
use crate::tls::{Identity, KeyFiles};
use crate::token::{Algorithms, Speaker, Tokens, WithoutTls};

const SECOND: Duration = Duration::from_secs(1);
const LIFETIME: Duration = Duration::from_mins(10);

fn desk(post: &str) -> SpokenFor {
    SpokenFor {
        organ: "organ_0123456789abcdef0123456789abcdef".parse().unwrap(),
        post: post.to_owned(),
    }
}

/// A platform with its certificate, and an issuer by TLS that knows it.
struct Ground {
    folder: tempfile::TempDir,
    authority: Authority,
    keys: Keys,
    issuer: Issuer,
    stopper: Stopper,
}

impl Ground {
    /// With a secret the platform is known by it, without one by its certificate.
    async fn new(secret: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let domain = "huaihua.example".parse().unwrap();
        let authority = Authority::new(domain, Validity::from_today(1)).unwrap();
        let files = files(&folder, &authority, "national-platform");
        let keys = Keys::load(files).unwrap();
        let stopper = Stopper::new();
        let of_issuer = Identity::Caller("issuer".to_owned());
        let of_issuer = authority
            .issue(&of_issuer, Validity::from_today(1))
            .unwrap();
        let options = Options {
            port: 0,
            audience: "huiyin".to_owned(),
            lifetime: LIFETIME,
            clients: vec![Client {
                id: "national-platform:1".to_owned(),
                certificate: keys.thumbprint().unwrap(),
                secret: secret.map(SecretString::from),
                scope: "register follow".to_owned(),
            }],
            keys: Some(IssuerKeys {
                certificate: of_issuer.certificate,
                key: of_issuer.key,
                authorities: authority.certificate().to_owned(),
            }),
        };
        let issuer = issuer::start(options, &stopper).await.unwrap();
        Self {
            folder,
            authority,
            keys,
            issuer,
            stopper,
        }
    }

    fn access(&self) -> Access {
        Access {
            issuer: WebAddress::issuer(self.issuer.url(), WithoutTls::Refused).unwrap(),
            authorities: Some(self.folder.path().join("authorities.pem")),
            client: "national-platform:1".to_owned(),
            secret: None,
            keys: Some(self.keys.clone()),
        }
    }
}

fn files(folder: &tempfile::TempDir, authority: &Authority, name: &str) -> KeyFiles {
    let identity = Identity::Caller(name.to_owned());
    let issued = authority.issue(&identity, Validity::from_today(1)).unwrap();
    let write = |file: &str, text: &str| {
        let path = folder.path().join(file);
        std::fs::write(&path, text).unwrap();
        path
    };
    KeyFiles {
        trust_domain: "huaihua.example".parse().unwrap(),
        certificate: write("certificate.pem", &issued.certificate),
        key: write("key.pem", &issued.key),
        authorities: write("authorities.pem", authority.certificate()),
        revoked: None,
    }
}

/// Keeps a paused clock where it is while sockets are waited for.
fn still() -> std::sync::mpsc::Sender<()> {
    let (held, holding) = std::sync::mpsc::channel();
    tokio::task::spawn_blocking(move || holding.recv());
    held
}

#[tokio::test]
async fn a_token_that_is_got_is_good() {
    let ground = Ground::new(None).await;
    let source = TokenSource::new(ground.access());
    let mut request = Request::new(());
    source
        .authorize(&mut request, &desk("duty-desk"))
        .await
        .unwrap();
    let authorization = request.metadata().get("authorization").unwrap();
    assert!(authorization.is_sensitive() && !format!("{source:?}").contains("eyJ"));
    let settings = TokenSettings {
        issuer: ground.access().issuer,
        audience: "huiyin".to_owned(),
        authorities: ground.access().authorities,
        algorithms: Algorithms::default(),
    };
    let tokens = Tokens::start(&settings, &ground.stopper).unwrap();
    let token = crate::token::bearer(authorization.as_bytes()).unwrap();
    let (presented, now) = (ground.keys.thumbprint(), clock::of_the_machine());
    let speaker = Speaker {
        client: "national-platform:1".to_owned(),
        organ: Some(desk("").organ),
        post: Some("duty-desk".to_owned()),
        duties: [Duty::Register, Duty::Follow].into(),
    };
    let verified = tokens.verify(token, presented.as_ref(), now).await;
    assert_eq!(verified, Ok(speaker));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_got_once_and_kept_until_shortly_before_it_expires() {
    let (_still, ground) = (still(), Ground::new(None).await);
    let source = TokenSource::new(ground.access());
    let (one, other) = (desk("duty-desk"), desk("head"));
    let first = source.authorization(&one).await.unwrap();
    let all = join_all((0..50).map(|_| source.authorization(&one))).await;
    assert!(all.iter().all(|again| again.as_ref() == Ok(&first)));
    assert_eq!(ground.issuer.token_requests(), 1);
    assert_ne!(source.authorization(&other).await.unwrap(), first);
    assert_eq!(ground.issuer.token_requests(), 2);
    advance(LIFETIME - BEFORE_THE_END - SECOND).await;
    assert_eq!(source.authorization(&one).await.unwrap(), first);
    advance(SECOND).await;
    // all at once, and one asks
    let all = join_all((0..50).map(|_| source.authorization(&one))).await;
    assert!(all.iter().all(|again| again == &all[0]));
    assert_ne!(all[0].as_ref().unwrap(), &first);
    assert_eq!(ground.issuer.token_requests(), 3);
}

#[tokio::test]
async fn a_secret_is_enough_if_it_is_the_right_one() {
    let ground = Ground::new(Some("a secret: 100%&=")).await;
    let got = async |secret: Option<&str>, keys: Option<Keys>| {
        let access = Access {
            secret: secret.map(SecretString::from),
            keys,
            ..ground.access()
        };
        let source = TokenSource::new(access);
        assert!(!format!("{source:?}").contains("100%"));
        source.authorization(&desk("duty-desk")).await.map(|_| ())
    };
    let refused = Err(TokenUnavailable::Refused("invalid_client".to_owned()));
    let keys = || Some(ground.keys.clone());
    assert_eq!(got(Some("a secret: 100%&="), keys()).await, Ok(()));
    assert_eq!(got(Some("a secret: 100%&="), None).await, Ok(()));
    assert_eq!(got(Some("another"), keys()).await, refused);
    assert_eq!(got(None, keys()).await, refused);
}

#[tokio::test]
async fn a_certificate_the_issuer_does_not_know_gets_no_token() {
    let ground = Ground::new(None).await;
    let got = async |keys: Option<Keys>| {
        let source = TokenSource::new(Access {
            keys,
            ..ground.access()
        });
        source.authorization(&desk("duty-desk")).await.map(|_| ())
    };
    let refused = Err(TokenUnavailable::Refused("invalid_client".to_owned()));
    let other = tempfile::tempdir().unwrap();
    let other = Keys::load(files(&other, &ground.authority, "another")).unwrap();
    assert_eq!(got(Some(other)).await, refused);
    assert_eq!(got(None).await, refused);
}

#[tokio::test]
async fn a_new_certificate_gets_a_new_token() {
    let ground = Ground::new(None).await;
    let source = TokenSource::new(ground.access());
    assert!(source.authorization(&desk("duty-desk")).await.is_ok());
    files(&ground.folder, &ground.authority, "national-platform");
    assert!(ground.keys.read_again().unwrap());
    // which this issuer does not know, but it is asked
    let refused = source.authorization(&desk("duty-desk")).await;
    assert_eq!(
        refused,
        Err(TokenUnavailable::Refused("invalid_client".to_owned()))
    );
    assert_eq!(ground.issuer.token_requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_fails_is_asked_again_after_two_seconds() {
    let (_still, ground) = (still(), Ground::new(None).await);
    let access = Access {
        client: "nobody".to_owned(),
        ..ground.access()
    };
    let source = TokenSource::new(access);
    let all = join_all((0..50).map(|_| {
        let source = source.clone();
        async move { source.authorization(&desk("duty-desk")).await.is_err() }
    }));
    assert!(all.await.into_iter().all(|refused| refused));
    assert_eq!(ground.issuer.token_requests(), 1);
    advance(TRY_AGAIN_AFTER - SECOND).await;
    assert!(source.authorization(&desk("duty-desk")).await.is_err());
    assert_eq!(ground.issuer.token_requests(), 1);
    advance(SECOND).await;
    assert!(source.authorization(&desk("duty-desk")).await.is_err());
    assert_eq!(ground.issuer.token_requests(), 2);
}

#[tokio::test]
async fn what_is_no_bearer_token_with_a_time_is_not_used() {
    let given = |text: &str| {
        let given: Result<Given, _> = serde_json::from_str(text);
        given.map_or(Err(TokenUnavailable::Unreadable), |given| {
            given.authorization()
        })
    };
    let good = r#"{"access_token":"abc","token_type":"bearer","expires_in":60}"#;
    assert_eq!(given(good).unwrap(), "Bearer abc");
    for wrong in [
        r#"{"access_token":"abc","token_type":"DPoP","expires_in":60}"#,
        r#"{"access_token":"","token_type":"Bearer","expires_in":60}"#,
        r#"{"access_token":"a\nb","token_type":"Bearer","expires_in":60}"#,
        r#"{"access_token":"abc","token_type":"Bearer"}"#,
        r#"{"token_type":"Bearer","expires_in":60}"#,
    ] {
        assert_eq!(given(wrong), Err(TokenUnavailable::Unreadable), "{wrong}");
    }
}

#[test]
fn of_a_refusal_the_word_is_repeated_and_nothing_else() {
    let refused = |body: &str| refusal(StatusCode::BAD_REQUEST, body.as_bytes());
    let word = TokenUnavailable::Refused("invalid_scope".to_owned());
    assert_eq!(
        refused(r#"{"error":"invalid_scope","error_description":"x"}"#),
        word
    );
    let none = TokenUnavailable::Away("it answered 400".to_owned());
    for body in ["", "{}", r#"{"error":"two words"}"#, r#"{"error":"a\nb"}"#] {
        assert_eq!(refused(body), none, "{body}");
    }
}
