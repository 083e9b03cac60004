//! Step 7 of the delivery protocol: when nobody acknowledges, the next is called, and at the top again
//! and again. Escalation never stops silently.

mod additions;

use std::collections::HashMap;

use huiyin_domain::ids::{AlertId, OrganId};
use huiyin_domain::routing::Directory;
use huiyin_domain::time::{Duration, Instant};
use huiyin_domain::vocabulary::Level;
use huiyin_domain::warning::Step;
use huiyin_domain::warning::duty::OnDuty;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::metrics;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer::{self, Due, Sweep};
use uuid::Uuid;

use crate::alert::{Acknowledgement, Alert, Recipient};
use crate::duty::on_duty;
use crate::fan_out::{self, ACKNOWLEDGEMENT};
use crate::service::Service;
use crate::store::{alert, alert_recipient, alert_report, escalation_order, recipient_act};
use crate::thread::{self, REPORT};
use crate::{told, wire};

/// Escalates what nobody has acknowledged in time.
pub(crate) fn acknowledgement(service: Service) -> Sweep {
    Sweep::of(ACKNOWLEDGEMENT, move |tx, due| {
        let service = service.clone();
        Box::pin(async move { escalate(&service, tx, due).await })
    })
}

/// Lets acknowledgements lapse after which nobody has reported on: who holds the alert is called again, one step on.
pub(crate) fn report(service: Service) -> Sweep {
    Sweep::of(REPORT, move |tx, due| {
        let service = service.clone();
        Box::pin(async move { lapse(&service, tx, due).await })
    })
}

async fn escalate(service: &Service, tx: &mut Tx, due: &[Due]) -> Result<(), Problem> {
    let ids: Vec<Uuid> = due.iter().map(|due| due.reference).collect();
    let locked = alert_recipient::lock_all(tx.connection(), &ids).await?;
    let waiting = locked
        .into_iter()
        .filter(|recipient| recipient.acknowledgement == Acknowledgement::Waiting);
    let waiting = Called {
        recipients: waiting.collect(),
        lapsed: false,
    };
    let alerts = alerts_of(tx, &waiting.recipients).await?;
    call_next(service, tx, due, waiting, &alerts).await
}

async fn lapse(service: &Service, tx: &mut Tx, due: &[Due]) -> Result<(), Problem> {
    let ids: Vec<Uuid> = due.iter().map(|due| due.reference).collect();
    let locked = alert_recipient::lock_all(tx.connection(), &ids).await?;
    let now = wire::kept(tx.now());
    let held = locked
        .into_iter()
        .filter(|recipient| recipient.report_due.is_some_and(|due| due <= now));
    let held: Vec<Recipient> = held.collect();
    let alerts = alerts_of(tx, &held).await?;
    let ids: Vec<AlertId> = alerts.iter().map(|alert| alert.id).collect();
    let reports = alert_report::of(tx.connection(), &ids).await?;
    // one that was acknowledged while its thread ended has nothing to wait for
    let is_open = |recipient: &Recipient| {
        let alert = alerts.iter().find(|alert| alert.id == recipient.alert);
        alert.is_some_and(|alert| thread::of(alert, &reports).ended.is_none())
    };
    let (open, mut ended): (Vec<Recipient>, Vec<Recipient>) = held.into_iter().partition(is_open);
    for recipient in &mut ended {
        recipient.report_due = None;
    }
    alert_recipient::hold(tx.connection(), &ended).await?;
    let lapsed: Vec<Uuid> = open.iter().map(|recipient| recipient.id).collect();
    recipient_act::lapse(tx.connection(), &lapsed, now).await?;
    let called = Called {
        recipients: open,
        lapsed: true,
    };
    call_next(service, tx, due, called, &alerts).await
}

async fn alerts_of(tx: &mut Tx, recipients: &[Recipient]) -> Result<Vec<Alert>, Problem> {
    let mut ids: Vec<AlertId> = recipients.iter().map(|recipient| recipient.alert).collect();
    ids.sort_unstable();
    ids.dedup();
    alert::find(tx.connection(), &ids).await
}

/// Locked recipients that are called, one step on.
struct Called {
    recipients: Vec<Recipient>,
    /// They had acknowledged and nobody reported on.
    lapsed: bool,
}

async fn call_next(
    service: &Service,
    tx: &mut Tx,
    due: &[Due],
    mut called: Called,
    alerts: &[Alert],
) -> Result<(), Problem> {
    if called.recipients.is_empty() {
        return Ok(());
    }
    let now = wire::kept(tx.now());
    let limits = &service.limits;
    let mut timers = Vec::with_capacity(called.recipients.len());
    for recipient in &mut called.recipients {
        let report = alerts.iter().find(|alert| alert.id == recipient.alert);
        let report = report.map(|alert| &alert.report).ok_or_else(|| {
            Problem::Unexpected(format!("{} of a recipient is not there", recipient.alert))
        })?;
        let ladder = limits.kept_ladder(&recipient.ladder, report, now);
        recipient.step = ladder.next(recipient.step, recipient.level).step;
        recipient.escalations = recipient.escalations.saturating_add(1);
        recipient.acknowledgement = Acknowledgement::Waiting;
        let fired = due
            .iter()
            .find(|due| due.reference == recipient.id)
            .map_or(now, |due| due.fire_at);
        let limit = limits.step((ladder, recipient.step), report, recipient.level, now);
        timers.push((recipient.id, next_due(fired, limit, now)));
    }
    alert_recipient::escalate(tx.connection(), &called.recipients).await?;
    escalation_order::insert(tx.connection(), &called.recipients, now).await?;
    timer::arm_all(tx.connection(), ACKNOWLEDGEMENT, &timers).await?;
    let directory = service.offices.current(tx.connection()).await?;
    let organs: Vec<OrganId> = called
        .recipients
        .iter()
        .map(|called| called.organ)
        .collect();
    let on_duty = on_duty::of(tx.connection(), &organs, now).await?;
    tell(tx, &called, &directory, &on_duty);
    let above: Vec<&Recipient> = called
        .recipients
        .iter()
        .filter(|recipient| matches!(recipient.step, Step::LevelAbove))
        .collect();
    let added = additions::add(tx, limits, &above, &directory).await?;
    let reached = [called.recipients, added].concat();
    fan_out::reach(tx, service, alerts, &reached).await
}

fn tell(tx: &mut Tx, called: &Called, directory: &Directory, on_duty: &HashMap<OrganId, OnDuty>) {
    for recipient in &called.recipients {
        let levels = levels_told(recipient, directory);
        let on_duty = on_duty.get(&recipient.organ);
        let post = on_duty.and_then(|on_duty| on_duty.called(recipient.step));
        told::escalated(tx, recipient, &levels, (called.lapsed, post));
        metrics::count(
            "huiyin_alerts_escalated",
            1,
            &[("level", recipient.level.as_str())],
        );
    }
}

/// The recipient's own level; from the step on at which the level above is called, that one too.
fn levels_told(recipient: &Recipient, directory: &Directory) -> Vec<Level> {
    let above = match recipient.step {
        Step::Duty | Step::Deputy | Step::Leader => None,
        Step::LevelAbove | Step::Repeat(_) => {
            let office =
                additions::office_above(recipient.organ, directory).map(|office| office.level);
            office.or_else(|| recipient.level.above())
        }
    };
    std::iter::once(recipient.level)
        .chain(above.filter(|above| *above != recipient.level))
        .collect()
}

/// The next step is due a limit after this one was, however late this one was taken. When even that has
/// passed (the service was down, the clock was moved far) it is due a limit from now: one step is taken
/// at a time, and never a burst of them.
fn next_due(fired: Instant, limit: Duration, now: Instant) -> Instant {
    let next = fired + limit;
    if next > now { next } else { now + limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> Instant {
        Instant::UNIX_EPOCH + Duration::minutes(minute)
    }

    #[test]
    fn a_step_taken_a_little_late_does_not_move_the_next() {
        assert_eq!(
            next_due(minute(30), Duration::minutes(30), minute(31)),
            minute(60)
        );
    }

    #[test]
    fn after_a_day_without_service_one_step_is_taken_and_the_next_waits() {
        assert_eq!(
            next_due(minute(30), Duration::minutes(30), minute(1440)),
            minute(1470)
        );
    }
}
