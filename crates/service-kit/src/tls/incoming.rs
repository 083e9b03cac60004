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

use super::arrivals::{Arrivals, Greeting};
use super::files::Keys;
use super::identity::Identity;
use super::thumbprint::Thumbprint;
use crate::metrics;
use crate::names::ServiceName;
use crate::server::quota::Pace;
use crate::settings::{LimitSettings, Quota};

/// How long shaking hands may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// How often a connection is taken, from whatever addresses they come. Whoever comes oftener is left waiting by the machine, so that
/// those who are inside are answered as before, and those who shake hands have time for it.
const TAKEN: Quota = Quota::of(2_000, 500);

/// Connections as they come in.
pub struct Incoming {
    service: ServiceName,
    listener: TcpListener,
    keys: Option<Keys>,
    places: Arc<Semaphore>,
    arrivals: Arrivals,
    pace: Pace,
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
    /// The thumbprint of its certificate, which its tokens are bound to; none without TLS.
    pub thumbprint: Option<Thumbprint>,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming")
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

impl Incoming {
    /// What comes in here for a service, so many connections at a time and so often from one address; by TLS when there are keys.
    #[must_use]
    pub fn new(
        service: ServiceName,
        listener: TcpListener,
        keys: Option<Keys>,
        limits: &LimitSettings,
    ) -> Self {
        Self {
            service,
            listener,
            keys,
            places: Arc::new(Semaphore::new(limits.connections as usize)),
            arrivals: Arrivals::new(limits.handshakes),
            pace: Pace::new(TAKEN),
            shaking: FuturesUnordered::new(),
        }
    }

    /// Closes what has come in, for a reason.
    fn turn_away(&self, reason: &'static str) {
        let labels = [("service", self.service.as_str()), ("reason", reason)];
        metrics::count("huiyin_connections_closed", 1, &labels);
        tracing::debug!(reason, "a connection is closed as it comes");
    }

    /// Lets what has come in shake hands, or closes it when there are too many.
    fn greet(&mut self, stream: TcpStream, address: SocketAddr) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return self.turn_away("full");
        };
        let Some(greeting) = self.arrivals.greet(address.ip()) else {
            return self.turn_away("address");
        };
        // an answer is small and must not wait for more
        let _best_effort = stream.set_nodelay(true);
        let keys = self.keys.clone();
        self.shaking.push(Box::pin(async move {
            let (stream, shown) = match keys {
                None => (Either::Open(stream), None),
                Some(keys) => {
                    let (stream, identity, thumbprint) = shake(&keys, stream, greeting).await?;
                    (
                        Either::Closed(Box::new(stream)),
                        Some((identity, thumbprint)),
                    )
                }
            };
            let (identity, thumbprint) = shown.unzip();
            let address = Some(address);
            Some(Connection {
                stream,
                peer: Peer {
                    address,
                    identity,
                    thumbprint,
                },
                _place: place,
            })
        }));
    }
}

/// Shakes hands; none when the other is nobody we believe, or takes too long.
async fn shake(
    keys: &Keys,
    stream: TcpStream,
    greeting: Greeting,
) -> Option<(TlsStream<TcpStream>, Identity, Thumbprint)> {
    let loaded = keys.loaded();
    let acceptor = TlsAcceptor::from(Arc::clone(&loaded.server));
    let shaking = tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream));
    let shaken = tokio::select! {
        shaken = shaking => shaken,
        () = greeting.is_over() => {
            tracing::debug!("a caller that had not shaken hands made room for another");
            return None;
        }
    };
    match shaken {
        Ok(Ok(stream)) => {
            let (_, session) = stream.get_ref();
            let certificate = session.peer_certificates()?.first()?;
            let identity = loaded.trust.identity(certificate).ok()?;
            let thumbprint = Thumbprint::of(certificate);
            Some((stream, identity, thumbprint))
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
            loop {
                if this.pace.poll(context).is_pending() {
                    break;
                }
                match this.listener.poll_accept(context) {
                    Poll::Ready(Ok((stream, address))) => {
                        this.pace.step();
                        this.greet(stream, address);
                    }
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
