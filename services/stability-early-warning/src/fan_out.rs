//! Step 1 of the delivery protocol: the alert, everybody who is addressed, a timer for each and what is
//! told of it are one commit.

use std::slice;

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_domain::routing::Directory;
use huiyin_domain::time::{Instant, local_date};
use huiyin_domain::vocabulary::Level;
use huiyin_domain::warning::{
    self, RecipientRole, RecipientRule, RecipientRules, Step, URGENT_REPORT, UnknownRecipientRule,
};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::{chance, metrics, timer};
use uuid::Uuid;

use crate::alert::{Acknowledgement, Alert, Recipient, Report, Role};
use crate::duty::silence;
use crate::limits::Limits;
use crate::service::Service;
use crate::store::{alert, alert_exclusion, alert_recipient};
use crate::storm;
use crate::{told, wire};

/// Kind of the timers that wait for an acknowledgement.
pub(crate) const ACKNOWLEDGEMENT: &str = "acknowledgement";

/// A report on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// Id of the alert.
    pub(crate) id: AlertId,
    /// The report.
    pub(crate) report: Report,
    /// Who is addressed; at least one.
    pub(crate) addressed: Vec<warning::Recipient>,
    /// Who must never be.
    pub(crate) exclusions: Vec<OrganId>,
}

/// The rule of a name that holds at an instant; that of the Regulations when none is named.
///
/// # Errors
/// When there is none; names those there are.
pub(crate) fn rule<'r>(
    rules: &'r RecipientRules,
    name: &str,
    at: Instant,
) -> Result<&'r RecipientRule, UnknownRecipientRule> {
    let name = if name.is_empty() { URGENT_REPORT } else { name };
    rules.in_force(name, local_date(at))
}

/// Everybody the report is for, as long as there is a petition office among them: without one the
/// offices have not arrived yet.
///
/// # Errors
/// [`Problem::Unavailable`] as long as no petition office of the place or above is known.
pub(crate) fn addressed(
    rule: &RecipientRule,
    report: &Report,
    competent: Option<OrganId>,
    directory: &Directory,
    exclusions: &[OrganId],
) -> Result<Vec<warning::Recipient>, Problem> {
    let told = warning::recipients(rule, &report.place, competent, directory, exclusions);
    if told.iter().any(|recipient| is_office(recipient.role)) {
        return Ok(told);
    }
    Err(Problem::Unavailable {
        words: format!(
            "no petition office of {} or above is known here yet; load the organs or try again",
            report.place
        ),
    })
}

fn is_office(role: RecipientRole) -> bool {
    match role {
        RecipientRole::OwnLeadership
        | RecipientRole::LevelAbove
        | RecipientRole::NationalOffice => true,
        RecipientRole::CompetentDepartment
        | RecipientRole::JointMeeting
        | RecipientRole::OfficesBelow => false,
    }
}

/// Addresses everybody at once. `None` when this alert was raised before.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn raise(
    tx: &mut Tx,
    service: &Service,
    outgoing: &Outgoing,
) -> Result<Option<(Alert, Vec<Recipient>)>, Problem> {
    Ok(raise_all(tx, service, slice::from_ref(outgoing))
        .await?
        .pop())
}

/// Addresses everybody of several reports at once; leaves out those that were raised before. The last thing its transaction does.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn raise_all(
    tx: &mut Tx,
    service: &Service,
    outgoing: &[Outgoing],
) -> Result<Vec<(Alert, Vec<Recipient>)>, Problem> {
    let raised = address(tx, &service.limits, outgoing).await?;
    let (alerts, recipients): (Vec<Alert>, Vec<Vec<Recipient>>) = raised.iter().cloned().unzip();
    reach(tx, service, &alerts, &recipients.concat()).await?;
    Ok(raised)
}

/// Recipients of these alerts are called: at their desks, and where nobody is on duty whoever is above. The last thing a
/// transaction does.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn reach(
    tx: &mut Tx,
    service: &Service,
    alerts: &[Alert],
    recipients: &[Recipient],
) -> Result<(), Problem> {
    let mut calls = storm::calls(alerts, recipients);
    let silent = silence::reached(tx, service, alerts, recipients).await?;
    calls.extend(storm::calls_of(&silent));
    storm::call(tx, &service.limits, &calls).await
}

/// Addresses everybody of several reports; their calls are still to be placed. Leaves out those that were raised before.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn address(
    tx: &mut Tx,
    limits: &Limits,
    outgoing: &[Outgoing],
) -> Result<Vec<(Alert, Vec<Recipient>)>, Problem> {
    if outgoing.is_empty() {
        return Ok(Vec::new());
    }
    let now = wire::kept(tx.now());
    let mut raised: Vec<(Alert, Vec<Recipient>)> = outgoing
        .iter()
        .map(|outgoing| made(outgoing, limits, now))
        .collect();
    let fresh = alert::insert(tx.connection(), &raised).await?;
    raised.retain(|(alert, _)| fresh.contains(&alert.id));
    let excluded: Vec<(AlertId, OrganId)> = outgoing
        .iter()
        .filter(|outgoing| fresh.contains(&outgoing.id))
        .flat_map(|outgoing| {
            outgoing
                .exclusions
                .iter()
                .map(|organ| (outgoing.id, *organ))
        })
        .collect();
    alert_exclusion::insert(tx.connection(), &excluded).await?;
    arm(tx, raised.iter().flat_map(|(_, recipients)| recipients)).await?;
    for (alert, recipients) in &raised {
        for recipient in recipients {
            told::raised(tx, alert, recipient);
            metrics::count(
                "huiyin_alert_recipients",
                1,
                &[("level", recipient.level.as_str())],
            );
        }
        metrics::count(
            "huiyin_alerts_raised",
            1,
            &[("kind", alert.report.kind.as_str())],
        );
    }
    Ok(raised)
}

/// The alert of a report and everybody it addresses, none of them called yet.
fn made(outgoing: &Outgoing, limits: &Limits, now: Instant) -> (Alert, Vec<Recipient>) {
    let alert = Alert::made(outgoing.id, outgoing.report.clone(), now, limits);
    let recipients = outgoing.addressed.iter().map(|told| {
        let role = (Role::AtOnce(told.role), told.reason.clone());
        waiting(&alert, (told.organ, told.level), role, limits, now)
    });
    let recipients = recipients.collect();
    (alert, recipients)
}

/// Adds recipients that the escalation asks for to alerts that are under way; gives those that were not addressed before.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn add(
    tx: &mut Tx,
    alerts: &[Alert],
    wanted: Vec<Recipient>,
) -> Result<Vec<Recipient>, Problem> {
    let added = alert_recipient::add(tx.connection(), &wanted).await?;
    let recipients: Vec<Recipient> = wanted
        .into_iter()
        .filter(|recipient| added.contains(&recipient.id))
        .collect();
    arm(tx, &recipients).await?;
    for recipient in &recipients {
        if let Some(alert) = alerts.iter().find(|alert| alert.id == recipient.alert) {
            told::raised(tx, alert, recipient);
            metrics::count(
                "huiyin_alert_recipients",
                1,
                &[("level", recipient.level.as_str())],
            );
        }
    }
    Ok(recipients)
}

async fn arm(
    tx: &mut Tx,
    recipients: impl IntoIterator<Item = &Recipient>,
) -> Result<(), sqlx::Error> {
    let timers: Vec<(Uuid, Instant)> = recipients
        .into_iter()
        .map(|recipient| (recipient.id, recipient.ack_due))
        .collect();
    timer::arm_all(tx.connection(), ACKNOWLEDGEMENT, &timers).await
}

/// A recipient that nobody has called yet.
pub(crate) fn waiting(
    alert: &Alert,
    (organ, level): (OrganId, Level),
    (role, reason): (Role, String),
    limits: &Limits,
    now: Instant,
) -> Recipient {
    Recipient {
        id: chance::new_uuid(),
        alert: alert.id,
        organ,
        level,
        role,
        reason,
        step: Step::Duty,
        escalations: 0,
        ack_due: now + limits.acknowledgement(&alert.report, level, now),
        delivered_at: None,
        acknowledgement: Acknowledgement::Waiting,
        ladder: limits.ladder(&alert.report, now).version(),
        quorum: limits.quorum(&alert.report, level, now),
        posts: 0,
        report_due: None,
    }
}
