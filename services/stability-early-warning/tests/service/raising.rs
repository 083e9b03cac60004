//! Raising an alert: who is addressed, what is refused, and that once is once.

use crate::stage::{Stage, Tested, holder, minute, office, report};
use futures::future::try_join_all;
use huiyin_domain::organs;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::vocabulary::v1::{Level, RecipientRole};
use huiyin_service_kit::wire;
use prost::Message as _;
use tonic::Code;
use tonic_types::StatusExt as _;

#[tokio::test]
async fn every_level_above_is_addressed_at_once() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    let addressed: Vec<_> = alert
        .recipients
        .iter()
        .map(|recipient| {
            (
                recipient.organ_id.clone(),
                recipient.level(),
                recipient.role(),
            )
        })
        .collect();
    let expected = [
        (
            office("431202001"),
            Level::Township,
            RecipientRole::OwnLevel,
        ),
        (office("431202"), Level::County, RecipientRole::LevelAbove),
        (office("4312"), Level::City, RecipientRole::LevelAbove),
        (office("43"), Level::Province, RecipientRole::LevelAbove),
        (office("00"), Level::Nation, RecipientRole::LevelAbove),
        (
            holder("4312", organs::JOINT_MEETING),
            Level::City,
            RecipientRole::JointMeeting,
        ),
    ];
    assert_eq!(addressed, expected);
    assert_eq!((alert.lateness_seconds, alert.late), (21 * 60, true));
    let due = Some(wire::timestamp(minute(30)));
    assert!(
        alert
            .recipients
            .iter()
            .all(|recipient| recipient.acknowledgement_due_time == due)
    );
    let expected = ["city", "city", "county", "nation", "province", "township"]
        .map(|level| format!("alerts:{{{level}:0}}"));
    assert_eq!(stage.urgent_streams().await?, expected);
    assert_eq!(stage.timers_that_are_wrong().await?, 0);
    Ok(())
}

#[tokio::test]
async fn an_alert_reads_back_as_it_was_answered() -> Tested {
    let stage = Stage::set().await?;
    let mut raised = stage.raise().await?;
    raised
        .recipients
        .sort_by_key(|recipient| (recipient.level, recipient.organ_id.clone()));
    assert_eq!(stage.get(&raised).await?, raised);
    Ok(())
}

#[tokio::test]
async fn events_hold_neither_phone_nor_facts() -> Tested {
    let stage = Stage::set().await?;
    stage.raise().await?;
    let told = stage.told().await?;
    assert_eq!(
        told.len(),
        12,
        "six on urgent streams and six for statistics"
    );
    for fact in told {
        let Fact::AlertRaised(fact) = fact else {
            panic!("only AlertRaised is told")
        };
        let bytes = fact.encode_to_vec();
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains("2712345") && !text.contains("dam") && !text.contains("cleared"),
            "{text}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() -> Tested {
    let stage = Stage::set().await?;
    let wrong = pb::RaiseAlertRequest {
        request_id: String::new(),
        kind: 99,
        place_code: "12x".to_owned(),
        organ_id: "organ".to_owned(),
        matter_ids: vec!["matter_1".to_owned()],
        persons: 1_000_001,
        happened_time: Some(wire::timestamp(minute(2))),
        known_time: Some(wire::timestamp(minute(1))),
        facts: "call 13800138000".to_owned(),
        measures: "asked 431202198001011234".to_owned(),
        duty_phone: "-".to_owned(),
        recipient_rule: String::new(),
    };
    let refused = stage.client.clone().raise_alert(wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let details = refused.get_error_details();
    let fields: Vec<_> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|wrong| wrong.field.as_str())
        .collect();
    let expected = [
        "request_id",
        "kind",
        "place_code",
        "organ_id",
        "matter_ids[0]",
        "persons",
        "happened_time",
        "known_time",
        "known_time",
        "facts",
        "measures",
        "duty_phone",
    ];
    assert_eq!(fields, expected);
    assert_eq!(stage.count("SELECT count(*) FROM alert").await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_place_outside_the_organs_territory_is_refused() -> Tested {
    let stage = Stage::set().await?;
    for (place, words) in [
        ("431221", "outside the organ's own territory"),
        ("4312", "outside"),
        ("431299", "was loaded"),
    ] {
        let request = pb::RaiseAlertRequest {
            place_code: place.to_owned(),
            ..report()
        };
        let refused = stage.client.clone().raise_alert(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(
            refused.message().contains("place_code") && refused.message().contains(words),
            "{}",
            refused.message()
        );
    }
    Ok(())
}

#[tokio::test]
async fn before_the_offices_are_known_the_caller_is_told_to_try_again() -> Tested {
    let stage = Stage::empty().await?;
    let refused = stage
        .client
        .clone()
        .raise_alert(report())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.get_error_details().retry_info().is_some());
    stage.load_places().await?;
    stage
        .load_organs(organs::generate(&crate::stage::territories()))
        .await?;
    assert_eq!(stage.raise().await?.recipients.len(), 6);
    Ok(())
}

#[tokio::test]
async fn a_hundred_calls_with_one_request_id_raise_one_alert() -> Tested {
    let stage = Stage::set().await?;
    let calls = (0..100).map(|_| {
        let mut client = stage.client.clone();
        async move { client.raise_alert(report()).await }
    });
    let answers: Vec<_> = try_join_all(calls)
        .await?
        .into_iter()
        .map(tonic::Response::into_inner)
        .collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(stage.count("SELECT count(*) FROM alert").await?, 1);
    assert_eq!(stage.told().await?.len(), 12);
    let other = pb::RaiseAlertRequest {
        persons: 121,
        ..report()
    };
    let refused = stage.client.clone().raise_alert(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    Ok(())
}

#[tokio::test]
async fn alerts_are_listed_newest_first_page_by_page() -> Tested {
    let stage = Stage::set().await?;
    let mut raised = Vec::new();
    for number in 0..5 {
        stage.desk.move_clock(minute(number)).await?;
        let request = pb::RaiseAlertRequest {
            request_id: format!("raise-{number}"),
            ..report()
        };
        raised.insert(
            0,
            stage
                .client
                .clone()
                .raise_alert(request)
                .await?
                .into_inner()
                .alert
                .unwrap()
                .alert_id,
        );
    }
    let mut listed = Vec::new();
    let mut request = pb::ListAlertsRequest {
        organ_id: office("4312"),
        page_size: 2,
        ..Default::default()
    };
    loop {
        let page = stage.list(request.clone()).await?;
        listed.extend(page.alerts.into_iter().map(|alert| alert.alert_id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, raised);
    Ok(())
}

#[tokio::test]
async fn a_list_refuses_a_foreign_token_and_too_large_a_page() -> Tested {
    let stage = Stage::set().await?;
    for number in 0..2 {
        let request = pb::RaiseAlertRequest {
            request_id: format!("raise-{number}"),
            ..report()
        };
        stage.client.clone().raise_alert(request).await?;
    }
    let foreign = pb::ListAlertsRequest {
        organ_id: office("431221"),
        ..Default::default()
    };
    assert!(stage.list(foreign.clone()).await?.alerts.is_empty());
    let first = stage
        .list(pb::ListAlertsRequest {
            page_size: 1,
            ..Default::default()
        })
        .await?;
    let mixed = pb::ListAlertsRequest {
        page_token: first.next_page_token,
        ..foreign
    };
    let garbage = pb::ListAlertsRequest {
        page_token: "zz".to_owned(),
        ..Default::default()
    };
    let large = pb::ListAlertsRequest {
        page_size: 201,
        ..Default::default()
    };
    for wrong in [mixed, garbage, large] {
        assert_eq!(
            stage.list(wrong).await.unwrap_err().code(),
            Code::InvalidArgument
        );
    }
    Ok(())
}

#[tokio::test]
async fn alerts_that_everybody_acknowledged_wait_for_nobody() -> Tested {
    let stage = Stage::set().await?;
    let alert = stage.raise().await?;
    let waiting = pb::ListAlertsRequest {
        waiting_only: true,
        ..Default::default()
    };
    assert_eq!(stage.list(waiting.clone()).await?.alerts.len(), 1);
    for recipient in &alert.recipients {
        stage.acknowledge(&alert, &recipient.organ_id).await?;
    }
    assert!(stage.list(waiting).await?.alerts.is_empty());
    Ok(())
}
