//! Who is told in addition when even the leader on duty does not acknowledge.

use huiyin_domain::ids::{AlertId, MatterId, OrganId};
use huiyin_domain::organs::{JOINT_MEETING, OrganProfile, PETITION_OFFICE};
use huiyin_domain::routing::Directory;
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;

use crate::alert::{Alert, Recipient, Role};
use crate::excluded;
use crate::fan_out;
use crate::limits::Limits;
use crate::store::matter_about::{self, MatterAbout};
use crate::store::{alert, alert_exclusion};
use crate::storm::Called;
use crate::wire;

/// Adds the petition office above each silent recipient and the joint-meeting office of the place's
/// city, unless they are addressed already or excluded; gives their calls.
pub(super) async fn add(
    tx: &mut Tx,
    limits: &Limits,
    silent: &[&Recipient],
    directory: &Directory,
) -> Result<Vec<Called>, Problem> {
    if silent.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: Vec<AlertId> = silent.iter().map(|recipient| recipient.alert).collect();
    ids.sort_unstable();
    ids.dedup();
    let alerts = alert::find(tx.connection(), &ids).await?;
    let excluded = alert_exclusion::of(tx.connection(), &ids).await?;
    let matters: Vec<MatterId> = alerts
        .iter()
        .flat_map(|alert| alert.report.matters.clone())
        .collect();
    let about = matter_about::of(tx.connection(), &matters).await?;
    let now = wire::kept(tx.now());
    let mut wanted: Vec<Recipient> = Vec::new();
    for silent in silent {
        let Some(alert) = alerts.iter().find(|alert| alert.id == silent.alert) else {
            continue;
        };
        for organ in called(silent, alert, directory) {
            let known = wanted
                .iter()
                .any(|other| (other.alert, other.organ) == (alert.id, organ.id));
            let about = about
                .iter()
                .filter(|about| alert.report.matters.contains(&about.matter));
            let about: Vec<MatterAbout> = about.copied().collect();
            let sealed = excluded::is_excluded(organ.id, &about, directory);
            if !known && !sealed && !excluded.contains(&(alert.id, organ.id)) {
                let reason = format!(
                    "{} is told because {} did not acknowledge",
                    organ.name,
                    name(silent, directory)
                );
                wanted.push(fan_out::waiting(
                    alert,
                    (organ.id, organ.level),
                    (Role::AddedByEscalation, reason),
                    limits,
                    now,
                ));
            }
        }
    }
    fan_out::add(tx, &alerts, wanted).await
}

/// The nearest petition office above the organ's territory.
pub(super) fn office_above(organ: OrganId, directory: &Directory) -> Option<&OrganProfile> {
    directory.nearest(&directory.get(organ)?.territory.parent()?, PETITION_OFFICE)
}

fn called<'d>(
    silent: &Recipient,
    alert: &Alert,
    directory: &'d Directory,
) -> Vec<&'d OrganProfile> {
    let city = alert.report.place.ancestor(Level::City);
    let joint_meeting = city.and_then(|city| directory.holder(&city, JOINT_MEETING));
    office_above(silent.organ, directory)
        .into_iter()
        .chain(joint_meeting)
        .collect()
}

fn name<'d>(silent: &'d Recipient, directory: &'d Directory) -> &'d str {
    directory
        .get(silent.organ)
        .map_or("the organ below", |organ| organ.name.as_str())
}
