//! What is known about the call that is being answered.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use crate::authorization::Asking;
use crate::chance;

/// Metadata with the id of a call, the same from service to service.
pub const REQUEST_ID: &str = "x-request-id";
/// Metadata with the W3C trace context.
pub const TRACE_PARENT: &str = "traceparent";

/// Characters of a request id that are taken over from a caller.
const LONGEST_ID: usize = 64;

tokio::task_local! {
    static CALL: Call;
}

/// The call that is being answered.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its id.
    pub id: Arc<str>,
    /// When its answer is no longer wanted.
    pub deadline: Option<Instant>,
    /// Who asks, once the door has let it in.
    pub asking: Option<Arc<Asking>>,
}

impl Call {
    /// A call with this id, to be answered within a time.
    #[must_use]
    pub fn new(id: &str, within: Option<Duration>) -> Self {
        // a time too long for an instant is no deadline
        Self {
            id: Arc::from(id),
            deadline: within.and_then(|within| Instant::now().checked_add(within)),
            asking: None,
        }
    }

    /// Runs `work` as part of this call.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        CALL.scope(self, work).await
    }
}

/// Runs `work` as part of the present call, now that it is known who asks.
pub(crate) async fn scope_of<T>(asking: Arc<Asking>, work: impl Future<Output = T>) -> T {
    of(asking).scope(work).await
}

/// As [`scope_of`], for a step of a stream.
pub(crate) fn within<T>(asking: &Arc<Asking>, step: impl FnOnce() -> T) -> T {
    CALL.sync_scope(of(Arc::clone(asking)), step)
}

fn of(asking: Arc<Asking>) -> Call {
    let present = CALL.try_with(Clone::clone);
    Call {
        asking: Some(asking),
        ..present.unwrap_or_else(|_| Call::new("", None))
    }
}

/// Who asks; none outside of a call, and none before the door.
pub(crate) fn asking() -> Option<Arc<Asking>> {
    CALL.try_with(|call| call.asking.clone()).ok().flatten()
}

/// Whether a call is being answered.
pub(crate) fn is_answered() -> bool {
    CALL.try_with(|_| ()).is_ok()
}

/// The id of the call that is being answered.
#[must_use]
pub fn request_id() -> Option<String> {
    CALL.try_with(|call| call.id.to_string()).ok()
}

/// What is left of the time within which the call must be answered; `None` when there is no limit.
#[must_use]
pub fn remaining() -> Option<Duration> {
    let deadline = CALL.try_with(|call| call.deadline).ok().flatten();
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// The caller's id of a call, or a new one when there is none or it cannot be taken over.
pub(super) fn id_of(headers: &HeaderMap) -> String {
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let fits = |id: &&str| {
        (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|letter| letter.is_ascii_graphic())
    };
    match given.filter(fits) {
        Some(id) => id.to_owned(),
        None => chance::new_uuid().simple().to_string(),
    }
}
