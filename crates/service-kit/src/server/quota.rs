//! How often something may happen: a bucket of tokens.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota as Tokens, RateLimiter};
use tokio::time::{Instant, Sleep};

use crate::settings::Quota;

/// A bucket of tokens that fills by itself.
#[derive(Debug)]
pub(crate) struct Bucket {
    tokens: RateLimiter<NotKeyed, InMemoryState, Since, NoOpMiddleware<Duration>>,
    since: Since,
    burst: NonZeroU32,
}

/// The time since a bucket was made, by the runtime's clock, which tests move by hand.
#[derive(Clone, Copy, Debug)]
struct Since(Instant);

impl Clock for Since {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(quota: Quota) -> Self {
        let since = Since(Instant::now());
        let tokens = Tokens::per_second(quota.per_second).allow_burst(quota.burst);
        Self {
            tokens: RateLimiter::direct_with_clock(tokens, since),
            since,
            burst: quota.burst,
        }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// How long until there is one.
    pub(crate) fn take(&self) -> Result<(), Duration> {
        let none = |until: governor::NotUntil<Duration>| until.wait_time_from(self.since.now());
        self.tokens.check().map_err(none)
    }

    /// Takes what was owed, as much as there is.
    ///
    /// # Errors
    /// How long until more of it can be taken.
    pub(crate) fn repay(&self, owed: &mut u32) -> Result<(), Duration> {
        while let Some(whole) = NonZeroU32::new(*owed) {
            let part = whole.min(self.burst);
            match self.tokens.check_n(part) {
                Ok(Ok(())) => *owed -= part.get(),
                Ok(Err(until)) => return Err(until.wait_time_from(self.since.now())),
                // more at once than there ever is, which a part of a burst is not
                Err(_) => *owed = 0,
            }
        }
        Ok(())
    }
}

/// How fast something goes on: so many steps at once after a rest, then so many a second.
#[derive(Debug)]
pub(crate) struct Pace {
    tokens: Bucket,
    /// Whether the next step may be taken.
    may_step: bool,
    rest: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// None of it taken yet.
    pub(crate) fn new(quota: Quota) -> Self {
        Self {
            tokens: Bucket::new(quota),
            may_step: false,
            rest: None,
        }
    }

    /// Ready when the next step may be taken.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while !self.may_step {
            if let Some(rest) = &mut self.rest {
                ready!(rest.as_mut().poll(context));
                self.rest = None;
            }
            match self.tokens.take() {
                Ok(()) => self.may_step = true,
                Err(after) => self.rest = Some(Box::pin(tokio::time::sleep(after))),
            }
        }
        Poll::Ready(())
    }

    /// The step is taken.
    pub(crate) fn step(&mut self) {
        self.may_step = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn so_many_at_once_and_then_so_many_a_second() {
        let bucket = Bucket::new(Quota::of(10, 20));
        let taken = (0..100).filter(|_| bucket.take().is_ok()).count();
        assert_eq!(taken, 20);
        assert_eq!(bucket.take(), Err(SECOND / 10));
        tokio::time::advance(SECOND).await;
        let taken = (0..100).filter(|_| bucket.take().is_ok()).count();
        assert_eq!(taken, 10);
        tokio::time::advance(10 * SECOND).await;
        let taken = (0..100).filter(|_| bucket.take().is_ok()).count();
        assert_eq!(taken, 20, "it never holds more than its burst");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pace_lets_so_many_go_at_once_and_then_so_many_a_second() {
        let mut pace = Pace::new(Quota::of(10, 20));
        let mut steps = 0;
        let began = Instant::now();
        while began.elapsed() < 2 * SECOND {
            std::future::poll_fn(|context| pace.poll(context)).await;
            pace.step();
            steps += 1;
        }
        assert!((40..=41).contains(&steps), "{steps}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_owed_is_repaid_as_tokens_come() {
        let bucket = Bucket::new(Quota::of(10, 20));
        let mut owed = 45;
        let wait = bucket.repay(&mut owed).unwrap_err();
        assert_eq!((owed, wait), (25, 2 * SECOND));
        tokio::time::advance(wait).await;
        let wait = bucket.repay(&mut owed).unwrap_err();
        assert_eq!((owed, wait), (5, SECOND / 2));
        tokio::time::advance(wait).await;
        assert_eq!((bucket.repay(&mut owed), owed), (Ok(()), 0));
    }
}
