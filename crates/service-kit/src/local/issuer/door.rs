//! The door of the issuer: who comes in may show a certificate, and need not.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::IssuerKeys;
use crate::lifecycle::Stopper;
use crate::local::LocalError;
use crate::tls::Thumbprint;

/// Connections at a time.
const MAX_CONNECTIONS: usize = 64;
/// How long a connection may last.
const LASTS: Duration = Duration::from_secs(30);

/// The certificate a client showed, if any.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown(pub(super) Option<Thumbprint>);

/// How to answer by TLS.
pub(super) fn acceptor(keys: &IssuerKeys) -> Result<TlsAcceptor, LocalError> {
    let server = server(keys).map_err(LocalError::io("the keys of the issuer cannot be used"))?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}

fn server(keys: &IssuerKeys) -> io::Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(keys.authorities.as_bytes()) {
        let authority = authority.map_err(io::Error::other)?;
        roots.add(authority).map_err(io::Error::other)?;
    }
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()
        .map_err(io::Error::other)?;
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(keys.certificate.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(keys.key.as_bytes()).map_err(io::Error::other)?;
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(io::Error::other)?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain.map_err(io::Error::other)?, key)
        .map_err(io::Error::other)
}

/// Answers whoever comes in until the process stops.
pub(super) async fn serve(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    stopper: Stopper,
) {
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let answered = answer(stream, acceptor.clone(), router.clone());
                    connections.push(tokio::time::timeout(LASTS, answered));
                }
                Err(error) => tracing::debug!(%error, "a connection did not come in"),
            },
            Some(_ended) = connections.next() => {}
            () = stopper.stopping() => return,
        }
    }
}

async fn answer(stream: TcpStream, acceptor: Option<TlsAcceptor>, router: Router) {
    let ended = match acceptor {
        None => pages(stream, router, Shown(None)).await,
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => {
                let (_, session) = stream.get_ref();
                let certificate = session.peer_certificates().and_then(<[_]>::first);
                let shown = Shown(certificate.map(Thumbprint::of));
                pages(stream, router, shown).await
            }
            Err(error) => {
                tracing::debug!(%error, "a client was turned away at the door");
                return;
            }
        },
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

fn pages(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    shown: Shown,
) -> impl Future<Output = Result<(), hyper::Error>> {
    let service = TowerToHyperService::new(router.layer(Extension(shown)));
    http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
}
