//! One exchange with a page of an issuer: bounded in time and size, no redirect followed, no connection kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::address::WebAddress;
use crate::tls::{Keys, to_the_web};

/// How long an exchange may take, from the look-up of the name to the last byte.
pub(super) const EXCHANGE_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of the largest answer taken.
pub(super) const MAX_ANSWER: usize = 256 * 1024;
/// Bytes of the largest head of an answer taken, and how many headers it may have.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// Whom to believe when pages of the web are read, and what to show of ourselves.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    authorities: Option<PathBuf>,
    shown: Option<Keys>,
}

/// What a page answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// Why a page was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebError {
    /// The file of authorities cannot be used.
    #[error("{path} {wrong}")]
    Authorities {
        /// The file.
        path: String,
        /// What is wrong with it.
        wrong: String,
    },
    /// Nobody answers there, or somebody who is not believed.
    #[error("is not reached: {0}")]
    NotReached(String),
    /// An address without TLS led off this machine.
    #[error("is not on this machine, which an address without TLS must be")]
    NotLoopback,
    /// Not within [`EXCHANGE_WITHIN`].
    #[error("took too long")]
    TookTooLong,
    /// More than [`MAX_ANSWER`].
    #[error("answered too much")]
    TooMuch,
    /// Not in HTTP.
    #[error("did not answer in HTTP: {0}")]
    Broken(String),
    /// With something else than success; redirects are not followed.
    #[error("answered {0}")]
    Answered(u16),
}

impl Web {
    /// Believes the authorities in this file, or those of the web, and shows these keys.
    pub(crate) const fn new(authorities: Option<PathBuf>, shown: Option<Keys>) -> Self {
        Self { authorities, shown }
    }

    /// The authorities, read anew: their file may be replaced while we run.
    pub(crate) fn roots(&self) -> Result<RootCertStore, WebError> {
        self.authorities.as_deref().map_or_else(
            || {
                let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
                Ok(RootCertStore { roots })
            },
            roots_in,
        )
    }

    /// Reads a page.
    pub(crate) async fn get(&self, address: &WebAddress) -> Result<Answer, WebError> {
        let request = request(Method::GET, address)?;
        self.exchange(address, request).await
    }

    /// Sends a form.
    pub(crate) async fn post(
        &self,
        address: &WebAddress,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<Answer, WebError> {
        let mut request = request(Method::POST, address)?;
        let headers = request.headers_mut();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, kind);
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        *request.body_mut() = Full::from(form);
        self.exchange(address, request).await
    }

    async fn exchange(
        &self,
        address: &WebAddress,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, WebError> {
        let exchanged = self.connect_and_exchange(address, request);
        let within = tokio::time::timeout(EXCHANGE_WITHIN, exchanged).await;
        within.map_err(|_| WebError::TookTooLong)?
    }

    async fn connect_and_exchange(
        &self,
        address: &WebAddress,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, WebError> {
        let not_reached = |error: std::io::Error| WebError::NotReached(error.to_string());
        let (host, port) = address.host_and_port();
        let stream = TcpStream::connect((host, port)).await;
        let stream = stream.map_err(not_reached)?;
        if !address.is_closed() {
            let peer = stream.peer_addr().map_err(not_reached)?;
            return if peer.ip().is_loopback() {
                answer(stream, request).await
            } else {
                Err(WebError::NotLoopback)
            };
        }
        let client = to_the_web(self.roots()?, self.shown.as_ref())
            .map_err(|error| WebError::NotReached(error.to_string()))?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| WebError::NotReached(error.to_string()))?;
        let connector = TlsConnector::from(std::sync::Arc::new(client));
        let stream = connector.connect(name, stream).await;
        answer(stream.map_err(not_reached)?, request).await
    }
}

fn request(method: Method, address: &WebAddress) -> Result<Request<Full<Bytes>>, WebError> {
    let broken = |error: http::Error| WebError::Broken(error.to_string());
    let uri = address.uri();
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::builder().method(method).uri(path);
    let request = request
        .header(HOST, host)
        .header(ACCEPT, "application/json");
    request.body(Full::default()).map_err(broken)
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answer, WebError> {
    carried(stream, request, |response| async {
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER);
        let body = body.collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                WebError::TooMuch
            } else {
                WebError::Broken(error.to_string())
            }
        })?;
        let body = body.to_bytes().to_vec();
        Ok(Answer { status, body })
    })
    .await
}

/// One exchange over a connection of its own: sends the request and reads the answer, whose head is bounded.
pub(crate) async fn carried<T, F>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
    read: impl FnOnce(Response<Incoming>) -> F,
) -> Result<T, WebError>
where
    F: Future<Output = Result<T, WebError>>,
{
    let broken = |error: hyper::Error| WebError::Broken(error.to_string());
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let exchange = async { read(sender.send_request(request).await.map_err(broken)?).await };
    // the connection carries the exchange; how it ended the exchange tells
    let carrying = async {
        let _told_by_the_exchange = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = exchange => answer,
        () = carrying => Err(WebError::TookTooLong),
    }
}

fn roots_in(path: &Path) -> Result<RootCertStore, WebError> {
    let wrong = |wrong: String| WebError::Authorities {
        path: path.display().to_string(),
        wrong,
    };
    let text = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let none = || wrong("holds no certificate in PEM".to_owned());
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|_| none())?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found);
    if added == 0 { Err(none()) } else { Ok(roots) }
}

#[cfg(test)]
mod tests;
