//! The gRPC server of a service: one stack of layers around every rpc, health, reflection, limits, drain.

use std::net::SocketAddr;
use std::time::Duration;

use axum::middleware::{from_fn, from_fn_with_state};
use futures::future::BoxFuture;
use tokio::net::{TcpListener, TcpSocket};
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::lifecycle::Stopper;
use crate::names::ServiceName;
use crate::settings::LimitSettings;
use crate::tls::{Incoming, Keys};
use door::Door;
use fair::Places;
use limits::BACKLOG;
use serving::Server;

mod answer;
mod arriving;
pub mod call;
mod callers;
pub mod deadline;
pub mod door;
pub(crate) mod fair;
mod frames;
mod layers;
mod lifeline;
mod limits;
mod methods;
pub mod pages;
pub(crate) mod quota;
mod reflection;
mod serving;

pub use answer::code_name;
pub use limits::{ANSWER_WITHIN, MAX_DECODE, MAX_ENCODE};

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
}

/// An address that is listened at, not yet served.
#[derive(Debug)]
pub struct Bound {
    service: ServiceName,
    door: Door,
    limits: LimitSettings,
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
    (listen, keys): (SocketAddr, Option<Keys>),
    door: Door,
    limits: LimitSettings,
) -> Result<Bound, ServeError> {
    let refused = |error| refusal(listen, format!("[{}] listen", service.key()), error);
    let listener = listener(listen).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let incoming = Incoming::new(service, listener, keys, &limits);
    Ok(Bound {
        service,
        door,
        limits,
        incoming,
        address,
    })
}

/// Serves the rpcs of a service, health and reflection until it is stopped. `grpc_names` are the full
/// names of the gRPC services among `rpcs`.
pub fn serve_grpc(
    bound: Bound,
    rpcs: Routes,
    grpc_names: Vec<&'static str>,
    stopper: Stopper,
) -> BoxFuture<'static, Result<(), ServeError>> {
    Box::pin(async move {
        let Bound {
            service,
            door,
            limits,
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
        let places = Places::new(service, limits.calls as usize);
        let routes = stacked(routes, (service, places), door, &stopper);
        set_serving(&health, &grpc_names, &stopper, true).await;
        tracing::info!(service = service.as_str(), %address, "serving");
        let server = Server::new(service, routes, limits, stopper.clone());
        tokio::select! {
            () = server.serve(incoming) => {}
            () = give_up(&stopper, &health, &grpc_names) => {
                tracing::warn!(service = service.as_str(), "calls in flight did not end in time and are dropped");
            }
        };
        set_serving(&health, &grpc_names, &stopper, false).await;
        Ok(())
    })
}

/// The layers, the outermost last: the call is observed, its caller's quota looked at and a place found for it, who asks known, its
/// deadline kept, a panic caught, what cannot be read refused in our words.
pub(crate) fn stacked(
    routes: Routes,
    (service, places): (ServiceName, Places),
    door: Door,
    stopper: &Stopper,
) -> Routes {
    let observed = layers::Observed {
        service,
        stopper: stopper.clone(),
    };
    let router = routes
        .into_axum_router()
        .layer(from_fn(layers::explain_unread))
        .layer(from_fn(layers::take_in))
        .layer(from_fn(layers::catch_panic))
        .layer(from_fn(layers::keep_deadline))
        .layer(from_fn_with_state(door, layers::open_door))
        .layer(from_fn_with_state(
            layers::Hall { service, places },
            layers::find_place,
        ))
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
