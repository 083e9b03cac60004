//! What follows when organs cannot agree who is competent.

use super::{
    Decision, Directory, MatterToRoute, NoCompetentOrgan,
    decide::{decision, missing, reason},
};
use crate::{
    ids::OrganId,
    organs::{JOINT_MEETING, PETITION_OFFICE},
    vocabulary::ForwardingKind,
};

/// Who decides when organs cannot agree: the petition office of the lowest place above all that were
/// tried, itself not one of them; else the joint meeting.
///
/// # Errors
/// When the directory holds neither.
pub fn arbitrate(
    matter: &MatterToRoute,
    tried: &[OrganId],
    directory: &Directory,
) -> Result<Decision, NoCompetentOrgan> {
    let seats = tried
        .iter()
        .filter_map(|organ| directory.get(*organ))
        .map(|organ| organ.territory);
    let common = seats
        .reduce(|one, other| one.common(&other))
        .unwrap_or(matter.place);
    let untried = |function| {
        common
            .chain()
            .filter_map(|place| directory.holder(&place, function))
            .find(|organ| !tried.contains(&organ.id))
    };
    let to = untried(PETITION_OFFICE)
        .or_else(|| untried(JOINT_MEETING))
        .ok_or_else(|| missing(common, PETITION_OFFICE))?;
    let words = format!(
        "{} organs did not accept; the lowest common superior decides: {}",
        tried.len(),
        to.name
    );
    Ok(decision(
        matter,
        to,
        ForwardingKind::ReportUp,
        vec![reason("routing/arbitration", words)],
    ))
}
