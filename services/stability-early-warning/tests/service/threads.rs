//! Further reports on an alert, and acknowledgements that mean something: leases, quorum, taking over, refusal.

use crate::stage::{Client, Stage, Tested, further_report, holder, minute, office, visit};
use huiyin_domain::organs;
use huiyin_proto::events::v1::MatterRegistered;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::RecipientState;
use huiyin_proto::vocabulary::v1::{AlertReportStage, Category, EscalationStep, RecipientRole};
use huiyin_service_kit::names::ServiceName::Intake;
use huiyin_service_kit::wire;
use tonic::Code;
use tonic_types::StatusExt as _;

fn recipient<'a>(alert: &'a pb::Alert, organ: &str) -> &'a pb::Recipient {
    alert
        .recipients
        .iter()
        .find(|recipient| recipient.organ_id == organ)
        .unwrap()
}

fn joint_meeting() -> String {
    holder("4312", organs::JOINT_MEETING)
}

/// The state a refused request met.
fn met(refused: &tonic::Status) -> String {
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    let details = refused.get_error_details();
    details.precondition_failure().unwrap().violations[0]
        .r#type
        .clone()
}

async fn acknowledge(
    client: &Client,
    alert: &pb::Alert,
    (organ, post): (&str, &str),
    take_over: bool,
) -> Result<pb::Recipient, tonic::Status> {
    let request = pb::AcknowledgeAlertRequest {
        request_id: format!("{}-{post}-{take_over}", &organ[6..18]).replace(' ', "-"),
        alert_id: alert.alert_id.clone(),
        organ_id: organ.to_owned(),
        post: post.to_owned(),
        take_over,
    };
    let answer = client.clone().acknowledge_alert(request).await?;
    Ok(answer.into_inner().recipient.unwrap())
}

fn refusal(alert: &pb::Alert, organ: &str, right_organ: &str) -> pb::RefuseAlertRequest {
    pb::RefuseAlertRequest {
        request_id: format!("refuse-{}", &organ[6..18]),
        alert_id: alert.alert_id.clone(),
        organ_id: organ.to_owned(),
        post: "duty-desk".to_owned(),
        reason: "The dam belongs to the other county.".to_owned(),
        right_organ: right_organ.to_owned(),
    }
}

#[tokio::test]
async fn whoever_acknowledges_and_hears_nothing_more_is_called_again_one_step_on() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    let held = stage.acknowledge(&alert, &office("4312")).await?;
    assert_eq!(
        held.report_due_time,
        Some(wire::timestamp(minute(240))),
        "danger to life: four hours"
    );
    stage.told().await?;
    assert_eq!(stage.lapse_at(minute(239)).await?, 0);
    assert_eq!(stage.lapse_at(minute(240)).await?, 1);
    let called = recipient(&stage.get(&alert).await?, &office("4312")).clone();
    assert_eq!(
        (called.state(), called.step()),
        (RecipientState::Waiting, EscalationStep::Deputy)
    );
    assert_eq!(called.report_due_time, None);
    let told = stage.told().await?;
    assert!(told.iter().all(
        |fact| matches!(fact, Fact::AlertEscalated(fact) if fact.lapsed && fact.recipient_organ == office("4312"))
    ));
    assert!(!told.is_empty());
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    let again = acknowledge(&stage.client, &alert, (&office("4312"), "deputy"), false).await?;
    assert_eq!(
        again.state(),
        RecipientState::AcknowledgedLate,
        "the limit it was given never moves"
    );
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_follow_up_keeps_every_holder_and_a_final_report_lets_all_go() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    for organ in [office("4312"), office("43")] {
        stage.acknowledge(&alert, &organ).await?;
    }
    stage.desk.move_clock(minute(200)).await?;
    let reporter = office("431202");
    let first = stage
        .report_on(&alert, AlertReportStage::FollowUp, &reporter)
        .await?;
    assert_eq!((first.number, first.persons), (1, 80));
    assert_eq!(stage.lapse_at(minute(439)).await?, 0);
    let now = stage.get(&alert).await?;
    assert_eq!(
        recipient(&now, &office("43")).report_due_time,
        Some(wire::timestamp(minute(440)))
    );
    stage.told().await?;
    let last = stage
        .report_on(&alert, AlertReportStage::Final, &reporter)
        .await?;
    assert_eq!(last.number, 2);
    let streams = ["city", "county", "nation", "province", "township"];
    assert_eq!(
        stage.urgent_streams().await?,
        streams.map(|level| format!("alerts:{{{level}:0}}"))
    );
    assert_eq!(stage.lapse_at(minute(3000)).await?, 0);
    let ended = stage.get(&alert).await?;
    assert_eq!(ended.reports, [first, last]);
    assert_eq!(recipient(&ended, &office("43")).report_due_time, None);
    assert_eq!(
        recipient(&ended, &office("00")).state(),
        RecipientState::Waiting,
        "whoever has not acknowledged still must"
    );
    let late = stage.acknowledge(&alert, &office("00")).await?;
    assert_eq!(late.report_due_time, None, "nothing follows a final report");
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_correction_changes_nothing_and_only_the_reporter_ends_and_cancels() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    let (reporter, city) = (office("431202"), office("4312"));
    stage
        .report_on(&alert, AlertReportStage::FollowUp, &city)
        .await?;
    let refused = stage
        .report_on(&alert, AlertReportStage::Cancellation, &city)
        .await
        .unwrap_err();
    assert!(met(&refused).starts_with("only the organ that reported"));
    let correction = |corrects| pb::ReportOnAlertRequest {
        corrects,
        ..further_report(&alert, AlertReportStage::Correction, &reporter)
    };
    let refused = stage
        .client
        .clone()
        .report_on_alert(correction(2))
        .await
        .unwrap_err();
    assert!(met(&refused).starts_with("there is no report 2"));
    stage.client.clone().report_on_alert(correction(0)).await?;
    let corrected = stage.get(&alert).await?;
    assert_eq!(
        (corrected.persons, corrected.reports[1].persons),
        (120, 80),
        "what was reported stays"
    );
    stage
        .report_on(&alert, AlertReportStage::Cancellation, &reporter)
        .await?;
    let refused = stage
        .report_on(&alert, AlertReportStage::FollowUp, &reporter)
        .await
        .unwrap_err();
    assert!(met(&refused).starts_with("the thread has ended with a cancellation"));
    assert_eq!(
        stage.pass_to(minute(30)).await?,
        6,
        "a cancellation silences nobody who was told"
    );
    assert_eq!(stage.count("SELECT count(*) FROM alert_report").await?, 3);
    Ok(())
}

#[tokio::test]
async fn another_post_takes_over_and_the_lease_begins_anew() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    let city = office("4312");
    let waiting = acknowledge(&stage.client, &alert, (&city, "night shift"), true).await?;
    assert_eq!(
        waiting.acknowledged_by_post, "night shift",
        "nobody held it: it is acknowledged"
    );
    stage.desk.move_clock(minute(100)).await?;
    let refused = acknowledge(&stage.client, &alert, (&city, "day shift"), false)
        .await
        .unwrap_err();
    assert_eq!(met(&refused), "acknowledged");
    let taken = acknowledge(&stage.client, &alert, (&city, "day shift"), true).await?;
    assert_eq!(taken.acknowledged_by_post, "day shift");
    assert_eq!(taken.state(), RecipientState::Acknowledged);
    assert_eq!(taken.acknowledged_time, Some(wire::timestamp(minute(0))));
    assert_eq!(taken.report_due_time, Some(wire::timestamp(minute(340))));
    assert_eq!(stage.lapse_at(minute(339)).await?, 0);
    assert_eq!(
        stage
            .count("SELECT count(*) FROM recipient_act WHERE act = 'took_over'")
            .await?,
        1
    );
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn where_two_posts_must_acknowledge_one_is_not_enough() -> Tested {
    let rules = include_str!("../../../../crates/domain/data/local_rules.json").replace(
        r#"    {"rule": "reporting_on_limit", "value""#,
        r#"    {"rule": "acknowledgement_quorum", "level": "city", "value": 2, "valid_from": "2022-05-01", "source": "s"},
    {"rule": "reporting_on_limit", "value""#,
    );
    let stage = Stage::with_local_rules(&rules).await?;
    let alert = stage.raise().await?;
    let city = office("4312");
    let one = acknowledge(&stage.client, &alert, (&city, "duty-desk"), false).await?;
    assert_eq!(
        (one.state(), one.posts_acknowledged, one.quorum),
        (RecipientState::Waiting, 1, 2)
    );
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    let refused = pb::AcknowledgeAlertRequest {
        request_id: "the same post".replace(' ', "-"),
        alert_id: alert.alert_id.clone(),
        organ_id: city.clone(),
        post: "duty-desk".to_owned(),
        take_over: false,
    };
    let refused = stage.client.clone().acknowledge_alert(refused).await;
    assert_eq!(
        met(&refused.unwrap_err()),
        "waiting for another post: 1 of 2 have acknowledged"
    );
    assert_eq!(
        stage.pass_to(minute(30)).await?,
        6,
        "the escalation runs on as if nobody had"
    );
    stage.desk.move_clock(minute(31)).await?;
    let two = acknowledge(&stage.client, &alert, (&city, "leader"), false).await?;
    assert_eq!(
        (two.state(), two.posts_acknowledged),
        (RecipientState::AcknowledgedLate, 2)
    );
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn who_refuses_names_the_right_organ_and_that_one_is_told() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    stage.told().await?;
    let mut client = stage.client.clone();
    let request = refusal(&alert, &joint_meeting(), &office("431221"));
    let refused = client.refuse_alert(request).await?.into_inner();
    let refused = refused.recipient.unwrap();
    assert_eq!(refused.state(), RecipientState::Refused);
    assert_eq!(refused.right_organ, office("431221"));
    let now = stage.get(&alert).await?;
    let named = recipient(&now, &office("431221"));
    assert_eq!(named.role(), RecipientRole::AddedByEscalation);
    assert_eq!(
        (named.state(), named.acknowledgement_due_time),
        (RecipientState::Waiting, Some(wire::timestamp(minute(30))))
    );
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    assert_eq!(stage.pass_to(minute(30)).await?, 6, "not who refused");
    let again = pb::RefuseAlertRequest {
        request_id: "again".to_owned(),
        ..refusal(&alert, &joint_meeting(), &office("4312"))
    };
    assert_eq!(
        met(&client.refuse_alert(again).await.unwrap_err()),
        "refused"
    );
    Ok(())
}

#[tokio::test]
async fn an_organ_that_must_not_be_told_is_not_told_by_being_named() -> Tested {
    let stage = Stage::set().await?;
    let denounced = office("431202");
    for (number, named) in [(1, denounced.clone()), (2, office("431202001"))] {
        let denunciation = MatterRegistered {
            category: Category::Denunciation.into(),
            about_organ: denounced.clone(),
            ..visit(number, 80)
        };
        stage
            .hear(Intake, vec![Fact::MatterRegistered(denunciation)])
            .await?;
        let page = stage.list(pb::ListAlertsRequest::default()).await?;
        let waits = |alert: &&pb::Alert| {
            recipient(alert, &joint_meeting()).state() == RecipientState::Waiting
        };
        let alert = page.alerts.iter().find(waits).unwrap();
        let request = pb::RefuseAlertRequest {
            request_id: format!("refuse-{number}"),
            ..refusal(alert, &joint_meeting(), &named)
        };
        let refused = stage.client.clone().refuse_alert(request).await?;
        let refused = refused.into_inner().recipient.unwrap();
        assert_eq!(refused.state(), RecipientState::Refused);
        let told = stage.get(alert).await?.recipients;
        assert_eq!(told.len(), 4, "nobody was added");
        assert!(told.iter().all(|told| told.organ_id != named));
    }
    Ok(())
}

#[tokio::test]
async fn an_office_that_the_regulations_name_cannot_refuse_and_wrong_fields_are_named() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    let mut client = stage.client.clone();
    let request = refusal(&alert, &office("43"), &office("4312"));
    let refused = client.refuse_alert(request).await.unwrap_err();
    assert!(met(&refused).contains("art. 25"));
    let wrong = pb::RefuseAlertRequest {
        reason: "Call 13800138000.".to_owned(),
        ..refusal(&alert, &office("43"), &office("43"))
    };
    let refused = client.refuse_alert(wrong).await.unwrap_err();
    let details = refused.get_error_details();
    let fields: Vec<&str> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|v| v.field.as_str())
        .collect();
    assert_eq!(fields, ["reason", "right_organ"]);
    let stranger = refusal(&alert, &office("431221"), &office("4312"));
    let refused = client.refuse_alert(stranger).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let stranger = stage
        .report_on(&alert, AlertReportStage::FollowUp, &office("431221"))
        .await
        .unwrap_err();
    assert_eq!(stranger.code(), Code::NotFound);
    assert_eq!(
        stage
            .count("SELECT count(*) FROM alert_recipient WHERE state <> 'waiting'")
            .await?,
        0
    );
    Ok(())
}

#[tokio::test]
async fn an_alert_says_by_which_rule_it_went_where_and_an_unknown_one_is_refused() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    assert_eq!(alert.recipient_rule, "urgent-report 2022-05-01");
    let wrong = pb::RaiseAlertRequest {
        request_id: "another".to_owned(),
        recipient_rule: "friends".to_owned(),
        ..crate::stage::report()
    };
    let refused = stage.client.clone().raise_alert(wrong).await.unwrap_err();
    let details = refused.get_error_details();
    let violation = &details.bad_request().unwrap().field_violations[0];
    assert_eq!(violation.field, "recipient_rule");
    assert_eq!(
        violation.description,
        "is no recipient rule in force on 2026-01-05; there are: to-offices-below, urgent-report"
    );
    assert_eq!(stage.count("SELECT count(*) FROM alert").await?, 1);
    Ok(())
}
