//! How often an organ's own system is told again that did not take a notice in. Whoever watches loses nothing by it: what is given up
//! is on the desk like everything else.

use std::fmt;
use std::str::FromStr;

use crate::time::{Duration, Instant};

/// How long a notice is tried from when it was to be told.
pub const TRIED_FOR: Duration = Duration::hours(24);
/// How long the secret before a rotation signs too.
pub const FORMER_SECRET_FOR: Duration = Duration::hours(24);
/// The first pause between two attempts; each further one is three times as long.
const FIRST_PAUSE: Duration = Duration::seconds(10);
/// The longest pause that we set ourselves.
const LONGEST_PAUSE: Duration = Duration::hours(4);
/// The longest pause that a receiver may ask for.
const LONGEST_WISH: u32 = 3600;

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered.
    Answered {
        /// The status of HTTP.
        status: u16,
        /// After how many seconds it wants to be asked again, if it says so.
        retry_after: Option<u32>,
    },
    /// Nobody answered.
    Unanswered(Unanswered),
}

/// Why nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unanswered {
    /// The address leads where nobody is called.
    NotAllowed,
    /// Nobody is there, or somebody who is not believed.
    NotReached,
    /// It took too long.
    TookTooLong,
    /// What came was no HTTP.
    Broken,
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The receiver has it.
    Delivered,
    /// It is tried again at this instant.
    Again(Instant),
    /// It is not tried any more.
    GivenUp,
    /// The receiver wants nothing any more (410): the webhook ends.
    Gone,
}

impl Outcome {
    /// What follows the `number`-th attempt, counted from 1, to tell what was to be told at `since`. `jitter` draws a length up to
    /// the one it is given, so that receivers that come back are not all told at once.
    pub fn then(
        self,
        number: u32,
        (since, now): (Instant, Instant),
        jitter: impl FnOnce(Duration) -> Duration,
    ) -> Then {
        let wish = match self {
            Self::Answered {
                status: 200..=299, ..
            } => return Then::Delivered,
            Self::Answered { status: 410, .. } => return Then::Gone,
            Self::Answered {
                status: 429 | 503,
                retry_after: Some(seconds),
            } => seconds.min(LONGEST_WISH),
            Self::Answered { .. } | Self::Unanswered(_) => 0,
        };
        let pause = pause(number);
        let pause = (pause + jitter(pause / 4)).max(Duration::seconds(wish.into()));
        let again = now + pause;
        if again - since > TRIED_FOR {
            Then::GivenUp
        } else {
            Then::Again(again)
        }
    }
}

/// The pause behind the `number`-th attempt, without what chance adds.
fn pause(number: u32) -> Duration {
    let times = 3_i32.saturating_pow(number.saturating_sub(1));
    let longest = i32::try_from(LONGEST_PAUSE.num_seconds() / FIRST_PAUSE.num_seconds());
    FIRST_PAUSE * times.min(longest.unwrap_or(i32::MAX))
}

impl Unanswered {
    /// The word, as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => "not_allowed",
            Self::NotReached => "not_reached",
            Self::TookTooLong => "took_too_long",
            Self::Broken => "broken",
        }
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No word for why nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no reason why nobody answered")]
pub struct UnknownReason;

impl FromStr for Unanswered {
    type Err = UnknownReason;

    fn from_str(word: &str) -> Result<Self, UnknownReason> {
        let all = [
            Self::NotAllowed,
            Self::NotReached,
            Self::TookTooLong,
            Self::Broken,
        ];
        let named = all.into_iter().find(|reason| reason.as_str() == word);
        named.ok_or(UnknownReason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Outcome = Outcome::Unanswered(Unanswered::NotReached);

    fn start() -> Instant {
        Instant::UNIX_EPOCH
    }

    fn answered(status: u16, retry_after: Option<u32>) -> Outcome {
        Outcome::Answered {
            status,
            retry_after,
        }
    }

    fn none(_: Duration) -> Duration {
        Duration::zero()
    }

    /// When each attempt falls, in seconds, when all fail.
    fn attempts(jitter: fn(Duration) -> Duration) -> Vec<i64> {
        let mut at = vec![start()];
        while let Then::Again(next) =
            FAILED.then(at.len() as u32, (start(), at[at.len() - 1]), jitter)
        {
            at.push(next);
        }
        at.iter().map(|at| (*at - start()).num_seconds()).collect()
    }

    #[test]
    fn pauses_grow_to_four_hours_and_end_within_a_day() {
        let expected = [
            0, 10, 40, 130, 400, 1210, 3640, 10_930, 25_330, 39_730, 54_130, 68_530, 82_930,
        ];
        assert_eq!(attempts(none), expected);
        let longer = attempts(|most| most);
        assert!(longer[longer.len() - 1] <= TRIED_FOR.num_seconds());
        assert!(longer.len() < expected.len());
    }

    #[test]
    fn only_success_delivers_and_a_redirect_is_none() {
        let then = |status| answered(status, None).then(1, (start(), start()), none);
        for status in [200, 201, 204, 299] {
            assert_eq!(then(status), Then::Delivered, "{status}");
        }
        assert_eq!(then(410), Then::Gone);
        let again = Then::Again(start() + FIRST_PAUSE);
        for status in [100, 199, 300, 301, 308, 400, 401, 404, 409, 429, 500, 503] {
            assert_eq!(then(status), again, "{status}");
        }
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it_within_an_hour() {
        let then = |outcome: Outcome| outcome.then(1, (start(), start()), none);
        let at = |seconds| Then::Again(start() + Duration::seconds(seconds));
        assert_eq!(then(answered(503, Some(120))), at(120));
        assert_eq!(then(answered(429, Some(u32::MAX))), at(3600));
        assert_eq!(
            then(answered(503, Some(1))),
            at(10),
            "never sooner than by itself"
        );
        assert_eq!(then(answered(500, Some(120))), at(10));
    }

    #[test]
    fn reasons_are_read_as_they_are_written() {
        for reason in [
            Unanswered::NotAllowed,
            Unanswered::NotReached,
            Unanswered::TookTooLong,
            Unanswered::Broken,
        ] {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert_eq!("".parse::<Unanswered>(), Err(UnknownReason));
    }
}
