//! Acknowledging an explicit list of alerts: each is judged on its own.

use huiyin_domain::ids::NoticeId;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::{
    AcknowledgementOutcome as Outcome, RecipientState,
};
use huiyin_service_kit::wire;
use uuid::Uuid;

use crate::reporting_stage::fields;
use crate::stage::{Stage, Tested, minute, office};
use crate::storm::{COUNTY, failure};

fn list(request_id: &str, post: &str, alerts: &[&str]) -> pb::AcknowledgeAlertsRequest {
    pb::AcknowledgeAlertsRequest {
        request_id: request_id.to_owned(),
        organ_id: office(COUNTY),
        post: post.to_owned(),
        alert_ids: alerts.iter().map(|alert| (*alert).to_owned()).collect(),
        take_over: false,
    }
}

async fn acknowledge(
    stage: &Stage,
    request: pb::AcknowledgeAlertsRequest,
) -> Result<Vec<pb::AcknowledgementAnswer>, tonic::Status> {
    let answer = stage.client.clone().acknowledge_alerts(request).await?;
    Ok(answer.into_inner().answers)
}

fn outcomes(answers: &[pb::AcknowledgementAnswer]) -> Vec<(Outcome, &str)> {
    let answers = answers.iter();
    answers
        .map(|answer| (answer.outcome(), answer.state.as_str()))
        .collect()
}

#[tokio::test]
async fn of_a_list_with_a_foreign_alert_the_others_are_acknowledged() -> Tested {
    let stage = Stage::set().await?;
    let first = stage.raise_this(failure(1)).await?.alert_id;
    let held = stage.raise_this(failure(2)).await?;
    let last = stage.raise_this(failure(3)).await?.alert_id;
    let foreign = pb::RaiseAlertRequest {
        place_code: "431221".to_owned(),
        organ_id: office("431221"),
        ..failure(4)
    };
    let foreign = stage.raise_this(foreign).await?.alert_id;
    stage.acknowledge(&held, &office(COUNTY)).await?;
    let request = list(
        "list-1",
        "duty-desk",
        &[&last, &foreign, &held.alert_id, &first],
    );
    let answers = acknowledge(&stage, request.clone()).await?;
    assert_eq!(
        outcomes(&answers),
        [
            (Outcome::Acknowledged, ""),
            (Outcome::NotFound, ""),
            (Outcome::NotAllowed, "acknowledged"),
            (Outcome::Acknowledged, ""),
        ]
    );
    let ids: Vec<&String> = answers.iter().map(|answer| &answer.alert_id).collect();
    assert_eq!(
        ids,
        [&last, &foreign, &held.alert_id, &first],
        "in the order of the list"
    );
    let one = answers[0].recipient.as_ref().unwrap();
    assert_eq!(
        (
            one.state(),
            one.acknowledged_by_post.as_str(),
            one.report_due_time
        ),
        (
            RecipientState::Acknowledged,
            "duty-desk",
            Some(wire::timestamp(minute(1440)))
        )
    );
    assert_eq!(answers[1].recipient, None);
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    assert_eq!(
        acknowledge(&stage, request).await?,
        answers,
        "asked again it answers alike"
    );
    assert_eq!(stage.count("SELECT count(*) FROM recipient_act").await?, 3);
    Ok(())
}

#[tokio::test]
async fn an_alert_of_a_list_is_late_by_its_own_limit() -> Tested {
    let stage = Stage::set().await?;
    let early = stage.raise_this(failure(1)).await?.alert_id;
    stage.desk.move_clock(minute(20)).await?;
    let later = stage.raise_this(failure(2)).await?.alert_id;
    stage.desk.move_clock(minute(40)).await?;
    let answers = acknowledge(&stage, list("list-1", "duty-desk", &[&early, &later])).await?;
    let states: Vec<RecipientState> = answers
        .iter()
        .map(|answer| answer.recipient.as_ref().unwrap().state())
        .collect();
    assert_eq!(
        states,
        [
            RecipientState::AcknowledgedLate,
            RecipientState::Acknowledged
        ]
    );
    Ok(())
}

#[tokio::test]
async fn a_list_asks_for_the_quorum_of_each_and_what_it_may_not_change_stays_armed() -> Tested {
    let rules = include_str!("../../../../crates/domain/data/local_rules.json").replace(
        r#"    {"rule": "reporting_on_limit", "value""#,
        r#"    {"rule": "acknowledgement_quorum", "level": "county", "value": 2, "valid_from": "2022-05-01", "source": "s"},
    {"rule": "reporting_on_limit", "value""#,
    );
    let stage = Stage::with_local_rules(&rules).await?;
    let one = stage.raise_this(failure(1)).await?.alert_id;
    let two = stage.raise_this(failure(2)).await?.alert_id;
    let answers = acknowledge(&stage, list("list-1", "duty-desk", &[&one])).await?;
    assert_eq!(outcomes(&answers), [(Outcome::WaitsForPosts, "")]);
    let answers = acknowledge(&stage, list("list-2", "duty-desk", &[&one, &two])).await?;
    assert_eq!(
        outcomes(&answers),
        [
            (
                Outcome::NotAllowed,
                "waiting for another post: 1 of 2 have acknowledged"
            ),
            (Outcome::WaitsForPosts, ""),
        ]
    );
    assert_eq!(
        stage.timers_that_are_wrong().await?,
        0,
        "both still escalate"
    );
    let answers = acknowledge(&stage, list("list-3", "leader", &[&one, &two])).await?;
    assert_eq!(outcomes(&answers), [(Outcome::Acknowledged, ""); 2]);
    let taken = pb::AcknowledgeAlertsRequest {
        take_over: true,
        ..list("list-4", "day shift", &[&one, &two])
    };
    let answers = acknowledge(&stage, taken).await?;
    assert_eq!(outcomes(&answers), [(Outcome::TakenOver, ""); 2]);
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_notice_is_never_acknowledged_and_a_wrong_list_is_refused_whole() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise_this(failure(1)).await?.alert_id;
    let notice = stage.notices(COUNTY).await?.pop().unwrap().notice_id;
    assert!(notice.parse::<NoticeId>().is_ok());
    let refused = acknowledge(
        &stage,
        list("list-1", "duty-desk", &[&alert, &notice, &alert]),
    )
    .await;
    assert_eq!(
        fields(&refused.unwrap_err()),
        ["alert_ids[1]", "alert_ids[2]"]
    );
    let refused = acknowledge(&stage, list("list-1", "duty-desk", &[])).await;
    assert_eq!(fields(&refused.unwrap_err()), ["alert_ids"]);
    let many: Vec<String> = (0..101)
        .map(|number| huiyin_domain::ids::AlertId::from_uuid(Uuid::from_u128(number)).to_string())
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let refused = acknowledge(&stage, list("list-1", "13812345678", &many)).await;
    assert_eq!(fields(&refused.unwrap_err()), ["post", "alert_ids"]);
    assert_eq!(stage.count("SELECT count(*) FROM recipient_act").await?, 0);
    Ok(())
}
