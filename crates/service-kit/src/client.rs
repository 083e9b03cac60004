//! Channels to other services, and what a call takes along: trace, deadline, request id, caller, token.

use std::time::Duration;

use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::names::ServiceName;
use crate::server::{call, deadline};
use crate::settings::Address;
use crate::status::Problem;
use crate::tls::{Connector, Identity};
use crate::{chance, telemetry};

mod token_source;

pub use token_source::{Access, SpokenFor, TokenSource, TokenUnavailable};

/// Metadata that says who calls.
pub const CALLER: &str = "x-huiyin-caller";

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How long an answer may take to begin when the caller set no earlier deadline.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often a silent connection is asked whether it lives.
const ALIVE_EVERY: Duration = Duration::from_secs(20);
/// How long that may take.
const ALIVE_WITHIN: Duration = Duration::from_secs(10);
/// Largest sum of headers or trailers taken, in bytes.
const MAX_HEADERS: u32 = 16 * 1024;
/// Bytes a stream may send before it is read.
const STREAM_WINDOW: u32 = 1024 * 1024;
/// Bytes a connection may send before it is read.
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// A channel whose calls take along what [`PassOn`] adds.
pub type Calling = InterceptedService<Channel, PassOn>;

/// A channel that connects when it is first used and again whenever it must; by TLS when it is given a connector. The size of
/// messages is limited on the generated client: `max_decoding_message_size(server::MAX_ENCODE)`.
#[must_use]
pub fn channel(address: &Address, connector: Option<Connector>) -> Channel {
    let endpoint = Endpoint::from(address.uri().clone())
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        .tcp_nodelay(true)
        .tcp_keepalive(Some(ALIVE_EVERY))
        .http2_keep_alive_interval(ALIVE_EVERY)
        .keep_alive_timeout(ALIVE_WITHIN)
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(MAX_HEADERS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    match connector {
        None => endpoint.connect_lazy(),
        Some(connector) => endpoint.connect_with_connector_lazy(connector),
    }
}

/// A channel in the name of a service that passes on the trace, the deadline and the request id of the call that is
/// being answered.
#[must_use]
pub fn calling(channel: Channel, caller: ServiceName) -> Calling {
    InterceptedService::new(channel, PassOn { caller })
}

/// Adds trace, deadline, request id and caller to a call.
#[derive(Clone, Copy, Debug)]
pub struct PassOn {
    caller: ServiceName,
}

impl Interceptor for PassOn {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        add(
            metadata,
            CALLER,
            &Identity::Service(self.caller).to_string(),
        );
        let request_id =
            call::request_id().unwrap_or_else(|| chance::new_uuid().simple().to_string());
        add(metadata, call::REQUEST_ID, &request_id);
        let trace_parent = telemetry::trace_parent();
        if !trace_parent.is_empty() {
            add(metadata, call::TRACE_PARENT, &trace_parent);
        }
        if let Some(remaining) = call::remaining() {
            if remaining.is_zero() {
                return Err(Problem::DeadlinePassed.into());
            }
            let asked = metadata
                .get(deadline::HEADER)
                .and_then(|value| deadline::parse(value.as_bytes()));
            let sooner = asked.map_or(remaining, |asked| asked.min(remaining));
            add(metadata, deadline::HEADER, &deadline::format(sooner));
        }
        Ok(request)
    }
}

fn add(metadata: &mut MetadataMap, key: &'static str, value: &str) {
    if let Ok(value) = MetadataValue::<Ascii>::try_from(value) {
        metadata.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::call::Call;

    fn passed(request: Request<()>) -> MetadataMap {
        PassOn {
            caller: ServiceName::Intake,
        }
        .call(request)
        .unwrap()
        .metadata()
        .clone()
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_takes_the_request_id_and_the_sooner_deadline_along() {
        let call = Call::new("r-1", Some(Duration::from_secs(2)));
        let (mut asked, plain) = (Request::new(()), Request::new(()));
        asked.set_timeout(Duration::from_millis(500));
        let (plain, asked) = call.scope(async { (passed(plain), passed(asked)) }).await;
        assert_eq!(plain.get(CALLER).unwrap(), "service/intake");
        assert_eq!(plain.get(call::REQUEST_ID).unwrap(), "r-1");
        assert_eq!(plain.get(deadline::HEADER).unwrap(), "2000000u");
        assert_eq!(asked.get(deadline::HEADER).unwrap(), "500000u");
    }

    #[tokio::test(start_paused = true)]
    async fn no_call_is_made_after_the_deadline() {
        let call = Call::new("r-1", Some(Duration::ZERO));
        let refused = call
            .scope(async {
                PassOn {
                    caller: ServiceName::Intake,
                }
                .call(Request::new(()))
            })
            .await;
        assert_eq!(refused.unwrap_err().code(), tonic::Code::DeadlineExceeded);
    }

    #[test]
    fn outside_a_call_there_is_a_new_request_id_and_no_deadline() {
        let metadata = passed(Request::new(()));
        assert_eq!(metadata.get(call::REQUEST_ID).unwrap().len(), 32);
        assert!(metadata.get(deadline::HEADER).is_none());
    }
}
