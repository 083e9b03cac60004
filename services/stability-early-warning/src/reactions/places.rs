//! Places and organs as routing tells them.

use std::collections::BTreeMap;

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::OrganProfile;
use huiyin_domain::territory::TerritoryCode;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{Event, Organ, Territory};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::hot_spots::counting;
use crate::store::warned_place::WarnedPlace;
use crate::store::{office, office_edition, warned_place};
use crate::wire;

/// Keeps places and offices as routing last told them.
pub(super) fn follow_routing() -> Reaction {
    Reaction::to(ServiceName::Routing, |tx, events| {
        Box::pin(react(tx, events))
    })
}

async fn react(tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    // of two rows for one thing the later stands
    let mut places: BTreeMap<TerritoryCode, WarnedPlace> = BTreeMap::new();
    let mut offices: BTreeMap<OrganId, OrganProfile> = BTreeMap::new();
    for event in events {
        if let Some(Fact::TerritoriesEstablished(fact)) = &event.fact {
            for territory in &fact.territories {
                let place = place(territory)?;
                places.insert(place.code, place);
            }
        }
        if let Some(Fact::OrgansEstablished(fact)) = &event.fact {
            for organ in &fact.organs {
                let profile = profile(organ)?;
                offices.insert(profile.id, profile);
            }
        }
    }
    if !places.is_empty() {
        let places: Vec<WarnedPlace> = places.into_values().collect();
        warned_place::write(tx.connection(), &places).await?;
    }
    if !offices.is_empty() {
        let offices: Vec<OrganProfile> = offices.into_values().collect();
        office::write(tx.connection(), &offices).await?;
        office_edition::advance(tx.connection()).await?;
    }
    counting::follow(tx, events).await
}

fn place(told: &Territory) -> Result<WarnedPlace, Problem> {
    let mut violations = Violations::default();
    let code = violations.territory_code("code", &told.code);
    let level = wire::level(&mut violations, "level", told.level);
    let parent = match told.parent_code.as_str() {
        "" => None,
        parent => violations.territory_code("parent_code", parent),
    };
    let (code, level) = violations.finish_with(code.zip(level))?;
    Ok(WarnedPlace {
        code,
        level,
        parent,
    })
}

fn profile(told: &Organ) -> Result<OrganProfile, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("organ_id", &told.organ_id);
    let level = wire::level(&mut violations, "level", told.level);
    let territory = violations.territory_code("territory_code", &told.territory_code);
    let (id, (level, territory)) = violations.finish_with(id.zip(level.zip(territory)))?;
    Ok(OrganProfile {
        id,
        name: told.name.clone(),
        level,
        territory,
        functions: told.functions.clone(),
    })
}
