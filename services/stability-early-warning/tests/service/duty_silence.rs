//! Nobody is on duty: that is an alert itself.

use huiyin_domain::ids::MatterId;
use huiyin_domain::organs::JOINT_MEETING;
use huiyin_proto::events::v1 as events;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::wire;
use uuid::Uuid;

use crate::duty_stage::{CITY, COUNTY, Duty, covering, hour, period, roster};
use crate::stage::{Tested, holder, minute, office, report, visit};

const TOWN: &str = "431202001";

async fn raise(duty: &Duty, request: pb::RaiseAlertRequest) -> Result<pb::Alert, tonic::Status> {
    let answer = duty.stage.client.clone().raise_alert(request).await?;
    Ok(answer.into_inner().alert.unwrap())
}

fn another(request_id: &str) -> pb::RaiseAlertRequest {
    pb::RaiseAlertRequest {
        request_id: request_id.to_owned(),
        ..report()
    }
}

/// A county that says it is on duty round the clock and has set nobody.
async fn silent_county() -> Result<Duty, huiyin_service_kit::testing::Broken> {
    let duty = Duty::set().await?;
    duty.roster(covering(COUNTY, ("00:00", "24:00"), &[]))
        .await?;
    duty.pass_to(minute(0)).await?;
    assert_eq!(
        duty.silences().await?,
        [],
        "outside of a special period only an alert asks who is there"
    );
    Ok(duty)
}

#[tokio::test]
async fn an_alert_that_reaches_nobody_is_followed_by_one_to_the_level_above() -> Tested {
    let duty = silent_county().await?;
    duty.stage.told().await?;
    let reached = duty.stage.raise().await?;
    assert_eq!(
        duty.silences().await?,
        [(office(COUNTY), vec![office(CITY)])]
    );
    let list = duty
        .stage
        .list(pb::ListAlertsRequest::default())
        .await?
        .alerts;
    let said = list
        .iter()
        .find(|alert| alert.alert_id != reached.alert_id)
        .unwrap();
    assert_eq!(said.kind(), words::UrgentKind::Other);
    assert_eq!(
        (
            said.matter_ids.len(),
            said.persons,
            said.place_code.as_str()
        ),
        (0, 0, "431202000000")
    );
    assert!(
        said.facts.contains("Nobody is on duty") && said.facts.contains("无人值班"),
        "{}",
        said.facts
    );
    assert_eq!(
        said.happened_time,
        Some(wire::timestamp(minute(-9 * 60))),
        "since the day on which it promised to be there began"
    );
    let raised = duty.stage.told().await?;
    let urgent = raised
        .iter()
        .filter(|fact| matches!(fact, Fact::AlertRaised(fact) if fact.alert_id == said.alert_id));
    assert_eq!(
        urgent.count(),
        2,
        "on the stream of the city and for statistics, in the same commit"
    );
    assert_eq!(duty.stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

/// Recipients whom no notice of their desk calls.
async fn called_at_no_desk(duty: &Duty) -> Result<i64, huiyin_service_kit::testing::Broken> {
    let statement = "SELECT count(*) FROM alert_recipient r
                     WHERE NOT EXISTS (SELECT 1 FROM desk_call c WHERE c.recipient_id = r.recipient_id)";
    duty.stage.count(statement).await
}

#[tokio::test]
async fn an_office_that_is_told_of_the_silence_is_called_at_its_desk_like_everybody_else() -> Tested
{
    let duty = silent_county().await?;
    duty.stage.raise().await?;
    assert_eq!(duty.silences().await?.len(), 1);
    assert_eq!(called_at_no_desk(&duty).await?, 0);
    Ok(())
}

#[tokio::test]
async fn it_is_said_once_for_each_gap_however_many_alerts_come() -> Tested {
    let duty = silent_county().await?;
    duty.stage.raise().await?;
    for number in 1..5 {
        duty.stage.desk.move_clock(minute(number)).await?;
        raise(&duty, another(&format!("more-{number}"))).await?;
    }
    duty.stage.pass_to(minute(30)).await?;
    assert_eq!(
        duty.silences().await?.len(),
        1,
        "neither alerts nor escalations say it again"
    );
    duty.roster(covering(COUNTY, ("00:00", "24:00"), &[(1, 2)]))
        .await?;
    duty.stage.desk.move_clock(hour(1)).await?;
    raise(&duty, another("somebody-is-there")).await?;
    assert_eq!(duty.silences().await?.len(), 1);
    duty.stage.desk.move_clock(hour(2)).await?;
    raise(&duty, another("nobody-again")).await?;
    assert_eq!(
        duty.silences().await?.len(),
        2,
        "somebody was there in between: another gap"
    );
    Ok(())
}

#[tokio::test]
async fn two_alerts_at_once_say_it_once() -> Tested {
    let duty = silent_county().await?;
    let calls = (0..6).map(|number| {
        let request = another(&format!("at-once-{number}"));
        raise(&duty, request)
    });
    for raised in futures::future::join_all(calls).await {
        raised?;
    }
    assert_eq!(duty.silences().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn nothing_is_said_of_an_organ_that_promised_nothing_for_this_hour_or_has_somebody_there()
-> Tested {
    let duty = Duty::set().await?;
    duty.roster(covering(COUNTY, ("20:00", "08:00"), &[]))
        .await?;
    duty.roster(covering(CITY, ("00:00", "24:00"), &[(0, 12)]))
        .await?;
    duty.stage.raise().await?;
    assert_eq!(duty.silences().await?, []);
    duty.stage.desk.move_clock(hour(11)).await?;
    raise(&duty, another("at-night")).await?;
    assert_eq!(
        duty.silences().await?,
        [(office(COUNTY), vec![office(CITY)])]
    );
    Ok(())
}

#[tokio::test]
async fn an_escalation_that_meets_nobody_says_it_as_well() -> Tested {
    let duty = Duty::set().await?;
    duty.roster(covering(COUNTY, ("09:20", "17:00"), &[]))
        .await?;
    duty.stage.raise().await?;
    assert_eq!(duty.silences().await?, []);
    duty.stage.pass_to(minute(30)).await?;
    assert_eq!(
        duty.silences().await?,
        [(office(COUNTY), vec![office(CITY)])]
    );
    assert_eq!(duty.stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn what_the_register_raises_asks_who_is_there_too() -> Tested {
    let duty = silent_county().await?;
    let fact = Fact::MatterRegistered(visit(1, 60));
    duty.stage.hear(ServiceName::Intake, vec![fact]).await?;
    assert_eq!(
        duty.silences().await?,
        [(office(COUNTY), vec![office(CITY)])]
    );
    Ok(())
}

#[tokio::test]
async fn an_organ_that_another_one_names_is_asked_as_well() -> Tested {
    let duty = Duty::set().await?;
    duty.roster(covering("431221", ("00:00", "24:00"), &[]))
        .await?;
    let alert = duty.stage.raise().await?;
    let refusal = pb::RefuseAlertRequest {
        request_id: "refuse".to_owned(),
        alert_id: alert.alert_id,
        organ_id: holder(CITY, JOINT_MEETING),
        post: "duty-desk".to_owned(),
        reason: "The other county answers.".to_owned(),
        right_organ: office("431221"),
    };
    assert_eq!(duty.silences().await?, []);
    duty.stage.client.clone().refuse_alert(refusal).await?;
    assert_eq!(
        duty.silences().await?,
        [(office("431221"), vec![office(CITY)])]
    );
    Ok(())
}

#[tokio::test]
async fn an_alert_about_silence_is_followed_by_none_though_the_level_above_is_silent_too() -> Tested
{
    let duty = Duty::set().await?;
    duty.roster(covering(CITY, ("00:00", "24:00"), &[])).await?;
    duty.roster(roster(TOWN, &[(0, 24)])).await?;
    duty.special_period(period(COUNTY, "2026-01-05", "2026-01-05"))
        .await?;
    duty.pass_to(minute(0)).await?;
    let one = [(office(COUNTY), vec![office(CITY)])];
    assert_eq!(duty.silences().await?, one);
    for half_hour in 1..=5 {
        assert!(duty.stage.pass_to(minute(30 * half_hour)).await? > 0);
        let silent = duty.silences().await?;
        let silent: Vec<&String> = silent.iter().map(|(organ, _)| organ).collect();
        assert_eq!(
            silent,
            [&office(COUNTY)],
            "it escalates and says nothing of whom it meets"
        );
    }
    duty.stage.raise().await?;
    let mut both = [office(COUNTY), office(CITY)];
    both.sort();
    let silent = duty.silences().await?.into_iter().map(|(organ, _)| organ);
    assert_eq!(
        silent.collect::<Vec<_>>(),
        both,
        "another alert asks of the city"
    );
    Ok(())
}

#[tokio::test]
async fn an_organ_that_must_not_know_of_the_alert_is_not_told_of_the_silence() -> Tested {
    let duty = silent_county().await?;
    let about = events::MatterRegistered {
        category: words::Category::Denunciation.into(),
        about_organ: office(CITY),
        ..visit(7, 1)
    };
    let fact = Fact::MatterRegistered(about);
    duty.stage.hear(ServiceName::Intake, vec![fact]).await?;
    let denounced = MatterId::from_uuid(Uuid::from_u128(7));
    // the county stands below the denounced city and must not know either; the province raises it
    duty.roster(covering("43", ("00:00", "24:00"), &[])).await?;
    let request = pb::RaiseAlertRequest {
        organ_id: office("43"),
        matter_ids: vec![denounced.to_string()],
        ..report()
    };
    let raised = raise(&duty, request).await?;
    let told: Vec<&str> = raised
        .recipients
        .iter()
        .map(|told| told.organ_id.as_str())
        .collect();
    assert!(!told.contains(&office(CITY).as_str()) && !told.contains(&office(COUNTY).as_str()));
    assert_eq!(
        duty.silences().await?,
        [(office("43"), vec![office("00")])],
        "of the province's silence the nation is told; of the county nobody asks"
    );
    Ok(())
}

#[tokio::test]
async fn the_office_above_that_is_excluded_is_passed_over() -> Tested {
    let duty = silent_county().await?;
    let about = events::MatterRegistered {
        about_organ: office(CITY),
        ..visit(7, 1)
    };
    duty.stage
        .hear(ServiceName::Intake, vec![Fact::MatterRegistered(about)])
        .await?;
    let request = pb::RaiseAlertRequest {
        matter_ids: vec![MatterId::from_uuid(Uuid::from_u128(7)).to_string()],
        ..report()
    };
    raise(&duty, request).await?;
    assert_eq!(
        duty.silences().await?,
        [(office(COUNTY), vec![office("43")])]
    );
    for half_hour in 1..=4 {
        duty.stage.pass_to(minute(30 * half_hour)).await?;
    }
    let told = duty.silences().await?;
    assert!(
        !told[0].1.contains(&office(CITY)),
        "no escalation brings it in: {told:?}"
    );
    Ok(())
}

#[tokio::test]
async fn when_a_shift_of_a_special_period_ends_without_a_successor_it_is_said_at_that_instant()
-> Tested {
    let duty = Duty::set().await?;
    duty.special_period(period(COUNTY, "2026-01-05", "2026-01-07"))
        .await?;
    for place in [COUNTY, TOWN] {
        duty.roster(roster(place, &[(0, 12)])).await?;
    }
    duty.roster(roster(TOWN, &[(12, 36)])).await?;
    duty.pass_to(hour(0)).await?;
    duty.pass_to(minute(12 * 60 - 1)).await?;
    assert_eq!(duty.silences().await?, []);
    duty.pass_to(hour(12)).await?;
    assert_eq!(
        duty.silences().await?,
        [(office(COUNTY), vec![office(CITY)])],
        "no alert had to come"
    );
    duty.pass_to(hour(13)).await?;
    duty.stage.raise().await?;
    duty.pass_to(hour(17)).await?;
    assert_eq!(duty.silences().await?.len(), 1, "and once");
    duty.roster(roster(COUNTY, &[(18, 20)])).await?;
    duty.pass_to(hour(17)).await?;
    duty.pass_to(hour(20)).await?;
    assert_eq!(
        duty.silences().await?.len(),
        2,
        "the next gap is another one"
    );
    duty.pass_to(hour(63)).await?;
    duty.pass_to(hour(64)).await?;
    let after: Vec<String> = duty
        .silences()
        .await?
        .into_iter()
        .map(|(organ, _)| organ)
        .collect();
    let of_town = after.iter().filter(|organ| **organ == office(TOWN)).count();
    assert_eq!(
        (after.len(), of_town),
        (2, 0),
        "a look that comes after the period says nothing of it"
    );
    Ok(())
}

#[tokio::test]
async fn the_silent_organ_sees_the_alert_and_ends_it_by_a_report_but_cannot_cancel_it() -> Tested {
    let duty = silent_county().await?;
    let reached = duty.stage.raise().await?;
    let list = duty
        .stage
        .list(pb::ListAlertsRequest::default())
        .await?
        .alerts;
    let said = list
        .iter()
        .find(|alert| alert.alert_id != reached.alert_id)
        .unwrap();
    let cancelled = duty
        .stage
        .report_on(said, words::AlertReportStage::Cancellation, &office(COUNTY))
        .await;
    assert_eq!(
        cancelled.unwrap_err().code(),
        tonic::Code::FailedPrecondition
    );
    duty.stage
        .report_on(said, words::AlertReportStage::Final, &office(COUNTY))
        .await?;
    Ok(())
}
