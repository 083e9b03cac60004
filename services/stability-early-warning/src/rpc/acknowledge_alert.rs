//! Step 6 of the delivery protocol: a post on duty acknowledges. In time or late it is recorded, and it undoes no step of the
//! escalation. It is a lease: somebody reports on within the limit of place and kind, or another post takes over, or it lapses
//! and the escalation goes on (`sweeps`).

use std::collections::BTreeSet;

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_domain::time::Instant;
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
use uuid::Uuid;

use super::nameless;
use crate::alert::{Acknowledgement, AlreadyAcknowledged, By, Recipient};
use crate::duty::on_duty;
use crate::fan_out::ACKNOWLEDGEMENT;
use crate::limits::Limits;
use crate::service::Service;
use crate::store::recipient_act::{self, RecipientAct};
use crate::store::{alert, alert_recipient, alert_report, escalation_order};
use crate::thread::{self, REPORT};
use crate::{told, wire};

/// Who acknowledges what.
#[derive(Clone, Debug)]
pub(super) struct Acknowledging {
    pub(super) alert: AlertId,
    pub(super) organ: OrganId,
    pub(super) post: String,
    pub(super) take_over: bool,
}

/// Acknowledges an alert, or takes one over.
///
/// # Errors
/// When the organ is not addressed, or has acknowledged already and nobody else takes over; [`Problem::NotOnDuty`].
pub(crate) async fn answer(
    service: &Service,
    request: Request<AcknowledgeAlertRequest>,
) -> Result<AcknowledgeAlertResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let wanted = parse(&message)?;
    permit(About::Organ(wanted.organ)).await?;
    let limits = service.limits.clone();
    service
        .desk
        .database
        .once("acknowledge_alert", asked, move |tx| {
            let (wanted, limits) = (wanted.clone(), limits.clone());
            Box::pin(async move {
                let recipient = acknowledge(tx, &limits, wanted).await?;
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
    Ok(Acknowledging {
        alert,
        organ,
        post,
        take_over: message.take_over,
    })
}

async fn acknowledge(
    tx: &mut Tx,
    limits: &Limits,
    wanted: Acknowledging,
) -> Result<Recipient, Problem> {
    // found with the eyes of who asks: whoever was not told of the alert finds nobody
    let id = alert_recipient::id_of(tx.connection(), wanted.alert, wanted.organ).await?;
    let id = id.ok_or_else(|| Problem::NotFound {
        what: "recipient",
        id: format!("{} of {}", wanted.organ, wanted.alert),
    })?;
    // only that row is changed, and what follows from it
    tx.as_house().await?;
    let (_, recipient) = acknowledge_found(tx, limits, id, wanted).await?;
    Ok(recipient)
}

/// Acknowledges or takes over for one recipient, which who asks has found. When that is not allowed nothing has changed.
pub(super) async fn acknowledge_found(
    tx: &mut Tx,
    limits: &Limits,
    id: Uuid,
    wanted: Acknowledging,
) -> Result<(RecipientAct, Recipient), Problem> {
    // The timer first and the recipient second, as the sweep does. A sweep that was under way has armed
    // the timer anew in a row this statement could not see: hence once more behind the recipient's lock.
    let fires = timer::take(tx.connection(), ACKNOWLEDGEMENT, id).await?;
    let mut recipient = alert_recipient::lock(tx.connection(), id).await?;
    let fires = timer::take(tx.connection(), ACKNOWLEDGEMENT, id)
        .await?
        .or(fires);
    let by = By {
        post: wanted.post,
        at: after_its_steps(tx, &recipient).await?,
    };
    let taken = match judge(tx, &mut recipient, &by, wanted.take_over).await {
        Ok(taken) => taken,
        Err(refused) => {
            // a list goes on with its next: whoever waits is waited for as before
            if let Some(fires) = fires {
                timer::arm(tx.connection(), ACKNOWLEDGEMENT, id, fires).await?;
            }
            return Err(refused);
        }
    };
    recipient_act::insert(tx.connection(), id, (taken, &by.post), by.at).await?;
    if recipient.acknowledgement == Acknowledgement::Waiting {
        // others must acknowledge too, and are waited for as long as before
        alert_recipient::write(tx.connection(), &recipient).await?;
        let fires = fires.unwrap_or(recipient.ack_due);
        timer::arm(tx.connection(), ACKNOWLEDGEMENT, id, fires).await?;
        return Ok((taken, recipient));
    }
    hold(tx, limits, &mut recipient).await?;
    alert_recipient::write(tx.connection(), &recipient).await?;
    let sender = alert::sender_level(tx.connection(), wanted.alert).await?;
    told::acknowledged(tx, &recipient, &levels_told(recipient.level, sender));
    metrics::count(
        "huiyin_alerts_acknowledged",
        1,
        &[("level", recipient.level.as_str())],
    );
    Ok((taken, recipient))
}

/// The instant of an acknowledgement. One that began within the limit and met the step that was taken after it comes behind that
/// step, and is late: of the two one is first, and what is written says which.
async fn after_its_steps(tx: &mut Tx, recipient: &Recipient) -> Result<Instant, Problem> {
    let now = wire::kept(tx.now());
    if recipient.escalations == 0 || now > recipient.ack_due {
        return Ok(now);
    }
    let last = escalation_order::last(tx.connection(), recipient.id).await?;
    Ok(last.map_or(now, |last| now.max(last)))
}

async fn judge(
    tx: &mut Tx,
    recipient: &mut Recipient,
    by: &By,
    takes_over: bool,
) -> Result<RecipientAct, Problem> {
    on_duty::check(tx.connection(), (recipient.organ, &by.post), by.at).await?;
    match recipient.acknowledgement {
        Acknowledgement::InTime(_) | Acknowledgement::Late(_) if takes_over => {
            take_over(recipient, by)?;
            Ok(RecipientAct::TookOver)
        }
        _ => {
            add_post(tx, recipient, by).await?;
            Ok(RecipientAct::Acknowledged)
        }
    }
}

fn take_over(recipient: &mut Recipient, by: &By) -> Result<(), Problem> {
    let taken = recipient.acknowledgement.take_over(by.post.clone());
    recipient.acknowledgement = taken.map_err(refused)?;
    Ok(())
}

/// One post more has acknowledged; the recipient has when its quorum is reached.
async fn add_post(tx: &mut Tx, recipient: &mut Recipient, by: &By) -> Result<(), Problem> {
    let acknowledged = recipient
        .acknowledgement
        .acknowledge(by.clone(), recipient.ack_due)
        .map_err(refused)?;
    let (posts, this) = recipient_act::posts(tx.connection(), recipient.id, &by.post).await?;
    if this {
        return Err(Problem::NotAllowedNow {
            action: "acknowledge_alert".to_owned(),
            state: format!(
                "waiting for another post: {posts} of {} have acknowledged",
                recipient.quorum
            ),
            allowed: Vec::new(),
        });
    }
    recipient.posts = posts + 1;
    if recipient.posts >= recipient.quorum {
        recipient.acknowledgement = acknowledged;
    }
    Ok(())
}

/// The recipient holds the alert until somebody reports on, unless its thread has ended.
async fn hold(tx: &mut Tx, limits: &Limits, recipient: &mut Recipient) -> Result<(), Problem> {
    let alerts = alert::find(tx.connection(), &[recipient.alert]).await?;
    let reports = alert_report::of(tx.connection(), &[recipient.alert]).await?;
    let Some(alert) = alerts
        .first()
        .filter(|alert| thread::of(alert, &reports).ended.is_none())
    else {
        recipient.report_due = None;
        return Ok(());
    };
    let now = wire::kept(tx.now());
    let due = now + limits.reporting_on(&alert.report, recipient.level, now);
    recipient.report_due = Some(due);
    timer::arm(tx.connection(), REPORT, recipient.id, due).await?;
    Ok(())
}

fn refused(already: AlreadyAcknowledged) -> Problem {
    Problem::NotAllowedNow {
        action: "acknowledge_alert".to_owned(),
        state: already.state.to_owned(),
        allowed: Vec::new(),
    }
}

/// The levels above the recipient, and the sender's: each once.
pub(super) fn levels_told(recipient: Level, sender: Option<Level>) -> Vec<Level> {
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
