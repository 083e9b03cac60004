//! The body of an answer: its code is read from the trailers, and a stream ends with its deadline or
//! with the server.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http_body::Frame;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::call;
use super::methods::Method;
use crate::authorization::Asking;
use crate::lifecycle::{Stopper, panic_words};
use crate::metrics;
use crate::names::ServiceName;
use crate::status::Problem;

/// How long a stream may take to end by itself after stopping has begun.
const GRACE: Duration = Duration::from_secs(1);

/// Records once how a call ended; a call that is dropped was cancelled.
#[derive(Debug)]
pub(super) struct Recorder {
    service: ServiceName,
    method: &'static Method,
    started: Instant,
    span: tracing::Span,
    is_recorded: bool,
}

impl Recorder {
    /// Begins to measure a call.
    pub(super) fn new(service: ServiceName, method: &'static Method, span: tracing::Span) -> Self {
        Self {
            service,
            method,
            started: Instant::now(),
            span,
            is_recorded: false,
        }
    }

    /// The call ended with this code.
    pub(super) fn finish(mut self, code: Code) {
        self.record(code);
    }

    fn record(&mut self, code: Code) {
        if std::mem::replace(&mut self.is_recorded, true) {
            return;
        }
        let code_name = code_name(code);
        let labels = [
            ("service", self.service.as_str()),
            ("method", self.method.name.as_str()),
            ("code", code_name),
        ];
        metrics::count("huiyin_rpc_requests", 1, &labels);
        let elapsed = self.started.elapsed();
        // a stream lasts as long as somebody listens: no latency
        if !self.method.is_streaming {
            metrics::observe(
                "huiyin_rpc_duration_seconds",
                elapsed.as_secs_f64(),
                &labels,
            );
        }
        self.span.record("rpc.grpc.status_code", code as i32);
        if is_ours(code) {
            self.span.record("otel.status_code", "ERROR");
        }
        let _entered = self.span.enter();
        tracing::debug!(
            code = code_name,
            elapsed_ms = elapsed.as_secs_f64() * 1000.0,
            "answered"
        );
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.record(Code::Cancelled);
    }
}

/// The body of an answer on its way.
pub(super) struct Answer {
    body: Body,
    recorder: Recorder,
    /// Ends a stream, with the reason.
    end: Option<BoxFuture<'static, Problem>>,
    is_ended: bool,
}

impl Answer {
    /// The body of a single message.
    pub(super) fn unary(body: Body, recorder: Recorder) -> Self {
        Self {
            body,
            recorder,
            end: None,
            is_ended: false,
        }
    }

    /// The body of a stream: ended at its deadline, or a moment after stopping has begun.
    pub(super) fn streaming(
        body: Body,
        recorder: Recorder,
        deadline: Option<Instant>,
        stopper: &Stopper,
    ) -> Self {
        let stopper = stopper.clone();
        let end = async move {
            let passed = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            let stopped = async {
                stopper.stopping().await;
                tokio::time::sleep(GRACE).await;
            };
            tokio::select! {
                () = passed => Problem::DeadlinePassed,
                () = stopped => Problem::Unavailable { words: "the service is stopping; open the stream again".to_owned() },
            }
        };
        Self {
            body,
            recorder,
            end: Some(end.boxed()),
            is_ended: false,
        }
    }

    fn end_with(&mut self, status: Status) -> Frame<Bytes> {
        self.is_ended = true;
        self.recorder.record(status.code());
        let mut trailers = std::mem::take(status.into_http::<()>().headers_mut());
        trailers.remove(http::header::CONTENT_TYPE);
        Frame::trailers(trailers)
    }

    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let span = self.recorder.span.clone();
        let body = Pin::new(&mut self.body);
        match catch_unwind(AssertUnwindSafe(|| {
            span.in_scope(|| http_body::Body::poll_frame(body, context))
        })) {
            Ok(polled) => polled,
            Err(panic) => {
                let problem =
                    Problem::Unexpected(format!("panicked: {}", panic_words(panic.as_ref())));
                Poll::Ready(Some(Ok(self.end_with(problem.into()))))
            }
        }
    }
}

/// The body of an answer that holds something, such as a place, until it is read or dropped.
pub(super) struct Held<T> {
    pub(super) body: Body,
    pub(super) _held: T,
}

impl<T: Unpin> http_body::Body for Held<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        http_body::Body::poll_frame(Pin::new(&mut self.get_mut().body), context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// The body of a stream, which goes on for who asked after its rpc has returned.
pub(super) struct Scoped {
    pub(super) body: Body,
    pub(super) asking: Arc<Asking>,
}

impl http_body::Body for Scoped {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, asking } = self.get_mut();
        call::within(asking, || {
            http_body::Body::poll_frame(Pin::new(body), context)
        })
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let answer = self.get_mut();
        if answer.is_ended {
            return Poll::Ready(None);
        }
        if let Some(end) = answer.end.as_mut()
            && let Poll::Ready(problem) = end.poll_unpin(context)
        {
            return Poll::Ready(Some(Ok(answer.end_with(problem.into()))));
        }
        let polled = answer.poll_body(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    answer.is_ended = true;
                    answer
                        .recorder
                        .record(code_of(trailers).unwrap_or(Code::Unknown));
                }
            }
            Poll::Ready(Some(Err(_)) | None) => {
                answer.is_ended = true;
                answer.recorder.record(Code::Unknown);
            }
            Poll::Pending => {}
        }
        polled
    }
}

/// The code a response or its trailers carry.
pub(super) fn code_of(headers: &http::HeaderMap) -> Option<Code> {
    headers
        .get("grpc-status")
        .map(|code| Code::from_bytes(code.as_bytes()))
}

/// Whether a code says that we failed, not the caller.
fn is_ours(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

/// The name of a code as the gRPC specification writes it.
#[must_use]
pub const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
