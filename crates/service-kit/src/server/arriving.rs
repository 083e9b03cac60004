//! The body of a request on its way: so large and no larger, and within its time.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body::Frame;
use tokio::time::{Instant, Sleep};
use tonic::Status;

use super::limits::{ARRIVES_WITHIN, MAX_ASKED, MAX_DECODE};
use super::methods::Method;
use crate::status::Problem;
use crate::violations::Violations;

/// Bytes before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// The body of a request.
pub(super) struct Arriving {
    body: Body,
    left: usize,
    /// None where a caller goes on asking.
    late: Option<Pin<Box<Sleep>>>,
    has_ended: bool,
}

impl Arriving {
    /// The body of a request of one message, or of the many small ones of a caller that goes on asking.
    pub(super) fn new(body: Body, method: &Method) -> Self {
        let late = || Box::pin(tokio::time::sleep_until(Instant::now() + ARRIVES_WITHIN));
        Self {
            body,
            left: if method.goes_on_asking {
                MAX_ASKED
            } else {
                MAX_DECODE + PREFIX
            },
            late: (!method.goes_on_asking).then(late),
            has_ended: false,
        }
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let late = self.late.as_mut();
        late.is_some_and(|late| late.as_mut().poll(context).is_ready())
    }

    fn refuse(&mut self, problem: Problem) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.has_ended = true;
        Poll::Ready(Some(Err(axum::Error::new(Status::from(problem)))))
    }
}

/// A message, or several, larger than one may be.
pub(super) fn oversize() -> Problem {
    let mut violations = Violations::default();
    let words = format!(
        "is larger than the {} MiB a message may have",
        MAX_DECODE / (1024 * 1024)
    );
    violations.add("request", words);
    Problem::InvalidFields(violations)
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if this.has_ended {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut this.body).poll_frame(context);
        match &polled {
            Poll::Pending if this.is_late(context) => this.refuse(Problem::DeadlinePassed),
            Poll::Pending => polled,
            Poll::Ready(Some(Ok(frame))) => {
                let came = frame.data_ref().map_or(0, Bytes::len);
                match this.left.checked_sub(came) {
                    Some(left) => {
                        this.left = left;
                        polled
                    }
                    None => this.refuse(oversize()),
                }
            }
            Poll::Ready(Some(Err(_)) | None) => {
                this.has_ended = true;
                polled
            }
        }
    }
}
