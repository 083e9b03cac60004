//! What arrives from others and on the own urgent streams.

use crate::stage::{Stage, Tested, holder, minute, office, start, territories, visit};
use huiyin_domain::organs;
use huiyin_domain::vocabulary::Level;
use huiyin_proto::events::v1::MatterRegistered;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::names::ServiceName::Intake;
use huiyin_service_kit::wire;

#[tokio::test]
async fn a_visit_at_the_threshold_raises_one_alert_by_itself() -> Tested {
    let stage = Stage::set().await?;
    let letter = MatterRegistered {
        channel: words::Channel::Letter.into(),
        ..visit(3, 500)
    };
    let facts = [visit(1, 49), visit(2, 50), letter]
        .map(Fact::MatterRegistered)
        .to_vec();
    stage.hear(Intake, facts.clone()).await?;
    stage.hear(Intake, facts).await?;
    let page = stage.list(pb::ListAlertsRequest::default()).await?;
    let [alert] = page.alerts.as_slice() else {
        panic!("one alert, not {}", page.alerts.len())
    };
    assert_eq!(alert.kind(), words::UrgentKind::CollectiveVisit);
    assert_eq!(alert.matter_ids, [visit(2, 50).matter_id]);
    assert_eq!(
        (alert.organ_id.clone(), alert.persons),
        (office("4312"), 50)
    );
    assert_eq!(
        (alert.happened_time, alert.known_time),
        (
            Some(wire::timestamp(start())),
            Some(wire::timestamp(start()))
        )
    );
    assert_eq!(alert.recipients.len(), 6);
    assert_eq!(stage.told().await?.len(), 12);
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_visit_that_is_ahead_of_the_offices_waits_for_them() -> Tested {
    let stage = Stage::empty().await?;
    let fact = Fact::MatterRegistered(visit(1, 80));
    assert!(
        stage
            .hear(Intake, vec![fact.clone()])
            .await
            .unwrap_err()
            .is_retryable()
    );
    stage.load_places().await?;
    assert!(
        stage
            .hear(Intake, vec![fact.clone()])
            .await
            .unwrap_err()
            .is_retryable()
    );
    stage.load_organs(organs::generate(&territories())).await?;
    stage.hear(Intake, vec![fact]).await?;
    assert_eq!(
        stage.count("SELECT count(*) FROM alert_recipient").await?,
        6
    );
    Ok(())
}

#[tokio::test]
async fn a_denounced_office_and_those_below_it_are_never_told() -> Tested {
    let stage = Stage::set().await?;
    let denunciation = MatterRegistered {
        category: words::Category::Denunciation.into(),
        about_organ: office("431202"),
        ..visit(1, 80)
    };
    stage
        .hear(Intake, vec![Fact::MatterRegistered(denunciation)])
        .await?;
    let page = stage.list(pb::ListAlertsRequest::default()).await?;
    let told: Vec<_> = page.alerts[0]
        .recipients
        .iter()
        .map(|recipient| recipient.organ_id.clone())
        .collect();
    assert_eq!(told.len(), 4);
    assert!(!told.contains(&office("431202")) && !told.contains(&office("431202001")));
    for half_hours in 1..=4 {
        stage.pass_to(minute(30 * half_hours)).await?;
    }
    assert_eq!(
        stage.count("SELECT count(*) FROM alert_recipient").await?,
        4,
        "nor by the escalation"
    );
    Ok(())
}

#[tokio::test]
async fn the_escalation_of_those_below_never_adds_who_is_excluded() -> Tested {
    let stage = Stage::set().await?;
    let about = MatterRegistered {
        about_organ: office("4312"),
        ..visit(1, 80)
    };
    stage
        .hear(Intake, vec![Fact::MatterRegistered(about)])
        .await?;
    for half_hours in 1..=4 {
        assert_eq!(stage.pass_to(minute(30 * half_hours)).await?, 5);
    }
    assert_eq!(
        stage.count("SELECT count(*) FROM alert_recipient").await?,
        5
    );
    Ok(())
}

#[tokio::test]
async fn the_database_itself_refuses_an_excluded_recipient() -> Tested {
    let stage = Stage::set().await?;
    let about = MatterRegistered {
        about_organ: office("4312"),
        ..visit(1, 80)
    };
    stage
        .hear(Intake, vec![Fact::MatterRegistered(about)])
        .await?;
    let slipped = sqlx::query(
        "INSERT INTO alert_recipient (recipient_id, alert_id, organ_id, level, role, reason, ack_due)
         SELECT gen_random_uuid(), alert_id, organ_id, 'city', 'level_above', 'by mistake', now() FROM alert_exclusion",
    )
    .execute(stage.desk.database().writing())
    .await
    .unwrap_err();
    assert_eq!(
        slipped.as_database_error().unwrap().constraint(),
        Some("alert_recipient_not_excluded")
    );
    let excluded = sqlx::query("INSERT INTO alert_exclusion (alert_id, organ_id) SELECT alert_id, organ_id FROM alert_recipient")
        .execute(stage.desk.database().writing())
        .await
        .unwrap_err();
    assert_eq!(
        excluded.as_database_error().unwrap().constraint(),
        Some("alert_recipient_not_excluded")
    );
    Ok(())
}

#[tokio::test]
async fn what_reaches_a_desk_is_delivered_once() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    let city: Vec<Fact> = stage
        .told()
        .await?
        .into_iter()
        .filter(|fact| matches!(fact, Fact::AlertRaised(raised) if raised.recipient_level() == words::Level::City))
        .collect();
    stage.desk.move_clock(minute(1)).await?;
    stage.reach(Level::City, city.clone()).await?;
    let told = stage.told().await?;
    assert_eq!(told.len(), 2, "petition office and joint meeting");
    assert!(
        told.iter()
            .all(|fact| matches!(fact, Fact::AlertDelivered(_)))
    );
    stage.desk.move_clock(minute(2)).await?;
    stage.reach(Level::City, city).await?;
    assert!(stage.told().await?.is_empty());
    let alert = stage.get(&alert).await?;
    let delivered: Vec<_> = alert
        .recipients
        .iter()
        .filter_map(|recipient| Some((recipient.organ_id.clone(), recipient.delivered_time?)))
        .collect();
    let mut expected = [office("4312"), holder("4312", organs::JOINT_MEETING)]
        .map(|organ| (organ, wire::timestamp(minute(1))));
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(delivered, expected);
    Ok(())
}
