//! Alerts are acknowledged by the posts on duty, and the escalation names whom it calls.

use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::vocabulary::v1::{AlertReportStage, EscalationStep};
use tonic::{Code, Status};

use crate::duty_stage::{CITY, COUNTY, Duty, hour, not_on_duty, roster, substitution, unique};
use crate::stage::{Stage, Tested, further_report, holder, minute, office};

async fn acknowledge(
    stage: &Stage,
    alert: &pb::Alert,
    (organ, post): (&str, &str),
    take_over: bool,
) -> Result<pb::Recipient, Status> {
    let request = pb::AcknowledgeAlertRequest {
        request_id: unique("ack"),
        alert_id: alert.alert_id.clone(),
        organ_id: organ.to_owned(),
        post: post.to_owned(),
        take_over,
    };
    let answer = stage.client.clone().acknowledge_alert(request).await?;
    Ok(answer.into_inner().recipient.unwrap())
}

/// An alert, and a shift of the city that runs for twelve hours.
async fn on_duty() -> Result<(Duty, pb::Alert, pb::DutyShift), huiyin_service_kit::testing::Broken>
{
    let duty = Duty::set().await?;
    let shift = duty.roster(roster(CITY, &[(0, 12)])).await?.remove(0);
    let alert = duty.stage.raise().await?;
    Ok((duty, alert, shift))
}

const ON_DUTY: &str = "duty-desk,second desk,leader on duty";

#[tokio::test]
async fn a_post_that_is_not_on_duty_does_not_acknowledge_and_is_told_who_does() -> Tested {
    let (duty, alert, _) = on_duty().await?;
    let city = office(CITY);
    duty.stage.told().await?;
    let refused = acknowledge(&duty.stage, &alert, (&city, "officer on duty"), false)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(
        not_on_duty(&refused),
        ("NOT_ON_DUTY".to_owned(), ON_DUTY.to_owned())
    );
    assert!(refused.message().contains("second desk"), "{refused}");
    assert_eq!(
        duty.stage.told().await?,
        [],
        "nothing was said and nothing stopped"
    );
    assert_eq!(
        duty.stage
            .count("SELECT count(*) FROM recipient_act")
            .await?,
        0
    );
    assert_eq!(duty.stage.timers_that_are_wrong().await?, 0);
    let other = acknowledge(
        &duty.stage,
        &alert,
        (&office("43"), "officer on duty"),
        false,
    )
    .await?;
    assert_eq!(
        other.acknowledged_by_post, "officer on duty",
        "the province has no roster and goes on as before"
    );
    for post in ["second desk", "leader on duty"] {
        let again =
            acknowledge(&duty.stage, &alert, (&city, post), post == "leader on duty").await?;
        assert_eq!(again.acknowledged_by_post, post);
    }
    Ok(())
}

#[tokio::test]
async fn a_substitute_acknowledges_and_the_post_it_took_over_from_does_not_any_more() -> Tested {
    let (duty, alert, shift) = on_duty().await?;
    duty.substitute(substitution(&shift, "third desk")).await?;
    let city = office(CITY);
    let refused = acknowledge(&duty.stage, &alert, (&city, "duty-desk"), false)
        .await
        .unwrap_err();
    assert_eq!(
        not_on_duty(&refused).1,
        "third desk,second desk,leader on duty"
    );
    acknowledge(&duty.stage, &alert, (&city, "third desk"), false).await?;
    Ok(())
}

#[tokio::test]
async fn after_the_shift_whoever_is_there_acknowledges_as_before() -> Tested {
    let (duty, alert, _) = on_duty().await?;
    duty.stage.desk.move_clock(hour(12)).await?;
    acknowledge(
        &duty.stage,
        &alert,
        (&office(CITY), "officer on duty"),
        false,
    )
    .await?;
    Ok(())
}

#[tokio::test]
async fn to_take_over_to_refuse_and_to_report_on_a_post_of_who_was_told_must_be_on_duty() -> Tested
{
    let (duty, alert, _) = on_duty().await?;
    let joint_meeting = holder(CITY, huiyin_domain::organs::JOINT_MEETING);
    let mut of_joint_meeting = roster(CITY, &[(0, 12)]);
    of_joint_meeting.organ_id.clone_from(&joint_meeting);
    duty.roster(of_joint_meeting).await?;
    let city = office(CITY);
    acknowledge(&duty.stage, &alert, (&city, "duty-desk"), false).await?;
    let taken = acknowledge(&duty.stage, &alert, (&city, "stranger"), true).await;
    let refusal = |post: &str| pb::RefuseAlertRequest {
        request_id: unique("refuse"),
        alert_id: alert.alert_id.clone(),
        organ_id: joint_meeting.clone(),
        post: post.to_owned(),
        reason: "The water bureau answers.".to_owned(),
        right_organ: office("431221"),
    };
    let refused = duty
        .stage
        .client
        .clone()
        .refuse_alert(refusal("stranger"))
        .await;
    let report = |post: &str, organ: &str| pb::ReportOnAlertRequest {
        post: post.to_owned(),
        ..further_report(&alert, AlertReportStage::FollowUp, organ)
    };
    let reported = duty
        .stage
        .client
        .clone()
        .report_on_alert(report("stranger", &city))
        .await;
    let refusals = [taken.map(|_| ()), refused.map(|_| ()), reported.map(|_| ())];
    for refused in refusals {
        assert_eq!(
            not_on_duty(&refused.unwrap_err()),
            ("NOT_ON_DUTY".to_owned(), ON_DUTY.to_owned())
        );
    }
    duty.stage
        .client
        .clone()
        .refuse_alert(refusal("duty-desk"))
        .await?;
    duty.stage
        .client
        .clone()
        .report_on_alert(report("second desk", &city))
        .await?;
    assert_eq!(duty.stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn the_reporter_says_what_it_has_to_say_of_its_own_report_by_any_of_its_posts() -> Tested {
    let (duty, alert, _) = on_duty().await?;
    duty.roster(roster(COUNTY, &[(0, 12)])).await?;
    let report = pb::ReportOnAlertRequest {
        post: "dam bureau desk".to_owned(),
        ..further_report(&alert, AlertReportStage::FollowUp, &office(COUNTY))
    };
    duty.stage.client.clone().report_on_alert(report).await?;
    Ok(())
}

#[tokio::test]
async fn an_escalation_names_the_post_it_calls_where_a_shift_is_running() -> Tested {
    let (duty, _, shift) = on_duty().await?;
    let mut called = Vec::new();
    let relieved = pb::SubstitutePostRequest {
        role: pb::DutyRole::Leader.into(),
        ..substitution(&shift, "head of section")
    };
    duty.substitute(relieved).await?;
    for half_hour in 1..=4 {
        duty.stage.told().await?;
        duty.stage.pass_to(minute(30 * half_hour)).await?;
        let told = duty.stage.told().await?;
        let of = |organ: String| {
            told.iter().find_map(|fact| match fact {
                Fact::AlertEscalated(fact) if fact.recipient_organ == organ => {
                    Some((fact.step(), fact.called_post.clone()))
                }
                _ => None,
            })
        };
        called.push(of(office(CITY)).unwrap());
        assert_eq!(
            of(office("43")).unwrap().1,
            "",
            "the province has no roster"
        );
    }
    use EscalationStep::{Deputy, Leader, LevelAbove, Repeat};
    let expected = [
        (Deputy, "second desk"),
        (Leader, "head of section"),
        (LevelAbove, ""),
        (Repeat, ""),
    ];
    assert_eq!(called, expected.map(|(step, post)| (step, post.to_owned())));
    Ok(())
}
