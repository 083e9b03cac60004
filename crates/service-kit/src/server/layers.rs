//! The layers around every rpc, each a function from the request and the rest of the stack.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue};
use tokio::sync::Semaphore;
use tonic::{Code, Status};
use tracing::Instrument as _;

use super::answer::{Answer, Recorder, code_of};
use super::call::{self, Call};
use super::methods::{self, Method};
use super::{ANSWER_WITHIN, MAX_DECODE, deadline};
use crate::client::CALLER;
use crate::lifecycle::{Stopper, panic_words};
use crate::names::ServiceName;
use crate::status::Problem;
use crate::telemetry;
use crate::tls::Peer;
use crate::violations::Violations;

/// How tonic says that a message was larger than the server takes.
const OVERSIZE: &str = "Error, decoded message length too large";

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

/// Says who calls as the certificate has it, whatever the caller says of itself. Without TLS the caller's own word is all
/// there is.
pub(super) async fn know_caller(mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>();
    let identity = peer.and_then(|peer| peer.identity.as_ref());
    if let Some(identity) = identity.map(ToString::to_string)
        && let Ok(caller) = HeaderValue::try_from(identity)
    {
        request.headers_mut().insert(CALLER, caller);
    }
    next.run(request).await
}

/// Refuses the call at once when the server is full; a probe gets through.
pub(super) async fn find_place(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    if methods::of(request.uri().path()).is_probe {
        return next.run(request).await;
    }
    match places.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => refusal(Problem::TooManyCalls),
    }
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

/// Says in our words that a message is too large.
pub(super) async fn explain_oversize(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let oversize = code_of(response.headers()) == Some(Code::OutOfRange)
        && Status::from_header_map(response.headers())
            .is_some_and(|status| status.message().starts_with(OVERSIZE));
    if !oversize {
        return response;
    }
    let mut violations = Violations::default();
    violations.add(
        "request",
        format!(
            "is larger than the {} MiB a message may have",
            MAX_DECODE / (1024 * 1024)
        ),
    );
    refusal(Problem::InvalidFields(violations))
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
