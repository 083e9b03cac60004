//! One POST: bounded in time and size, no redirect followed, no connection kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST, HeaderName, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use huiyin_domain::time::Instant;
use hyper::body::{Bytes, Incoming};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::address::OutwardAddress;
use super::reach::Reach;
use crate::tls::to_the_web;
use crate::token::{Web, WebError, carried};

/// How long an exchange may take, from the look-up of the name to the last byte.
pub const POST_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read before it is hung up; they are thrown away.
const READS: usize = 4096;

/// What a receiver answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status of HTTP.
    pub status: u16,
    /// After how many seconds it wants to be asked again, if it says so.
    pub retry_after: Option<u32>,
}

/// Why nobody answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutwardError {
    /// It leads where nobody is called.
    #[error("{0}")]
    NotAllowed(String),
    /// Nobody is there, or somebody who is not believed.
    #[error("is not reached: {0}")]
    NotReached(String),
    /// Not within [`POST_WITHIN`].
    #[error("took too long")]
    TookTooLong,
    /// Not in HTTP.
    #[error("did not answer in HTTP: {0}")]
    Broken(String),
}

/// Calls those outside.
#[derive(Clone, Debug)]
pub struct Outward {
    reach: Reach,
    web: Web,
}

impl Outward {
    /// Calls those that are in reach, and believes these authorities, or those of the web.
    #[must_use]
    pub const fn new(reach: Reach, authorities: Option<PathBuf>) -> Self {
        Self {
            reach,
            web: Web::new(authorities, None),
        }
    }

    /// Who is called.
    #[must_use]
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Sends a JSON body.
    ///
    /// # Errors
    /// Why there was no answer. Whatever is answered is an answer, a redirect too.
    pub async fn post(
        &self,
        address: &OutwardAddress,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: String,
        now: Instant,
    ) -> Result<Answered, OutwardError> {
        let exchange = async {
            let request = request(address, headers, body)?;
            let stream = self.connect(address).await?;
            let read = |response| async move { Ok(read(response, now).await) };
            carried(stream, request, read).await.map_err(broken)
        };
        let within = tokio::time::timeout(POST_WITHIN, exchange).await;
        within.map_err(|_| OutwardError::TookTooLong)?
    }

    /// A connection to one of the addresses that were looked at just now; a name is not looked up a second time.
    async fn connect(
        &self,
        address: &OutwardAddress,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, OutwardError> {
        let not_reached =
            |error: &dyn std::error::Error| OutwardError::NotReached(error.to_string());
        let places = address.places(&self.reach).await;
        let places = places.map_err(OutwardError::NotAllowed)?;
        let stream = TcpStream::connect(places.as_slice()).await;
        let stream = stream.map_err(|error| not_reached(&error))?;
        let roots = self.web.roots().map_err(|error| not_reached(&error))?;
        let client = to_the_web(roots, None).map_err(|error| not_reached(&error))?;
        let name = ServerName::try_from(address.host().to_owned());
        let name = name.map_err(|error| not_reached(&error))?;
        let connector = TlsConnector::from(Arc::new(client));
        let stream = connector.connect(name, stream).await;
        stream.map_err(|error| not_reached(&error))
    }
}

fn request(
    address: &OutwardAddress,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: String,
) -> Result<Request<Full<Bytes>>, OutwardError> {
    let uri = address.web().uri();
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::post(path)
        .header(HOST, host)
        .header(USER_AGENT, "huiyin")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(body));
    let mut request = request.map_err(|error| OutwardError::Broken(error.to_string()))?;
    request.headers_mut().extend(headers);
    Ok(request)
}

async fn read(response: Response<Incoming>, now: Instant) -> Answered {
    let status = response.status().as_u16();
    let wanted = response.headers().get(RETRY_AFTER);
    let retry_after = wanted
        .and_then(|wanted| wanted.to_str().ok())
        .and_then(|wanted| seconds(wanted, now));
    // whoever is read to its end is not cut off; the bytes themselves are nobody's concern
    let _thrown_away = Limited::new(response.into_body(), READS).collect().await;
    Answered {
        status,
        retry_after,
    }
}

/// Seconds, or a date of HTTP.
fn seconds(wanted: &str, now: Instant) -> Option<u32> {
    wanted.parse().ok().or_else(|| {
        let at = chrono::DateTime::parse_from_rfc2822(wanted).ok()?;
        let left = at.signed_duration_since(now).num_seconds();
        u32::try_from(left.max(0)).ok()
    })
}

fn broken(error: WebError) -> OutwardError {
    match error {
        WebError::TookTooLong => OutwardError::TookTooLong,
        other => OutwardError::Broken(other.to_string()),
    }
}
