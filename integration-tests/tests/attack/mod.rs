//! Attacks on a service of the running program, and what they cost it and its honest callers.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a part of a test program; a test that cannot go on has failed"
)]

pub mod calls;
pub mod connections;
pub mod flood;
pub mod honest;
pub mod process;
pub mod scene;
pub mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::tls::{Connector, Identity, Keys};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

use crate::common::Up;

/// What an attacker has: a certificate that is valid, and the address of intake.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    pub connector: Connector,
    pub stop: CancellationToken,
    pub done: Arc<AtomicU64>,
    pub refused: Arc<AtomicU64>,
}

impl Target {
    pub fn new(up: &Up, who: &str) -> Self {
        let uri = up.settings.addresses.of(ServiceName::Intake).uri().clone();
        let files = up.settings.tls.as_ref().unwrap().of(who);
        let intake = Identity::Service(ServiceName::Intake);
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, uri.port_u16().unwrap())),
            connector: Connector::new(Keys::load(files).unwrap(), intake),
            stop: CancellationToken::new(),
            done: Arc::default(),
            refused: Arc::default(),
        }
    }

    pub fn is_over(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// One more of what the attack does.
    pub fn does(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// One more that was refused, closed or answered with an error.
    pub fn is_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A channel of a well-behaved library, for attacks by what is said in calls.
    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address))
            .unwrap()
            .connect_with_connector_lazy(self.connector.clone())
    }
}
