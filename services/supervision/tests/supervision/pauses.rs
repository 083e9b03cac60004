//! Clocks that stand still for a recorded cause.

use huiyin_proto::supervision::v1::{
    ExplainDeadlineRequest, ListClocksRequest, PauseDeadlineRequest, ResumeDeadlineRequest,
};
use huiyin_proto::vocabulary::v1::{ClockKind, PauseCause};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::office::{Office, matter, organ};

fn pause(request_id: &str, cause: PauseCause) -> PauseDeadlineRequest {
    PauseDeadlineRequest {
        request_id: request_id.to_owned(),
        matter_id: matter(1),
        organ_id: organ(1),
        kind: ClockKind::Opinion.into(),
        cause: cause.into(),
        post: "head of the organ".to_owned(),
        reason: "the building is being surveyed".to_owned(),
    }
}

fn resume(request_id: &str) -> ResumeDeadlineRequest {
    let same = pause(request_id, PauseCause::ExpertAppraisal);
    ResumeDeadlineRequest {
        request_id: same.request_id,
        matter_id: same.matter_id,
        organ_id: same.organ_id,
        kind: same.kind,
        cause: same.cause,
        post: same.post,
        reason: "the survey is there".to_owned(),
    }
}

#[tokio::test]
async fn a_clock_that_stands_still_passes_no_due_day_and_goes_on_with_what_was_left() {
    let office = Office::open("2026-01-12").await;
    office.accepted_matter().await;
    let mut client = office.client.clone();
    assert_eq!(office.comes("2026-02-02").await, 0);
    let wanted = pause("p-1", PauseCause::ExpertAppraisal);
    let held = client
        .pause_deadline(wanted.clone())
        .await
        .unwrap()
        .into_inner()
        .clock
        .unwrap();
    assert_eq!(held.paused_since_date, "2026-02-02");
    let again = client
        .pause_deadline(wanted)
        .await
        .unwrap()
        .into_inner()
        .clock
        .unwrap();
    assert_eq!(again, held, "asked again with the same request id");
    // due on 13 March, but nothing passes
    assert_eq!(office.comes("2026-03-20").await, 0);
    let runs = client
        .resume_deadline(resume("r-1"))
        .await
        .unwrap()
        .into_inner()
        .clock
        .unwrap();
    assert_eq!(runs.paused_since_date, "");
    // 13 March and the 46 days from 2 February to 20 March
    assert_eq!(runs.raw_due_date, "2026-04-28");
    let told = office.told().await;
    assert!(
        told.iter().any(|fact| fact.contains("DeadlinePaused")),
        "{told:?}"
    );
    assert!(told[told.len() - 2].contains("DeadlineResumed"), "{told:?}");
    assert_eq!(told.last().unwrap(), "set opinion/1 2026-04-28");
    assert_eq!(office.comes("2026-04-28").await, 0);
    assert_eq!(office.comes("2026-04-29").await, 1);
}

#[tokio::test]
async fn the_proof_of_the_due_day_names_every_day_that_was_not_counted() {
    let office = Office::open("2026-01-12").await;
    office.accepted_matter().await;
    let mut client = office.client.clone();
    office.comes("2026-02-02").await;
    client
        .pause_deadline(pause("p-1", PauseCause::ExpertAppraisal))
        .await
        .unwrap();
    office.comes("2026-02-12").await;
    client.resume_deadline(resume("r-1")).await.unwrap();
    let proof = client
        .explain_deadline(ExplainDeadlineRequest {
            matter_id: matter(1),
            kind: ClockKind::Opinion.into(),
            cycle: 0,
        })
        .await
        .unwrap()
        .into_inner();
    let paused: Vec<&str> = proof
        .days
        .iter()
        .filter(|day| day.effect == "paused")
        .map(|day| day.date.as_str())
        .collect();
    assert_eq!(paused.len(), 10);
    assert_eq!((paused[0], paused[9]), ("2026-02-03", "2026-02-12"));
    assert_eq!(
        proof.days.last().unwrap().date,
        proof.clock.unwrap().due_date
    );
}

fn allowed(status: &tonic::Status) -> String {
    let details = status.get_error_details();
    let violations = &details.precondition_failure().unwrap().violations;
    violations[0].description.clone()
}

#[tokio::test]
async fn what_the_rule_does_not_know_is_refused_and_changes_nothing() {
    let office = Office::open("2026-01-12").await;
    office.accepted_matter().await;
    office.comes("2026-02-02").await;
    let mut client = office.client.clone();
    let before = office.clocks(matter(1)).await;
    let hearing = client
        .pause_deadline(pause("p-1", PauseCause::Hearing))
        .await
        .unwrap_err();
    assert_eq!(hearing.code(), Code::FailedPrecondition);
    assert_eq!(allowed(&hearing), "allowed: pause for expert_appraisal");
    let early = client.resume_deadline(resume("r-1")).await.unwrap_err();
    assert_eq!(allowed(&early), "allowed: pause_deadline");
    let other = PauseDeadlineRequest {
        organ_id: organ(2),
        ..pause("p-2", PauseCause::ExpertAppraisal)
    };
    let other = client.pause_deadline(other).await.unwrap_err();
    assert_eq!(other.code(), Code::PermissionDenied);
    assert_eq!(office.clocks(matter(1)).await, before);
    let clocks = client
        .list_clocks(ListClocksRequest {
            matter_id: matter(1),
            ..ListClocksRequest::default()
        })
        .await
        .unwrap()
        .into_inner()
        .clocks;
    assert!(
        clocks
            .iter()
            .all(|clock| clock.paused_since_date.is_empty())
    );
}

#[tokio::test]
async fn every_wrong_field_of_a_pause_is_named() {
    let office = Office::open("2026-01-12").await;
    let mut client = office.client.clone();
    let empty = client
        .pause_deadline(PauseDeadlineRequest::default())
        .await
        .unwrap_err();
    let details = empty.get_error_details();
    let fields: Vec<&str> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "request_id",
            "matter_id",
            "organ_id",
            "kind",
            "cause",
            "post",
            "reason"
        ]
    );
}
