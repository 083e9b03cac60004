//! A visit of so many persons that the levels above must know is reported by itself.

use huiyin_domain::ids::{AlertId, MatterId, OrganId};
use huiyin_domain::routing::Directory;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::vocabulary::UrgentKind;
use huiyin_domain::warning::{self, collective_is_urgent};
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
use crate::fan_out::{self, Outgoing};
use crate::limits::Limits;
use crate::rpc::raise_alert::PERSONS;
use crate::service::Service;
use crate::store::warned_place;
use crate::wire;

/// The namespace of alerts that registrations raise: one alert a matter, however often it is told.
/// Changing it would raise them anew.
const NAMESPACE: Uuid = Uuid::from_u128(0x6875_6979_696e_4156_8953_5449_4f4e_0001);

/// A large visit, and whom its matter is about.
struct LargeVisit {
    id: AlertId,
    report: Report,
    about: Option<OrganId>,
    denounced: bool,
}

/// Reports large visits as they are registered.
pub(super) fn watch_intake(service: Service) -> Reaction {
    Reaction::to(ServiceName::Intake, move |tx, events| {
        let service = service.clone();
        Box::pin(async move { react(&service, tx, events).await })
    })
}

async fn react(service: &Service, tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    let mut visits = Vec::new();
    for event in events {
        if let Some(Fact::MatterRegistered(fact)) = &event.fact
            && fact.channel() == words::Channel::Visit
        {
            visits.extend(read(fact, &service.limits)?);
        }
    }
    if visits.is_empty() {
        return Ok(());
    }
    let directory = service.offices.current(tx.connection()).await?;
    check_places(tx, &visits).await?;
    for visit in visits {
        let exclusions = exclusions(&visit, &directory)?;
        let addressed = warning::recipients(&visit.report.place, None, &directory, &exclusions);
        let outgoing = Outgoing {
            id: visit.id,
            report: visit.report,
            addressed,
            exclusions,
        };
        fan_out::raise(tx, &service.limits, &outgoing).await?;
    }
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
    let place = wire::territory_code(&mut violations, "place_code", &fact.place_code);
    let received = violations
        .time("received_time", fact.received_time.as_ref())
        .map(wire::kept);
    let (place, received) = violations.finish_with(place.zip(received))?;
    let threshold = limits.collective(place, received);
    if !collective_is_urgent(fact.persons, threshold) {
        return Ok(None);
    }
    let about = match fact.about_organ.as_str() {
        "" => None,
        organ => Some(id("about_organ", organ)?),
    };
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
    };
    let denounced = fact.category() == words::Category::Denunciation;
    let id = AlertId::from_uuid(Uuid::new_v5(&NAMESPACE, matter.uuid().as_bytes()));
    Ok(Some(LargeVisit {
        id,
        report,
        about,
        denounced,
    }))
}

/// Who must not be told: the organ the matter is about (art. 28(3)) and, of a denunciation, every organ
/// below it (art. 30(3)).
fn exclusions(visit: &LargeVisit, directory: &Directory) -> Result<Vec<OrganId>, Problem> {
    let everybody = fan_out::addressed(&visit.report, None, directory, &[])?;
    let Some(about) = visit.about else {
        return Ok(Vec::new());
    };
    let mut excluded = vec![about];
    if let Some(denounced) = directory.get(about).filter(|_| visit.denounced) {
        let below = everybody
            .iter()
            .filter_map(|recipient| directory.get(recipient.organ))
            .filter(|organ| {
                organ.territory != denounced.territory
                    && organ.territory.is_within(&denounced.territory)
            });
        excluded.extend(below.map(|organ| organ.id));
    }
    if everybody
        .iter()
        .all(|recipient| excluded.contains(&recipient.organ))
    {
        let words = format!(
            "{} may be told to nobody: everybody it is for is excluded",
            visit.id
        );
        return Err(Problem::Unexpected(words));
    }
    Ok(excluded)
}
