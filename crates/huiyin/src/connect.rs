//! Clients of the five services, for the command line and the demo.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use huiyin_proto::development::v1::clock_service_client::ClockServiceClient;
use huiyin_proto::intake::v1::intake_service_client::IntakeServiceClient;
use huiyin_proto::routing::v1::routing_service_client::RoutingServiceClient;
use huiyin_proto::stability_early_warning::v1::stability_early_warning_service_client::StabilityEarlyWarningServiceClient;
use huiyin_proto::statistics::v1::statistics_service_client::StatisticsServiceClient;
use huiyin_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;
use huiyin_service_kit::client::CALLER;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::tls::{Connector, Identity, Keys};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

/// How long a call is repeated while a service is away.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest message taken or sent, bytes.
const LARGEST: usize = 8 << 20;

/// Clients of the five services.
#[derive(Clone)]
pub struct Clients {
    /// Intake.
    pub intake: IntakeServiceClient<Channel>,
    /// Routing.
    pub routing: RoutingServiceClient<Channel>,
    /// Supervision.
    pub supervision: SupervisionServiceClient<Channel>,
    /// Stability early warning.
    pub warning: StabilityEarlyWarningServiceClient<Channel>,
    /// Statistics.
    pub statistics: StatisticsServiceClient<Channel>,
    /// The clocks of the development profile, one a service.
    pub clocks: Vec<ClockServiceClient<Channel>>,
}

impl Clients {
    /// Clients that connect when they are first used, by TLS when there are keys.
    ///
    /// # Errors
    /// When an address is not a URL.
    pub fn new(address_of: impl Fn(ServiceName) -> String, keys: Option<&Keys>) -> Result<Self> {
        let channel = |service| -> Result<Channel> {
            let address = address_of(service);
            let endpoint = Endpoint::from_shared(address.clone())
                .with_context(|| format!("the address of {service}, {address}, is not a URL"))?;
            let endpoint = endpoint
                .connect_timeout(Duration::from_secs(2))
                .tcp_nodelay(true);
            let of_service = Identity::Service(service);
            Ok(match keys {
                None => endpoint.connect_lazy(),
                Some(keys) => {
                    let connector = Connector::new(keys.clone(), of_service);
                    endpoint.connect_with_connector_lazy(connector)
                }
            })
        };
        let clocks = ServiceName::ALL
            .into_iter()
            .map(|service| Ok(ClockServiceClient::new(channel(service)?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            intake: IntakeServiceClient::new(channel(ServiceName::Intake)?)
                .max_encoding_message_size(LARGEST),
            routing: RoutingServiceClient::new(channel(ServiceName::Routing)?)
                .max_decoding_message_size(LARGEST),
            supervision: SupervisionServiceClient::new(channel(ServiceName::Supervision)?),
            warning: StabilityEarlyWarningServiceClient::new(channel(
                ServiceName::StabilityEarlyWarning,
            )?),
            statistics: StatisticsServiceClient::new(channel(ServiceName::Statistics)?),
            clocks,
        })
    }
}

/// The keys of whoever runs the command line; none without `[tls]`.
///
/// # Errors
/// Which file is wrong and how.
pub fn operator_keys(settings: &Settings) -> Result<Option<Keys>> {
    let files = settings.tls.as_ref().map(|files| files.of("operator"));
    Ok(files.map(Keys::load).transpose()?)
}

/// A request in the name of a caller.
pub fn asked<M>(caller: &'static str, message: M) -> Request<M> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert(CALLER, tonic::metadata::MetadataValue::from_static(caller));
    request
}

/// Repeats a call with the same request id while the service is away, up to a minute.
///
/// # Errors
/// The refusal, in words a person can act on.
pub async fn persist<T, C, F>(what: &str, mut call: C) -> Result<T>
where
    C: FnMut() -> F,
    F: Future<Output = Result<Response<T>, Status>>,
{
    let started = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        match call().await {
            Ok(response) => return Ok(response.into_inner()),
            Err(status) if is_away(&status) && started.elapsed() < PATIENCE => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(500));
            }
            Err(status) => return Err(anyhow!("{what}: {}", words(&status))),
        }
    }
}

fn is_away(status: &Status) -> bool {
    let is_transport = status.code() == Code::Unknown || status.code() == Code::Internal;
    let by_service = status.get_details_error_info().is_some();
    matches!(
        status.code(),
        Code::Unavailable
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::ResourceExhausted
    ) || (is_transport && !by_service)
}

/// A refusal in words: the message and every field at fault.
pub fn words(status: &Status) -> String {
    let mut words = status.message().to_owned();
    if let Some(bad) = status.get_details_bad_request() {
        for violation in bad.field_violations {
            words.push_str(&format!(
                "\n  {}: {}",
                violation.field, violation.description
            ));
        }
    }
    if let Some(failure) = status.get_details_precondition_failure() {
        for violation in failure.violations {
            words.push_str(&format!(
                "\n  {}: {}",
                violation.subject, violation.description
            ));
        }
    }
    words
}
