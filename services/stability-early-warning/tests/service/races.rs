//! Acknowledging while the escalation is due: of the two one comes first, for each recipient, and everything that is written says
//! which. By day a few hundred races, by night as many as `HUIYIN_RACES` says.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;
use futures::stream;
use huiyin_proto::stability_early_warning::v1 as pb;
use huiyin_proto::vocabulary::v1::EscalationStep;
use huiyin_service_kit::testing::Broken;
use sqlx::Row as _;

use crate::below::{township, warning};
use crate::stage::{Stage, Tested, minute};

/// Recipients of one round besides the offices of the city.
const AT_ONCE: u32 = 100;
/// Acknowledgements that are under way at one instant.
const UNDER_WAY: usize = 8;

/// How many races are run.
fn races() -> Result<usize, Broken> {
    match std::env::var("HUIYIN_RACES") {
        Ok(given) => Ok(given.parse()?),
        Err(_) => Ok(300),
    }
}

/// What an acknowledgement was answered: the organ, and the step its escalation had reached.
type Answered = (String, EscalationStep);

/// One round: everybody acknowledges, and in between the limit passes and the escalation is taken.
async fn race(stage: &Stage, round: u32) -> Result<Vec<Answered>, Broken> {
    let begins = minute(200 * i64::from(round));
    stage.desk.move_clock(begins).await?;
    let alert = stage.raise_this(warning(&format!("round-{round}"))).await?;
    let due = begins + TimeDelta::minutes(30);
    stage
        .desk
        .move_clock(due - TimeDelta::milliseconds(1))
        .await?;
    let organs = (100..100 + AT_ONCE).map(|number| township(number).id.to_string());
    let acknowledged = organs.map(|organ| {
        let request = pb::AcknowledgeAlertRequest {
            request_id: format!("{round}-{}", &organ[6..]),
            alert_id: alert.alert_id.clone(),
            organ_id: organ,
            post: "officer on duty".to_owned(),
            take_over: false,
        };
        let mut client = stage.client.clone();
        async move {
            let organ = request.organ_id.clone();
            let answer = client.acknowledge_alert(request).await?.into_inner();
            Ok::<Answered, Broken>((organ, answer.recipient.unwrap().step()))
        }
    });
    let mut acknowledged = stream::iter(acknowledged).buffer_unordered(UNDER_WAY);
    // another part of them is through each round when the limit passes
    let first = (round as usize * 7) % 60;
    let mut answered = Vec::new();
    for _ in 0..first {
        answered.extend(acknowledged.next().await.transpose()?);
    }
    let rest = async { acknowledged.collect::<Vec<_>>().await };
    let escalated = async {
        stage
            .desk
            .move_clock(due + TimeDelta::milliseconds(1))
            .await?;
        while stage.desk.fire(&stage.sweep).await? > 0 {}
        Ok::<(), Broken>(())
    };
    let (rest, escalated) = futures::join!(rest, escalated);
    escalated?;
    for answer in rest {
        answered.push(answer?);
    }
    Ok(answered)
}

/// What is written of a recipient.
#[derive(Clone, Debug)]
struct Written {
    late: bool,
    acked: DateTime<Utc>,
    due: DateTime<Utc>,
    escalated: Option<DateTime<Utc>>,
    orders: i64,
}

/// What is written of those who acknowledged in the last round, by their organs.
async fn written(stage: &Stage) -> Result<HashMap<String, Written>, Broken> {
    let rows = sqlx::query(
        "SELECT 'organ_' || replace(r.organ_id::text, '-', '') AS organ, r.state, r.acked_at, r.ack_due, max(o.at) AS escalated,
                count(o.*) AS orders, r.escalations::bigint AS counted,
                (SELECT count(*) FROM desk_call c WHERE c.recipient_id = r.recipient_id) - 1 AS called
         FROM alert_recipient r LEFT JOIN escalation_order o USING (recipient_id)
         WHERE r.alert_id = (SELECT alert_id FROM alert ORDER BY reported_at DESC LIMIT 1) AND r.acked_at IS NOT NULL
         GROUP BY r.recipient_id",
    )
    .fetch_all(stage.desk.database().writing())
    .await?;
    let mut written = HashMap::new();
    for row in rows {
        let orders: i64 = row.try_get("orders")?;
        let counts: (i64, i64) = (row.try_get("counted")?, row.try_get("called")?);
        assert_eq!(
            counts,
            (orders, orders),
            "every order is counted and called"
        );
        let state: String = row.try_get("state")?;
        let what = Written {
            late: state == "acknowledged_late",
            acked: row.try_get("acked_at")?,
            due: row.try_get("ack_due")?,
            escalated: row.try_get("escalated")?,
            orders,
        };
        written.insert(row.try_get("organ")?, what);
    }
    Ok(written)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_acknowledgement_and_the_escalation_one_comes_first_and_all_that_is_written_says_which()
-> Tested {
    let stage = Stage::set().await?;
    stage
        .load_organs((100..100 + AT_ONCE).map(township).collect())
        .await?;
    let rounds = u32::try_from(races()?.div_ceil(AT_ONCE as usize))?;
    let (mut first, mut later) = (0, 0);
    for round in 0..rounds {
        let answered = race(&stage, round).await?;
        // before the next sweep, which would clear away what was left behind
        assert_eq!(stage.timers_that_are_wrong().await?, 0, "round {round}");
        let written = written(&stage).await?;
        assert_eq!((answered.len(), written.len()), (100, 100), "round {round}");
        for (organ, step) in answered {
            let of = &written[&organ];
            let place = format!("{organ} in round {round}: {of:?}");
            assert_eq!(of.late, of.acked > of.due, "{place}");
            match step {
                EscalationStep::Duty => {
                    assert_eq!((of.orders, of.escalated), (0, None), "{place}");
                    first += 1;
                }
                EscalationStep::Deputy => {
                    assert!(of.orders == 1 && of.late, "{place}");
                    assert!(of.escalated.is_some_and(|at| at <= of.acked), "{place}");
                    later += 1;
                }
                other => panic!("step {other:?}, {place}"),
            }
        }
        // nobody is called after it acknowledged: the others alone are, at their next steps
        let before = stage.count("SELECT count(*) FROM desk_call").await?;
        let waiting = "SELECT count(*) FROM alert_recipient WHERE state = 'waiting'";
        let waiting = stage.count(waiting).await?;
        stage
            .desk
            .move_clock(minute(200 * i64::from(round) + 61))
            .await?;
        while stage.desk.fire(&stage.sweep).await? > 0 {}
        let after = stage.count("SELECT count(*) FROM desk_call").await?;
        assert_eq!(after - before, waiting, "round {round}");
        assert_eq!(stage.timers_that_are_wrong().await?, 0, "round {round}");
        acknowledge_the_rest(&stage).await?;
    }
    assert!(
        first > 0 && later > 0,
        "{first} came first and {later} later"
    );
    Ok(())
}

/// Whoever did not race waits no longer.
async fn acknowledge_the_rest(stage: &Stage) -> Tested {
    let page = stage.list(pb::ListAlertsRequest::default()).await?;
    let newest = &page.alerts[0];
    let waiting = newest.recipients.iter();
    for recipient in waiting.filter(|told| told.state() == pb::RecipientState::Waiting) {
        let id = huiyin_service_kit::chance::new_uuid().simple();
        let request = pb::AcknowledgeAlertRequest {
            request_id: format!("rest-{id}"),
            alert_id: newest.alert_id.clone(),
            organ_id: recipient.organ_id.clone(),
            post: "officer on duty".to_owned(),
            take_over: false,
        };
        stage.client.clone().acknowledge_alert(request).await?;
    }
    Ok(())
}
