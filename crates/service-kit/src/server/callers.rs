//! Who calls, as the limits see it: one entry for all connections of a caller, remembered for a while after the last.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::limits::{FRAMES, STREAMS_OF_ONE, pace};
use super::quota::Bucket;
use crate::settings::{LimitSettings, Quota};
use crate::tls::{Identity, Peer};

/// Callers without a connection that are remembered.
const REMEMBERED: usize = 4_096;
/// How long a caller without a connection is remembered: by then its quota is whole again.
const REMEMBERED_FOR: Duration = Duration::from_mins(2);
/// How often the log tells of one caller that it is refused.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Who calls: the identity its certificate proves, whatever posts its tokens speak for; without TLS its address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Proved(Identity),
    Address(IpAddr),
    Nobody,
}

/// What the limits know of one caller.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) name: Name,
    /// Its line at the places.
    pub(super) number: u64,
    /// How often it may call.
    pub(super) calls: Bucket,
    /// How often calls of it are read at all.
    pub(super) pace: Bucket,
    /// How often frames of it are read that carry nothing.
    pub(super) frames: Bucket,
    connections: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    times: Mutex<Times>,
}

#[derive(Debug)]
struct Times {
    seen: Instant,
    told: Option<Instant>,
}

/// The callers of one server.
#[derive(Clone, Debug)]
pub(super) struct Callers(Arc<Known>);

#[derive(Debug)]
struct Known {
    limits: LimitSettings,
    next: AtomicU64,
    callers: Mutex<HashMap<Name, Arc<Caller>>>,
}

impl From<&Peer> for Name {
    fn from(peer: &Peer) -> Self {
        match (&peer.identity, peer.address) {
            (Some(identity), _) => Self::Proved(identity.clone()),
            (None, Some(address)) => Self::Address(address.ip()),
            (None, None) => Self::Nobody,
        }
    }
}

impl Name {
    /// Its quota: the services and operators have that of the house.
    const fn quota(&self, limits: &LimitSettings) -> Quota {
        match self {
            Self::Proved(Identity::Service(_) | Identity::Operator(_)) => limits.house,
            Self::Proved(Identity::Caller(_) | Identity::Post { .. })
            | Self::Address(_)
            | Self::Nobody => limits.caller,
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Proved(identity) => identity.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}

impl Callers {
    /// Nobody yet.
    pub(super) fn new(limits: LimitSettings) -> Self {
        Self(Arc::new(Known {
            limits,
            next: AtomicU64::new(1),
            callers: Mutex::default(),
        }))
    }

    /// The entry of a caller, the same for all its connections.
    pub(super) fn of(&self, name: Name) -> Arc<Caller> {
        let now = Instant::now();
        let known = &self.0;
        let mut callers = known.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(caller) = callers.get(&name) {
            caller.times().seen = now;
            return Arc::clone(caller);
        }
        if callers.len() >= REMEMBERED {
            forget(&mut callers, now);
        }
        let number = known.next.fetch_add(1, Ordering::Relaxed);
        let caller = Arc::new(Caller::new(name.clone(), number, &known.limits));
        callers.insert(name, Arc::clone(&caller));
        caller
    }
}

/// Forgets those without a connection: those of long ago, and when there are still too many, all of them.
fn forget(callers: &mut HashMap<Name, Arc<Caller>>, now: Instant) {
    let is_connected = |caller: &Arc<Caller>| Arc::strong_count(caller) > 1;
    callers.retain(|_, caller| {
        let seen = caller.times().seen;
        is_connected(caller) || now.saturating_duration_since(seen) < REMEMBERED_FOR
    });
    if callers.len() >= REMEMBERED {
        callers.retain(|_, caller| is_connected(caller));
    }
}

impl Caller {
    fn new(name: Name, number: u64, limits: &LimitSettings) -> Self {
        let quota = name.quota(limits);
        Self {
            name,
            number,
            calls: Bucket::new(quota),
            pace: Bucket::new(pace(quota)),
            frames: Bucket::new(FRAMES),
            connections: Arc::new(Semaphore::new(limits.connections_of_one as usize)),
            streams: Arc::new(Semaphore::new(STREAMS_OF_ONE)),
            times: Mutex::new(Times {
                seen: Instant::now(),
                told: None,
            }),
        }
    }

    /// One more connection; none when it has its most.
    pub(super) fn connect(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.connections).try_acquire_owned().ok()
    }

    /// One more open stream; none when it has its most.
    pub(super) fn open_stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.streams).try_acquire_owned().ok()
    }

    /// Whether it is time for the log to tell that this caller is refused.
    pub(super) fn is_to_be_told(&self) -> bool {
        let now = Instant::now();
        let mut times = self.times();
        let is_due = times
            .told
            .is_none_or(|told| now.saturating_duration_since(told) >= TOLD_EVERY);
        if is_due {
            times.told = Some(now);
        }
        is_due
    }

    fn times(&self) -> std::sync::MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(number: u32) -> Name {
        Name::Address(Ipv4Addr::from(number).into())
    }

    fn known(callers: &Callers) -> usize {
        callers.0.callers.lock().unwrap().len()
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_connects_again_finds_its_quota_as_it_left_it() {
        let limits = LimitSettings {
            caller: Quota::of(1, 3),
            house: Quota::of(1, 5),
            ..LimitSettings::default()
        };
        let callers = Callers::new(limits);
        let calls = |name: Name| {
            let caller = callers.of(name);
            (0..10).filter(|_| caller.calls.take().is_ok()).count()
        };
        let platform = Name::Proved(Identity::Caller("platform".to_owned()));
        assert_eq!(calls(platform.clone()), 3);
        assert_eq!(calls(platform), 0);
        assert_eq!(calls(address(1)), 3);
        let operator = Name::Proved(Identity::Operator("night".to_owned()));
        assert_eq!(calls(operator), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_callers_are_remembered_and_none_that_is_connected_is_forgotten() {
        let callers = Callers::new(LimitSettings::default());
        let connected: Vec<_> = (0..10).map(|number| callers.of(address(number))).collect();
        for number in 10..50_000 {
            callers.of(address(number));
        }
        assert!(known(&callers) <= REMEMBERED, "{}", known(&callers));
        for (number, caller) in (0..).zip(&connected) {
            assert_eq!(callers.of(address(number)).number, caller.number);
        }
        tokio::time::advance(REMEMBERED_FOR).await;
        for number in 50_000..54_200 {
            callers.of(address(number));
        }
        assert!(known(&callers) <= REMEMBERED);
    }

    #[tokio::test]
    async fn a_caller_has_so_many_connections() {
        let limits = LimitSettings {
            connections_of_one: 2,
            ..LimitSettings::default()
        };
        let caller = Callers::new(limits).of(Name::Nobody);
        let (first, _second) = (caller.connect(), caller.connect());
        assert!(first.is_some() && caller.connect().is_none());
        drop(first);
        assert!(caller.connect().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_log_tells_of_a_refused_caller_now_and_then() {
        let caller = Callers::new(LimitSettings::default()).of(Name::Nobody);
        assert!(caller.is_to_be_told());
        assert!(!caller.is_to_be_told());
        tokio::time::advance(TOLD_EVERY).await;
        assert!(caller.is_to_be_told());
    }
}
