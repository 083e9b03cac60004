//! Receivers that fail: they are told again for a day, then given up, and hold back nobody else.

use std::time::Instant;

use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::{DeliveryFailure, DeliveryState};
use huiyin_service_kit::settings::WebhookSettings;
use huiyin_service_kit::wire::{instant, timestamp};
use tonic::Code;

use crate::receiver::Does::{Answers, Hangs};
use crate::receiver::{Receiver, SOON};
use crate::reporting_stage::fields;
use crate::stage::{Tested, minute, office, report};
use crate::webhook_stage::{CITY, Webhooks, settings};

const BROKEN: &str = "500 Internal Server Error";

#[tokio::test]
async fn what_fails_is_told_again_with_growing_pauses_and_delivered_once() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, secret) = city.hook(CITY, &receiver.url()).await?;
    receiver.will([
        Answers(BROKEN),
        Answers("302 Found\r\nlocation: https://localhost/"),
        Answers("503 Service Unavailable\r\nretry-after: 600"),
    ]);
    city.stage.raise().await?;
    let first = receiver.hears().await?;
    let mut events = vec![first.event()];
    for (number, (least, most)) in [(1, (10, 13)), (2, (30, 38)), (3, (600, 600))] {
        let waiting = city.attempted(&webhook, number).await?;
        assert_eq!(waiting.state(), DeliveryState::Waiting);
        let next = instant(&waiting.next_attempt_time.unwrap()).unwrap();
        let pause = (next - city.stage.desk.database().now()).num_seconds();
        assert!((least..=most).contains(&pause), "{number}: {pause} s");
        assert!(!receiver.heard_more(), "not before it is due");
        city.stage.desk.move_clock(next).await?;
        let heard = receiver.hears().await?;
        assert!(heard.is_signed_by(&secret), "signed anew");
        assert_eq!(
            heard.headers["webhook-timestamp"],
            next.timestamp().to_string()
        );
        assert_eq!(heard.body, first.body);
        events.push(heard.event());
    }
    let delivered = city.attempted(&webhook, 4).await?;
    assert_eq!(delivered.state(), DeliveryState::Delivered);
    let statuses: Vec<u32> = delivered.attempts.iter().map(|made| made.status).collect();
    assert_eq!(statuses, [500, 302, 503, 204]);
    events.dedup();
    assert_eq!(events.len(), 1, "the same key each time");
    city.stage.desk.move_clock(minute(48 * 60)).await?;
    assert!(!receiver.heard_more());
    Ok(())
}

#[tokio::test]
async fn after_a_day_it_is_given_up_and_redriven_when_it_is_wanted() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, _) = city.hook(CITY, &receiver.url()).await?;
    receiver.will([Answers(BROKEN), Answers(BROKEN), Answers(BROKEN)]);
    city.stage.raise().await?;
    let event = receiver.hears().await?.event();
    city.attempted(&webhook, 1).await?;
    city.stage.desk.move_clock(minute(24 * 60)).await?;
    receiver.hears().await?;
    let given_up = city.attempted(&webhook, 2).await?;
    assert_eq!(given_up.state(), DeliveryState::GivenUp);
    assert_eq!(given_up.next_attempt_time, None);
    let by_event = pb::RedriveDeliveriesRequest {
        request_id: "redrive-1".to_owned(),
        organ_id: webhook.organ_id.clone(),
        webhook_id: webhook.webhook_id.clone(),
        event_ids: vec![event.clone()],
        ..Default::default()
    };
    assert_eq!(city.redrive(by_event.clone()).await?, 1);
    receiver.hears().await?;
    assert_eq!(city.redrive(by_event.clone()).await?, 1, "the same answer");
    let waiting = city.attempted(&webhook, 3).await?;
    assert_eq!(
        waiting.state(),
        DeliveryState::Waiting,
        "another day has begun"
    );
    assert!(!receiver.heard_more(), "and one effect");
    city.stage.desk.move_clock(minute(72 * 60)).await?;
    receiver.hears().await?;
    let delivered = city.attempted(&webhook, 4).await?;
    assert_eq!(delivered.state(), DeliveryState::Delivered);
    let again = pb::RedriveDeliveriesRequest {
        request_id: "redrive-2".to_owned(),
        ..by_event
    };
    let driven = city.redrive(again).await?;
    assert_eq!(driven, 0, "what was delivered stays delivered");
    Ok(())
}

#[tokio::test]
async fn either_events_or_a_stretch_of_time_are_redriven() -> Tested {
    let receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, _) = city.hook(CITY, &receiver.url()).await?;
    let neither = pb::RedriveDeliveriesRequest {
        request_id: "redrive".to_owned(),
        organ_id: webhook.organ_id.clone(),
        webhook_id: webhook.webhook_id.clone(),
        ..Default::default()
    };
    let both = pb::RedriveDeliveriesRequest {
        event_ids: vec!["event_00000000000000000000000000000001".to_owned()],
        from_time: Some(timestamp(minute(0))),
        ..neither.clone()
    };
    let backwards = pb::RedriveDeliveriesRequest {
        from_time: Some(timestamp(minute(1))),
        to_time: Some(timestamp(minute(0))),
        ..neither.clone()
    };
    let mixed = pb::RedriveDeliveriesRequest {
        event_ids: vec!["x".to_owned()],
        ..neither.clone()
    };
    for (request, field) in [
        (neither, "event_ids"),
        (both, "event_ids"),
        (backwards, "to_time"),
        (mixed, "event_ids[0]"),
    ] {
        let refused = city.redrive(request).await.unwrap_err();
        assert_eq!(fields(&refused), [field]);
    }
    Ok(())
}

#[tokio::test]
async fn a_stretch_of_time_is_redriven_without_what_lies_outside() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, _) = city.hook(CITY, &receiver.url()).await?;
    let alert = city.stage.raise().await?;
    receiver.hears().await?;
    city.delivered(&webhook, 1).await?;
    city.stage.desk.move_clock(minute(10)).await?;
    city.stage.acknowledge(&alert, &office("431202")).await?;
    receiver.hears().await?;
    // what was heard is written down a little later
    city.delivered(&webhook, 2).await?;
    sqlx::query("UPDATE webhook_delivery SET state = 'given_up', next_at = NULL, settled_at = now(), leased_until = NULL")
        .execute(city.stage.desk.database().writing())
        .await?;
    let between = pb::RedriveDeliveriesRequest {
        request_id: "redrive".to_owned(),
        organ_id: webhook.organ_id.clone(),
        webhook_id: webhook.webhook_id.clone(),
        from_time: Some(timestamp(minute(10))),
        to_time: Some(timestamp(minute(11))),
        ..Default::default()
    };
    assert_eq!(city.redrive(between).await?, 1);
    assert_eq!(receiver.hears().await?.data()["type"], "alert.acknowledged");
    assert!(!receiver.heard_more());
    Ok(())
}

#[tokio::test]
async fn a_receiver_that_is_gone_ends_its_webhook() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, _) = city.hook(CITY, &receiver.url()).await?;
    receiver.will([Answers("410 Gone")]);
    let alert = city.stage.raise().await?;
    let event = receiver.hears().await?.event();
    let given_up = city.attempted(&webhook, 1).await?;
    assert_eq!(given_up.state(), DeliveryState::GivenUp);
    let ended = city.get(&webhook).await?;
    assert_eq!(ended.end(), pb::WebhookEnd::Gone);
    city.stage.acknowledge(&alert, &office("431202")).await?;
    let redrive = pb::RedriveDeliveriesRequest {
        request_id: "redrive".to_owned(),
        organ_id: webhook.organ_id.clone(),
        webhook_id: webhook.webhook_id.clone(),
        event_ids: vec![event],
        ..Default::default()
    };
    let refused = city.redrive(redrive).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(city.deliveries(&webhook).await?.len(), 1);
    assert!(!receiver.heard_more());
    Ok(())
}

#[tokio::test]
async fn a_webhook_that_its_organ_ends_is_told_nothing_more() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, _) = city.hook(CITY, &receiver.url()).await?;
    receiver.will([Answers(BROKEN)]);
    city.stage.raise().await?;
    receiver.hears().await?;
    city.attempted(&webhook, 1).await?;
    let end = pb::EndWebhookRequest {
        request_id: "end".to_owned(),
        organ_id: webhook.organ_id.clone(),
        webhook_id: webhook.webhook_id.clone(),
    };
    let ended = city
        .client
        .clone()
        .end_webhook(end.clone())
        .await?
        .into_inner();
    assert_eq!(ended.webhook.unwrap().end(), pb::WebhookEnd::ByOrgan);
    let deliveries = city.deliveries(&webhook).await?;
    assert_eq!(deliveries[0].state(), DeliveryState::GivenUp);
    let again = pb::EndWebhookRequest {
        request_id: "end-again".to_owned(),
        ..end
    };
    let refused = city.client.clone().end_webhook(again).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    city.stage.desk.move_clock(minute(60)).await?;
    assert!(!receiver.heard_more());
    Ok(())
}

#[tokio::test]
async fn one_that_hangs_holds_back_nobody_else_and_has_few_attempts_under_way() -> Tested {
    let (mut good, mut hanging) = (Receiver::new().await?, Receiver::new().await?);
    // both show certificates of the same authority: the good one's settings name it first
    let both = Webhooks::set(WebhookSettings {
        authorities: Some(together(&[&good, &hanging])?),
        ..settings(&[&good, &hanging])
    })
    .await?;
    hanging.will(std::iter::repeat_n(Hangs, 20));
    both.hook(CITY, &hanging.url()).await?;
    let (webhook, _) = both.hook(CITY, &good.url()).await?;
    let started = Instant::now();
    for number in 0..6 {
        let request = pb::RaiseAlertRequest {
            request_id: format!("raise-{number}"),
            ..report()
        };
        both.stage.client.clone().raise_alert(request).await?;
    }
    for _ in 0..6 {
        good.hears().await?;
    }
    assert!(
        started.elapsed() < SOON,
        "less than the time one attempt may take"
    );
    hanging.hears().await?;
    hanging.hears().await?;
    assert_eq!(hanging.open(), 2, "as many as a webhook may have under way");
    assert!(!hanging.heard_more());
    assert_eq!(both.deliveries(&webhook).await?.len(), 6);
    Ok(())
}

#[tokio::test]
async fn what_the_settings_no_longer_allow_is_not_called_at_the_connection() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, _) = city.hook(CITY, &receiver.url()).await?;
    // as if the name had led elsewhere when it was set
    let elsewhere = format!("https://127.0.0.1.:{}/", receiver.port);
    for (number, url) in [(1, elsewhere), (2, "https://169.254.169.254/".to_owned())] {
        sqlx::query("UPDATE webhook SET url = $1")
            .bind(url)
            .execute(city.stage.desk.database().writing())
            .await?;
        if number == 1 {
            city.stage.raise().await?;
        } else {
            city.stage.desk.move_clock(minute(10)).await?;
        }
        let refused = city.attempted(&webhook, number).await?;
        let last = refused.attempts.last().unwrap();
        assert_eq!(last.failure(), DeliveryFailure::NotAllowed);
        assert_eq!(last.status, 0);
    }
    assert!(!receiver.heard_more());
    Ok(())
}

/// A file with the authorities of all of them.
fn together(
    receivers: &[&Receiver],
) -> Result<std::path::PathBuf, huiyin_service_kit::testing::Broken> {
    let mut all = String::new();
    for receiver in receivers {
        all.push_str(&std::fs::read_to_string(&receiver.authority)?);
    }
    let file = receivers[0].authority.with_file_name("together.pem");
    std::fs::write(&file, all)?;
    Ok(file)
}
