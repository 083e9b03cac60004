//! A post on duty acknowledges an explicit list of alerts: each is judged on its own, as one by one, in one transaction. A notice
//! of the desk is never acknowledged: it only rings.

use std::collections::BTreeSet;

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_proto::stability_early_warning::v1::{
    AcknowledgeAlertsRequest, AcknowledgeAlertsResponse, AcknowledgementAnswer,
    AcknowledgementOutcome,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::acknowledge_alert::{Acknowledging, acknowledge_found};
use super::nameless;
use crate::alert::{Acknowledgement, Recipient};
use crate::limits::Limits;
use crate::service::Service;
use crate::store::alert_recipient;
use crate::store::recipient_act::RecipientAct;
use crate::wire;

/// Alerts of one list at most.
const ALERTS: usize = 100;

/// Who acknowledges what.
#[derive(Clone, Debug)]
struct List {
    alerts: Vec<AlertId>,
    organ: OrganId,
    post: String,
    take_over: bool,
}

/// Acknowledges alerts, or takes them over, and says of each what became of it.
///
/// # Errors
/// Every wrong field at once; an alert that is not found or not allowed is an answer and no error.
pub(crate) async fn answer(
    service: &Service,
    request: Request<AcknowledgeAlertsRequest>,
) -> Result<AcknowledgeAlertsResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let list = parse(&message)?;
    permit(About::Organ(list.organ)).await?;
    let limits = service.limits.clone();
    service
        .desk
        .database
        .once("acknowledge_alerts", asked, move |tx| {
            let (list, limits) = (list.clone(), limits.clone());
            Box::pin(async move {
                let answers = acknowledge(tx, &limits, &list).await?;
                Ok(AcknowledgeAlertsResponse { answers })
            })
        })
        .await
}

fn parse(message: &AcknowledgeAlertsRequest) -> Result<List, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let given = message.alert_ids.len();
    violations.check(
        "alert_ids",
        (1..=ALERTS).contains(&given),
        format!("has {given} entries; 1 to {ALERTS} are allowed"),
    );
    let mut alerts = Vec::with_capacity(given.min(ALERTS));
    let mut seen: BTreeSet<AlertId> = BTreeSet::new();
    for (index, given) in message.alert_ids.iter().take(ALERTS).enumerate() {
        let field = format!("alert_ids[{index}]");
        if let Some(alert) = violations.id(&field, given) {
            violations.check(&field, seen.insert(alert), "is in the list already");
            alerts.push(alert);
        }
    }
    let organ = violations.finish_with(organ)?;
    Ok(List {
        alerts,
        organ,
        post,
        take_over: message.take_over,
    })
}

async fn acknowledge(
    tx: &mut Tx,
    limits: &Limits,
    list: &List,
) -> Result<Vec<AcknowledgementAnswer>, Problem> {
    // found with the eyes of who asks: whoever was not told of an alert finds nobody
    let mut found = alert_recipient::ids_of(tx.connection(), &list.alerts, list.organ).await?;
    // only those rows are changed, and what follows from it; locked in the order in which all lock them
    tx.as_house().await?;
    found.sort_unstable_by_key(|(_, recipient)| *recipient);
    let mut judged = Vec::with_capacity(found.len());
    for (alert, recipient) in found {
        let wanted = Acknowledging {
            alert,
            organ: list.organ,
            post: list.post.clone(),
            take_over: list.take_over,
        };
        let became = match acknowledge_found(tx, limits, recipient, wanted).await {
            Ok((act, recipient)) => done(alert, act, &recipient),
            Err(Problem::NotAllowedNow { state, .. }) => AcknowledgementAnswer {
                state,
                ..plain(alert, AcknowledgementOutcome::NotAllowed)
            },
            Err(problem) => return Err(problem),
        };
        judged.push((alert, became));
    }
    let answer = |alert: &AlertId| {
        let own = judged.iter().find(|(judged, _)| judged == alert);
        own.map_or_else(
            || plain(*alert, AcknowledgementOutcome::NotFound),
            |(_, answer)| answer.clone(),
        )
    };
    Ok(list.alerts.iter().map(answer).collect())
}

fn done(alert: AlertId, act: RecipientAct, recipient: &Recipient) -> AcknowledgementAnswer {
    let outcome = match (act, &recipient.acknowledgement) {
        (RecipientAct::TookOver, _) => AcknowledgementOutcome::TakenOver,
        (_, Acknowledgement::Waiting) => AcknowledgementOutcome::WaitsForPosts,
        (
            _,
            Acknowledgement::InTime(_) | Acknowledgement::Late(_) | Acknowledgement::Refused { .. },
        ) => AcknowledgementOutcome::Acknowledged,
    };
    AcknowledgementAnswer {
        recipient: Some(wire::recipient(recipient)),
        ..plain(alert, outcome)
    }
}

fn plain(alert: AlertId, outcome: AcknowledgementOutcome) -> AcknowledgementAnswer {
    AcknowledgementAnswer {
        alert_id: alert.to_string(),
        outcome: outcome.into(),
        ..AcknowledgementAnswer::default()
    }
}
