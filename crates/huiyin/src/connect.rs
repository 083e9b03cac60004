//! Clients of the five services, for the command line and the demo.

mod speaking;

pub use speaking::{Speaking, by};

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use huiyin_proto::development::v1::clock_service_client::ClockServiceClient;
use huiyin_proto::feed::v1::upkeep_service_client::UpkeepServiceClient;
use huiyin_proto::intake::v1::intake_service_client::IntakeServiceClient;
use huiyin_proto::intake::v1::vault_service_client::VaultServiceClient;
use huiyin_proto::log::v1::log_service_client::LogServiceClient;
use huiyin_proto::routing::v1::routing_service_client::RoutingServiceClient;
use huiyin_proto::stability_early_warning::v1::stability_early_warning_service_client::StabilityEarlyWarningServiceClient;
use huiyin_proto::statistics::v1::statistics_service_client::StatisticsServiceClient;
use huiyin_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;
use huiyin_service_kit::client::TokenSource;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Settings;
use huiyin_service_kit::tls::{Connector, Identity, Keys};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

/// How long a call is repeated while a service is away.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest message taken or sent, bytes.
const LARGEST: usize = 8 << 20;

/// Clients of the five services.
#[derive(Clone)]
pub struct Clients {
    /// Intake.
    pub intake: IntakeServiceClient<Speaking>,
    /// Intake's vault.
    pub vault: VaultServiceClient<Speaking>,
    /// Routing.
    pub routing: RoutingServiceClient<Speaking>,
    /// Supervision.
    pub supervision: SupervisionServiceClient<Speaking>,
    /// Stability early warning.
    pub warning: StabilityEarlyWarningServiceClient<Speaking>,
    /// Statistics.
    pub statistics: StatisticsServiceClient<Speaking>,
    /// Routing, as whoever runs the platform and loads places and organs.
    pub loading: RoutingServiceClient<Channel>,
    /// The clocks of the development profile, one a service.
    pub clocks: Vec<ClockServiceClient<Channel>>,
    /// The logs of each service, as whoever runs the platform.
    pub logs: BTreeMap<ServiceName, LogServiceClient<Channel>>,
    /// The care of each service's road, as whoever runs the platform.
    pub upkeep: BTreeMap<ServiceName, UpkeepServiceClient<Channel>>,
    /// Who asks, by its certificate.
    identity: Option<Identity>,
}

/// By whose keys and tokens clients call; all are absent without TLS.
#[derive(Clone, Debug, Default)]
pub struct Whose {
    /// Whoever runs the platform: loads places and organs, moves a clock.
    pub operator: Option<Keys>,
    /// Whoever asks for everything else.
    pub desks: Option<Keys>,
    /// Its tokens, when it speaks for the posts of many organs.
    pub tokens: Option<TokenSource>,
}

impl Whose {
    /// One and the same for everything.
    #[must_use]
    pub fn one(keys: Option<Keys>) -> Self {
        Self {
            operator: keys.clone(),
            desks: keys,
            tokens: None,
        }
    }
}

impl Clients {
    /// Clients that connect when they are first used, by TLS when there are keys.
    ///
    /// # Errors
    /// When an address is not a URL.
    pub fn new(address_of: impl Fn(ServiceName) -> String, whose: &Whose) -> Result<Self> {
        let channel = |service, keys: Option<&Keys>| -> Result<Channel> {
            let address = address_of(service);
            let endpoint = Endpoint::from_shared(address.clone())
                .with_context(|| format!("the address of {service}, {address}, is not a URL"))?;
            let endpoint = endpoint
                .connect_timeout(Duration::from_secs(2))
                .tcp_nodelay(true);
            Ok(match keys {
                None => endpoint.connect_lazy(),
                Some(keys) => {
                    let connector = Connector::new(keys.clone(), Identity::Service(service));
                    endpoint.connect_with_connector_lazy(connector)
                }
            })
        };
        let desk = |service| -> Result<Speaking> {
            let channel = channel(service, whose.desks.as_ref())?;
            Ok(match &whose.tokens {
                Some(tokens) => Speaking::by_tokens(channel, tokens.clone()),
                None => Speaking::over(channel),
            })
        };
        let operator = |service| channel(service, whose.operator.as_ref());
        let clocks = ServiceName::ALL
            .into_iter()
            .map(|service| Ok(ClockServiceClient::new(operator(service)?)))
            .collect::<Result<_>>()?;
        let logs = ServiceName::ALL
            .into_iter()
            .map(|service| Ok((service, LogServiceClient::new(operator(service)?))))
            .collect::<Result<_>>()?;
        let upkeep = ServiceName::ALL
            .into_iter()
            .map(|service| Ok((service, UpkeepServiceClient::new(operator(service)?))))
            .collect::<Result<_>>()?;
        Ok(Self {
            intake: IntakeServiceClient::new(desk(ServiceName::Intake)?)
                .max_encoding_message_size(LARGEST),
            vault: VaultServiceClient::new(desk(ServiceName::Intake)?),
            routing: RoutingServiceClient::new(desk(ServiceName::Routing)?)
                .max_decoding_message_size(LARGEST),
            supervision: SupervisionServiceClient::new(desk(ServiceName::Supervision)?),
            warning: StabilityEarlyWarningServiceClient::new(desk(
                ServiceName::StabilityEarlyWarning,
            )?),
            statistics: StatisticsServiceClient::new(desk(ServiceName::Statistics)?),
            loading: RoutingServiceClient::new(operator(ServiceName::Routing)?)
                .max_decoding_message_size(LARGEST),
            clocks,
            logs,
            upkeep,
            identity: whose.desks.as_ref().map(Keys::identity),
        })
    }

    /// The organ of the post that asks.
    #[must_use]
    pub fn own_organ(&self) -> Option<String> {
        let organ = self.identity.as_ref().and_then(Identity::organ);
        organ.map(|organ| organ.to_string())
    }
}

/// The keys under a name, as the settings say where they are; none without `[tls]`.
///
/// # Errors
/// Which file is wrong and how.
pub fn keys_of(settings: &Settings, who: &str) -> Result<Option<Keys>> {
    let files = settings.tls.as_ref().map(|files| files.of(who));
    Ok(files.map(Keys::load).transpose()?)
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
