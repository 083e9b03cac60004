//! The layers around every rpc, each a function from the request and the rest of the stack.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use tonic::{Code, Status};
use tracing::Instrument as _;

use super::answer::{Answer, Held, Recorder, Scoped, code_of};
use super::arriving::{Arriving, oversize};
use super::call::{self, Call};
use super::callers::Caller;
use super::deadline;
use super::door::Door;
use super::fair::{Full, Places};
use super::limits::{ANSWER_WITHIN, PLACE_WITHIN};
use super::methods::{self, Method};
use crate::client::CALLER;
use crate::lifecycle::{Stopper, panic_words};
use crate::names::ServiceName;
use crate::status::Problem;
use crate::tls::Peer;
use crate::violations::Violations;
use crate::{metrics, telemetry};

/// How tonic says that a message was larger than the server takes, as it came or unpacked.
const OVERSIZE: [(Code, &str); 2] = [
    (Code::OutOfRange, "Error, decoded message length too large"),
    (Code::ResourceExhausted, "Error decompressing: size limit"),
];
/// Where the details of our refusals stand; tonic's own have none.
const DETAILS: &str = "grpc-status-details-bin";

/// What the outermost layer knows of its server.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    pub(super) service: ServiceName,
    pub(super) stopper: Stopper,
}

/// Gives the call its id, its span and its deadline, and records how it ended.
pub(super) async fn observe(
    State(server): State<Observed>,
    request: Request,
    next: Next,
) -> Response {
    let method = methods::of(request.uri().path());
    let call = call_of(request.headers(), method);
    let span = span_of(&server, method, &call);
    telemetry::set_parent(&span, header(request.headers(), call::TRACE_PARENT));
    let recorder = Recorder::new(server.service, method, span.clone());
    let mut response = call.clone().scope(next.run(request).instrument(span)).await;
    if let Ok(id) = HeaderValue::from_str(&call.id) {
        response.headers_mut().insert(call::REQUEST_ID, id);
    }
    match code_of(response.headers()) {
        Some(code) => {
            recorder.finish(code);
            response
        }
        None if method.is_streaming => response.map(|body| {
            Body::new(Answer::streaming(
                body,
                recorder,
                call.deadline,
                &server.stopper,
            ))
        }),
        None => response.map(|body| Body::new(Answer::unary(body, recorder))),
    }
}

/// Finds out who asks, and refuses what the policies do not allow it. The caller's name is then what it proved to be, whatever it
/// says of itself.
pub(super) async fn open_door(
    State(door): State<Door>,
    mut request: Request,
    next: Next,
) -> Response {
    let subject = match door
        .subject(request.headers(), request.extensions().get::<Peer>())
        .await
    {
        Ok(subject) => Arc::new(subject),
        Err(problem) => return refusal(problem),
    };
    if let Ok(caller) = HeaderValue::try_from(subject.who.to_string()) {
        request.headers_mut().insert(CALLER, caller);
    }
    let method = methods::of(request.uri().path());
    let asking = match door.admit(subject, &method.action) {
        Ok(asking) => Arc::new(asking),
        Err(problem) => return refusal(problem),
    };
    let response = call::scope_of(Arc::clone(&asking), next.run(request)).await;
    match code_of(response.headers()) {
        // an answer that nobody was asked about is not given
        None | Some(Code::Ok) if !asking.is_decided() => refusal(Problem::Unexpected(format!(
            "{} was answered and nothing was decided about what it asks",
            method.action
        ))),
        None if method.is_streaming => response.map(|body| Body::new(Scoped { body, asking })),
        None | Some(_) => response,
    }
}

/// What is shared among the callers of a server.
#[derive(Clone, Debug)]
pub(super) struct Hall {
    pub(super) service: ServiceName,
    pub(super) places: Places,
}

/// Refuses the call of a caller whose quota is spent, and finds a place for any other. A probe gets through.
pub(super) async fn find_place(State(hall): State<Hall>, request: Request, next: Next) -> Response {
    let method = methods::of(request.uri().path());
    // what comes by no connection is a test of what a service does
    let Some(caller) = request.extensions().get::<Arc<Caller>>().cloned() else {
        return next.run(request).await;
    };
    let place = if method.is_probe {
        None
    } else {
        match hall.admit(&caller).await {
            Ok(place) => Some(place),
            Err(refused) => return refused,
        }
    };
    if !method.is_streaming {
        let response = next.run(request).await;
        return response.map(|body| Body::new(Held { body, _held: place }));
    }
    let Some(stream) = caller.open_stream() else {
        return hall.refuse(&caller, "streams", Problem::TooManyCalls);
    };
    // a stream needs its place only until it begins
    let response = next.run(request).await;
    drop(place);
    response.map(|body| {
        Body::new(Held {
            body,
            _held: stream,
        })
    })
}

impl Hall {
    async fn admit(&self, caller: &Caller) -> Result<super::fair::Place, Response> {
        if let Err(retry_after) = caller.calls.take() {
            return Err(self.refuse(caller, "quota", Problem::QuotaSpent { retry_after }));
        }
        let within = call::remaining().map_or(PLACE_WITHIN, |left| left.min(PLACE_WITHIN));
        let asked = Instant::now();
        let taken = self.places.take(caller.number, within).await;
        let labels = [("service", self.service.as_str())];
        let waited = asked.elapsed().as_secs_f64();
        metrics::observe("huiyin_place_wait_seconds", waited, &labels);
        taken.map_err(|full| {
            let limit = match full {
                Full::Lines => "line",
                Full::Waited => "places",
            };
            self.refuse(caller, limit, Problem::TooManyCalls)
        })
    }

    fn refuse(&self, caller: &Caller, limit: &'static str, problem: Problem) -> Response {
        let labels = [("service", self.service.as_str()), ("limit", limit)];
        metrics::count("huiyin_calls_refused", 1, &labels);
        if caller.is_to_be_told() {
            tracing::warn!(caller = %caller.name, limit, "calls of a caller are refused");
        }
        refusal(problem)
    }
}

/// Takes no more of a request than a message may have, and waits for it no longer than it may take.
pub(super) async fn take_in(request: Request, next: Next) -> Response {
    let method = methods::of(request.uri().path());
    next.run(request.map(|body| Body::new(Arriving::new(body, method))))
        .await
}

/// Ends the call when its deadline passes.
pub(super) async fn keep_deadline(request: Request, next: Next) -> Response {
    match call::remaining() {
        None => next.run(request).await,
        Some(remaining) => match tokio::time::timeout(remaining, next.run(request)).await {
            Ok(response) => response,
            Err(_) => refusal(Problem::DeadlinePassed),
        },
    }
}

/// Turns a panic into an internal error of this one call.
pub(super) async fn catch_panic(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => refusal(Problem::Unexpected(format!(
            "panicked: {}",
            panic_words(panic.as_ref())
        ))),
    }
}

/// Says in our words that a message is too large, or no message of the contract.
pub(super) async fn explain_unread(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let headers = response.headers();
    let Some(code) = code_of(headers).filter(|_| !headers.contains_key(DETAILS)) else {
        return response;
    };
    let words = Status::from_header_map(headers).map(|status| status.message().to_owned());
    let words = words.unwrap_or_default();
    if OVERSIZE
        .iter()
        .any(|(oversize, begin)| code == *oversize && words.starts_with(begin))
    {
        return refusal(oversize());
    }
    // what is internal to us carries details: this is a request that tonic could not read
    if code == Code::Internal {
        tracing::debug!(words, "a request cannot be read");
        let mut violations = Violations::default();
        violations.add("request", "cannot be read as the message of this method");
        return refusal(Problem::InvalidFields(violations));
    }
    response
}

fn refusal(problem: Problem) -> Response {
    Status::from(problem).into_http()
}

fn call_of(headers: &HeaderMap, method: &Method) -> Call {
    let asked = headers
        .get(deadline::HEADER)
        .and_then(|value| deadline::parse(value.as_bytes()));
    let default = (!method.is_streaming).then_some(ANSWER_WITHIN);
    Call::new(&call::id_of(headers), asked.or(default))
}

fn span_of(server: &Observed, method: &Method, call: &Call) -> tracing::Span {
    // health is asked every few seconds and would drown everything else
    if method.is_probe {
        return tracing::Span::none();
    }
    tracing::info_span!(
        "rpc",
        otel.name = %format_args!("{}/{}", method.service, method.name),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        rpc.system = "grpc",
        rpc.service = method.service,
        rpc.method = method.name,
        rpc.grpc.status_code = tracing::field::Empty,
        service = server.service.as_str(),
        request_id = %call.id,
    )
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
