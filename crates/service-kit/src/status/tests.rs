//! What callers are told of each problem.

use super::trouble::trouble_of;
use super::*;

fn told(problem: Problem) -> (Code, String, ErrorDetails) {
    let status = Status::from(problem);
    (
        status.code(),
        status.message().to_owned(),
        status.get_error_details(),
    )
}

#[test]
fn wrong_fields_are_all_listed() {
    let mut violations = Violations::default();
    violations.add("place_code", "is unknown");
    violations.add("content", "is empty");
    let (code, message, details) = told(Problem::InvalidFields(violations));
    assert_eq!(code, Code::InvalidArgument);
    assert_eq!(message, "place_code is unknown; content is empty");
    assert_eq!(details.error_info().unwrap().reason, "INVALID_FIELDS");
    assert_eq!(details.error_info().unwrap().domain, "huiyin");
    assert_eq!(details.bad_request().unwrap().field_violations.len(), 2);
}

#[test]
fn a_refusal_says_what_is_allowed_now() {
    let refused = Problem::NotAllowedNow {
        action: "reply".to_owned(),
        state: "accepted".to_owned(),
        allowed: vec!["issue_opinion".to_owned(), "withdraw".to_owned()],
    };
    let (code, _, details) = told(refused);
    assert_eq!(code, Code::FailedPrecondition);
    let violation = &details.precondition_failure().unwrap().violations[0];
    assert_eq!(
        (violation.r#type.as_str(), violation.subject.as_str()),
        ("accepted", "reply")
    );
    assert_eq!(violation.description, "allowed: issue_opinion, withdraw");
}

#[test]
fn what_may_be_tried_again_says_when() {
    for problem in [
        Problem::ChangedMeanwhile,
        Problem::TooManyCalls,
        Problem::QuotaSpent {
            retry_after: std::time::Duration::from_micros(1_200),
        },
        Problem::Unavailable {
            words: "closed".to_owned(),
        },
        Problem::Database(sqlx::Error::PoolTimedOut),
    ] {
        assert!(problem.is_retryable());
        let (_, _, details) = told(problem);
        assert!(details.retry_info().unwrap().retry_delay.is_some());
    }
    assert!(!Problem::WrongPageToken.is_retryable());
}

#[test]
fn our_inside_is_never_shown() {
    for problem in [
        Problem::Unexpected("table petitioner".to_owned()),
        Problem::Database(sqlx::Error::Protocol("table petitioner".to_owned())),
    ] {
        let (code, message, details) = told(problem);
        assert_eq!(code, Code::Internal);
        assert!(message.starts_with("internal error, trace "), "{message}");
        assert!(!format!("{message}{details:?}").contains("petitioner"));
    }
}

#[test]
fn database_codes_are_told_apart() {
    assert_eq!(trouble_of("40001"), Trouble::Race);
    assert_eq!(trouble_of("57P01"), Trouble::Gone);
    assert_eq!(trouble_of("53300"), Trouble::Gone);
    assert_eq!(trouble_of("23505"), Trouble::Bug);
}
