//! Watching a desk: everything that reached it, once, resumable.

use crate::stage::{Stage, Tested, office, report};
use std::time::Duration;

use futures::StreamExt as _;
use huiyin_domain::ids::EventId;
use huiyin_proto::stability_early_warning::v1::{
    NoticeKind, RaiseAlertRequest, WatchAlertsRequest, WatchAlertsResponse,
};
use huiyin_proto::vocabulary::v1::Level;
use huiyin_service_kit::testing::Broken;
use tonic::{Code, Streaming};

async fn watch(
    stage: &Stage,
    request: WatchAlertsRequest,
) -> Result<Streaming<WatchAlertsResponse>, tonic::Status> {
    Ok(stage
        .client
        .clone()
        .watch_alerts(request)
        .await?
        .into_inner())
}

async fn take(
    stream: &mut Streaming<WatchAlertsResponse>,
    many: usize,
) -> Result<Vec<WatchAlertsResponse>, Broken> {
    let mut notices = Vec::new();
    while notices.len() < many {
        notices.push(stream.next().await.ok_or("the stream ended")??);
    }
    Ok(notices)
}

fn level(level: Level) -> WatchAlertsRequest {
    WatchAlertsRequest {
        level: level.into(),
        from_beginning: true,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_desk_sees_what_reaches_it_and_goes_on_after_its_cursor() -> Tested {
    let stage = Stage::set().await?;
    stage.run_road();
    let mut city = watch(&stage, level(Level::City)).await?;
    let alert = stage.raise().await?;
    let raised = take(&mut city, 2).await?;
    assert!(
        raised.iter().all(
            |notice| notice.notice() == NoticeKind::Raised && notice.alert_id == alert.alert_id
        )
    );
    assert_eq!(
        stage
            .get(&alert)
            .await?
            .recipients
            .iter()
            .filter(|to| to.level() == Level::City && to.delivered_time.is_some())
            .count(),
        2
    );
    stage.acknowledge(&alert, &office("431202")).await?;
    let acknowledged = take(&mut city, 1).await?;
    assert_eq!(
        (
            acknowledged[0].notice(),
            acknowledged[0].recipient_organ.clone()
        ),
        (NoticeKind::Acknowledged, office("431202"))
    );
    let resumed = WatchAlertsRequest {
        cursor: raised[0].cursor.clone(),
        ..level(Level::City)
    };
    let rest = take(&mut watch(&stage, resumed).await?, 2).await?;
    assert_eq!(rest, [raised[1].clone(), acknowledged[0].clone()]);
    Ok(())
}

#[tokio::test]
async fn an_organ_sees_its_own_notices_and_what_becomes_of_its_alerts() -> Tested {
    let stage = Stage::set().await?;
    stage.run_road();
    let own = WatchAlertsRequest {
        organ_id: office("4312"),
        from_beginning: true,
        ..Default::default()
    };
    let other = WatchAlertsRequest {
        organ_id: office("431221"),
        from_beginning: true,
        ..Default::default()
    };
    let alert = stage.raise().await?;
    let mut own = watch(&stage, own).await?;
    let first = take(&mut own, 1).await?;
    assert_eq!(
        first[0].recipient_organ,
        office("4312"),
        "the joint meeting's notice is not the office's"
    );
    stage.acknowledge(&alert, &office("431202001")).await?;
    let second = take(&mut own, 1).await?;
    assert_eq!(
        (second[0].notice(), second[0].recipient_organ.clone()),
        (NoticeKind::Acknowledged, office("431202001"))
    );
    let request = RaiseAlertRequest {
        request_id: "raise-2".to_owned(),
        place_code: "431221".to_owned(),
        organ_id: office("431221"),
        ..report()
    };
    let theirs = stage
        .client
        .clone()
        .raise_alert(request)
        .await?
        .into_inner()
        .alert
        .ok_or("no alert")?;
    let first = take(&mut watch(&stage, other).await?, 1).await?;
    assert_eq!(
        first[0].alert_id, theirs.alert_id,
        "what is on the stream before it is not for this county"
    );
    Ok(())
}

#[tokio::test]
async fn what_the_desk_has_not_received_is_not_shown() -> Tested {
    let stage = Stage::set().await?;
    stage.raise().await?;
    // both of the city's entries are sequenced, and the desk has received the first
    sqlx::raw_sql(
        "INSERT INTO feed (stream, epoch, seq, event_id, payload)
         SELECT stream, 1, row_number() OVER (ORDER BY id), event_id, payload
         FROM outbox_urgent WHERE stream = 'alerts:{city:0}';
         INSERT INTO stream_head (stream, epoch, seq) VALUES ('alerts:{city:0}', 1, 2);
         INSERT INTO cursor (consumer, stream, epoch, seq)
         VALUES ('stability-early-warning', 'alerts:{city:0}', 1, 1)",
    )
    .execute(stage.desk.database().writing())
    .await?;
    let mut city = watch(&stage, level(Level::City)).await?;
    let first = take(&mut city, 1).await?;
    let second = tokio::time::timeout(Duration::from_millis(700), city.next()).await;
    assert!(
        second.is_err(),
        "nothing more is shown, however often it looks"
    );
    let events: Vec<uuid::Uuid> = sqlx::query_scalar("SELECT event_id FROM feed ORDER BY seq")
        .fetch_all(stage.desk.database().writing())
        .await?;
    let cursors: Vec<String> = events
        .into_iter()
        .map(|event| EventId::from_uuid(event).to_string())
        .collect();
    assert_eq!(first[0].cursor, cursors[0]);
    let ahead = WatchAlertsRequest {
        cursor: cursors[1].clone(),
        ..level(Level::City)
    };
    let refused = watch(&stage, ahead).await.unwrap_err();
    assert_eq!(
        refused.code(),
        Code::OutOfRange,
        "it is ahead of what the desk received"
    );
    Ok(())
}

#[tokio::test]
async fn a_watch_ends_when_the_service_stops() -> Tested {
    let stage = Stage::set().await?;
    let mut nation = watch(&stage, level(Level::Nation)).await?;
    stage.desk.desk.stopper.stop();
    assert!(nation.next().await.is_none());
    Ok(())
}

#[tokio::test]
async fn wrong_cursors_levels_and_organs_are_refused() -> Tested {
    let stage = Stage::set().await?;
    for cursor in [
        "1-1",
        "x",
        "-",
        "event_",
        "event_00000000000000000000000000000001",
    ] {
        let request = WatchAlertsRequest {
            cursor: cursor.to_owned(),
            ..level(Level::City)
        };
        assert_eq!(
            watch(&stage, request).await.unwrap_err().code(),
            Code::OutOfRange,
            "{cursor}"
        );
    }
    for (organ, level, code) in [
        (String::new(), 0, Code::InvalidArgument),
        (String::new(), 99, Code::InvalidArgument),
        ("organ".to_owned(), 0, Code::InvalidArgument),
        (office("4312"), Level::Nation.into(), Code::InvalidArgument),
        (office("11"), 0, Code::NotFound),
    ] {
        let request = WatchAlertsRequest {
            organ_id: organ,
            level,
            ..Default::default()
        };
        assert_eq!(watch(&stage, request).await.unwrap_err().code(), code);
    }
    Ok(())
}
