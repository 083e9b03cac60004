//! An organ's own system is told of what its desk receives, signed, and nobody else is.

use huiyin_proto::events::v1::MatterRegistered;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::NoticeKind;
use huiyin_service_kit::names::ServiceName::Intake;
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::receiver::Receiver;
use crate::reporting_stage::{Door, by, fields};
use crate::stage::{Tested, VILLAGE, minute, office, visit};
use crate::webhook_stage::{CITY, Webhooks, setting, settings};

#[tokio::test]
async fn an_organ_is_told_of_what_reaches_its_desk_by_ids_and_signed() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, secret) = city.hook(CITY, &receiver.url()).await?;
    let alert = city.stage.raise().await?;
    let heard = receiver.hears().await?;
    assert_eq!(heard.path, "/alerts?of=city");
    assert!(heard.is_signed_by(&secret));
    let others = secret.replace(&secret[6..16], "AAAAAAAAAA");
    assert!(!heard.is_signed_by(&others));
    assert_eq!(
        heard.headers["webhook-timestamp"],
        minute(0).timestamp().to_string()
    );
    assert_eq!(heard.headers["content-type"], "application/json");
    let own = alert.recipients.iter();
    let mut own = own.filter(|recipient| recipient.organ_id == office(CITY));
    let due = own.next().unwrap().acknowledgement_due_time.unwrap();
    let due = huiyin_service_kit::wire::instant(&due).unwrap();
    let expected = json!({
        "type": "alert.raised",
        "timestamp": minute(0).to_rfc3339(),
        "data": {
            "event_id": heard.event(),
            "alert_id": alert.alert_id,
            "kind": "danger_to_life",
            "place_code": VILLAGE,
            "recipient_organ": office(CITY),
            "recipient_level": "city",
            "acknowledgement_due_time": due.to_rfc3339(),
        }
    });
    assert_eq!(heard.data(), expected, "and nothing that the report says");
    city.stage.acknowledge(&alert, &office("431202")).await?;
    let heard = receiver.hears().await?;
    assert_eq!(heard.data()["type"], "alert.acknowledged");
    assert_eq!(heard.data()["data"]["recipient_organ"], office("431202"));
    let told = city.attempted(&webhook, 1).await?;
    assert_eq!(told.state(), pb::DeliveryState::Delivered);
    assert_eq!(told.attempts[0].status, 204);
    assert!(
        !receiver.heard_more(),
        "the joint meeting's notice is not the office's"
    );
    Ok(())
}

#[tokio::test]
async fn only_the_wanted_kinds_of_notices_are_told() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let request = pb::SetWebhookRequest {
        notices: vec![NoticeKind::Acknowledged.into()],
        concurrency: 4,
        ..setting(CITY, &receiver.url())
    };
    let set = city.client.clone().set_webhook(request).await?;
    let set = set.into_inner().webhook.unwrap();
    assert_eq!(
        (set.notices, set.concurrency),
        (vec![NoticeKind::Acknowledged.into()], 4)
    );
    let alert = city.stage.raise().await?;
    city.stage.acknowledge(&alert, &office("431202")).await?;
    assert_eq!(receiver.hears().await?.data()["type"], "alert.acknowledged");
    assert!(!receiver.heard_more());
    Ok(())
}

#[tokio::test]
async fn an_excluded_organ_is_told_nothing_even_of_what_it_registered_itself() -> Tested {
    let (mut excluded, mut above) = (Receiver::new().await?, Receiver::new().await?);
    let both = Webhooks::set(settings(&[&excluded, &above])).await?;
    let (webhook, _) = both.hook(CITY, &excluded.url()).await?;
    // the other's certificate is not believed, and it is told all the same: that shows that the desks have received
    let (province, _) = both.hook("43", &above.url()).await?;
    let about = MatterRegistered {
        about_organ: office(CITY),
        ..visit(1, 80)
    };
    both.stage
        .hear(Intake, vec![Fact::MatterRegistered(about)])
        .await?;
    let failed = both.attempted(&province, 1).await?;
    assert_eq!(
        failed.attempts[0].failure(),
        pb::DeliveryFailure::NotReached
    );
    both.stage.pass_to(minute(30)).await?;
    let reported =
        "SELECT count(*) FROM alert_exclusion JOIN alert_told USING (alert_id, organ_id)";
    assert_eq!(both.stage.count(reported).await?, 1, "it is both");
    // the desk of the city has received everything, the escalation too
    let city_has_received =
        "SELECT count(*) FROM cursor JOIN stream_head USING (stream, epoch, seq)
         WHERE stream = 'alerts:{city:0}' AND NOT EXISTS (SELECT FROM outbox_urgent)";
    let until = async {
        while both.stage.count(city_has_received).await? == 0 {}
        Ok::<(), huiyin_service_kit::testing::Broken>(())
    };
    tokio::time::timeout(crate::receiver::SOON, until).await??;
    assert_eq!(both.deliveries(&webhook).await?, []);
    let set_aside = both.stage.count("SELECT count(*) FROM quarantine").await?;
    assert_eq!(set_aside, 0, "it is left out, not stumbled over");
    assert!(!excluded.heard_more() && !above.heard_more());
    let slipped = sqlx::query(
        "INSERT INTO webhook_delivery (webhook_id, event_id, alert_id, notice, body, told_at, since, next_at)
         SELECT webhook_id, gen_random_uuid(), alert_id, 'raised', '{}', now(), now(), now()
         FROM alert_exclusion JOIN webhook USING (organ_id)",
    )
    .execute(both.stage.desk.database().writing())
    .await
    .unwrap_err();
    let constraint = slipped.as_database_error().unwrap().constraint();
    assert_eq!(constraint, Some("webhook_delivery_not_excluded"));
    Ok(())
}

#[tokio::test]
async fn for_a_day_after_a_rotation_both_secrets_sign() -> Tested {
    let mut receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (webhook, first) = city.hook(CITY, &receiver.url()).await?;
    let request = pb::RotateWebhookSecretRequest {
        request_id: "rotate-1".to_owned(),
        organ_id: webhook.organ_id.clone(),
        webhook_id: webhook.webhook_id.clone(),
    };
    let mut client = city.client.clone();
    let rotated = client
        .rotate_webhook_secret(request.clone())
        .await?
        .into_inner();
    let again = client.rotate_webhook_secret(request).await?.into_inner();
    assert_eq!(rotated, again, "one effect, and the same secret");
    assert_ne!(rotated.secret, first);
    let alert = city.stage.raise().await?;
    let heard = receiver.hears().await?;
    assert!(heard.is_signed_by(&first) && heard.is_signed_by(&rotated.secret));
    assert_eq!(heard.signatures(), 2);
    city.stage.desk.move_clock(minute(24 * 60)).await?;
    city.stage.acknowledge(&alert, &office("431202")).await?;
    let heard = receiver.hears().await?;
    assert!(heard.is_signed_by(&rotated.secret) && !heard.is_signed_by(&first));
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("SELECT response FROM idempotency")
        .fetch_all(city.stage.desk.database().writing())
        .await?;
    let shows = |kept: &Vec<u8>| String::from_utf8_lossy(kept).contains("whsec_");
    assert!(!kept.iter().any(shows), "no secret is kept in an answer");
    Ok(())
}

#[tokio::test]
async fn an_address_that_leads_inside_is_refused_with_what_is_allowed() -> Tested {
    let receiver = Receiver::new().await?;
    let usual = huiyin_service_kit::settings::WebhookSettings {
        networks: Vec::new(),
        ..settings(&[&receiver])
    };
    let city = Webhooks::set(usual).await?;
    let port = receiver.port;
    for host in [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "0x7f.1",
        "2130706433",
        "10.0.0.1",
    ] {
        let refused = city
            .hook(CITY, &format!("https://{host}:{port}/"))
            .await
            .unwrap_err();
        assert_eq!(fields(&refused), ["url"], "{host}");
    }
    let refused = city.hook(CITY, &receiver.url()).await.unwrap_err();
    let words =
        "leads to an address that is of this machine; allowed: addresses of the open internet";
    assert!(refused.message().contains(words), "{refused}");
    let wrong = pb::SetWebhookRequest {
        request_id: String::new(),
        notices: vec![0, 99],
        concurrency: 5,
        ..setting(CITY, "https://desk.example:80/")
    };
    let refused = city.client.clone().set_webhook(wrong).await.unwrap_err();
    let all = [
        "request_id",
        "notices[0]",
        "notices[1]",
        "concurrency",
        "url",
    ];
    assert_eq!(fields(&refused), all);
    Ok(())
}

#[tokio::test]
async fn without_a_key_nobody_is_told_by_webhooks() -> Tested {
    let stage = crate::stage::Stage::set().await?;
    let lists = huiyin_stability_early_warning::lists(stage.desk.desk.clone()).await?;
    assert!(lists.works.is_empty());
    let mut client = crate::webhook_stage::Client::new(stage.desk.open_to_all(lists.rpcs));
    let request = setting(CITY, "https://desk.example/");
    let refused = client.set_webhook(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let details = refused.get_error_details();
    assert!(details.precondition_failure().is_some(), "{refused}");
    Ok(())
}

#[tokio::test]
async fn an_organ_has_five_webhooks_at_most_and_lists_them_by_pages() -> Tested {
    let receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    for number in 0..5 {
        city.hook(CITY, &format!("{}&n={number}", receiver.url()))
            .await?;
    }
    let sixth = city.hook(CITY, &receiver.url()).await.unwrap_err();
    assert_eq!(fields(&sixth), ["organ_id"]);
    city.hook("431202", &receiver.url()).await?;
    for door in [Door::Guarded, Door::Underneath] {
        let mut client = city.at(door).await?;
        let list = pb::ListWebhooksRequest {
            organ_id: office(CITY),
            page_size: 3,
            ..Default::default()
        };
        let own = client.list_webhooks(by(CITY, "duty-desk", list.clone()));
        let own = own.await?.into_inner();
        assert_eq!(own.webhooks.len(), 3);
        let rest = pb::ListWebhooksRequest {
            page_token: own.next_page_token,
            ..list
        };
        let rest = client.list_webhooks(by(CITY, "duty-desk", rest));
        let rest = rest.await?.into_inner();
        assert_eq!((rest.webhooks.len(), &*rest.next_page_token), (2, ""));
    }
    Ok(())
}

#[tokio::test]
async fn the_webhooks_of_others_are_there_for_nobody_by_policy_and_by_the_database() -> Tested {
    let receiver = Receiver::new().await?;
    let city = Webhooks::set(settings(&[&receiver])).await?;
    let (theirs, _) = city.hook("431202", &receiver.url()).await?;
    let (organ_id, webhook_id) = (theirs.organ_id, theirs.webhook_id);
    for (door, expected) in [
        (Door::Guarded, Code::PermissionDenied),
        (Door::Underneath, Code::NotFound),
    ] {
        let mut client = city.at(door).await?;
        let get = pb::GetWebhookRequest {
            organ_id: organ_id.clone(),
            webhook_id: webhook_id.clone(),
        };
        let deliveries = pb::ListWebhookDeliveriesRequest {
            organ_id: organ_id.clone(),
            webhook_id: webhook_id.clone(),
            ..Default::default()
        };
        let end = pb::EndWebhookRequest {
            request_id: format!("end-{door:?}"),
            organ_id: organ_id.clone(),
            webhook_id: webhook_id.clone(),
        };
        let got = client.get_webhook(by(CITY, "duty-desk", get)).await;
        let listed = client.list_webhook_deliveries(by(CITY, "duty-desk", deliveries));
        let listed = listed.await;
        let ended = client.end_webhook(by(CITY, "duty-desk", end)).await;
        let codes = [
            got.unwrap_err().code(),
            listed.unwrap_err().code(),
            ended.unwrap_err().code(),
        ];
        assert_eq!(codes, [expected; 3]);
    }
    let list = pb::ListWebhooksRequest {
        organ_id: office(CITY),
        ..Default::default()
    };
    let mut client = city.at(Door::Guarded).await?;
    let refused = client.list_webhooks(by(CITY, "statistics-desk", list));
    assert_eq!(refused.await.unwrap_err().code(), Code::PermissionDenied);
    Ok(())
}
