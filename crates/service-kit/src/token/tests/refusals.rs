//! Every check, each failed alone.

use crate::status::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use huiyin_domain::posts::Duty;
use ring::hmac;

use super::*;
use crate::local::issuer::Signer;

fn part(text: &str) -> String {
    BASE64.encode(text)
}

/// Usual claims with one of them otherwise; `null` leaves it out.
fn with(ground: &Ground, claim: &str, value: Value) -> String {
    let mut claims = ground.claims();
    let claims_written = claims.as_object_mut().unwrap();
    if value.is_null() {
        claims_written.remove(claim);
    } else {
        claims_written.insert(claim.to_owned(), value);
    }
    ground.signed(&claims)
}

/// A usual token with something of its header otherwise; `null` leaves it out.
fn headed(ground: &Ground, name: &str, value: Value) -> String {
    let signer = ground.issuer.signer();
    let mut header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": signer.kid() });
    let header_written = header.as_object_mut().unwrap();
    if value.is_null() {
        header_written.remove(name);
    } else {
        header_written.insert(name.to_owned(), value);
    }
    signer.sign(&header, &ground.claims()).unwrap()
}

/// Usual tokens, each with this one of its claims otherwise, all refused for the same.
async fn claims_refused(ground: &Ground, expected: TokenRefused, rows: &[(&str, Value)]) {
    for (claim, value) in rows {
        let verified = ground.verify(&with(ground, claim, value.clone())).await;
        assert_eq!(verified, Err(expected), "{claim}: {value}");
    }
}

/// Usual tokens, each with this of its header otherwise, all refused for the same.
async fn headers_refused(ground: &Ground, expected: TokenRefused, rows: &[(&str, Value)]) {
    for (name, value) in rows {
        let verified = ground.verify(&headed(ground, name, value.clone())).await;
        assert_eq!(verified, Err(expected), "{name}: {value}");
    }
}

/// Whatever texts, all refused for the same.
async fn texts_refused(ground: &Ground, expected: TokenRefused, rows: &[(&str, String)]) {
    for (what, text) in rows {
        assert_eq!(ground.verify(text).await, Err(expected), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_says_who_speaks() {
    let (_still, ground) = (still(), Ground::new().await);
    assert_eq!(ground.verify(&ground.token()).await, Ok(speaker()));
    let mut claims = ground.claims();
    claims["aud"] = json!(["another", AUDIENCE]);
    claims["nbf"] = json!(now().timestamp() as f64 + 0.5);
    claims["azp"] = claims["client_id"].take();
    claims["scope"] = json!("openid follow handle sealed");
    for name in ["client_id", "huiyin_organ", "huiyin_post"] {
        claims.as_object_mut().unwrap().remove(name);
    }
    let itself = Speaker {
        client: "national-platform".to_owned(),
        organ: None,
        post: None,
        // what a system may never be there for by itself, and words for others, are left out
        duties: [Duty::Follow].into(),
    };
    assert_eq!(ground.verify(&ground.signed(&claims)).await, Ok(itself));
    for typ in ["JWT", "jwt", "application/at+jwt"] {
        let token = headed(&ground, "typ", json!(typ));
        assert_eq!(ground.verify(&token).await, Ok(speaker()), "{typ}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_issuer_says_or_says_to_another_is_not_believed() {
    let (_still, ground) = (still(), Ground::new().await);
    let with_a_slash = format!("{}/", ground.issuer.url());
    let issuers = [
        ("iss", json!("https://issuer.example")),
        ("iss", json!(with_a_slash)),
        ("iss", json!([ground.issuer.url()])),
        ("iss", Value::Null),
    ];
    claims_refused(&ground, TokenRefused::Issuer, &issuers).await;
    let audiences = [
        ("aud", json!("another")),
        ("aud", json!(["another", 7])),
        ("aud", json!([[AUDIENCE]])),
        ("aud", json!([])),
        ("aud", Value::Null),
    ];
    claims_refused(&ground, TokenRefused::Audience, &audiences).await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_sign_by_the_issuers_key_is_not_believed() {
    let (_still, ground) = (still(), Ground::new().await);
    let stranger = Signer::new().unwrap();
    let claims = ground.claims();
    let header = |kid: &str| json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid });
    let known = header(ground.issuer.signer().kid());
    let by_the_name_of_another = stranger.sign(&known, &claims).unwrap();
    let signed = ground.verify(&by_the_name_of_another).await;
    assert_eq!(signed, Err(TokenRefused::Signature));
    let mut carrying = header(stranger.kid());
    carrying["jwk"] = stranger.public_key();
    let rows = [
        ("a stranger", stranger.sign_token(&claims).unwrap()),
        ("its own key", stranger.sign(&carrying, &claims).unwrap()),
        ("no name", headed(&ground, "kid", Value::Null)),
    ];
    texts_refused(&ground, TokenRefused::UnknownKey, &rows).await;
}

#[tokio::test(start_paused = true)]
async fn only_what_the_settings_allow_signs() {
    let (_still, ground) = (still(), Ground::new().await);
    let algorithms = [
        ("alg", json!("none")),
        ("alg", json!("None")),
        ("alg", json!("")),
        ("alg", json!("RS256")),
        ("alg", json!("PS256")),
        ("alg", json!("ES512")),
    ];
    headers_refused(&ground, TokenRefused::Algorithm, &algorithms).await;
    let unfit = [("alg", json!("ES384")), ("alg", json!("EdDSA"))];
    headers_refused(&ground, TokenRefused::UnfitKey, &unfit).await;
    let types = [
        ("typ", json!("JOSE")),
        ("typ", json!("")),
        ("typ", Value::Null),
    ];
    headers_refused(&ground, TokenRefused::Type, &types).await;
    let demands = [("crit", json!(["b64"])), ("crit", json!([]))];
    headers_refused(&ground, TokenRefused::Critical, &demands).await;
    let mut settings = settings(ground.issuer.url());
    settings.algorithms = "RS256".parse().unwrap();
    let only_rsa = Tokens::start(&settings, &ground.stopper).unwrap();
    let (token, ours) = (ground.token(), ours());
    let verified = only_rsa.verify(&token, Some(&ours), now()).await;
    assert_eq!(verified, Err(TokenRefused::Algorithm));
}

#[tokio::test(start_paused = true)]
async fn a_published_key_is_no_secret_and_nothing_is_no_signature() {
    let (_still, ground) = (still(), Ground::new().await);
    let signer = ground.issuer.signer();
    let unsigned = |alg: &str| {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": signer.kid() }).to_string();
        format!("{}.{}", part(&header), part(&ground.claims().to_string()))
    };
    let by_secret = |secret: &[u8]| {
        let signed = unsigned("HS256");
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let signature = BASE64.encode(hmac::sign(&secret, signed.as_bytes()));
        format!("{signed}.{signature}")
    };
    let public = signer.public_key();
    let coordinates = ["x", "y"].map(|name| BASE64.decode(public[name].as_str().unwrap()));
    let point: Vec<u8> = coordinates.into_iter().flat_map(Result::unwrap).collect();
    let rows = [
        ("none", format!("{}.", unsigned("none"))),
        ("as published", by_secret(public.to_string().as_bytes())),
        ("its point", by_secret(&point)),
        ("its point as written", by_secret(&[&[4], &*point].concat())),
    ];
    texts_refused(&ground, TokenRefused::Algorithm, &rows).await;
    let nothing = format!("{}.", unsigned("ES256"));
    let zeros = format!("{nothing}{}", BASE64.encode([0; 64]));
    let rows = [("no signature", nothing), ("zeros", zeros)];
    texts_refused(&ground, TokenRefused::Signature, &rows).await;
}

/// A usual token that was issued and ends so many seconds from now.
fn lasting(ground: &Ground, from: i64, until: i64) -> String {
    let mut claims = ground.claims();
    claims["iat"] = at(from);
    claims["exp"] = at(until);
    ground.signed(&claims)
}

fn at(seconds: i64) -> Value {
    json!(now().timestamp() + seconds)
}

#[tokio::test(start_paused = true)]
async fn a_token_has_its_time() {
    let (_still, ground) = (still(), Ground::new().await);
    for (what, token) in [
        ("just not expired", lasting(&ground, -3599, -59)),
        ("just issued", lasting(&ground, 60, 120)),
        ("as long as may be", lasting(&ground, -60, 3540)),
        ("just begun", with(&ground, "nbf", at(60))),
    ] {
        assert_eq!(ground.verify(&token).await, Ok(speaker()), "{what}");
    }
    let expired = [("expired", lasting(&ground, -3600, -60))];
    texts_refused(&ground, TokenRefused::Expired, &expired).await;
    let not_yet = [
        ("not issued", lasting(&ground, 61, 120)),
        ("not begun", with(&ground, "nbf", at(61))),
    ];
    texts_refused(&ground, TokenRefused::NotYet, &not_yet).await;
    let long = [("an hour and a second", lasting(&ground, -60, 3541))];
    texts_refused(&ground, TokenRefused::TooLongLived, &long).await;
    let backwards = [("no time at all", lasting(&ground, -60, -60))];
    let claim = TokenRefused::Claim { claim: "exp" };
    texts_refused(&ground, claim, &backwards).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_says_what_it_must() {
    let (_still, ground) = (still(), Ground::new().await);
    let (long, matter) = ("x".repeat(256), "matter_0123456789abcdef0123456789abcdef");
    for (claim, wrong) in [
        (
            "exp",
            vec![Value::Null, json!("soon"), json!(-1), json!(1e300)],
        ),
        ("iat", vec![Value::Null, json!("now"), json!(true)]),
        ("nbf", vec![json!("now"), json!([1])]),
        (
            "jti",
            vec![Value::Null, json!(""), json!(7), json!("a\nb"), json!(long)],
        ),
        (
            "client_id",
            vec![Value::Null, json!(""), json!(7), json!("a b")],
        ),
        (
            "huiyin_organ",
            vec![Value::Null, json!("Huaihua"), json!(matter)],
        ),
        ("huiyin_post", vec![json!(""), json!("a/b"), json!("..")]),
    ] {
        let rows: Vec<_> = wrong.into_iter().map(|value| (claim, value)).collect();
        claims_refused(&ground, TokenRefused::Claim { claim }, &rows).await;
    }
    let unbound = [
        ("cnf", Value::Null),
        ("cnf", json!({})),
        ("cnf", json!({ "jkt": "x" })),
        ("cnf", json!(ours().to_string())),
    ];
    claims_refused(&ground, TokenRefused::NotBound, &unbound).await;
    let half = [("cnf", json!({ "x5t#S256": "AAAA" }))];
    let claim = TokenRefused::Claim { claim: "cnf" };
    claims_refused(&ground, claim, &half).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_token_is_not_looked_at() {
    let (_still, ground) = (still(), Ground::new().await);
    let good = ground.token();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let headed_by = |header: &str| format!("{}.{claims}.{signature}", part(header));
    let saying_alg_twice = r#"{"alg":"none","alg":"ES256","typ":"JWT","kid":"x"}"#;
    let rows = [
        ("nothing", String::new()),
        ("one part", header.to_owned()),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{good}.{signature}")),
        ("five parts, encrypted", format!("{good}.{header}.{claims}")),
        ("a header of no JSON", headed_by("alg=ES256")),
        ("a header that is a list", headed_by("[]")),
        ("a header without alg", headed_by("{}")),
        ("a header with two", headed_by(saying_alg_twice)),
        ("padding", format!("{good}=")),
        ("ordinary base64", good.replacen('e', "+", 1)),
        ("a blank", format!("{good} ")),
        ("no ASCII", format!("{good}访")),
    ];
    texts_refused(&ground, TokenRefused::Unreadable, &rows).await;
    assert_eq!(ground.verify(&good).await, Ok(speaker()));
}

#[tokio::test(start_paused = true)]
async fn also_what_the_issuer_signs_must_be_claims() {
    let (_still, ground) = (still(), Ground::new().await);
    let (signer, good) = (ground.issuer.signer(), ground.token());
    let (header, _) = good.split_once('.').unwrap();
    let signed = |claims: &str| signer.sign_text(&format!("{header}.{}", part(claims)));
    let usual = ground.claims().to_string();
    let twice = usual.replacen('{', r#"{"jti":"first","#, 1);
    let rows = [
        ("no JSON", signed("iss").unwrap()),
        ("a list", signed("[]").unwrap()),
        ("one claim twice", signed(&twice).unwrap()),
        (
            "something after them",
            signed(&format!("{usual}{{}}")).unwrap(),
        ),
    ];
    texts_refused(&ground, TokenRefused::Unreadable, &rows).await;
    assert!(ground.verify(&signed(&usual).unwrap()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_is_not_looked_at() {
    let (_still, ground) = (still(), Ground::new().await);
    let mut claims = ground.claims();
    claims["padding"] = json!("");
    let short = ground.signed(&claims).len();
    // three letters of a claim are four of a token
    let fits = (MAX_LENGTH - short) / 4 * 3;
    claims["padding"] = json!("x".repeat(fits));
    let as_long_as_may_be = ground.signed(&claims);
    assert!((MAX_LENGTH - 4..=MAX_LENGTH).contains(&as_long_as_may_be.len()));
    assert_eq!(ground.verify(&as_long_as_may_be).await, Ok(speaker()));
    claims["padding"] = json!("x".repeat(fits + 6));
    let rows = [
        ("a good token", ground.signed(&claims)),
        ("dots", ".".repeat(MAX_LENGTH + 1)),
    ];
    texts_refused(&ground, TokenRefused::TooLong, &rows).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_is_that_of_its_certificate() {
    let (_still, ground) = (still(), Ground::new().await);
    let token = ground.token();
    let other = certificate("another-platform");
    let verify =
        async |presented: Option<&Thumbprint>| ground.tokens.verify(&token, presented, now()).await;
    let refused = Err(TokenRefused::OtherCertificate);
    assert_eq!(verify(Some(&other)).await, refused);
    assert_eq!(verify(None).await, refused, "without TLS there is none");
    assert_eq!(verify(Some(&ours())).await, Ok(speaker()));
    // also when it is remembered
    assert_eq!(verify(Some(&other)).await, refused);
    assert_eq!(verify(None).await, refused);
}

#[tokio::test(start_paused = true)]
async fn an_id_serves_one_token_and_one_certificate() {
    let (_still, ground) = (still(), Ground::new().await);
    let mut claims = ground.claims();
    let first = ground.signed(&claims);
    assert_eq!(ground.verify(&first).await, Ok(speaker()));
    claims["huiyin_post"] = json!("head");
    let other_content = ground.signed(&claims);
    assert_eq!(
        ground.verify(&other_content).await,
        Err(TokenRefused::Replayed)
    );
    // signed anew, the same claims are another token
    claims["huiyin_post"] = json!("duty-desk");
    let signed_again = ground.signed(&claims);
    assert_ne!(signed_again, first);
    assert_eq!(
        ground.verify(&signed_again).await,
        Err(TokenRefused::Replayed)
    );
    let other = certificate("another-platform");
    claims["cnf"]["x5t#S256"] = json!(other.to_string());
    let other_bound = ground.signed(&claims);
    let verified = ground
        .tokens
        .verify(&other_bound, Some(&other), now())
        .await;
    assert_eq!(verified, Err(TokenRefused::Replayed));
    assert_eq!(
        ground.verify(&first).await,
        Ok(speaker()),
        "the first goes on"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_refused_binds_no_id() {
    let (_still, ground) = (still(), Ground::new().await);
    let mut claims = ground.claims();
    let good = ground.signed(&claims);
    claims["cnf"]["x5t#S256"] = json!(certificate("another-platform").to_string());
    let refused = ground.verify(&ground.signed(&claims)).await;
    assert_eq!(refused, Err(TokenRefused::OtherCertificate));
    assert_eq!(ground.verify(&good).await, Ok(speaker()));
}

#[tokio::test(start_paused = true)]
async fn an_id_is_free_again_when_its_token_has_expired() {
    let (_still, ground) = (still(), Ground::new().await);
    let mut claims = ground.claims();
    assert_eq!(ground.verify(&ground.signed(&claims)).await, Ok(speaker()));
    // five minutes, and the minute by which clocks may differ
    let later = now() + Length::minutes(6);
    claims["iat"] = json!(later.timestamp());
    claims["exp"] = json!((later + Length::minutes(5)).timestamp());
    let next = ground.signed(&claims);
    let verify = async |at: Instant| ground.tokens.verify(&next, Some(&ours()), at).await;
    let before = later - Length::seconds(1);
    assert_eq!(verify(before).await, Err(TokenRefused::Replayed));
    assert_eq!(verify(later).await, Ok(speaker()));
}

#[tokio::test(start_paused = true)]
async fn a_remembered_token_expires_like_any_other() {
    let (_still, ground) = (still(), Ground::new().await);
    let token = ground.token();
    let verify = async |at: Instant| ground.tokens.verify(&token, Some(&ours()), at).await;
    let end = now() + Length::minutes(6);
    assert_eq!(verify(now()).await, Ok(speaker()));
    assert_eq!(verify(end - Length::seconds(1)).await, Ok(speaker()));
    assert_eq!(verify(end).await, Err(TokenRefused::Expired));
    let long_before = now() - Length::minutes(2);
    assert_eq!(verify(long_before).await, Err(TokenRefused::NotYet));
}

#[tokio::test(start_paused = true)]
async fn no_more_is_remembered_than_there_is_place_for() {
    let (_still, ground) = (still(), Ground::remembering(8).await);
    let tokens: Vec<String> = (0..100).map(|_| ground.token()).collect();
    for token in &tokens {
        assert_eq!(ground.verify(token).await, Ok(speaker()));
    }
    assert_eq!(ground.tokens.remembered(), (8, 8));
    assert_eq!(
        ground.verify(&tokens[0]).await,
        Ok(speaker()),
        "forgotten, so checked again"
    );
    // what was never good takes no place
    let others = Ground::remembering(8).await;
    for _ in 0..100 {
        let stranger = Signer::new().unwrap();
        let token = stranger.sign_token(&others.claims()).unwrap();
        assert_eq!(others.verify(&token).await, Err(TokenRefused::UnknownKey));
    }
    assert_eq!(others.tokens.remembered(), (0, 0));
}

#[test]
fn authorization_is_bearer_and_a_token() {
    for good in ["Bearer abc", "bearer abc", "BEARER abc"] {
        assert_eq!(bearer_of(good.as_bytes()), Ok("abc"));
    }
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        "Bearerabc",
        "DPoP abc",
    ] {
        assert_eq!(bearer_of(wrong.as_bytes()), Err(TokenRefused::NotBearer));
    }
    assert_eq!(bearer_of(b"Bearer \xff"), Err(TokenRefused::NotBearer));
}

fn bearer_of(authorization: &[u8]) -> Result<&str, TokenRefused> {
    super::super::bearer(authorization)
}

#[test]
fn a_caller_learns_the_kind_of_a_refusal_and_no_more() {
    let status = |refused: TokenRefused| {
        let status = tonic::Status::from(Problem::TokenRefused(refused));
        assert_eq!(status.code(), tonic::Code::Unauthenticated);
        status.message().to_owned()
    };
    let words = "the token is not believed here";
    for refused in [
        TokenRefused::Algorithm,
        TokenRefused::UnknownKey,
        TokenRefused::UnfitKey,
        TokenRefused::Signature,
        TokenRefused::Issuer,
        TokenRefused::Audience,
    ] {
        assert_eq!(status(refused), words);
    }
    let incomplete = status(TokenRefused::Claim { claim: "jti" });
    assert_eq!(incomplete, status(TokenRefused::NotBound));
    assert!(!incomplete.contains("jti"), "{incomplete}");
}
