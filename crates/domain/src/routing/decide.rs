//! The decision itself.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Directory;
use crate::{
    ids::OrganId,
    organs::{DISCIPLINE_INSPECTION, OrganProfile, PETITION_OFFICE},
    registration::opinion_clock_applies,
    subject::Subject,
    territory::TerritoryCode,
    vocabulary::{Category, ForwardingKind, Level, StatutoryRoute},
};

/// What a decision needs to know of a matter.
#[derive(Clone, Copy, Debug)]
pub struct MatterToRoute {
    /// The category.
    pub category: Category,
    /// The subject.
    pub subject: &'static Subject,
    /// The place of the problem.
    pub place: TerritoryCode,
    /// The organ the matter is about, when it is about one.
    pub about: Option<OrganId>,
}

/// A rule the decision used, so that a person can check it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule, such as `competence/land_and_homestead`.
    pub rule_id: String,
    /// What it said here.
    pub words: String,
}

/// Where a matter goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The organ.
    pub to: OrganId,
    /// How it goes there.
    pub kind: ForwardingKind,
    /// The route of a claim; none for what is no claim.
    pub route: Option<StatutoryRoute>,
    /// Whether acceptance starts the 60-day opinion clock (art. 34).
    pub opinion_clock: bool,
    /// The rules used, in order; at least one.
    pub reasons: Vec<Reason>,
}

/// No organ of the directory can be competent; the committee or government of the level designates one (art. 24).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "no organ of {place} or above holds {function}; the government of the level must designate one"
)]
pub struct NoCompetentOrgan {
    /// Where the search began.
    pub place: TerritoryCode,
    /// The function looked for.
    pub function: String,
}

/// Decides which organ must answer.
///
/// In order: a denunciation goes to the discipline inspection above the place's county and above the organ
/// it is about (art. 30(3)); a claim with a statutory route is referred to it (art. 31); a matter about an organ goes to the
/// petition office above that organ (art. 28); the rest to the holder of the subject's function at the
/// level that handles it, or the nearest above, else to the nearest petition office.
///
/// # Errors
/// When the directory holds no organ that could be competent.
pub fn decide(matter: &MatterToRoute, directory: &Directory) -> Result<Decision, NoCompetentOrgan> {
    let about = matter.about.and_then(|organ| directory.get(organ));
    match (matter.category, matter.subject.route, about) {
        (Category::Denunciation, _, _) => denunciation(matter, about, directory),
        (Category::Claim, StatutoryRoute::PetitionProcedure, Some(organ))
        | (Category::Suggestion, _, Some(organ)) => above(matter, organ, directory),
        (Category::Claim, StatutoryRoute::PetitionProcedure, None)
        | (Category::Suggestion, _, None) => competent(matter, directory),
        (
            Category::Claim,
            StatutoryRoute::Litigation
            | StatutoryRoute::Arbitration
            | StatutoryRoute::PartyAppeal
            | StatutoryRoute::AdministrativeProcedure
            | StatutoryRoute::PerformanceOfDuty,
            _,
        ) => statutory(matter, about, directory),
    }
}

fn denunciation(
    matter: &MatterToRoute,
    about: Option<&OrganProfile>,
    directory: &Directory,
) -> Result<Decision, NoCompetentOrgan> {
    let seat = at_least(about.map_or(matter.place, superior), Level::City);
    let to = directory
        .nearest(&seat, DISCIPLINE_INSPECTION)
        .filter(|organ| matter.about != Some(organ.id))
        .ok_or_else(|| missing(seat, DISCIPLINE_INSPECTION))?;
    let words = format!(
        "a denunciation goes to the discipline inspection above the county and above whom it is about: {}",
        to.name
    );
    Ok(decision(
        matter,
        to,
        ForwardingKind::ReportUp,
        vec![reason("routing/denunciation art. 30(3)", words)],
    ))
}

fn statutory(
    matter: &MatterToRoute,
    about: Option<&OrganProfile>,
    directory: &Directory,
) -> Result<Decision, NoCompetentOrgan> {
    let place = about.map_or(matter.place, superior);
    let Subject {
        function,
        route,
        handled_at,
        code,
        ..
    } = matter.subject;
    let seat = at_least(place, *handled_at);
    let to = directory
        .nearest(&seat, function)
        .ok_or_else(|| missing(seat, function))?;
    let words = format!(
        "a claim on {code} takes the statutory route {route}: {}",
        to.name
    );
    Ok(decision(
        matter,
        to,
        ForwardingKind::Refer,
        vec![reason("routing/statutory-route art. 31", words)],
    ))
}

fn above(
    matter: &MatterToRoute,
    about: &OrganProfile,
    directory: &Directory,
) -> Result<Decision, NoCompetentOrgan> {
    let seat = superior(about);
    let to = directory
        .nearest(&seat, PETITION_OFFICE)
        .filter(|organ| organ.id != about.id)
        .ok_or_else(|| missing(seat, PETITION_OFFICE))?;
    let words = format!(
        "the matter is about {}, so it goes to the petition office above it: {}",
        about.name, to.name
    );
    Ok(decision(
        matter,
        to,
        ForwardingKind::ReportUp,
        vec![reason("routing/about-an-organ art. 28(3)", words)],
    ))
}

fn competent(matter: &MatterToRoute, directory: &Directory) -> Result<Decision, NoCompetentOrgan> {
    let Subject {
        code,
        function,
        handled_at,
        ..
    } = matter.subject;
    let seat = at_least(matter.place, *handled_at);
    let mut reasons = vec![reason(
        &format!("competence/{code}"),
        format!("{code} is handled at the {handled_at} by {function}"),
    )];
    if let Some(to) = directory.nearest(&seat, function) {
        if to.territory.level() != *handled_at {
            reasons.push(reason(
                "routing/nearest-above art. 24",
                format!("the nearest that holds it is {}", to.name),
            ));
        }
        let kind = if function == PETITION_OFFICE {
            ForwardingKind::HandDown
        } else {
            ForwardingKind::Transfer
        };
        return Ok(decision(matter, to, kind, reasons));
    }
    let to = directory
        .nearest(&seat, PETITION_OFFICE)
        .ok_or_else(|| missing(seat, function))?;
    reasons.push(reason(
        "routing/petition-office",
        format!(
            "no organ of {seat} or above holds it; {} finds the organ",
            to.name
        ),
    ));
    Ok(decision(matter, to, ForwardingKind::HandDown, reasons))
}

pub(super) fn decision(
    matter: &MatterToRoute,
    to: &OrganProfile,
    kind: ForwardingKind,
    reasons: Vec<Reason>,
) -> Decision {
    let route = match matter.category {
        Category::Claim => Some(matter.subject.route),
        Category::Suggestion | Category::Denunciation => None,
    };
    Decision {
        to: to.id,
        kind,
        route,
        opinion_clock: opinion_clock_applies(matter.category, route),
        reasons,
    }
}

pub(super) fn reason(rule_id: &str, words: String) -> Reason {
    Reason {
        rule_id: rule_id.to_owned(),
        words,
    }
}

pub(super) fn missing(place: TerritoryCode, function: &str) -> NoCompetentOrgan {
    NoCompetentOrgan {
        place,
        function: function.to_owned(),
    }
}

/// The place itself, or the nearest above it that stands at the level or higher.
fn at_least(place: TerritoryCode, level: Level) -> TerritoryCode {
    place
        .chain()
        .find(|above| above.level() >= level)
        .unwrap_or(TerritoryCode::NATION)
}

/// The place above the organ; the nation above an organ of the nation.
fn superior(organ: &OrganProfile) -> TerritoryCode {
    organ.territory.parent().unwrap_or(TerritoryCode::NATION)
}
