//! Connections as they come in: so many at a time, each shaking hands within its time.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use super::files::Keys;
use super::identity::Identity;

/// Connections open at a time; more are closed as they come.
pub const MAX_CONNECTIONS: usize = 2048;
/// Connections that shake hands at a time.
const MAX_HANDSHAKES: usize = 256;
/// How long shaking hands may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);

/// Connections as they come in.
pub struct Incoming {
    listener: TcpListener,
    keys: Option<Keys>,
    places: Arc<Semaphore>,
    shaking: FuturesUnordered<BoxFuture<'static, Option<Connection>>>,
}

/// A connection, open or closed behind TLS.
pub struct Connection {
    stream: Either,
    peer: Peer,
    _place: OwnedSemaphorePermit,
}

enum Either {
    Open(TcpStream),
    Closed(Box<TlsStream<TcpStream>>),
}

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: Option<SocketAddr>,
    /// Who it is; nobody known without TLS.
    pub identity: Option<Identity>,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming")
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

impl Incoming {
    /// What comes in here; by TLS when there are keys.
    #[must_use]
    pub fn new(listener: TcpListener, keys: Option<Keys>) -> Self {
        Self {
            listener,
            keys,
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            shaking: FuturesUnordered::new(),
        }
    }

    /// Lets what has come in shake hands, or closes it when there are too many.
    fn greet(&self, stream: TcpStream, address: SocketAddr) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!(
                most = MAX_CONNECTIONS,
                "too many connections; one is closed"
            );
            return;
        };
        // an answer is small and must not wait for more
        let _best_effort = stream.set_nodelay(true);
        let keys = self.keys.clone();
        self.shaking.push(Box::pin(async move {
            let (stream, identity) = match keys {
                None => (Either::Open(stream), None),
                Some(keys) => {
                    let (stream, identity) = shake(&keys, stream).await?;
                    (Either::Closed(Box::new(stream)), Some(identity))
                }
            };
            let address = Some(address);
            Some(Connection {
                stream,
                peer: Peer { address, identity },
                _place: place,
            })
        }));
    }
}

/// Shakes hands; none when the other is nobody we believe, or takes too long.
async fn shake(keys: &Keys, stream: TcpStream) -> Option<(TlsStream<TcpStream>, Identity)> {
    let loaded = keys.loaded();
    let acceptor = TlsAcceptor::from(Arc::clone(&loaded.server));
    let shaken = tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await;
    match shaken {
        Ok(Ok(stream)) => {
            let (_, session) = stream.get_ref();
            let certificate = session.peer_certificates()?.first()?;
            let identity = loaded.trust.identity(certificate).ok()?;
            Some((stream, identity))
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "a caller was turned away at the door");
            None
        }
        Err(_) => {
            tracing::debug!("a caller took too long at the door");
            None
        }
    }
}

impl Stream for Incoming {
    type Item = Result<Connection, std::io::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            while this.shaking.len() < MAX_HANDSHAKES {
                match this.listener.poll_accept(context) {
                    Poll::Ready(Ok((stream, address))) => this.greet(stream, address),
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                    Poll::Pending => break,
                }
            }
            match ready!(Pin::new(&mut this.shaking).poll_next(context)) {
                Some(Some(connection)) => return Poll::Ready(Some(Ok(connection))),
                Some(None) => {}
                // nobody is shaking hands; whoever comes next wakes us
                None => return Poll::Pending,
            }
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match &mut self.stream {
            Either::Open(stream) => Pin::new(stream).poll_read(context, buffer),
            Either::Closed(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match &mut self.stream {
            Either::Open(stream) => Pin::new(stream).poll_write(context, bytes),
            Either::Closed(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        match &mut self.stream {
            Either::Open(stream) => Pin::new(stream).poll_flush(context),
            Either::Closed(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        match &mut self.stream {
            Either::Open(stream) => Pin::new(stream).poll_shutdown(context),
            Either::Closed(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
