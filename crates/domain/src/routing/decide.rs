//! The decision itself: a function of the matter and of the rules.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Competence, CompetenceRules, Directory};
use crate::{
    ids::OrganId,
    organs::{DISCIPLINE_INSPECTION, OrganProfile, PETITION_OFFICE},
    registration::opinion_clock_applies,
    subject::Subject,
    territory::{Gazetteer, TerritoryCode},
    time::Date,
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

/// What a decision goes by.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Who handles which subject.
    pub competence: &'a CompetenceRules,
    /// The organs.
    pub directory: &'a Directory,
    /// The places; one that is not known is taken as its code says.
    pub places: &'a Gazetteer,
    /// The day of the decision.
    pub on: Date,
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
/// level that handles it, or the nearest above, else to the nearest petition office. A place that has ended is followed to
/// what it became (art. 24).
///
/// # Errors
/// When the directory holds no organ that could be competent.
pub fn route(matter: &MatterToRoute, rules: &Rules<'_>) -> Result<Decision, NoCompetentOrgan> {
    match place_today(matter.place, rules) {
        None => decide(matter, rules),
        Some((place, followed)) => {
            let mut decision = decide(&MatterToRoute { place, ..*matter }, rules)?;
            decision.reasons.insert(0, followed);
            Ok(decision)
        }
    }
}

/// What a place that has ended became, and the reason; the lowest place that holds all of it when it became
/// several. None when it is in force, or never was known.
fn place_today(place: TerritoryCode, rules: &Rules<'_>) -> Option<(TerritoryCode, Reason)> {
    let Rules { places, on, .. } = *rules;
    if places.at(place, on).is_some() {
        return None;
    }
    let stretches = places.history(place);
    let last = stretches.filter_map(|stretch| stretch.valid_to).max()?;
    let became: Vec<TerritoryCode> = places.became(place, last, on).into_iter().collect();
    let today = places.common_superior(&became, on).map_or_else(
        || {
            place
                .chain()
                .find(|above| places.at(*above, on).is_some())
                .unwrap_or(TerritoryCode::NATION)
        },
        |found| found.code,
    );
    let words = format!("{place} ended on {last}; the matter is decided for {today}");
    Some((today, reason("routing/territory-ended art. 24", words)))
}

fn decide(matter: &MatterToRoute, rules: &Rules<'_>) -> Result<Decision, NoCompetentOrgan> {
    let about = matter.about.and_then(|organ| rules.directory.get(organ));
    match (matter.category, matter.subject.route, about) {
        (Category::Denunciation, _, _) => denunciation(matter, about, rules),
        (Category::Claim, StatutoryRoute::PetitionProcedure, Some(organ))
        | (Category::Suggestion, _, Some(organ)) => above(matter, organ, rules),
        (Category::Claim, StatutoryRoute::PetitionProcedure, None)
        | (Category::Suggestion, _, None) => competent(matter, rules),
        (
            Category::Claim,
            StatutoryRoute::Litigation
            | StatutoryRoute::Arbitration
            | StatutoryRoute::PartyAppeal
            | StatutoryRoute::AdministrativeProcedure
            | StatutoryRoute::PerformanceOfDuty,
            _,
        ) => statutory(matter, about, rules),
    }
}

fn denunciation(
    matter: &MatterToRoute,
    about: Option<&OrganProfile>,
    rules: &Rules<'_>,
) -> Result<Decision, NoCompetentOrgan> {
    let seat = at_least(about.map_or(matter.place, superior), Level::City);
    let to = rules
        .directory
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
    rules: &Rules<'_>,
) -> Result<Decision, NoCompetentOrgan> {
    let place = about.map_or(matter.place, superior);
    let Subject { route, code, .. } = matter.subject;
    let Competence {
        function,
        handled_at,
        ..
    } = rules.competence.of(matter.subject, place);
    let seat = at_least(place, handled_at);
    let to = rules
        .directory
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
    rules: &Rules<'_>,
) -> Result<Decision, NoCompetentOrgan> {
    let seat = superior(about);
    let to = rules
        .directory
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

fn competent(matter: &MatterToRoute, rules: &Rules<'_>) -> Result<Decision, NoCompetentOrgan> {
    let code = &matter.subject.code;
    let Competence {
        handled_at,
        function,
        place,
    } = rules.competence.of(matter.subject, matter.place);
    let seat = at_least(matter.place, handled_at);
    let of_place = match place {
        TerritoryCode::NATION => String::new(),
        place => format!(" in {place}"),
    };
    let version = rules.competence.version();
    let words =
        format!("{code} is handled at the {handled_at} by {function}{of_place}; rules {version}");
    let mut reasons = vec![reason(&format!("competence/{code}"), words)];
    if let Some(to) = rules.directory.nearest(&seat, function) {
        if to.territory.level() != handled_at {
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
    let to = rules
        .directory
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
