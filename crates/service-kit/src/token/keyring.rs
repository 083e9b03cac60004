//! The issuer's keys as they were last fetched, and the one worker that fetches them.
//!
//! A worker, so that a caller who gives up cannot end a fetch that others wait for, and so that there is never more than one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::address::WebAddress;
use super::algorithm::Algorithm;
use super::discovery::{IssuerError, discover, page};
use super::key::KeySet;
use super::refused::TokenRefused;
use super::web::Web;
use crate::lifecycle::Stopper;
use crate::{chance, metrics};

/// How old keys are when they are fetched again, less up to a fifth.
pub(super) const REFRESH_AFTER: Duration = Duration::from_mins(15);
/// How long after a fetch that failed the next one is tried, less up to a fifth.
pub(super) const TRY_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// How long after a fetch a key that is not known may lead to another: whoever invents keys asks the issuer no more often.
pub(super) const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How long keys are believed while the issuer is away: a night.
pub(super) const BELIEVED_FOR: Duration = Duration::from_hours(12);
/// Callers that wait for a fetch at a time; more are refused at once, so that whoever invents keys while the issuer is slow does not
/// take all places of a server.
pub(super) const MOST_WAITING: usize = 64;
/// How long a fetch may take, both pages.
pub(super) const FETCH_WITHIN: Duration = Duration::from_secs(5);

/// The issuer's keys.
#[derive(Debug)]
pub(super) struct Keyring {
    issuer: WebAddress,
    web: Web,
    ring: watch::Sender<Ring>,
    wanted: Notify,
    waiting: Semaphore,
}

#[derive(Debug)]
struct Ring {
    fetched: Option<(Arc<KeySet>, Instant)>,
    // grows when the keys are others than before
    generation: u64,
    fetch: Fetch,
}

/// The fetch that runs, or the last that ended.
#[derive(Clone, Copy, Debug)]
enum Fetch {
    Running,
    Ended(Instant),
}

impl Keyring {
    /// No keys yet.
    pub(super) fn new(issuer: WebAddress, web: Web) -> Self {
        let ring = Ring {
            fetched: None,
            generation: 0,
            fetch: Fetch::Running,
        };
        Self {
            issuer,
            web,
            ring: watch::Sender::new(ring),
            wanted: Notify::new(),
            waiting: Semaphore::new(MOST_WAITING),
        }
    }

    /// Which keys these are: what was checked by others is to be checked again. None when none are believed.
    pub(super) fn generation(&self) -> Option<u64> {
        let ring = self.ring.borrow();
        ring.believed().map(|_| ring.generation)
    }

    /// Checks a signature; a key that is not known is asked for, but not too often. Gives the generation it was checked by.
    pub(super) async fn check(
        &self,
        (kid, algorithm): (&str, Algorithm),
        signed: &[u8],
        signature: &[u8],
    ) -> Result<u64, TokenRefused> {
        if !self.ring.borrow().knows(kid) {
            self.ask().await;
        }
        let (keys, generation) = {
            let ring = self.ring.borrow();
            let keys = ring.believed().ok_or(TokenRefused::NoKeys)?;
            (Arc::clone(keys), ring.generation)
        };
        keys.check((kid, algorithm), signed, signature)?;
        Ok(generation)
    }

    /// Has the keys fetched, unless that was done just now, and waits for it.
    async fn ask(&self) {
        let Ok(_place) = self.waiting.try_acquire() else {
            return;
        };
        let mut ring = self.ring.subscribe();
        let before = match ring.borrow().fetch {
            Fetch::Running => None,
            Fetch::Ended(at) if at.elapsed() < ASK_AGAIN_AFTER => return,
            Fetch::Ended(at) => Some(at),
        };
        if before.is_some() {
            self.wanted.notify_one();
        }
        let ended = ring.wait_for(|ring| match ring.fetch {
            Fetch::Running => false,
            Fetch::Ended(at) => Some(at) > before,
        });
        // whoever waited in vain is refused for want of the key
        let _in_vain = timeout(FETCH_WITHIN, ended).await.is_err();
    }

    /// Fetches the keys now, and again and again until the process stops.
    pub(super) async fn keep_fresh(self: Arc<Self>, stopper: Stopper) {
        loop {
            let (fetched, ended) = tokio::select! {
                fetched = self.fetch() => fetched,
                () = stopper.stopping() => return,
            };
            let after = if fetched {
                REFRESH_AFTER
            } else {
                TRY_AGAIN_AFTER
            };
            tokio::select! {
                () = self.rest(ended, after - chance::up_to(after / 5)) => {}
                () = stopper.stopping() => return,
            }
        }
    }

    /// Waits until the time has come, or a key is wanted and has not been asked for just now.
    async fn rest(&self, since: Instant, length: Duration) {
        loop {
            tokio::select! {
                () = sleep_until(since + length) => return,
                () = self.wanted.notified() => {
                    if since.elapsed() >= ASK_AGAIN_AFTER {
                        return;
                    }
                }
            }
        }
    }

    /// Fetches the keys; gives whether that went well, and when it ended. What went wrong is told, and the keys stay as they are.
    async fn fetch(&self) -> (bool, Instant) {
        self.ring.send_modify(|ring| ring.fetch = Fetch::Running);
        let read = timeout(FETCH_WITHIN, self.read()).await;
        let read = read.unwrap_or(Err(IssuerError::TookTooLong));
        let outcome = if read.is_ok() { "fetched" } else { "failed" };
        metrics::count("huiyin_token_key_fetches", 1, &[("outcome", outcome)]);
        if let Err(wrong) = &read {
            tracing::warn!(issuer = %self.issuer, %wrong, "the issuer's keys stay as they were");
        }
        let (fetched, ended) = (read.is_ok(), Instant::now());
        self.ring.send_modify(|ring| ring.end(read.ok(), ended));
        (fetched, ended)
    }

    #[cfg(test)]
    pub(super) fn rests(&self) -> bool {
        matches!(self.ring.borrow().fetch, Fetch::Ended(_))
    }

    async fn read(&self) -> Result<KeySet, IssuerError> {
        let pages = discover(&self.web, &self.issuer).await?;
        Ok(KeySet::read(&page(&self.web, &pages.keys).await?)?)
    }
}

impl Ring {
    /// The keys, unless they are too old.
    fn believed(&self) -> Option<&Arc<KeySet>> {
        let (keys, at) = self.fetched.as_ref()?;
        (at.elapsed() < BELIEVED_FOR).then_some(keys)
    }

    fn knows(&self, kid: &str) -> bool {
        self.believed().is_some_and(|keys| keys.has(kid))
    }

    fn end(&mut self, read: Option<KeySet>, at: Instant) {
        self.fetch = Fetch::Ended(at);
        let Some(keys) = read else { return };
        let before = self.fetched.as_ref().map(|(before, _)| before.as_ref());
        if before != Some(&keys) {
            self.generation += 1;
            tracing::info!("the issuer has other keys than before");
        }
        self.fetched = Some((Arc::new(keys), at));
    }
}
