//! The one table that turns what happened into a gRPC code, a reason and its details.

use std::collections::HashMap;
use std::time::Duration;

use huiyin_domain::matter::Refused;
use huiyin_proto::errors::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::telemetry;
use crate::token::TokenRefused;
use crate::violations::Violations;

mod trouble;

use self::trouble::{Trouble, chain, trouble};

/// Whose reasons these are.
const DOMAIN: &str = "huiyin";
/// When a lost race may be tried again.
const AFTER_A_RACE: Duration = Duration::from_millis(50);
/// When a full service may be tried again.
const AFTER_A_CROWD: Duration = Duration::from_millis(250);
/// When an absent service may be tried again.
const AFTER_AN_ABSENCE: Duration = Duration::from_secs(1);

/// Why a call was refused.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Fields of the request are wrong.
    #[error("{0}")]
    InvalidFields(Violations),
    /// The page token was not issued by this list, or for another filter.
    #[error("page_token was not issued by this list, or for another filter")]
    WrongPageToken,
    /// The named thing does not exist.
    #[error("there is no {what} {id}")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// What it was asked for by.
        id: String,
    },
    /// The action does not fit the current state.
    #[error(
        "{action} is not allowed now: the state is {state}; allowed: {}",
        list(allowed)
    )]
    NotAllowedNow {
        /// What was asked for.
        action: String,
        /// The current state.
        state: String,
        /// What may be done instead.
        allowed: Vec<String>,
    },
    /// The post is not on duty in the shift that is running.
    #[error("the post is not on duty now; on duty are: {}", list(on_duty))]
    NotOnDuty {
        /// The posts that are.
        on_duty: Vec<String>,
    },
    /// No organ is competent for this place and subject.
    #[error("{words}")]
    NoCompetentOrgan {
        /// Which place and subject.
        words: String,
    },
    /// The request id was used before with another body.
    #[error("request_id {request_id} was used before with another body")]
    RequestIdReused {
        /// The request id.
        request_id: String,
    },
    /// The calling organ may not do this.
    #[error("{words}")]
    NotYours {
        /// Who may.
        words: String,
    },
    /// Who asks may not ask this.
    #[error("{words}")]
    NotPermitted {
        /// Who may.
        words: String,
    },
    /// Nobody knows who asks.
    #[error(
        "who asks is not known: show a certificate of the trust domain, and the token of the post it speaks for"
    )]
    NotKnown,
    /// The token cannot be believed.
    #[error("{}", .0.kind().words())]
    TokenRefused(TokenRefused),
    /// Somebody else changed it meanwhile.
    #[error("it was changed by somebody else meanwhile; try again")]
    ChangedMeanwhile,
    /// The service cannot answer now.
    #[error("{words}")]
    Unavailable {
        /// What is missing.
        words: String,
    },
    /// Too many calls at once.
    #[error("too many calls at once; try again")]
    TooManyCalls,
    /// The caller calls more often than its quota.
    #[error("called more often than this caller may; try again in {} ms", .retry_after.as_micros().div_ceil(1000))]
    QuotaSpent {
        /// When its next call is taken.
        retry_after: Duration,
    },
    /// The caller's deadline passed.
    #[error("the deadline of the call passed")]
    DeadlinePassed,
    /// Only possible in the development profile.
    #[error("only possible in the development profile, under a clock moved by hand")]
    DevelopmentOnly,
    /// The cursor is of another epoch, or ahead of the stream.
    #[error("{words}")]
    WrongCursor {
        /// What is wrong with it.
        words: String,
    },
    /// The head of a log contradicts one that was handed in earlier.
    #[error("{words}")]
    HeadContradicts {
        /// How.
        words: String,
    },
    /// The database refused or is gone.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// What should not happen. The words are for the log, never for the caller.
    #[error("{0}")]
    Unexpected(String),
}

impl Problem {
    /// Whether the same call may succeed when it is made again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.code(),
            Code::Aborted | Code::Unavailable | Code::ResourceExhausted
        )
    }

    /// The gRPC code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.row().0
    }

    /// The table: code, reason, and when to try again.
    fn row(&self) -> (Code, ErrorReason, Option<Duration>) {
        match self {
            Self::InvalidFields(_) => (Code::InvalidArgument, ErrorReason::InvalidFields, None),
            Self::WrongPageToken => (Code::InvalidArgument, ErrorReason::WrongPageToken, None),
            Self::NotFound { .. } => (Code::NotFound, ErrorReason::NotFound, None),
            Self::NotAllowedNow { .. } => (
                Code::FailedPrecondition,
                ErrorReason::ActionNotAllowedNow,
                None,
            ),
            Self::NotOnDuty { .. } => (Code::FailedPrecondition, ErrorReason::NotOnDuty, None),
            Self::NoCompetentOrgan { .. } => (
                Code::FailedPrecondition,
                ErrorReason::NoCompetentOrgan,
                None,
            ),
            Self::RequestIdReused { .. } => {
                (Code::AlreadyExists, ErrorReason::RequestIdReused, None)
            }
            Self::NotYours { .. } => (Code::PermissionDenied, ErrorReason::NotYours, None),
            Self::NotPermitted { .. } => (Code::PermissionDenied, ErrorReason::NotPermitted, None),
            Self::NotKnown => (Code::Unauthenticated, ErrorReason::NotKnown, None),
            Self::TokenRefused(_) => (Code::Unauthenticated, ErrorReason::TokenRefused, None),
            Self::ChangedMeanwhile => (
                Code::Aborted,
                ErrorReason::ChangedMeanwhile,
                Some(AFTER_A_RACE),
            ),
            Self::Unavailable { .. } => (
                Code::Unavailable,
                ErrorReason::Unavailable,
                Some(AFTER_AN_ABSENCE),
            ),
            Self::TooManyCalls => (
                Code::ResourceExhausted,
                ErrorReason::TooManyCalls,
                Some(AFTER_A_CROWD),
            ),
            Self::QuotaSpent { retry_after } => (
                Code::ResourceExhausted,
                ErrorReason::QuotaSpent,
                Some(*retry_after),
            ),
            Self::DeadlinePassed => (Code::DeadlineExceeded, ErrorReason::DeadlinePassed, None),
            Self::DevelopmentOnly => (Code::FailedPrecondition, ErrorReason::DevelopmentOnly, None),
            Self::WrongCursor { .. } => (Code::OutOfRange, ErrorReason::WrongCursor, None),
            Self::HeadContradicts { .. } => {
                (Code::FailedPrecondition, ErrorReason::HeadContradicts, None)
            }
            Self::Database(error) => trouble(error).row(),
            Self::Unexpected(_) => (Code::Internal, ErrorReason::Internal, None),
        }
    }

    /// What the caller reads; words about our inside stay in the log.
    fn words(&self) -> String {
        match self {
            Self::Database(error) => match trouble(error) {
                Trouble::Gone => "the database does not answer; try again".to_owned(),
                Trouble::Race => Self::ChangedMeanwhile.to_string(),
                Trouble::Bug => internal(),
            },
            Self::Unexpected(_) => internal(),
            Self::InvalidFields(_)
            | Self::WrongPageToken
            | Self::NotFound { .. }
            | Self::NotAllowedNow { .. }
            | Self::NotOnDuty { .. }
            | Self::NoCompetentOrgan { .. }
            | Self::RequestIdReused { .. }
            | Self::NotYours { .. }
            | Self::NotPermitted { .. }
            | Self::NotKnown
            | Self::TokenRefused(_)
            | Self::ChangedMeanwhile
            | Self::Unavailable { .. }
            | Self::TooManyCalls
            | Self::QuotaSpent { .. }
            | Self::DeadlinePassed
            | Self::DevelopmentOnly
            | Self::WrongCursor { .. }
            | Self::HeadContradicts { .. } => self.to_string(),
        }
    }

    fn metadata(&self) -> HashMap<String, String> {
        let pairs: Vec<(&str, String)> = match self {
            Self::NotFound { what, id } => vec![("what", (*what).to_owned()), ("id", id.clone())],
            Self::NotAllowedNow {
                action,
                state,
                allowed,
            } => {
                vec![
                    ("action", action.clone()),
                    ("state", state.clone()),
                    ("allowed", allowed.join(",")),
                ]
            }
            Self::NotOnDuty { on_duty } => vec![("on_duty", on_duty.join(","))],
            Self::RequestIdReused { request_id } => vec![("request_id", request_id.clone())],
            Self::Database(_) | Self::Unexpected(_) => {
                vec![("trace", telemetry::trace_or_request())]
            }
            Self::InvalidFields(_)
            | Self::WrongPageToken
            | Self::NoCompetentOrgan { .. }
            | Self::NotYours { .. }
            | Self::NotPermitted { .. }
            | Self::NotKnown
            | Self::TokenRefused(_)
            | Self::ChangedMeanwhile
            | Self::Unavailable { .. }
            | Self::TooManyCalls
            | Self::QuotaSpent { .. }
            | Self::DeadlinePassed
            | Self::DevelopmentOnly
            | Self::WrongCursor { .. }
            | Self::HeadContradicts { .. } => Vec::new(),
        };
        pairs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }

    fn details(&self) -> ErrorDetails {
        let (_, reason, retry_after) = self.row();
        let reason = reason.as_str_name().trim_start_matches("ERROR_REASON_");
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, self.metadata());
        match self {
            Self::InvalidFields(violations) => {
                let fields: Vec<FieldViolation> = violations
                    .iter()
                    .map(|wrong| FieldViolation::new(&wrong.field, &wrong.description))
                    .collect();
                details.set_bad_request(fields);
            }
            Self::WrongPageToken => {
                details.add_bad_request_violation("page_token", self.to_string());
            }
            Self::NotAllowedNow {
                action,
                state,
                allowed,
            } => {
                details.add_precondition_failure_violation(
                    state,
                    action,
                    format!("allowed: {}", list(allowed)),
                );
            }
            Self::NotOnDuty { on_duty } => {
                let words = format!("on duty are: {}", list(on_duty));
                details.add_precondition_failure_violation("not_on_duty", "post", words);
            }
            Self::NoCompetentOrgan { words } => {
                details.add_precondition_failure_violation("no_competent_organ", "organ", words);
            }
            Self::DevelopmentOnly => {
                details.add_precondition_failure_violation(
                    "profile",
                    "production",
                    self.to_string(),
                );
            }
            Self::NotFound { .. }
            | Self::RequestIdReused { .. }
            | Self::NotYours { .. }
            | Self::NotPermitted { .. }
            | Self::NotKnown
            | Self::TokenRefused(_)
            | Self::ChangedMeanwhile
            | Self::Unavailable { .. }
            | Self::TooManyCalls
            | Self::QuotaSpent { .. }
            | Self::DeadlinePassed
            | Self::WrongCursor { .. }
            | Self::HeadContradicts { .. }
            | Self::Database(_)
            | Self::Unexpected(_) => {}
        }
        if retry_after.is_some() {
            details.set_retry_info(retry_after);
        }
        details
    }

    /// Writes what the caller may not read into the log, with every cause.
    fn log(&self) {
        match self {
            Self::Database(error) => {
                let (chain, trace) = (chain(error), telemetry::trace_or_request());
                match trouble(error) {
                    Trouble::Gone => {
                        tracing::warn!(error = chain, trace, "the database does not answer")
                    }
                    Trouble::Race => {
                        tracing::debug!(error = chain, trace, "another transaction was first")
                    }
                    Trouble::Bug => tracing::error!(error = chain, trace, "internal error"),
                }
            }
            Self::Unexpected(words) => {
                tracing::error!(
                    error = words,
                    trace = telemetry::trace_or_request(),
                    "internal error"
                );
            }
            Self::InvalidFields(_)
            | Self::WrongPageToken
            | Self::NotFound { .. }
            | Self::NotAllowedNow { .. }
            | Self::NotOnDuty { .. }
            | Self::NoCompetentOrgan { .. }
            | Self::RequestIdReused { .. }
            | Self::NotYours { .. }
            | Self::NotPermitted { .. }
            | Self::NotKnown
            | Self::TokenRefused(_)
            | Self::ChangedMeanwhile
            | Self::Unavailable { .. }
            | Self::TooManyCalls
            | Self::QuotaSpent { .. }
            | Self::DeadlinePassed
            | Self::DevelopmentOnly
            | Self::WrongCursor { .. }
            | Self::HeadContradicts { .. } => {}
        }
    }
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        problem.log();
        Self::with_error_details(problem.code(), problem.words(), problem.details())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        if let Some(organ) = refused.only {
            return Self::NotYours {
                words: format!(
                    "{} is only for {organ}, which has the matter in hand",
                    refused.action
                ),
            };
        }
        Self::NotAllowedNow {
            action: refused.action.to_string(),
            state: refused.stage.to_owned(),
            allowed: refused.allowed.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Whether a call that ended with this status may succeed when it is made again.
#[must_use]
pub fn is_retryable(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Aborted | Code::Unavailable | Code::ResourceExhausted
    )
}

fn internal() -> String {
    format!("internal error, trace {}", telemetry::trace_or_request())
}

fn list(allowed: &[String]) -> String {
    if allowed.is_empty() {
        "nothing, it has ended".to_owned()
    } else {
        allowed.join(", ")
    }
}

#[cfg(test)]
mod tests;
