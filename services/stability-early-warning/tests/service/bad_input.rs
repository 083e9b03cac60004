//! One list of bad input: each is refused with a code, the field and what is allowed, and nothing of it is written.

use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::stability_early_warning::v1::duty_service_client::DutyServiceClient;
use huiyin_proto::stability_early_warning::v1::reporting_service_client::ReportingServiceClient;
use huiyin_service_kit::testing::Broken;
use huiyin_stability_early_warning::lists;
use tonic::service::Routes;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::duty_stage::{not_on_duty, roster};
use crate::receiver::{Receiver, SOON};
use crate::reporting_stage::{COUNTY, fields, weekly};
use crate::stage::{Tested, office, report};
use crate::webhook_stage::{CITY, Webhooks, setting, settings};

/// Rows of everything that anything asked here could write.
const WRITTEN: &str = "
    SELECT (SELECT count(*) FROM alert) + (SELECT count(*) FROM alert_recipient) + (SELECT count(*) FROM recipient_act)
         + (SELECT count(*) FROM alert_report) + (SELECT count(*) FROM desk_call) + (SELECT count(*) FROM duty_roster)
         + (SELECT count(*) FROM duty_shift) + (SELECT count(*) FROM report_schedule) + (SELECT count(*) FROM webhook)
         + (SELECT count(*) FROM webhook_delivery) + (SELECT count(*) FROM timer) + (SELECT count(*) FROM idempotency)
         + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM outbox_urgent) + (SELECT count(*) FROM feed)";

/// A city with an alert, a post on duty, a weekly schedule and no webhook, and every door of its service.
struct City {
    webhooks: Webhooks,
    duty: DutyServiceClient<Routes>,
    reporting: ReportingServiceClient<Routes>,
    alert: pb::Alert,
    /// What a watcher of the city was shown first.
    cursor: String,
}

async fn city() -> Result<City, Broken> {
    let receiver = Receiver::new().await?;
    let open_internet = huiyin_service_kit::settings::WebhookSettings {
        networks: Vec::new(),
        ports: vec![443],
        ..settings(&[&receiver])
    };
    let webhooks = Webhooks::set(open_internet).await?;
    let stage = &webhooks.stage;
    let rpcs = lists(stage.desk.desk.clone()).await?.rpcs;
    let routes = stage.desk.open_to_all(rpcs);
    let (mut duty, mut reporting) = (
        DutyServiceClient::new(routes.clone()),
        ReportingServiceClient::new(routes),
    );
    duty.set_duty_roster(roster(CITY, &[(0, 12)])).await?;
    reporting.set_report_schedule(weekly()).await?;
    let alert = stage.raise().await?;
    let watch = pb::WatchAlertsRequest {
        from_beginning: true,
        ..watching("")
    };
    let mut shown = stage.client.clone().watch_alerts(watch).await?.into_inner();
    let first = tokio::time::timeout(SOON, shown.message()).await??.unwrap();
    // everything urgent is sequenced, and the desks have received it
    let waiting = "SELECT (SELECT count(*) FROM outbox_urgent) + (SELECT count(*) FROM cursor JOIN stream_head USING (stream)
                           WHERE (cursor.epoch, cursor.seq) < (stream_head.epoch, stream_head.seq))";
    let resting = async {
        while stage.count(waiting).await? > 0 {}
        Ok::<(), Broken>(())
    };
    tokio::time::timeout(SOON, resting).await??;
    Ok(City {
        duty,
        reporting,
        alert,
        cursor: first.cursor,
        webhooks,
    })
}

fn watching(cursor: &str) -> pb::WatchAlertsRequest {
    pb::WatchAlertsRequest {
        organ_id: office(CITY),
        cursor: cursor.to_owned(),
        ..pb::WatchAlertsRequest::default()
    }
}

impl City {
    async fn raises(&self, request: pb::RaiseAlertRequest) -> Status {
        let request = pb::RaiseAlertRequest {
            request_id: "bad".to_owned(),
            ..request
        };
        let mut client = self.webhooks.stage.client.clone();
        client.raise_alert(request).await.unwrap_err()
    }

    async fn acknowledges(&self, post: &str) -> Status {
        let request = pb::AcknowledgeAlertRequest {
            request_id: "bad".to_owned(),
            alert_id: self.alert.alert_id.clone(),
            organ_id: office(CITY),
            post: post.to_owned(),
            take_over: false,
        };
        let mut client = self.webhooks.stage.client.clone();
        client.acknowledge_alert(request).await.unwrap_err()
    }

    async fn rosters(&self, shifts: &[(i64, i64)]) -> Status {
        let request = roster(COUNTY, shifts);
        self.duty
            .clone()
            .set_duty_roster(request)
            .await
            .unwrap_err()
    }

    async fn schedules(&self, valid_from: &str) -> Status {
        let request = pb::SetReportScheduleRequest {
            request_id: "bad".to_owned(),
            valid_from: valid_from.to_owned(),
            ..weekly()
        };
        let mut client = self.reporting.clone();
        client.set_report_schedule(request).await.unwrap_err()
    }

    async fn hooks(&self, url: &str) -> Status {
        let mut client = self.webhooks.client.clone();
        client.set_webhook(setting(CITY, url)).await.unwrap_err()
    }

    async fn watches(&self, cursor: &str) -> Status {
        let mut client = self.webhooks.stage.client.clone();
        client.watch_alerts(watching(cursor)).await.unwrap_err()
    }

    async fn written(&self) -> Result<i64, Broken> {
        self.webhooks.stage.count(WRITTEN).await
    }

    /// As if the stream had begun anew meanwhile and the watcher's notice were of another epoch than what its desk has received.
    async fn begins_another_epoch(&self) -> Tested {
        let stream = "UPDATE feed SET epoch = 2 WHERE stream = 'alerts:{city:0}'";
        let moved = sqlx::query(stream)
            .execute(self.webhooks.stage.desk.database().writing())
            .await?;
        assert!(moved.rows_affected() > 0);
        Ok(())
    }
}

/// What was asked, how it was refused, with which code, of which field if of one, and what the refusal says is allowed.
type Refused = (
    &'static str,
    Status,
    Code,
    Option<&'static str>,
    &'static str,
);

/// What is refused because a field of the request is wrong.
async fn wrong_fields(city: &City) -> Vec<Refused> {
    let elsewhere = pb::RaiseAlertRequest {
        place_code: "431221".to_owned(),
        ..report()
    };
    let by_no_rule = pb::RaiseAlertRequest {
        recipient_rule: "friends".to_owned(),
        ..report()
    };
    let open_internet = "allowed: addresses of the open internet";
    let refused = [
        (
            "a report about a place outside of the organ's own",
            city.raises(elsewhere).await,
            "place_code",
            "the organ's own territory 431202000000",
        ),
        (
            "an unknown recipient rule",
            city.raises(by_no_rule).await,
            "recipient_rule",
            "there are: to-offices-below, urgent-report",
        ),
        (
            "shifts of one roster over each other",
            city.rosters(&[(12, 13), (11, 24)]).await,
            "shifts[1].from_time",
            "shift",
        ),
        (
            "a schedule over one of its kind",
            city.schedules("2026-06-01").await,
            "valid_from",
            "end that one first",
        ),
        (
            "a webhook to a loopback address",
            city.hooks("https://127.0.0.1/").await,
            "url",
            open_internet,
        ),
        (
            "a webhook to a private address",
            city.hooks("https://10.0.0.1/").await,
            "url",
            open_internet,
        ),
    ];
    let wrong = refused.map(|(asked, refused, field, allowed)| {
        (asked, refused, Code::InvalidArgument, Some(field), allowed)
    });
    Vec::from(wrong)
}

/// What is refused because of how things stand.
async fn wrong_states(city: &City) -> Vec<Refused> {
    vec![
        (
            "an acknowledgement by a post that is not on duty",
            city.acknowledges("officer at home").await,
            Code::FailedPrecondition,
            None,
            "duty-desk,second desk,leader on duty",
        ),
        (
            "a cursor from another epoch",
            city.watches(&city.cursor).await,
            Code::OutOfRange,
            None,
            "begin anew without a cursor",
        ),
    ]
}

#[tokio::test]
async fn bad_input_is_refused_with_code_field_and_what_is_allowed_and_writes_nothing() -> Tested {
    let city = city().await?;
    city.begins_another_epoch().await?;
    let before = city.written().await?;
    let mut all = wrong_fields(&city).await;
    all.extend(wrong_states(&city).await);
    for (asked, refused, code, field, allowed) in all {
        assert_eq!(refused.code(), code, "{asked}: {refused}");
        if let Some(field) = field {
            assert_eq!(fields(&refused), [field], "{asked}: {refused}");
        }
        let said = format!("{} {}", refused.message(), posts_on_duty(&refused));
        assert!(said.contains(allowed), "{asked}: {refused}");
    }
    assert_eq!(city.written().await?, before);
    Ok(())
}

/// The posts that a refusal names as on duty.
fn posts_on_duty(refused: &Status) -> String {
    match refused.get_error_details().error_info() {
        Some(_) => not_on_duty(refused).1,
        None => String::new(),
    }
}
