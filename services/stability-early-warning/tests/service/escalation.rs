//! Acknowledging, and what follows when nobody does.

use crate::stage::{Stage, Tested, holder, minute, office, territories};
use huiyin_domain::organs;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::RecipientState;
use huiyin_proto::vocabulary::v1::{EscalationStep, RecipientRole};
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

#[tokio::test]
async fn an_acknowledgement_in_time_is_told_upward_and_back_and_disarms_its_timer() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    stage.told().await?;
    stage.desk.move_clock(minute(30)).await?;
    let acknowledged = stage.acknowledge(&alert, &office("4312")).await?;
    assert_eq!(acknowledged.state(), RecipientState::Acknowledged);
    assert_eq!(
        acknowledged.acknowledged_time,
        Some(wire::timestamp(minute(30)))
    );
    let expected = ["county", "nation", "province"].map(|level| format!("alerts:{{{level}:0}}"));
    assert_eq!(stage.urgent_streams().await?, expected);
    assert_eq!(
        stage.told().await?.len(),
        4,
        "three urgent streams and statistics"
    );
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    assert_eq!(
        recipient(&stage.get(&alert).await?, &office("4312")),
        &acknowledged
    );
    Ok(())
}

#[tokio::test]
async fn a_late_acknowledgement_is_recorded_as_late_and_undoes_no_step() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    assert_eq!(stage.pass_to(minute(31)).await?, 6);
    let acknowledged = stage.acknowledge(&alert, &office("43")).await?;
    assert_eq!(acknowledged.state(), RecipientState::AcknowledgedLate);
    assert_eq!(acknowledged.step(), EscalationStep::Deputy);
    assert_eq!(
        stage.pass_to(minute(60)).await?,
        5,
        "only who has not acknowledged is escalated"
    );
    assert_eq!(
        recipient(&stage.get(&alert).await?, &office("43")).step(),
        EscalationStep::Deputy
    );
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_second_acknowledgement_is_refused_with_the_state_and_a_repeated_one_answered_alike()
-> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    let first = stage.acknowledge(&alert, &office("43")).await?;
    assert_eq!(stage.acknowledge(&alert, &office("43")).await?, first);
    let again = pb::AcknowledgeAlertRequest {
        request_id: "another".to_owned(),
        alert_id: alert.alert_id.clone(),
        organ_id: office("43"),
        post: "deputy".to_owned(),
        take_over: false,
    };
    let refused = stage
        .client
        .clone()
        .acknowledge_alert(again)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let details = refused.get_error_details();
    assert_eq!(
        details.precondition_failure().unwrap().violations[0].r#type,
        "acknowledged"
    );
    let stranger = stage
        .acknowledge(&alert, &office("431221"))
        .await
        .unwrap_err();
    assert_eq!(stranger.code(), Code::NotFound);
    Ok(())
}

#[tokio::test]
async fn nobody_acknowledges_and_every_step_comes_on_time_and_never_stops() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    let mut steps = Vec::new();
    for half_hours in 1..=6 {
        assert_eq!(stage.pass_to(minute(30 * half_hours - 1)).await?, 0);
        assert_eq!(stage.pass_to(minute(30 * half_hours)).await?, 6);
        let alert = stage.get(&alert).await?;
        steps.push((
            recipient(&alert, &office("431202")).step(),
            recipient(&alert, &office("00")).step(),
        ));
    }
    use EscalationStep::{Deputy, Leader, LevelAbove, Repeat};
    let expected = [
        (Deputy, Deputy),
        (Leader, Leader),
        (LevelAbove, Repeat),
        (Repeat, Repeat),
        (Repeat, Repeat),
        (Repeat, Repeat),
    ];
    assert_eq!(steps, expected);
    assert_eq!(
        stage.count("SELECT count(*) FROM escalation_order").await?,
        36
    );
    assert_eq!(
        stage.count("SELECT count(*) FROM alert_recipient").await?,
        6,
        "all above were told at once"
    );
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn at_the_step_of_the_level_above_its_stream_hears_it_too() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    for organ in ["00", "43", "4312", "431202001"] {
        stage.acknowledge(&alert, &office(organ)).await?;
    }
    stage
        .acknowledge(&alert, &holder("4312", organs::JOINT_MEETING))
        .await?;
    for half_hours in 1..=2 {
        stage.pass_to(minute(30 * half_hours)).await?;
    }
    stage.told().await?;
    stage.pass_to(minute(90)).await?;
    assert_eq!(
        stage.urgent_streams().await?,
        ["alerts:{city:0}", "alerts:{county:0}"]
    );
    let told = stage.told().await?;
    let Some(Fact::AlertEscalated(fact)) = told.last() else {
        panic!("an escalation is told")
    };
    assert_eq!((fact.step(), fact.count), (EscalationStep::LevelAbove, 3));
    Ok(())
}

#[tokio::test]
async fn an_office_that_was_not_there_before_is_added_by_the_escalation() -> Tested {
    let stage = Stage::empty().await?;
    stage.load_places().await?;
    let (city, others): (Vec<_>, Vec<_>) = organs::generate(&territories())
        .into_iter()
        .partition(|organ| organ.level == Level::City);
    stage.load_organs(others).await?;
    let alert = stage.raise().await?;
    assert_eq!(alert.recipients.len(), 4);
    stage.load_organs(city).await?;
    for half_hours in 1..=3 {
        stage.told().await?;
        stage.pass_to(minute(30 * half_hours)).await?;
    }
    let alert = stage.get(&alert).await?;
    for organ in [office("4312"), holder("4312", organs::JOINT_MEETING)] {
        let added = recipient(&alert, &organ);
        assert_eq!(added.role(), RecipientRole::AddedByEscalation);
        assert_eq!(
            (added.step(), added.state()),
            (EscalationStep::Duty, RecipientState::Waiting)
        );
        assert_eq!(
            added.acknowledgement_due_time,
            Some(wire::timestamp(minute(120)))
        );
    }
    let raised = stage
        .told()
        .await?
        .into_iter()
        .filter(|fact| matches!(fact, Fact::AlertRaised(_)))
        .count();
    assert_eq!(
        raised, 4,
        "each of the two on its level's stream and for statistics"
    );
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_clock_that_jumps_a_day_takes_one_step_and_arms_the_next() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    assert_eq!(stage.pass_to(minute(1440)).await?, 6);
    assert_eq!(stage.pass_to(minute(1440)).await?, 0);
    assert_eq!(
        recipient(&stage.get(&alert).await?, &office("00")).step(),
        EscalationStep::Deputy
    );
    assert_eq!(stage.pass_to(minute(1470)).await?, 6);
    Ok(())
}

#[tokio::test]
async fn an_acknowledgement_racing_the_escalation_leaves_no_timer_behind() -> Tested {
    let stage = Stage::set().await?;
    for round in 0..10 {
        stage.desk.move_clock(minute(100 * round)).await?;
        let request = pb::RaiseAlertRequest {
            request_id: format!("round-{round}"),
            ..crate::stage::report()
        };
        let alert = stage
            .client
            .clone()
            .raise_alert(request)
            .await?
            .into_inner()
            .alert
            .unwrap();
        stage.desk.move_clock(minute(100 * round + 30)).await?;
        let acknowledged = futures::future::join_all(alert.recipients.iter().map(|recipient| {
            let request = pb::AcknowledgeAlertRequest {
                request_id: format!("ack-{round}-{}", &recipient.organ_id[6..]),
                alert_id: alert.alert_id.clone(),
                organ_id: recipient.organ_id.clone(),
                post: "officer on duty".to_owned(),
                take_over: false,
            };
            let mut client = stage.client.clone();
            async move { client.acknowledge_alert(request).await }
        }));
        let (fired, acknowledged) = futures::join!(stage.desk.fire(&stage.sweep), acknowledged);
        fired?;
        for answer in acknowledged {
            answer?;
        }
    }
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    assert_eq!(
        stage
            .count("SELECT count(*) FROM alert_recipient WHERE state = 'waiting'")
            .await?,
        0
    );
    Ok(())
}
