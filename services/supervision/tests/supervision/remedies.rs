//! Review and re-examination: rights that lapse, and the duties that asking starts.

use huiyin_proto::supervision::v1::{
    DeliverRemedyOpinionRequest, DeliverRemedyOpinionResponse, GetRemediesRequest,
    PauseDeadlineRequest, RequestRemedyRequest, RequestRemedyResponse, ResumeDeadlineRequest,
};
use huiyin_proto::vocabulary::v1::{ClockKind, PauseCause, Remedy, RemedyOutcome};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::office::{Office, matter, organ};

impl Office {
    pub(crate) async fn asks(
        &self,
        date: &str,
        remedy: Remedy,
        above: u128,
    ) -> Result<RequestRemedyResponse, Status> {
        self.comes(date).await;
        let request = RequestRemedyRequest {
            request_id: format!("{date}-{above}"),
            matter_id: matter(1),
            remedy: remedy.into(),
            organ_id: organ(above),
            post: "desk of the petition office".to_owned(),
        };
        let mut client = self.client.clone();
        Ok(client.request_remedy(request).await?.into_inner())
    }

    pub(crate) async fn delivers(
        &self,
        date: &str,
        remedy: Remedy,
        above: u128,
    ) -> Result<DeliverRemedyOpinionResponse, Status> {
        self.comes(date).await;
        let request = DeliverRemedyOpinionRequest {
            request_id: format!("{date}-{above}"),
            matter_id: matter(1),
            remedy: remedy.into(),
            organ_id: organ(above),
            outcome: RemedyOutcome::Upheld.into(),
            reasons: "the measurement was right".to_owned(),
            legal_basis: "Regulations on Petition Work, article 35".to_owned(),
        };
        let mut client = self.client.clone();
        Ok(client.deliver_remedy_opinion(request).await?.into_inner())
    }
}

fn state(refused: &Status) -> String {
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let details = refused.get_details_error_info().unwrap();
    details.metadata["state"].clone()
}

#[tokio::test]
async fn a_review_and_a_re_examination_run_one_after_the_other_and_the_end_is_final() {
    let office = Office::open("2026-01-05").await;
    office.answered_matter().await;
    let asked = office.asks("2026-04-13", Remedy::Review, 2).await.unwrap();
    let (case, clock) = (asked.remedy.clone().unwrap(), asked.clock.unwrap());
    assert_eq!((case.about_organ, case.organ_id), (organ(1), organ(2)));
    assert_eq!(
        (clock.kind(), clock.due_date.as_str(), clock.organ_id),
        (ClockKind::ReviewOpinion, "2026-05-13", organ(2))
    );
    let delivered = office
        .delivers("2026-05-08", Remedy::Review, 2)
        .await
        .unwrap();
    assert!(
        delivered.next_remedy.contains("until 2026-06-08") && delivered.next_remedy.contains("36"),
        "{}",
        delivered.next_remedy
    );
    office
        .asks("2026-05-20", Remedy::Reexamination, 3)
        .await
        .unwrap();
    let last = office
        .delivers("2026-06-01", Remedy::Reexamination, 3)
        .await
        .unwrap();
    assert!(last.next_remedy.contains("final"), "{}", last.next_remedy);
    let clocks = office.clocks(matter(1)).await;
    assert_eq!(
        clocks[4..],
        [
            "ask_review/1 2026-04-13 kept",
            "review_opinion/1 2026-05-13 kept",
            "ask_reexamination/1 2026-06-08 kept",
            "reexamination_opinion/1 2026-06-22 kept",
        ]
    );
    assert_told_and_listed(&office).await;
    let refused = office.asks("2026-06-02", Remedy::Reexamination, 3).await;
    assert_eq!(state(&refused.unwrap_err()), "reexamination_requested");
}

/// Two remedies, each asked for and answered.
async fn assert_told_and_listed(office: &Office) {
    let told = office.told().await;
    let steps: Vec<&String> = told
        .iter()
        .filter(|words| words.starts_with("requested") || words.starts_with("delivered"))
        .collect();
    assert_eq!(
        steps,
        [
            "requested Review",
            "delivered Review Upheld",
            "requested Reexamination",
            "delivered Reexamination Upheld"
        ]
    );
    let request = GetRemediesRequest {
        matter_id: matter(1),
    };
    let mut client = office.client.clone();
    let listed = client.get_remedies(request).await.unwrap().into_inner();
    let outcomes: Vec<_> = listed
        .remedies
        .iter()
        .map(|case| (case.remedy(), case.outcome(), case.delivered_time.is_some()))
        .collect();
    assert_eq!(
        outcomes,
        [
            (Remedy::Review, RemedyOutcome::Upheld, true),
            (Remedy::Reexamination, RemedyOutcome::Upheld, true)
        ]
    );
}

#[tokio::test]
async fn a_right_that_was_not_used_has_lapsed_and_nobody_failed() {
    let office = Office::open("2026-01-05").await;
    office.answered_matter().await;
    let refused = office.asks("2026-04-14", Remedy::Review, 2).await;
    assert_eq!(
        state(&refused.unwrap_err()),
        "right_lapsed_after_2026-04-13"
    );
    assert_eq!(
        office.clocks(matter(1)).await[4],
        "ask_review/1 2026-04-13 lapsed"
    );
    assert!(office.orders().await.is_empty());
}

#[tokio::test]
async fn an_organ_above_that_does_not_answer_is_given_an_order() {
    let office = Office::open("2026-01-05").await;
    office.answered_matter().await;
    office.asks("2026-04-13", Remedy::Review, 2).await.unwrap();
    office.comes("2026-05-14").await;
    let orders = office.orders().await;
    assert_eq!(orders.len(), 1);
    assert_eq!(
        (orders[0].organ_id.clone(), orders[0].clock()),
        (organ(2), ClockKind::ReviewOpinion)
    );
    office
        .delivers("2026-05-20", Remedy::Review, 2)
        .await
        .unwrap();
    assert_eq!(
        office.clocks(matter(1)).await[5],
        "review_opinion/1 2026-05-13 overrun"
    );
}

#[tokio::test]
async fn the_time_of_a_hearing_is_not_counted_in_a_re_examination() {
    let office = Office::open("2026-01-05").await;
    office.answered_matter().await;
    office.asks("2026-03-20", Remedy::Review, 2).await.unwrap();
    office
        .delivers("2026-04-01", Remedy::Review, 2)
        .await
        .unwrap();
    office
        .asks("2026-04-07", Remedy::Reexamination, 3)
        .await
        .unwrap();
    let mut client = office.client.clone();
    let hearing = |request_id: &str| PauseDeadlineRequest {
        request_id: request_id.to_owned(),
        matter_id: matter(1),
        organ_id: organ(3),
        kind: ClockKind::ReexaminationOpinion.into(),
        cause: PauseCause::Hearing.into(),
        post: "head of the organ".to_owned(),
        reason: "a hearing".to_owned(),
    };
    office.comes("2026-04-10").await;
    client.pause_deadline(hearing("p")).await.unwrap();
    office.comes("2026-04-20").await;
    let same = hearing("r");
    let resumed = ResumeDeadlineRequest {
        request_id: same.request_id,
        matter_id: same.matter_id,
        organ_id: same.organ_id,
        kind: same.kind,
        cause: same.cause,
        post: same.post,
        reason: same.reason,
    };
    let clock = client
        .resume_deadline(resumed)
        .await
        .unwrap()
        .into_inner()
        .clock
        .unwrap();
    // 30 days from 7 April, and the 10 of the hearing: Sunday 17 May, so Monday
    assert_eq!(
        (clock.raw_due_date.as_str(), clock.due_date.as_str()),
        ("2026-05-17", "2026-05-18")
    );
}

#[tokio::test]
async fn what_the_law_does_not_allow_is_refused_with_the_reason() {
    let office = Office::open("2026-01-05").await;
    office
        .routing("2026-01-05", vec![crate::office::organs()])
        .await;
    office.accepted_matter().await;
    let early = office.asks("2026-02-01", Remedy::Review, 2).await;
    assert_eq!(state(&early.unwrap_err()), "no_opinion_delivered");
    office
        .intake("2026-03-12", vec![crate::office::replied(1, 1)])
        .await;
    let unasked = office.delivers("2026-03-13", Remedy::Review, 2).await;
    assert_eq!(state(&unasked.unwrap_err()), "no_review_requested");
    let first = office.asks("2026-03-13", Remedy::Reexamination, 3).await;
    assert_eq!(state(&first.unwrap_err()), "no_review_opinion_delivered");
    for (organ, words) in [
        (5, "must stand above"),
        (4, "must stand above"),
        (77, "is no organ that was loaded"),
    ] {
        let refused = office
            .asks("2026-03-13", Remedy::Review, organ)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let violations = refused.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "organ_id");
        assert!(violations[0].description.contains(words), "{violations:?}");
    }
    office.asks("2026-03-13", Remedy::Review, 3).await.unwrap();
    let other = office
        .delivers("2026-03-16", Remedy::Review, 2)
        .await
        .unwrap_err();
    assert_eq!(other.code(), Code::PermissionDenied);
    office
        .delivers("2026-03-16", Remedy::Review, 3)
        .await
        .unwrap();
    let again = office.delivers("2026-03-17", Remedy::Review, 3).await;
    assert_eq!(state(&again.unwrap_err()), "review_opinion_delivered");
}
