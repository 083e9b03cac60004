//! The gRPC server of a service: one stack of layers around every rpc, health, reflection, limits, drain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::{from_fn, from_fn_with_state};
use futures::future::BoxFuture;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::lifecycle::Stopper;
use crate::names::ServiceName;
use crate::tls::{Incoming, Keys};

mod answer;
pub mod call;
pub mod deadline;
mod layers;
mod methods;
pub mod pages;
mod reflection;

/// Bytes of the largest request taken. Services set it on each generated server.
pub const MAX_DECODE: usize = 4 * 1024 * 1024;
/// Bytes of the largest answer sent. Services set it on each generated server.
pub const MAX_ENCODE: usize = 16 * 1024 * 1024;
/// Calls answered at a time by one server; more are refused at once.
pub const MAX_CALLS: usize = 256;
/// How long a call without a deadline of its own may take; streams have no such limit.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Calls on one connection at a time.
const MAX_STREAMS: u32 = 256;
/// Largest sum of headers taken, in bytes.
const MAX_HEADERS: u32 = 16 * 1024;
/// Largest HTTP/2 frame taken, in bytes.
const MAX_FRAME: u32 = 64 * 1024;
/// Bytes a call may send before they are read.
const STREAM_WINDOW: u32 = 1024 * 1024;
/// Bytes a connection may send before they are read.
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// How often a silent connection is asked whether it lives, and how long that may take.
const ALIVE_EVERY: Duration = Duration::from_secs(20);
const ALIVE_WITHIN: Duration = Duration::from_secs(10);
/// Connections that wait to be taken.
const BACKLOG: u32 = 1024;
/// How long a connection lasts: after it, keys that were replaced or revoked have gone, and load is spread anew.
const MAX_AGE: Duration = Duration::from_mins(10);
/// How long its calls may take after that; streams are resumed by their cursor.
const MAX_AGE_GRACE: Duration = Duration::from_secs(30);
/// Resets a peer may cause before its connection is closed (CVE-2023-44487).
const MAX_RESETS: usize = 64;
/// How long calls in flight may take after stopping has begun.
const DRAIN_WITHIN: Duration = Duration::from_secs(8);

/// Why a server could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process listens there.
    #[error("address {listen} of {key} is taken")]
    Taken {
        /// The address.
        listen: SocketAddr,
        /// The key it comes from.
        key: String,
    },
    /// The address cannot be listened at.
    #[error("address {listen} of {key} cannot be listened at: {error}")]
    Refused {
        /// The address.
        listen: SocketAddr,
        /// The key it comes from.
        key: String,
        /// Why.
        error: std::io::Error,
    },
    /// The contract's descriptors do not read.
    #[error("the contract cannot be described: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The server failed while it ran.
    #[error("the server at {listen} failed: {error}")]
    Failed {
        /// The address.
        listen: SocketAddr,
        /// Why.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// An address that is listened at, not yet served.
#[derive(Debug)]
pub struct Bound {
    service: ServiceName,
    incoming: Incoming,
    address: SocketAddr,
}

impl Bound {
    /// The address; its port is chosen when 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Listens at an address, inside the runtime; by TLS when there are keys.
///
/// # Errors
/// [`ServeError::Taken`] when another process listens there.
pub fn bind(
    service: ServiceName,
    listen: SocketAddr,
    keys: Option<Keys>,
) -> Result<Bound, ServeError> {
    let refused = |error| refusal(listen, format!("[{}] listen", service.key()), error);
    let listener = listener(listen).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let incoming = Incoming::new(listener, keys);
    Ok(Bound {
        service,
        incoming,
        address,
    })
}

/// Serves the rpcs of a service, health and reflection until it is stopped. `grpc_names` are the full
/// names of the gRPC services among `rpcs`.
pub fn serve_grpc(
    service: ServiceName,
    (listen, keys): (SocketAddr, Option<Keys>),
    rpcs: Routes,
    grpc_names: Vec<&'static str>,
    stopper: Stopper,
) -> BoxFuture<'static, Result<(), ServeError>> {
    Box::pin(async move {
        let bound = bind(service, listen, keys)?;
        serve_bound(bound, rpcs, grpc_names, stopper).await
    })
}

/// As [`serve_grpc`], at an address that is listened at already.
pub fn serve_bound(
    bound: Bound,
    rpcs: Routes,
    grpc_names: Vec<&'static str>,
    stopper: Stopper,
) -> BoxFuture<'static, Result<(), ServeError>> {
    Box::pin(async move {
        let Bound {
            service,
            incoming,
            address,
        } = bound;
        // what carries our work on may not end before we have
        let _held = stopper.hold();
        let (health, health_rpcs) = tonic_health::server::health_reporter();
        let (described, described_before) = reflection::of(&grpc_names)?;
        let routes = rpcs
            .add_service(health_rpcs)
            .add_service(described)
            .add_service(described_before);
        let routes = stacked(routes, service, &stopper);
        set_serving(&health, &grpc_names, &stopper, true).await;
        tracing::info!(service = service.as_str(), %address, "serving");
        let signal = stopper.stopping();
        let served = limits()
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, signal);
        let ended = tokio::select! {
            ended = served => ended,
            () = give_up(&stopper, &health, &grpc_names) => {
                tracing::warn!(service = service.as_str(), "calls in flight did not end in time and are dropped");
                Ok(())
            }
        };
        set_serving(&health, &grpc_names, &stopper, false).await;
        ended.map_err(|error| ServeError::Failed {
            listen: address,
            error: error.into(),
        })
    })
}

/// The layers, the outermost last: the call is observed, a place is found for it, its caller known, its deadline
/// kept, a panic caught, an oversize message refused in our words.
fn stacked(routes: Routes, service: ServiceName, stopper: &Stopper) -> Routes {
    let places = Arc::new(Semaphore::new(MAX_CALLS));
    let observed = layers::Observed {
        service,
        stopper: stopper.clone(),
    };
    let router = routes
        .into_axum_router()
        .layer(from_fn(layers::explain_oversize))
        .layer(from_fn(layers::catch_panic))
        .layer(from_fn(layers::keep_deadline))
        .layer(from_fn(layers::know_caller))
        .layer(from_fn_with_state(places, layers::find_place))
        .layer(from_fn_with_state(observed, layers::observe));
    Routes::from(router).prepare()
}

fn listener(listen: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match listen {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.set_keepalive(true)?;
    socket.bind(listen)?;
    socket.listen(BACKLOG)
}

fn limits() -> Server {
    Server::builder()
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(MAX_HEADERS)
        .max_frame_size(MAX_FRAME)
        .http2_keepalive_interval(Some(ALIVE_EVERY))
        .http2_keepalive_timeout(Some(ALIVE_WITHIN))
        .max_connection_age(MAX_AGE)
        .max_connection_age_grace(MAX_AGE_GRACE)
        .http2_max_pending_accept_reset_streams(Some(MAX_RESETS))
        .http2_max_local_error_reset_streams(Some(MAX_RESETS))
}

/// Tells that we are stopping, then waits until calls in flight have had their time.
async fn give_up(stopper: &Stopper, health: &HealthReporter, names: &[&'static str]) {
    stopper.stopping().await;
    set_serving(health, names, stopper, false).await;
    tokio::select! {
        () = tokio::time::sleep(DRAIN_WITHIN) => {}
        () = stopper.stopped_hard() => {}
    }
}

async fn set_serving(
    health: &HealthReporter,
    names: &[&'static str],
    stopper: &Stopper,
    serving: bool,
) {
    let status = if serving {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    health.set_service_status("", status).await;
    for name in names {
        health.set_service_status(name, status).await;
        stopper.readiness().set(name, serving);
    }
}

fn refusal(listen: SocketAddr, key: String, error: std::io::Error) -> ServeError {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        ServeError::Taken { listen, key }
    } else {
        ServeError::Refused { listen, key, error }
    }
}

#[cfg(test)]
mod tests;
