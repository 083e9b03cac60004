//! "Nobody is on duty" is itself an alert: about the organ's silence, without matters, to the petition office of the level above, once
//! for each gap. It never speaks of itself: an alert of this kind is followed by none.

use std::collections::{BTreeSet, HashMap};

use huiyin_domain::ids::{AlertId, MatterId, OrganId};
use huiyin_domain::organs::{JOINT_MEETING, OrganProfile, PETITION_OFFICE};
use huiyin_domain::routing::Directory;
use huiyin_domain::time::{Instant, local};
use huiyin_domain::vocabulary::{Level, UrgentKind};
use huiyin_domain::warning::duty::{Stretch, unsaid};
use huiyin_domain::warning::{self, RecipientRole};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::{chance, metrics};
use uuid::Uuid;

use super::looking::{self, Looked};
use crate::alert::{Alert, Recipient, Report, Source};
use crate::excluded;
use crate::fan_out::{self, Outgoing};
use crate::limits::Limits;
use crate::service::Service;
use crate::store::matter_about::{self, MatterAbout};
use crate::store::{alert_exclusion, duty_desk};
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
    if desks.is_empty() {
        return Ok(Vec::new());
    }
    let directory = service.offices.current(tx.connection()).await?;
    let rules = (&service.limits, &*directory);
    let looked = looking::look(tx, rules, desks, now).await?;
    let silent: Vec<&Looked> = looked
        .iter()
        .filter(|one| unsaid(&one.gaps, now, one.desk.said_at).is_some())
        .collect();
    if silent.is_empty() {
        return Ok(Vec::new());
    }
    let from = KeptFrom::of(tx, alerts).await?;
    let mut reached: HashMap<OrganId, Vec<AlertId>> = HashMap::new();
    for recipient in recipients {
        reached
            .entry(recipient.organ)
            .or_default()
            .push(recipient.alert);
    }
    let silent: Vec<(&Looked, Vec<OrganId>)> = silent
        .into_iter()
        .map(|one| {
            let reached = reached.get(&one.desk.organ).map_or(&[][..], Vec::as_slice);
            (one, from.exclusions(one, reached, &directory))
        })
        .collect();
    say(tx, rules, &silent).await
}

/// Whom alerts must be kept from.
struct KeptFrom {
    /// What the matters of each are about.
    about: HashMap<AlertId, Vec<MatterAbout>>,
    /// Whom each of them never reaches.
    never: HashMap<AlertId, Vec<OrganId>>,
}

impl KeptFrom {
    async fn of(tx: &mut Tx, alerts: &[Alert]) -> Result<Self, Problem> {
        let ids: Vec<AlertId> = alerts.iter().map(|alert| alert.id).collect();
        let matters = alerts.iter().flat_map(|alert| alert.report.matters.iter());
        let matters: Vec<MatterId> = matters.copied().collect();
        let found = matter_about::of(tx.connection(), &matters).await?;
        let about = alerts.iter().map(|alert| {
            let own = found.iter();
            let own = own.filter(|about| alert.report.matters.contains(&about.matter));
            (alert.id, own.copied().collect())
        });
        let about = about.collect();
        let mut never: HashMap<AlertId, Vec<OrganId>> = HashMap::new();
        for (alert, organ) in alert_exclusion::of(tx.connection(), &ids).await? {
            never.entry(alert).or_default().push(organ);
        }
        Ok(Self { about, never })
    }

    /// Whom what reached the organ must be kept from, and so that anything reached it.
    fn exclusions(
        &self,
        looked: &Looked,
        reached: &[AlertId],
        directory: &Directory,
    ) -> Vec<OrganId> {
        let about = reached.iter().filter_map(|alert| self.about.get(alert));
        let about: Vec<MatterAbout> = about.flatten().copied().collect();
        let city = looked.desk.place.ancestor(Level::City);
        let joint_meeting = city.and_then(|city| directory.holder(&city, JOINT_MEETING));
        let others = above(looked, directory).chain(joint_meeting);
        let mut excluded = excluded::among(others.map(|organ| organ.id), &about, directory);
        let never = reached.iter().filter_map(|alert| self.never.get(alert));
        excluded.extend(never.flatten());
        excluded.sort_unstable();
        excluded.dedup();
        excluded
    }
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

/// Raises the alert of each organ, kept from these others, unless that was done for this gap; the calls are still to be placed.
///
/// # Errors
/// When the database refuses.
pub(super) async fn say(
    tx: &mut Tx,
    (limits, directory): (&Limits, &Directory),
    silent: &[(&Looked, Vec<OrganId>)],
) -> Result<Vec<(Alert, Vec<Recipient>)>, Problem> {
    if silent.is_empty() {
        return Ok(Vec::new());
    }
    let now = kept(tx.now());
    // other alerts may say it at this moment: once more behind the lock
    let organs: Vec<Uuid> = silent
        .iter()
        .map(|(looked, _)| looked.desk.organ.uuid())
        .collect();
    let locked = duty_desk::lock(tx.connection(), &organs).await?;
    let said: HashMap<OrganId, Option<Instant>> = locked
        .into_iter()
        .map(|desk| (desk.organ, desk.said_at))
        .collect();
    let mut saying = Vec::new();
    let mut outgoing = Vec::new();
    for (looked, exclusions) in silent {
        let organ = looked.desk.organ;
        let said_at = said.get(&organ).copied().flatten();
        let Some(gap) = unsaid(&looked.gaps, now, said_at) else {
            continue;
        };
        saying.push(organ);
        let office = above(looked, directory).find(|office| !exclusions.contains(&office.id));
        let Some((office, silent)) = office.zip(directory.get(organ)) else {
            tracing::error!(organ = %organ, "nobody is on duty, and no office above can be told");
            continue;
        };
        outgoing.push(outgoing_to(office, (silent, &gap), exclusions, now));
        metrics::count(
            "huiyin_duty_silences",
            1,
            &[("level", silent.level.as_str())],
        );
    }
    duty_desk::said(tx.connection(), &saying, now).await?;
    fan_out::address(tx, limits, &outgoing).await
}

fn outgoing_to(
    office: &OrganProfile,
    (silent, gap): (&OrganProfile, &Stretch),
    exclusions: &[OrganId],
    now: Instant,
) -> Outgoing {
    Outgoing {
        id: chance::new_id(),
        report: report(silent, gap, now),
        addressed: vec![warning::Recipient {
            organ: office.id,
            level: office.level,
            role: RecipientRole::LevelAbove,
            reason: format!(
                "{} stands above {}, where nobody is on duty",
                office.name, silent.name
            ),
        }],
        exclusions: exclusions.to_vec(),
    }
}

fn report(silent: &OrganProfile, gap: &Stretch, now: Instant) -> Report {
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
