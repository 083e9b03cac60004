//! What an error of the database means to a caller.

use std::error::Error as _;
use std::time::Duration;

use huiyin_proto::errors::v1::ErrorReason;
use tonic::Code;

use super::{AFTER_A_RACE, AFTER_AN_ABSENCE};

/// What a database error means to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The database cannot be reached or takes no work.
    Gone,
    /// Another transaction was first.
    Race,
    /// A mistake of ours.
    Bug,
}

impl Trouble {
    /// As [`Problem::row`].
    pub(super) fn row(self) -> (Code, ErrorReason, Option<Duration>) {
        match self {
            Self::Gone => (
                Code::Unavailable,
                ErrorReason::Unavailable,
                Some(AFTER_AN_ABSENCE),
            ),
            Self::Race => (
                Code::Aborted,
                ErrorReason::ChangedMeanwhile,
                Some(AFTER_A_RACE),
            ),
            Self::Bug => (Code::Internal, ErrorReason::Internal, None),
        }
    }
}

/// What an error says, with its causes.
pub(super) fn chain(error: &sqlx::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !words.contains(&next) {
            words.push_str(": ");
            words.push_str(&next);
        }
        cause = error.source();
    }
    words
}

/// What an error means to a caller.
pub(super) fn trouble(error: &sqlx::Error) -> Trouble {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::WorkerCrashed => Trouble::Gone,
        sqlx::Error::Database(database) => database
            .code()
            .map_or(Trouble::Bug, |code| trouble_of(&code)),
        // sqlx's own enum may grow
        _ => Trouble::Bug,
    }
}

/// What an SQLSTATE means: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(super) fn trouble_of(code: &str) -> Trouble {
    match code {
        // serialization failure, deadlock, lock not available
        "40001" | "40P01" | "55P03" => Trouble::Race,
        // shutting down, crashed, starting, too many connections, a standby, out of disk or memory
        "57P01" | "57P02" | "57P03" | "25006" => Trouble::Gone,
        code if code.starts_with("08") || code.starts_with("53") => Trouble::Gone,
        _ => Trouble::Bug,
    }
}
