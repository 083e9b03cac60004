//! Storm control: every call of a recipient is put into a notice of its desk, in the transaction that calls it. Who is called,
//! its timer and its escalation know nothing of it.

use std::collections::HashMap;
use std::slice;

use huiyin_domain::ids::OrganId;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::{Level, UrgentKind};
use huiyin_domain::warning::storm::{BundleState, Call, Desk, Group, Rings, WINDOW};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::timer::{self, Due, Sweep};
use huiyin_service_kit::{chance, metrics};
use uuid::Uuid;

use crate::alert::{Alert, Recipient};
use crate::limits::{Limits, MOST_NOTICES};
use crate::service::Service;
use crate::store::desk::{self, LockedDesk};
use crate::store::desk_call::{self, PlacedCall};
use crate::store::desk_notice::{self, Unheard};
use crate::{told, wire};

/// Kind of the timers of bundles that wait.
pub(crate) const DESK_NOTICE: &str = "desk_notice";

/// A call that is to be placed.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    recipient: Uuid,
    number: u32,
    organ: OrganId,
    level: Level,
    place: TerritoryCode,
    kind: UrgentKind,
    call: Call,
}

/// The calls of recipients of these alerts, as their steps make them.
pub(crate) fn calls<'r>(
    alerts: &[Alert],
    recipients: impl IntoIterator<Item = &'r Recipient>,
) -> Vec<Called> {
    let call = |recipient: &Recipient| {
        let alert = alerts.iter().find(|alert| alert.id == recipient.alert)?;
        let report = &alert.report;
        let group = Group::of(report.place, report.kind, &report.matters);
        Some(Called {
            recipient: recipient.id,
            number: recipient.escalations,
            organ: recipient.organ,
            level: recipient.level,
            place: report.place,
            kind: report.kind,
            call: Call::at(recipient.step, report.kind, group),
        })
    };
    recipients.into_iter().filter_map(call).collect()
}

/// The same of alerts that were raised together.
pub(crate) fn calls_of(raised: &[(Alert, Vec<Recipient>)]) -> Vec<Called> {
    let calls = raised
        .iter()
        .map(|(alert, told)| calls(slice::from_ref(alert), told));
    calls.flatten().collect()
}

/// Puts calls into the notices of their desks. It is the last thing a transaction does, once: desks are locked, and whoever waits
/// for one holds nothing that its holder still wants. Danger to life locks none.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn call(tx: &mut Tx, limits: &Limits, called: &[Called]) -> Result<(), Problem> {
    if called.is_empty() {
        return Ok(());
    }
    let now = wire::kept(tx.now());
    let organs = desks_of(called);
    let mut desks = if organs.is_empty() {
        Vec::new()
    } else {
        desk::lock(tx.connection(), &organs, counted(now)).await?
    };
    let of: HashMap<OrganId, usize> = desks
        .iter()
        .enumerate()
        .map(|(place, desk)| (desk.organ, place))
        .collect();
    let placed: Vec<PlacedCall> = called
        .iter()
        .map(|called| {
            let desk = of
                .get(&called.organ)
                .and_then(|place| desks.get_mut(*place));
            place(desk, limits, called, now)
        })
        .collect();
    desk_call::insert(tx.connection(), &placed, now).await?;
    keep(tx, &mut desks).await?;
    for call in &placed {
        let rings = if call.rings { "now" } else { "later" };
        metrics::count(
            "huiyin_desk_calls",
            1,
            &[("rings", rings), ("form", call.form.as_str())],
        );
    }
    Ok(())
}

/// Lets bundles ring whose time has come.
pub(crate) fn ring(service: Service) -> Sweep {
    Sweep::of(DESK_NOTICE, move |tx, due| {
        let service = service.clone();
        Box::pin(async move { fall_due(&service.limits, tx, due).await })
    })
}

async fn fall_due(limits: &Limits, tx: &mut Tx, due: &[Due]) -> Result<(), Problem> {
    let now = wire::kept(tx.now());
    let references: Vec<Uuid> = due.iter().map(|due| due.reference).collect();
    let mut desks = desk::lock_waiting(tx.connection(), &references, counted(now)).await?;
    let waiting = desks.iter().filter_map(|desk| desk.desk.bundle);
    let waiting: Vec<_> = waiting.map(|bundle| bundle.notice).collect();
    let unheard = desk_notice::unheard(tx.connection(), &waiting).await?;
    let mut rung = Vec::new();
    let mut again = Vec::new();
    for locked in &mut desks {
        let bundle = locked.desk.bundle.map(|bundle| bundle.notice);
        let Some(heard) = unheard
            .iter()
            .find(|unheard| Some(unheard.notice) == bundle)
        else {
            // everybody in it was acknowledged meanwhile
            locked.desk.bundle = None;
            continue;
        };
        match locked.desk.fall_due(budget(limits, locked, now), now) {
            Some((notice, Rings::Now)) => {
                rung.push(notice);
                tell(tx, locked, heard);
            }
            Some((_, Rings::At(at))) => again.extend(locked.waits_as.map(|timer| (timer, at))),
            None => {}
        }
    }
    desk_notice::ring(tx.connection(), &rung, now).await?;
    timer::arm_all(tx.connection(), DESK_NOTICE, &again).await?;
    keep(tx, &mut desks).await
}

fn tell(tx: &mut Tx, desk: &LockedDesk, unheard: &Unheard) {
    told::notice_rang(tx, desk, unheard);
    metrics::count(
        "huiyin_desk_bundles_rung",
        1,
        &[("level", desk.level.as_str())],
    );
}

/// Where a call is: at its desk, which is locked, or alone when it is about danger to life.
fn place(
    desk: Option<&mut LockedDesk>,
    limits: &Limits,
    called: &Called,
    now: Instant,
) -> PlacedCall {
    let fresh = chance::new_id();
    let placed = match desk {
        Some(locked) => {
            let budget = budget(limits, locked, now);
            locked.desk.place(called.call, budget, now, fresh)
        }
        None => Desk::default().place(called.call, 1, now, fresh),
    };
    PlacedCall {
        recipient: called.recipient,
        number: called.number,
        organ: called.organ,
        place: called.place,
        kind: called.kind,
        notice: placed.notice,
        form: placed.form,
        rings: placed.rings == Rings::Now,
    }
}

/// Writes desks, and arms the timers of bundles that have begun to wait. A timer is armed under a reference of its own each time, so
/// that none is ever moved that a sweep has taken and waits with it for the desk.
async fn keep(tx: &mut Tx, desks: &mut [LockedDesk]) -> Result<(), Problem> {
    if desks.is_empty() {
        return Ok(());
    }
    let mut begun = Vec::new();
    for desk in desks.iter_mut() {
        match desk.desk.bundle.map(|bundle| bundle.state) {
            None | Some(BundleState::Rung { .. }) => desk.waits_as = None,
            Some(BundleState::Waiting { .. }) if desk.waits_as.is_some() => {}
            Some(BundleState::Waiting { due, .. }) => {
                let timer = chance::new_uuid();
                desk.waits_as = Some(timer);
                begun.push((timer, due));
            }
        }
    }
    desk::write(tx.connection(), desks).await?;
    timer::arm_all(tx.connection(), DESK_NOTICE, &begun).await?;
    Ok(())
}

/// The desks that calls other than those about danger to life are for, each once.
fn desks_of(called: &[Called]) -> Vec<(OrganId, Level)> {
    let others = called.iter().filter(|called| called.call != Call::Life);
    let mut organs: Vec<(OrganId, Level)> =
        others.map(|called| (called.organ, called.level)).collect();
    organs.sort_unstable_by_key(|(organ, _)| *organ);
    organs.dedup_by_key(|(organ, _)| *organ);
    organs
}

fn budget(limits: &Limits, desk: &LockedDesk, now: Instant) -> u32 {
    limits.desk_notices(desk.place, desk.level, now)
}

/// Danger to life that counts: since when, and how many at most.
fn counted(now: Instant) -> (Instant, u32) {
    (now - WINDOW, MOST_NOTICES)
}
