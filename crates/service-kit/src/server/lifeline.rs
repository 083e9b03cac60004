//! How long a connection lives: until it is silent, idle, old, or does not read its answers.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::limits::{BEGINS_WITHIN, READ_WITHIN};

/// How often a connection is looked at, at least.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What is known of one connection.
#[derive(Debug)]
pub(super) struct Lifeline {
    begun: Instant,
    ends: Ends,
    is_heard: AtomicBool,
    calls: Mutex<Calls>,
}

/// When a connection ends by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    /// After so long without a call.
    pub(super) idle: Duration,
    /// After so long in any case.
    pub(super) age: Duration,
}

#[derive(Debug)]
struct Calls {
    open: usize,
    last_ended: Instant,
    /// Until when answers must be read, and the number of their call.
    unread: BTreeSet<(Instant, u64)>,
    next: u64,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It says nothing at its beginning.
    Silent,
    /// It has had no call for a while.
    Idle,
    /// It is old.
    Old,
    /// It does not read its answers.
    Unread,
}

impl End {
    /// As metrics call it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Idle => "idle",
            Self::Old => "old",
            Self::Unread => "unread",
        }
    }

    /// Whether calls in flight are waited for.
    pub(super) const fn is_polite(self) -> bool {
        match self {
            Self::Idle | Self::Old => true,
            Self::Silent | Self::Unread => false,
        }
    }
}

/// A call that is open until this is dropped.
#[derive(Debug)]
pub(super) struct OpenCall {
    lifeline: Arc<Lifeline>,
    unread: Option<(Instant, u64)>,
}

impl Lifeline {
    pub(super) fn new(ends: Ends) -> Arc<Self> {
        let begun = Instant::now();
        Arc::new(Self {
            begun,
            ends,
            is_heard: AtomicBool::new(false),
            calls: Mutex::new(Calls {
                open: 0,
                last_ended: begun,
                unread: BTreeSet::new(),
                next: 0,
            }),
        })
    }

    /// Something came in.
    pub(super) fn heard(&self) {
        self.is_heard.store(true, Ordering::Relaxed);
    }

    /// A call begins.
    pub(super) fn open(self: &Arc<Self>) -> OpenCall {
        self.calls().open += 1;
        OpenCall {
            lifeline: Arc::clone(self),
            unread: None,
        }
    }

    /// Waits until the connection is to end.
    pub(super) async fn ended(&self) -> End {
        loop {
            let now = Instant::now();
            match self.judge(now) {
                Ok(next) => tokio::time::sleep_until(next.min(now + LOOK_EVERY)).await,
                Err(end) => return end,
            }
        }
    }

    /// When to look again, or why it ends now.
    fn judge(&self, now: Instant) -> Result<Instant, End> {
        let calls = self.calls();
        let idle = (calls.open == 0).then(|| calls.last_ended + self.ends.idle);
        let silent = (!self.is_heard.load(Ordering::Relaxed)).then(|| self.begun + BEGINS_WITHIN);
        let unread = calls.unread.first().map(|(until, _)| *until);
        let mut next = self.begun + self.ends.age;
        for (due, end) in [
            (unread, End::Unread),
            (silent, End::Silent),
            (idle, End::Idle),
            (Some(next), End::Old),
        ] {
            match due {
                Some(due) if due <= now => return Err(end),
                Some(due) => next = next.min(due),
                None => {}
            }
        }
        Ok(next)
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenCall {
    /// Its answer is there and is to be read.
    pub(super) fn answered(&mut self) {
        let mut calls = self.lifeline.calls();
        calls.next += 1;
        let unread = (Instant::now() + READ_WITHIN, calls.next);
        calls.unread.insert(unread);
        self.unread = Some(unread);
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let mut calls = self.lifeline.calls();
        calls.open = calls.open.saturating_sub(1);
        calls.last_ended = Instant::now();
        if let Some(unread) = self.unread {
            calls.unread.remove(&unread);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const ENDS: Ends = Ends {
        idle: Duration::from_mins(5),
        age: Duration::from_mins(60),
    };

    async fn after(lifeline: &Lifeline) -> (End, Duration) {
        let began = Instant::now();
        (lifeline.ended().await, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_says_nothing_is_not_waited_for() {
        let lifeline = Lifeline::new(ENDS);
        assert_eq!(after(&lifeline).await, (End::Silent, BEGINS_WITHIN));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_a_while_after_its_last_call_however_much_else_it_says() {
        let lifeline = Lifeline::new(ENDS);
        lifeline.heard();
        let call = lifeline.open();
        tokio::time::advance(10 * MINUTE).await;
        drop(call);
        lifeline.heard();
        assert_eq!(after(&lifeline).await, (End::Idle, 5 * MINUTE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_calls_ends_by_its_age() {
        let lifeline = Lifeline::new(ENDS);
        lifeline.heard();
        let _call = lifeline.open();
        assert_eq!(after(&lifeline).await, (End::Old, 60 * MINUTE));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_read_its_answers_is_closed() {
        let lifeline = Lifeline::new(ENDS);
        lifeline.heard();
        let (mut read, mut unread) = (lifeline.open(), lifeline.open());
        read.answered();
        drop(read);
        unread.answered();
        assert_eq!(after(&lifeline).await, (End::Unread, READ_WITHIN));
    }
}
