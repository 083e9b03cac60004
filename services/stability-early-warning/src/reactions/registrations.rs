//! A visit of so many persons that the levels above must know is reported by itself.

use huiyin_domain::ids::{AlertId, MatterId, OrganId};
use huiyin_domain::routing::Directory;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Instant;
use huiyin_domain::vocabulary::UrgentKind;
use huiyin_domain::warning::{
    self, RecipientRule, RecipientRules, URGENT_REPORT, collective_is_urgent,
};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{Event, MatterRegistered};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use uuid::Uuid;

use super::id;
use crate::alert::{Report, Source};
use crate::excluded;
use crate::fan_out::{self, Outgoing};
use crate::hot_spots::counting;
use crate::limits::Limits;
use crate::rpc::raise_alert::PERSONS;
use crate::service::Service;
use crate::store::matter_about::{self, MatterAbout};
use crate::store::warned_place;
use crate::wire;

/// The namespace of alerts that registrations raise: one alert a matter, however often it is told.
/// Changing it would raise them anew.
const NAMESPACE: Uuid = Uuid::from_u128(0x6875_6979_696e_4156_8953_5449_4f4e_0001);

/// A large visit, and whom its matter is about.
struct LargeVisit {
    id: AlertId,
    report: Report,
    about: Option<MatterAbout>,
}

/// Reports large visits as they are registered.
pub(super) fn watch_intake(service: Service) -> Reaction {
    Reaction::to(ServiceName::Intake, move |tx, events| {
        let service = service.clone();
        Box::pin(async move { react(&service, tx, events).await })
    })
}

async fn react(service: &Service, tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    let (mut visits, mut told) = (Vec::new(), Vec::new());
    for event in events {
        if let Some(Fact::MatterRegistered(fact)) = &event.fact {
            told.extend(about(fact)?);
            if fact.channel() == words::Channel::Visit {
                visits.extend(read(fact, &service.limits)?);
            }
        }
    }
    matter_about::insert(tx.connection(), &told).await?;
    counting::follow(tx, events).await?;
    if visits.is_empty() {
        return Ok(());
    }
    let directory = service.offices.current(tx.connection()).await?;
    check_places(tx, &visits).await?;
    let mut outgoing = Vec::with_capacity(visits.len());
    for visit in visits {
        let rule = rule(visit.report.known_at)?;
        let exclusions = exclusions(rule, &visit, &directory)?;
        let addressed =
            warning::recipients(rule, &visit.report.place, None, &directory, &exclusions);
        outgoing.push(Outgoing {
            id: visit.id,
            report: visit.report,
            addressed,
            exclusions,
        });
    }
    fan_out::raise_all(tx, service, &outgoing).await?;
    Ok(())
}

/// Routing's stream may be behind intake's: then the visit waits.
async fn check_places(tx: &mut Tx, visits: &[LargeVisit]) -> Result<(), Problem> {
    let places: Vec<TerritoryCode> = visits.iter().map(|visit| visit.report.place).collect();
    let known = warned_place::known(tx.connection(), &places).await?;
    match places
        .iter()
        .find(|place| !known.iter().any(|known| known == place.as_str()))
    {
        None => Ok(()),
        Some(place) => Err(Problem::Unavailable {
            words: format!("the territory {place} is not known here yet"),
        }),
    }
}

/// The visit, when it is large for its place.
fn read(fact: &MatterRegistered, limits: &Limits) -> Result<Option<LargeVisit>, Problem> {
    let matter: MatterId = id("matter_id", &fact.matter_id)?;
    let mut violations = Violations::default();
    let place = violations.territory_code("place_code", &fact.place_code);
    let received = violations
        .time("received_time", fact.received_time.as_ref())
        .map(wire::kept);
    let (place, received) = violations.finish_with(place.zip(received))?;
    let threshold = limits.collective(place, received);
    if !collective_is_urgent(fact.persons, threshold) {
        return Ok(None);
    }
    let report = Report {
        kind: UrgentKind::CollectiveVisit,
        place,
        organ: id("registered_by", &fact.registered_by)?,
        matters: vec![matter],
        persons: fact.persons.min(PERSONS),
        happened_at: received,
        known_at: received,
        facts: format!(
            "A visit of {} persons was registered; from {threshold} on it is reported.",
            fact.persons
        ),
        measures: String::new(),
        duty_phone: String::new(),
        source: Source::Registration,
        recipient_rule: rule(received)?.version(),
    };
    let id = AlertId::from_uuid(Uuid::new_v5(&NAMESPACE, matter.uuid().as_bytes()));
    Ok(Some(LargeVisit {
        id,
        report,
        about: about(fact)?,
    }))
}

fn rule(received: Instant) -> Result<&'static RecipientRule, Problem> {
    fan_out::rule(RecipientRules::embedded(), URGENT_REPORT, received)
        .map_err(|unknown| Problem::Unexpected(format!("{URGENT_REPORT} {unknown}")))
}

/// Who must not be told.
///
/// # Errors
/// When everybody it is for is excluded.
fn exclusions(
    rule: &RecipientRule,
    visit: &LargeVisit,
    directory: &Directory,
) -> Result<Vec<OrganId>, Problem> {
    let everybody = fan_out::addressed(rule, &visit.report, None, directory, &[])?;
    // an office may register for a place that is not its own, and then sees the alert as the one that reports
    let organs = everybody.iter().map(|recipient| recipient.organ);
    let organs = organs.chain([visit.report.organ]);
    let excluded = excluded::among(organs, visit.about.as_slice(), directory);
    let is_left = |recipient: &warning::Recipient| !excluded.contains(&recipient.organ);
    if everybody.iter().any(is_left) {
        return Ok(excluded);
    }
    let words = format!(
        "{} may be told to nobody: everybody it is for is excluded",
        visit.id
    );
    Err(Problem::Unexpected(words))
}

/// Which organ a matter is about, if it is about one.
fn about(fact: &MatterRegistered) -> Result<Option<MatterAbout>, Problem> {
    if fact.about_organ.is_empty() {
        return Ok(None);
    }
    Ok(Some(MatterAbout {
        matter: id("matter_id", &fact.matter_id)?,
        organ: id("about_organ", &fact.about_organ)?,
        denunciation: fact.category() == words::Category::Denunciation,
    }))
}
