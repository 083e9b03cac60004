//! The pages of the issuer: its configuration, its keys, and where tokens are given.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::door::Shown;
use super::{Bearer, Client, Issuer};
use crate::clock;

/// An error of RFC 6749, 5.2.
type Refused = (StatusCode, &'static str);

const UNKNOWN: Refused = (StatusCode::UNAUTHORIZED, "invalid_client");
const WRONG: Refused = (StatusCode::BAD_REQUEST, "invalid_request");
const OTHER_GRANT: Refused = (StatusCode::BAD_REQUEST, "unsupported_grant_type");
const NOT_SIGNED: Refused = (StatusCode::INTERNAL_SERVER_ERROR, "server_error");

pub(super) fn router(issuer: Issuer) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(configuration))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .with_state(issuer)
}

async fn configuration(State(issuer): State<Issuer>) -> Response {
    let url = issuer.url();
    let page = json!({
        "issuer": url,
        "jwks_uri": format!("{url}/keys"),
        "token_endpoint": format!("{url}/token"),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["tls_client_auth", "client_secret_basic"],
        "tls_client_certificate_bound_access_tokens": true,
    });
    json(StatusCode::OK, &page)
}

async fn keys(State(issuer): State<Issuer>) -> Response {
    issuer.0.key_reads.fetch_add(1, Ordering::Relaxed);
    json(StatusCode::OK, &issuer.key_set())
}

async fn token(
    State(issuer): State<Issuer>,
    Extension(shown): Extension<Shown>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    issuer.0.token_requests.fetch_add(1, Ordering::Relaxed);
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    match given(&issuer, shown, &headers, &form) {
        Ok(token) => {
            let answer = json!({
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": issuer.0.options.lifetime.as_secs(),
            });
            json(StatusCode::OK, &answer)
        }
        Err((status, error)) => json(status, &json!({ "error": error })),
    }
}

/// The token, if the client is known and asks as it should.
fn given(
    issuer: &Issuer,
    shown: Shown,
    headers: &HeaderMap,
    form: &HashMap<String, String>,
) -> Result<String, Refused> {
    if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
        return Err(OTHER_GRANT);
    }
    let client = client(issuer, shown, headers, form).ok_or(UNKNOWN)?;
    let organ = form.get("huiyin_organ").map(|organ| organ.parse());
    let bearer = Bearer {
        client: client.id.clone(),
        certificate: client.certificate,
        organ: organ.transpose().map_err(|_| WRONG)?,
        post: form.get("huiyin_post").cloned(),
    };
    let token = issuer.issue(&bearer, clock::of_the_machine());
    token.map_err(|_| NOT_SIGNED)
}

/// Who asks, known by its secret if it has one, by its certificate otherwise. A certificate that is shown is the client's own.
fn client<'a>(
    issuer: &'a Issuer,
    shown: Shown,
    headers: &HeaderMap,
    form: &HashMap<String, String>,
) -> Option<&'a Client> {
    let (id, secret) = match basic(headers) {
        Some((id, secret)) => (id, Some(secret)),
        None => (form.get("client_id")?.clone(), None),
    };
    let mut clients = issuer.0.options.clients.iter();
    let client = clients.find(|client| client.id == id)?;
    let knows = match (&client.secret, secret) {
        (Some(known), Some(given)) => same(known.expose_secret(), &given),
        (Some(_), None) => false,
        (None, Some(_) | None) => shown.0.is_some(),
    };
    let shows = shown.0.is_none_or(|shown| shown == client.certificate);
    (knows && shows).then_some(client)
}

/// Name and secret of `client_secret_basic` (RFC 6749, 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let written = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let encoded = written.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((plain(id), plain(secret)))
}

/// A text as it was before it was written into a form.
fn plain(encoded: &str) -> String {
    form_urlencoded::parse(encoded.as_bytes())
        .map(|(text, _)| text.into_owned())
        .collect()
}

fn same(one: &str, other: &str) -> bool {
    let (one, other) = (Sha256::digest(one), Sha256::digest(other));
    one.as_slice().ct_eq(other.as_slice()).into()
}

fn json(status: StatusCode, page: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, page.to_string()).into_response()
}
