//! A recipient names the organ that answers instead of it. That one is told; whom the Regulations name cannot refuse.

use huiyin_domain::ids::{AlertId, MatterId, OrganId};
use huiyin_domain::routing::Directory;
use huiyin_domain::warning::can_refuse;
use huiyin_proto::stability_early_warning::v1::{RefuseAlertRequest, RefuseAlertResponse};
use huiyin_service_kit::authorization::{About, permit};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::idempotency::Asked;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer;
use huiyin_service_kit::violations::Violations;
use tonic::Request;

use super::acknowledge_alert::levels_told;
use super::nameless;
use crate::alert::{Acknowledgement, By, Recipient, Role};
use crate::duty::on_duty;
use crate::fan_out::{self, ACKNOWLEDGEMENT};
use crate::service::Service;
use crate::store::recipient_act::{self, RecipientAct};
use crate::store::{alert, alert_exclusion, alert_recipient, matter_about};
use crate::thread::REPORT;
use crate::{excluded, told, wire};

/// Who refuses what.
#[derive(Clone, Debug)]
struct Refusing {
    alert: AlertId,
    organ: OrganId,
    post: String,
    reason: String,
    right_organ: OrganId,
}

/// Refuses an alert.
///
/// # Errors
/// Every wrong field at once; when the organ is not addressed, cannot refuse, or has refused already; [`Problem::NotOnDuty`].
pub(crate) async fn answer(
    service: &Service,
    request: Request<RefuseAlertRequest>,
) -> Result<RefuseAlertResponse, Problem> {
    let (metadata, _, message) = request.into_parts();
    let asked = Asked::of(&metadata, &message.request_id, &message);
    let mut connection = service.desk.database.reading().await?;
    let directory = service.offices.current(&mut connection).await?;
    drop(connection);
    let wanted = parse(&message, &directory)?;
    permit(About::Organ(wanted.organ)).await?;
    let service = service.clone();
    let database = service.desk.database.clone();
    database
        .once("refuse_alert", asked, move |tx| {
            let (service, wanted) = (service.clone(), wanted.clone());
            let directory = directory.clone();
            Box::pin(async move {
                let recipient = refuse(tx, &service, &directory, wanted).await?;
                Ok(RefuseAlertResponse {
                    recipient: Some(wire::recipient(&recipient)),
                })
            })
        })
        .await
}

fn parse(message: &RefuseAlertRequest, directory: &Directory) -> Result<Refusing, Problem> {
    let mut violations = Violations::default();
    violations.request_id(&message.request_id);
    let alert = violations.id("alert_id", &message.alert_id);
    let organ: Option<OrganId> = violations.id("organ_id", &message.organ_id);
    let post = nameless(&mut violations, "post", &message.post, (1, 100));
    let reason = nameless(&mut violations, "reason", &message.reason, (1, 1000));
    let right_organ: Option<OrganId> = violations.id("right_organ", &message.right_organ);
    if let Some(right) = right_organ {
        let known = directory.get(right).is_some();
        violations.check("right_organ", known, "is no organ that was loaded");
        violations.check(
            "right_organ",
            organ != Some(right),
            "is the organ that refuses; name the one that answers",
        );
    }
    let (alert, (organ, right_organ)) =
        violations.finish_with(alert.zip(organ.zip(right_organ)))?;
    Ok(Refusing {
        alert,
        organ,
        post,
        reason,
        right_organ,
    })
}

async fn refuse(
    tx: &mut Tx,
    service: &Service,
    directory: &Directory,
    wanted: Refusing,
) -> Result<Recipient, Problem> {
    // found with the eyes of who asks: whoever was not told of the alert finds nobody
    let id = alert_recipient::id_of(tx.connection(), wanted.alert, wanted.organ).await?;
    let id = id.ok_or_else(|| Problem::NotFound {
        what: "recipient",
        id: format!("{} of {}", wanted.organ, wanted.alert),
    })?;
    tx.as_house().await?;
    // the timers first and the recipient second, and once more behind its lock, as in acknowledge_alert
    for kind in [ACKNOWLEDGEMENT, REPORT] {
        timer::disarm(tx.connection(), kind, &[id]).await?;
    }
    let mut recipient = alert_recipient::lock(tx.connection(), id).await?;
    for kind in [ACKNOWLEDGEMENT, REPORT] {
        timer::disarm(tx.connection(), kind, &[id]).await?;
    }
    check(&recipient)?;
    let by = By {
        post: wanted.post,
        at: wire::kept(tx.now()),
    };
    on_duty::check(tx.connection(), (wanted.organ, &by.post), by.at).await?;
    let act = (RecipientAct::Refused, by.post.as_str());
    recipient_act::insert(tx.connection(), id, act, by.at).await?;
    recipient.acknowledgement = Acknowledgement::Refused {
        by,
        reason: wanted.reason,
        right_organ: wanted.right_organ,
    };
    recipient.report_due = None;
    alert_recipient::write(tx.connection(), &recipient).await?;
    let sender = alert::sender_level(tx.connection(), wanted.alert).await?;
    let levels = levels_told(recipient.level, sender);
    told::refused(tx, &recipient, wanted.right_organ, &levels);
    address(tx, service, directory, &recipient, wanted.right_organ).await?;
    Ok(recipient)
}

fn check(recipient: &Recipient) -> Result<(), Problem> {
    let may = match recipient.role {
        Role::AtOnce(role) => can_refuse(role),
        Role::AddedByEscalation => true,
    };
    let state = match &recipient.acknowledgement {
        Acknowledgement::Refused { .. } => "refused".to_owned(),
        _ if !may => format!(
            "{}: whom the Regulations name (art. 25) is told and acknowledges",
            recipient.role.as_str()
        ),
        _ => return Ok(()),
    };
    Err(Problem::NotAllowedNow {
        action: "refuse_alert".to_owned(),
        state,
        allowed: Vec::new(),
    })
}

/// Tells the organ that was named, unless it is told already or must never be: then nobody learns that from here, and whoever
/// is told by the rule goes on.
async fn address(
    tx: &mut Tx,
    service: &Service,
    directory: &Directory,
    refusing: &Recipient,
    right_organ: OrganId,
) -> Result<(), Problem> {
    let alerts = alert::find(tx.connection(), &[refusing.alert]).await?;
    let (Some(alert), Some(right)) = (alerts.first(), directory.get(right_organ)) else {
        return Ok(());
    };
    let matters: &[MatterId] = &alert.report.matters;
    let about = matter_about::of(tx.connection(), matters).await?;
    let never = alert_exclusion::of(tx.connection(), &[alert.id]).await?;
    if never.contains(&(alert.id, right.id)) || excluded::is_excluded(right.id, &about, directory) {
        return Ok(());
    }
    let name = directory
        .get(refusing.organ)
        .map_or("a recipient", |organ| organ.name.as_str());
    let reason = format!(
        "{} is told because {name} named it as the organ that answers",
        right.name
    );
    let now = wire::kept(tx.now());
    let organ = (right.id, right.level);
    let role = Role::AddedByEscalation;
    let wanted = fan_out::waiting(alert, organ, (role, reason), &service.limits, now);
    let added = fan_out::add(tx, &alerts, vec![wanted]).await?;
    fan_out::reach(tx, service, &alerts, &added).await
}
