//! "Nobody is on duty" is itself an alert: about the organ's silence, without matters, to the petition office of the level above, once
//! for each gap. It never speaks of itself: an alert of this kind is followed by none.

use std::collections::BTreeSet;

use huiyin_domain::ids::{AlertId, MatterId, OrganId};
use huiyin_domain::organs::{JOINT_MEETING, OrganProfile, PETITION_OFFICE};
use huiyin_domain::routing::Directory;
use huiyin_domain::time::local;
use huiyin_domain::vocabulary::{Level, UrgentKind};
use huiyin_domain::warning::duty::{Stretch, unsaid};
use huiyin_domain::warning::{self, RecipientRole};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::{chance, metrics};

use super::looking::{self, Looked};
use crate::alert::{Alert, Recipient, Report, Source};
use crate::excluded;
use crate::fan_out::{self, Outgoing};
use crate::limits::Limits;
use crate::service::Service;
use crate::store::{alert_exclusion, duty_desk, matter_about};
use crate::wire::kept;

/// By what the recipient of such an alert is found, with its version, as an alert keeps it.
const RULE: &str = "nobody-on-duty 2026-01-01";

/// An alert has reached organs, at first or by an escalation: says of each where somebody must be on duty and nobody is;
/// gives the alerts that say it, whose calls are still to be placed.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn reached(
    tx: &mut Tx,
    service: &Service,
    alerts: &[Alert],
    recipients: &[Recipient],
) -> Result<Vec<(Alert, Vec<Recipient>)>, Problem> {
    let by_itself = |recipient: &&Recipient| {
        let alert = alerts.iter().find(|alert| alert.id == recipient.alert);
        alert.is_some_and(|alert| alert.report.source == Source::Duty)
    };
    let recipients: Vec<&Recipient> = recipients
        .iter()
        .filter(|recipient| !by_itself(recipient))
        .collect();
    let organs: BTreeSet<OrganId> = recipients.iter().map(|recipient| recipient.organ).collect();
    let organs: Vec<OrganId> = organs.into_iter().collect();
    let now = kept(tx.now());
    let desks = duty_desk::without_anybody(tx.connection(), &organs, now).await?;
    let mut raised = Vec::new();
    if desks.is_empty() {
        return Ok(raised);
    }
    let directory = service.offices.current(tx.connection()).await?;
    let rules = (&service.limits, &*directory);
    for looked in looking::look(tx, rules, desks, now).await? {
        if unsaid(&looked.gaps, now, looked.desk.said_at).is_none() {
            continue;
        }
        let reached: Vec<&Alert> = recipients
            .iter()
            .filter(|recipient| recipient.organ == looked.desk.organ)
            .filter_map(|recipient| alerts.iter().find(|alert| alert.id == recipient.alert))
            .collect();
        let exclusions = exclusions(tx, &looked, &reached, &directory).await?;
        raised.extend(say(tx, rules, &looked, exclusions).await?);
    }
    Ok(raised)
}

/// Whom what reached the organ must be kept from, and so that anything reached it.
async fn exclusions(
    tx: &mut Tx,
    looked: &Looked,
    reached: &[&Alert],
    directory: &Directory,
) -> Result<Vec<OrganId>, Problem> {
    let ids: Vec<AlertId> = reached.iter().map(|alert| alert.id).collect();
    let matters = reached.iter().flat_map(|alert| alert.report.matters.iter());
    let matters: Vec<MatterId> = matters.copied().collect();
    let about = matter_about::of(tx.connection(), &matters).await?;
    let never = alert_exclusion::of(tx.connection(), &ids).await?;
    let city = looked.desk.place.ancestor(Level::City);
    let joint_meeting = city.and_then(|city| directory.holder(&city, JOINT_MEETING));
    let others = above(looked, directory).chain(joint_meeting);
    let mut excluded = excluded::among(others.map(|organ| organ.id), &about, directory);
    excluded.extend(never.into_iter().map(|(_, organ)| organ));
    excluded.sort_unstable();
    excluded.dedup();
    Ok(excluded)
}

/// The petition offices above the organ, nearest first.
fn above<'d>(
    looked: &Looked,
    directory: &'d Directory,
) -> impl Iterator<Item = &'d OrganProfile> + use<'d> {
    let places: Vec<_> = looked.desk.place.chain().skip(1).collect();
    places
        .into_iter()
        .filter_map(|place| directory.holder(&place, PETITION_OFFICE))
}

/// Raises the alert, unless that was done for this gap; its calls are still to be placed.
///
/// # Errors
/// When the database refuses.
pub(super) async fn say(
    tx: &mut Tx,
    (limits, directory): (&Limits, &Directory),
    looked: &Looked,
    exclusions: Vec<OrganId>,
) -> Result<Option<(Alert, Vec<Recipient>)>, Problem> {
    let (organ, now) = (looked.desk.organ, kept(tx.now()));
    // another alert may say it at this moment: once more behind the lock
    let locked = duty_desk::lock(tx.connection(), &[organ.uuid()]).await?;
    let said_at = locked.first().and_then(|desk| desk.said_at);
    let Some(gap) = unsaid(&looked.gaps, now, said_at) else {
        return Ok(None);
    };
    duty_desk::said(tx.connection(), organ, now).await?;
    let office = above(looked, directory).find(|office| !exclusions.contains(&office.id));
    let Some((office, silent)) = office.zip(directory.get(organ)) else {
        tracing::error!(organ = %organ, "nobody is on duty, and no office above can be told");
        return Ok(None);
    };
    let outgoing = Outgoing {
        id: chance::new_id(),
        report: report(silent, &gap, now),
        addressed: vec![warning::Recipient {
            organ: office.id,
            level: office.level,
            role: RecipientRole::LevelAbove,
            reason: format!(
                "{} stands above {}, where nobody is on duty",
                office.name, silent.name
            ),
        }],
        exclusions,
    };
    let raised = fan_out::address(tx, limits, &outgoing).await?;
    metrics::count(
        "huiyin_duty_silences",
        1,
        &[("level", silent.level.as_str())],
    );
    Ok(raised)
}

fn report(silent: &OrganProfile, gap: &Stretch, now: huiyin_domain::time::Instant) -> Report {
    let (name, from, to) = (&silent.name, local(gap.from()), local(gap.to()));
    Report {
        kind: UrgentKind::Other,
        place: silent.territory,
        organ: silent.id,
        matters: Vec::new(),
        persons: 0,
        happened_at: gap.from(),
        known_at: now,
        facts: format!(
            "Nobody is on duty at {name} since {from}; somebody must be until {to} at least.\n\
             {name}自{from}起无人值班，至少应值班至{to}。"
        ),
        measures: String::new(),
        duty_phone: String::new(),
        source: Source::Duty,
        recipient_rule: RULE.to_owned(),
    }
}
