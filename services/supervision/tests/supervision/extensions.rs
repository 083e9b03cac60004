//! Extensions of the opinion clock, and the proof of a due day.

use huiyin_proto::supervision::v1::{ExplainDeadlineRequest, ExtendDeadlineRequest};
use huiyin_proto::vocabulary::v1::ClockKind;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::office::{Office, matter, organ, registered, replied};

fn extension(request_id: &str, days: u32) -> ExtendDeadlineRequest {
    ExtendDeadlineRequest {
        request_id: request_id.to_owned(),
        matter_id: matter(1),
        organ_id: organ(1),
        days,
        approved_by_post: "head of the organ".to_owned(),
        reason: "an expert survey is still under way".to_owned(),
    }
}

#[tokio::test]
async fn the_handling_organ_extends_the_opinion_clock_by_thirty_days_in_all() {
    let office = Office::open("2026-03-02").await;
    office.accepted_matter().await;
    let mut client = office.client.clone();
    let longer = client
        .extend_deadline(extension("e-1", 20))
        .await
        .unwrap()
        .into_inner()
        .clock
        .unwrap();
    assert_eq!(
        (longer.raw_due_date.as_str(), longer.due_date.as_str()),
        ("2026-04-02", "2026-04-02")
    );
    let same = client
        .extend_deadline(extension("e-1", 20))
        .await
        .unwrap()
        .into_inner()
        .clock
        .unwrap();
    assert_eq!(same, longer);
    let refused = client
        .extend_deadline(extension("e-2", 11))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let details = refused.get_error_details();
    let violation = &details.precondition_failure().unwrap().violations[0];
    assert_eq!(
        violation.description,
        "allowed: extend_deadline by 1 to 10 days"
    );
    let told = office.told().await;
    assert_eq!(
        told[told.len() - 2..],
        ["extended opinion by 20", "set opinion/1 2026-04-02"]
    );
    assert_eq!(office.comes("2026-04-02").await, 0);
    assert_eq!(office.comes("2026-04-03").await, 1);
}

#[tokio::test]
async fn an_extension_is_refused_to_others_too_late_and_without_a_clock() {
    let office = Office::open("2026-03-02").await;
    office
        .intake("2026-01-05", vec![registered(2, "2026-01-05")])
        .await;
    office.accepted_matter().await;
    let mut client = office.client.clone();
    let code = |refused: tonic::Status| (refused.code(), refused.message().to_owned());
    let other = ExtendDeadlineRequest {
        organ_id: organ(2),
        ..extension("e-1", 5)
    };
    assert_eq!(
        client.extend_deadline(other).await.unwrap_err().code(),
        Code::PermissionDenied
    );
    let clockless = ExtendDeadlineRequest {
        matter_id: matter(2),
        ..extension("e-2", 5)
    };
    assert_eq!(
        client.extend_deadline(clockless).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    let unknown = ExtendDeadlineRequest {
        matter_id: matter(3),
        ..extension("e-3", 5)
    };
    assert_eq!(
        client.extend_deadline(unknown).await.unwrap_err().code(),
        Code::NotFound
    );
    office.comes("2026-03-14").await;
    let (late, words) = code(
        client
            .extend_deadline(extension("e-4", 5))
            .await
            .unwrap_err(),
    );
    assert_eq!(late, Code::FailedPrecondition);
    assert!(words.contains("past_due_since_2026-03-13"), "{words}");
    office.intake("2026-03-14", vec![replied(1, 1)]).await;
    let (ended, words) = code(
        client
            .extend_deadline(extension("e-5", 5))
            .await
            .unwrap_err(),
    );
    assert_eq!(ended, Code::FailedPrecondition);
    assert!(words.contains("opinion_clock_ended"), "{words}");
}

#[tokio::test]
async fn every_wrong_field_of_an_extension_is_named() {
    let office = Office::open("2026-03-02").await;
    let wrong = ExtendDeadlineRequest {
        days: 31,
        organ_id: "organ".to_owned(),
        ..ExtendDeadlineRequest::default()
    };
    let refused = office
        .client
        .clone()
        .extend_deadline(wrong)
        .await
        .unwrap_err();
    let details = refused.get_error_details();
    let fields: Vec<&str> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|wrong| wrong.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "request_id",
            "matter_id",
            "organ_id",
            "days",
            "approved_by_post",
            "reason"
        ]
    );
}

#[tokio::test]
async fn a_due_day_is_explained_day_by_day() {
    let office = Office::open("2026-01-12").await;
    office.accepted_matter().await;
    let mut client = office.client.clone();
    let request = ExplainDeadlineRequest {
        matter_id: matter(1),
        kind: ClockKind::Objection.into(),
        cycle: 0,
    };
    let proof = client.explain_deadline(request).await.unwrap().into_inner();
    assert_eq!(
        proof.rule,
        "objection, article 23(3), version 2022-05-01: 5 working days"
    );
    assert!(!proof.calendar.is_empty());
    let days: Vec<String> = proof
        .days
        .iter()
        .map(|day| format!("{} {}", day.date, day.effect))
        .collect();
    let expected = [
        "2026-01-07 start",
        "2026-01-08 counted",
        "2026-01-09 counted",
        "2026-01-10 skipped",
        "2026-01-11 skipped",
        "2026-01-12 counted",
        "2026-01-13 counted",
        "2026-01-14 due",
    ];
    assert_eq!(days, expected);
    assert_eq!(proof.clock.unwrap().due_date, "2026-01-14");
    let unknown = ExplainDeadlineRequest {
        matter_id: matter(1),
        kind: ClockKind::Objection.into(),
        cycle: 2,
    };
    assert_eq!(
        client.explain_deadline(unknown).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn a_last_day_on_a_rest_day_is_explained_as_rolled() {
    let office = Office::open("2026-04-30").await;
    // 15 days from 5 June end on Saturday 20 June; 19 to 21 June are days off
    office
        .intake("2026-06-05", vec![registered(1, "2026-06-05")])
        .await;
    let kind = ClockKind::RegisterAndForward.into();
    let request = ExplainDeadlineRequest {
        matter_id: matter(1),
        kind,
        cycle: 1,
    };
    let proof = office
        .client
        .clone()
        .explain_deadline(request)
        .await
        .unwrap()
        .into_inner();
    let days: Vec<String> = proof
        .days
        .iter()
        .skip(15)
        .map(|day| format!("{} {}", day.date, day.effect))
        .collect();
    assert_eq!(
        days,
        [
            "2026-06-20 counted",
            "2026-06-20 rolled",
            "2026-06-21 rolled",
            "2026-06-22 due"
        ]
    );
}
