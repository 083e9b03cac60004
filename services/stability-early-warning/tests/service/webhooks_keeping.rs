//! What was taken in or given up is kept for so many days, then removed; nothing that waits is.

use huiyin_domain::ids::AlertId;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_service_kit::testing::Broken;
use huiyin_service_kit::timer::Sweep;
use huiyin_service_kit::wire::timestamp;
use huiyin_stability_early_warning::lists;

use crate::receiver::Receiver;
use crate::stage::{Tested, minute};
use crate::webhook_stage::{CITY, Webhooks, settings};

/// Minutes of a day.
const DAY: i64 = 24 * 60;

async fn sweep(city: &Webhooks) -> Result<Sweep, Broken> {
    let sweeps = lists(city.stage.desk.desk.clone()).await?.sweeps;
    let mut own = sweeps
        .into_iter()
        .filter(|sweep| sweep.kind == "webhook_kept");
    Ok(own.next().unwrap())
}

/// Writes so many deliveries of an alert in a state that was reached at an instant, with an attempt each.
async fn wrote(
    city: &Webhooks,
    (webhook, alert): (&pb::Webhook, &pb::Alert),
    (count, state, settled): (i32, &str, i64),
) -> Tested {
    let webhook: huiyin_domain::ids::WebhookId = webhook.webhook_id.parse().unwrap();
    let alert: AlertId = alert.alert_id.parse().unwrap();
    sqlx::query(
        "WITH told AS (
             INSERT INTO webhook_delivery (webhook_id, event_id, alert_id, notice, body, told_at, state, since, next_at,
                                           attempts, tries, settled_at)
             SELECT $1, gen_random_uuid(), $2, 'raised', '{}', $5, $4, $5,
                    CASE WHEN $4 = 'waiting' THEN $5 + interval '1 year' END, 1, 1, CASE WHEN $4 <> 'waiting' THEN $5 END
             FROM generate_series(1, $3) RETURNING webhook_id, event_id)
         INSERT INTO webhook_attempt (webhook_id, event_id, number, at, status)
         SELECT webhook_id, event_id, 1, $5, 500 FROM told",
    )
    .bind(webhook.uuid())
    .bind(alert.uuid())
    .bind(count)
    .bind(state)
    .bind(minute(settled))
    .execute(city.stage.desk.database().writing())
    .await?;
    Ok(())
}

async fn there(city: &Webhooks) -> Result<(i64, i64), Broken> {
    let deliveries = city.stage.count("SELECT count(*) FROM webhook_delivery");
    let attempts = city.stage.count("SELECT count(*) FROM webhook_attempt");
    Ok((deliveries.await?, attempts.await?))
}

#[tokio::test]
async fn what_was_settled_is_removed_after_ninety_days_and_is_not_driven_again() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, _) = city.hook(CITY, &receiver.url()).await?;
    let alert = city.stage.raise().await?;
    let event = receiver.hears().await?.event();
    city.delivered(&webhook, 1).await?;
    wrote(&city, (&webhook, &alert), (1, "given_up", 0)).await?;
    wrote(&city, (&webhook, &alert), (1, "waiting", 0)).await?;
    wrote(&city, (&webhook, &alert), (1, "given_up", DAY)).await?;
    let sweep = sweep(&city).await?;
    let settled_first = 90 * DAY;
    city.stage
        .desk
        .move_clock(minute(settled_first - 1))
        .await?;
    assert_eq!(city.stage.desk.fire(&sweep).await?, 1);
    assert_eq!(there(&city).await?, (4, 4), "none is old enough");
    city.stage
        .desk
        .move_clock(minute(settled_first - 1 + DAY))
        .await?;
    assert_eq!(city.stage.desk.fire(&sweep).await?, 1, "the next day");
    assert_eq!(there(&city).await?, (2, 2), "one day less, and what waits");
    let again = pb::RedriveDeliveriesRequest {
        request_id: "redrive".to_owned(),
        organ_id: webhook.organ_id.clone(),
        webhook_id: webhook.webhook_id.clone(),
        event_ids: vec![event],
        ..Default::default()
    };
    assert_eq!(city.redrive(again.clone()).await?, 0, "it is gone");
    let between = pb::RedriveDeliveriesRequest {
        request_id: "between".to_owned(),
        event_ids: Vec::new(),
        from_time: Some(timestamp(minute(-1))),
        to_time: Some(timestamp(minute(1))),
        ..again
    };
    assert_eq!(city.redrive(between).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_thousand_are_removed_at_a_time_and_the_rest_at_once() -> Tested {
    let receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let alert = city.stage.raise().await?;
    // of an organ that is not told of the alert
    let (webhook, _) = city.hook("431221", &receiver.url()).await?;
    wrote(&city, (&webhook, &alert), (1500, "given_up", 0)).await?;
    let sweep = sweep(&city).await?;
    city.stage.desk.move_clock(minute(91 * DAY)).await?;
    let mut left = Vec::new();
    while city.stage.desk.fire(&sweep).await? > 0 {
        left.push(there(&city).await?);
    }
    assert_eq!(left, [(500, 500), (0, 0)]);
    Ok(())
}

#[tokio::test]
async fn a_stream_that_is_played_again_tells_nothing_that_was_removed() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, _) = city.hook(CITY, &receiver.url()).await?;
    city.stage.raise().await?;
    receiver.hears().await?;
    city.delivered(&webhook, 1).await?;
    let sweep = sweep(&city).await?;
    city.stage.desk.move_clock(minute(91 * DAY)).await?;
    city.stage.desk.fire(&sweep).await?;
    assert_eq!(there(&city).await?, (0, 0));
    let played_again = "INSERT INTO outbox_urgent (stream, event_id, payload)
                        SELECT stream, gen_random_uuid(), payload FROM feed WHERE stream = 'alerts:{city:0}'";
    let written = sqlx::query(played_again)
        .execute(city.stage.desk.database().writing())
        .await?;
    assert!(written.rows_affected() > 0);
    let second = pb::RaiseAlertRequest {
        request_id: "second".to_owned(),
        happened_time: Some(timestamp(minute(91 * DAY))),
        known_time: Some(timestamp(minute(91 * DAY))),
        ..crate::stage::report()
    };
    city.stage.client.clone().raise_alert(second).await?;
    receiver.hears().await?;
    city.delivered(&webhook, 1).await?;
    assert_eq!(there(&city).await?, (1, 1), "the new one alone");
    assert!(!receiver.heard_more());
    Ok(())
}
