//! Connections and their calls: each has a caller and a lifeline, and ends politely where it may.
//!
//! hyper serves a connection; tonic's own loop around it would do, but it drops calls in flight when a connection grows old, knows
//! nothing of idle ones, and tells nobody whose connection it is.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use http::{Request, Response};
use hyper::server::conn::http2::Builder;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::task::JoinSet;
use tonic::service::Routes;
use tonic::transport::server::Connected as _;
use tower::Service as _;

use super::answer::{Held, code_of};
use super::callers::{Caller, Callers, Name};
use super::frames::Metered;
use super::lifeline::{Ends, Lifeline, OpenCall};
use super::limits::{
    ALIVE_EVERY, ALIVE_WITHIN, CONNECTION_WINDOW, MAX_AGE, MAX_AGE_GRACE, MAX_AGE_MORE, MAX_FRAME,
    MAX_HEADERS, MAX_RESETS, MAX_STREAMS, SEND_BUFFER, STREAM_WINDOW,
};
use super::methods;
use crate::lifecycle::Stopper;
use crate::names::ServiceName;
use crate::settings::LimitSettings;
use crate::tls::{Connection, Incoming, Peer};
use crate::{chance, metrics};

/// How long a server that can take no connection waits before it tries again.
const AFTER_A_FAILURE: Duration = Duration::from_millis(100);

/// What serves connections.
pub(super) struct Server {
    service: ServiceName,
    routes: Routes,
    limits: LimitSettings,
    callers: Callers,
    builder: Builder<TokioExecutor>,
    stopper: Stopper,
}

impl Server {
    pub(super) fn new(
        service: ServiceName,
        routes: Routes,
        limits: LimitSettings,
        stopper: Stopper,
    ) -> Self {
        Self {
            service,
            routes,
            limits,
            callers: Callers::new(limits),
            builder: builder(),
            stopper,
        }
    }

    /// Serves until it is stopped and every connection has ended. Dropped, it drops them all.
    pub(super) async fn serve(self, mut incoming: Incoming) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = self.stopper.stopping() => break,
                Some(_) = connections.join_next() => self.measure(connections.len()),
                came = incoming.next() => match came {
                    None => break,
                    Some(Ok(connection)) => {
                        if let Some(serving) = self.serving(connection) {
                            connections.spawn(serving);
                            self.measure(connections.len());
                        }
                    }
                    Some(Err(error)) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(AFTER_A_FAILURE).await;
                    }
                }
            }
        }
        drop(incoming);
        while connections.join_next().await.is_some() {}
        self.measure(0);
    }

    /// What serves one connection; none when its caller has too many.
    fn serving(&self, connection: Connection) -> Option<impl Future<Output = ()> + use<>> {
        let peer = connection.connect_info();
        let caller = self.callers.of(Name::from(&peer));
        let Some(permit) = caller.connect() else {
            closed(self.service, "caller");
            if caller.is_to_be_told() {
                tracing::warn!(
                    caller = %caller.name,
                    most = self.limits.connections_of_one,
                    "a caller has too many connections; one is closed"
                );
            }
            return None;
        };
        let lifeline = Lifeline::new(Ends {
            idle: self.limits.idle,
            age: MAX_AGE + chance::up_to(MAX_AGE_MORE),
        });
        let metered = Metered::new(connection, Arc::clone(&caller), Arc::clone(&lifeline));
        let calls = Calls {
            routes: self.routes.clone(),
            peer,
            caller,
            lifeline: Arc::clone(&lifeline),
        };
        let serving = self.builder.serve_connection(TokioIo::new(metered), calls);
        let (service, stopper) = (self.service, self.stopper.clone());
        Some(async move {
            let _permit = permit;
            live(service, serving, &lifeline, &stopper).await;
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge of connections")]
    fn measure(&self, connections: usize) {
        let labels = [("service", self.service.as_str())];
        metrics::gauge("huiyin_connections_open", connections as f64, &labels);
    }
}

/// The life of one connection.
async fn live(
    service: ServiceName,
    serving: hyper::server::conn::http2::Connection<
        TokioIo<Metered<Connection>>,
        Calls,
        TokioExecutor,
    >,
    lifeline: &Lifeline,
    stopper: &Stopper,
) {
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => return log(ended),
        () = stopper.stopping() => None,
        end = lifeline.ended() => Some(end),
    };
    if let Some(end) = ended {
        closed(service, end.as_str());
        if !end.is_polite() {
            return;
        }
    }
    serving.as_mut().graceful_shutdown();
    // a server that stops waits for its calls as long as it likes
    let late = async {
        match ended {
            Some(_) => tokio::time::sleep(MAX_AGE_GRACE).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = &mut serving => log(ended),
        () = late => {}
    }
}

fn log(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection failed");
    }
}

fn closed(service: ServiceName, reason: &'static str) {
    let labels = [("service", service.as_str()), ("reason", reason)];
    metrics::count("huiyin_connections_closed", 1, &labels);
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_header_list_size(MAX_HEADERS)
        .max_frame_size(MAX_FRAME)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_RESETS)
        .keep_alive_interval(ALIVE_EVERY)
        .keep_alive_timeout(ALIVE_WITHIN);
    builder
}

/// Answers the calls of one connection.
struct Calls {
    routes: Routes,
    peer: Peer,
    caller: Arc<Caller>,
    lifeline: Arc<Lifeline>,
}

impl hyper::service::Service<Request<hyper::body::Incoming>> for Calls {
    type Response = Response<Held<OpenCall>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<hyper::body::Incoming>) -> Self::Future {
        let mut open = self.lifeline.open();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer.clone());
        request.extensions_mut().insert(Arc::clone(&self.caller));
        let lasts = methods::of(request.uri().path()).is_streaming;
        let answering = self.routes.clone().call(request);
        Box::pin(async move {
            let response = answering.await?;
            if !lasts && code_of(response.headers()).is_none() {
                open.answered();
            }
            Ok(response.map(|body| Held {
                body: Body::new(body),
                _held: open,
            }))
        })
    }
}
