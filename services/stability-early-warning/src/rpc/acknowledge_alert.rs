//! Step 6 of the delivery protocol: a post on duty acknowledges. In time or late it is recorded; it
//! undoes no step of the escalation, and nothing follows it.

use std::collections::BTreeSet;

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_domain::vocabulary::Level;
use huiyin_proto::stability_early_warning::v1::{
    AcknowledgeAlertRequest, AcknowledgeAlertResponse,
};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::{metrics, timer};
use tonic::Request;

use super::nameless;
use crate::alert::{By, Recipient};
use crate::fan_out::ACKNOWLEDGEMENT;
use crate::service::Service;
use crate::store::{alert, alert_recipient};
use crate::{told, wire};

/// Who acknowledges what.
#[derive(Clone, Debug)]
struct Acknowledging {
    alert: AlertId,
    organ: OrganId,
    post: String,
}

/// Acknowledges an alert.
///
/// # Errors
/// When the organ is not addressed, or has acknowledged already.
pub(crate) async fn answer(
    service: &Service,
    request: Request<AcknowledgeAlertRequest>,
) -> Result<AcknowledgeAlertResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let wanted = parse(&message)?;
    permit(About::Organ(wanted.organ)).await?;
    service
        .desk
        .database
        .once("acknowledge_alert", asked, move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move {
                let recipient = acknowledge(tx, wanted).await?;
                Ok(AcknowledgeAlertResponse {
                    recipient: Some(wire::recipient(&recipient)),
                })
            })
        })
        .await
}

fn parse(message: &AcknowledgeAlertRequest) -> Result<Acknowledging, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let alert = violations.id("alert_id", &message.alert_id);
    let organ = violations.id("organ_id", &message.organ_id);
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let (alert, organ) = violations.finish_with(alert.zip(organ))?;
    Ok(Acknowledging { alert, organ, post })
}

async fn acknowledge(tx: &mut Tx, wanted: Acknowledging) -> Result<Recipient, Problem> {
    // found with the eyes of who asks: whoever was not told of the alert finds nobody
    let id = alert_recipient::id_of(tx.connection(), wanted.alert, wanted.organ).await?;
    let id = id.ok_or_else(|| Problem::NotFound {
        what: "recipient",
        id: format!("{} of {}", wanted.organ, wanted.alert),
    })?;
    // only that row is changed, and what follows from it
    tx.as_house().await?;
    // The timer first and the recipient second, as the sweep does. A sweep that was under way has armed
    // the timer anew in a row this statement could not see: hence once more behind the recipient's lock.
    timer::disarm(tx.connection(), ACKNOWLEDGEMENT, &[id]).await?;
    let mut recipient = alert_recipient::lock(tx.connection(), id).await?;
    timer::disarm(tx.connection(), ACKNOWLEDGEMENT, &[id]).await?;
    let by = By {
        post: wanted.post,
        at: wire::kept(tx.now()),
    };
    recipient.acknowledgement = recipient
        .acknowledgement
        .acknowledge(by, recipient.ack_due)
        .map_err(|already| Problem::NotAllowedNow {
            action: "acknowledge_alert".to_owned(),
            state: already.state.to_owned(),
            allowed: Vec::new(),
        })?;
    if !alert_recipient::acknowledge(tx.connection(), &recipient).await? {
        return Err(Problem::ChangedMeanwhile);
    }
    let sender = alert::sender_level(tx.connection(), wanted.alert).await?;
    told::acknowledged(tx, &recipient, &levels_told(recipient.level, sender));
    metrics::count(
        "huiyin_alerts_acknowledged",
        1,
        &[("level", recipient.level.as_str())],
    );
    Ok(recipient)
}

/// The levels above the recipient, and the sender's: each once.
fn levels_told(recipient: Level, sender: Option<Level>) -> Vec<Level> {
    let above = std::iter::successors(recipient.above(), |level| level.above());
    above
        .chain(sender)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_goes_upward_and_back_to_the_sender() {
        let told = levels_told(Level::City, Some(Level::Township));
        assert_eq!(told, [Level::Township, Level::Province, Level::Nation]);
        assert_eq!(levels_told(Level::Nation, None), []);
    }
}
