//! Calling somebody by TLS, who must be the one that is meant.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::files::Keys;
use super::identity::Identity;

/// Connects to one identity with the keys as they are at that moment.
#[derive(Clone, Debug)]
pub struct Connector {
    keys: Keys,
    expected: Identity,
}

impl Connector {
    /// Connects to this one and to nobody else.
    #[must_use]
    pub const fn new(keys: Keys, expected: Identity) -> Self {
        Self { keys, expected }
    }

    /// Connects.
    ///
    /// # Errors
    /// When nobody answers there, or somebody else.
    pub async fn connect(&self, uri: &Uri) -> std::io::Result<TlsStream<TcpStream>> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(443);
        self.shake(host, TcpStream::connect((host, port)).await?)
            .await
    }

    /// Shakes hands over a connection to a host that is there already.
    ///
    /// # Errors
    /// When somebody else answers.
    pub async fn shake(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let client = self.keys.loaded().client(self.expected.clone());
        let client = client.map_err(std::io::Error::other)?;
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        stream.set_nodelay(true)?;
        TlsConnector::from(Arc::new(client))
            .connect(name, stream)
            .await
    }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = std::io::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(&uri).await.map(TokioIo::new) })
    }
}
