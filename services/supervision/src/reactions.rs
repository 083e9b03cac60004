//! What supervision does about the streams of intake and routing: everything that starts, prolongs or
//! ends a clock becomes a fact.

use std::collections::BTreeMap;

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{self as events, Event};
use huiyin_service_kit::almanac::Almanac;
use huiyin_service_kit::authorization;
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::road::consumer::Reaction;
use huiyin_service_kit::safe::erased;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::follow::follow;
use crate::heard::{Heard, hear};
use crate::store::known_organ::{self, KnownOrgan};
use crate::store::remedy;

/// The reactions.
pub(crate) fn all(almanac: &Almanac) -> Vec<Reaction> {
    [ServiceName::Intake, ServiceName::Routing]
        .map(|from| {
            let almanac = almanac.clone();
            Reaction::to(from, move |tx, events| {
                let almanac = almanac.clone();
                Box::pin(async move { react(tx, &almanac, events).await })
            })
        })
        .into()
}

async fn react(tx: &mut Tx, almanac: &Almanac, events: &[Event]) -> Result<(), Problem> {
    establish(tx, events).await?;
    let heard: Vec<Heard> = events
        .iter()
        .filter_map(|event| hear(event).transpose())
        .collect::<Result<_, _>>()?;
    let hands: Vec<(MatterId, OrganId)> = heard.iter().filter_map(Heard::hand).collect();
    authorization::hand(tx.connection(), &hands).await?;
    follow(tx, almanac, &heard).await?;
    // what was written of an erased petition is erased with it
    let erased = erased(events)?;
    if !erased.is_empty() {
        remedy::erase(tx.connection(), &erased).await?;
    }
    Ok(())
}

/// Keeps organs as routing last told them.
async fn establish(tx: &mut Tx, events: &[Event]) -> Result<(), Problem> {
    // of two rows for one organ the later stands
    let mut organs: BTreeMap<OrganId, KnownOrgan> = BTreeMap::new();
    for event in events {
        if let Some(Fact::OrgansEstablished(told)) = &event.fact {
            for told in &told.organs {
                let organ = organ(told)?;
                organs.insert(organ.id, organ);
            }
        }
    }
    if organs.is_empty() {
        return Ok(());
    }
    let organs: Vec<KnownOrgan> = organs.into_values().collect();
    Ok(known_organ::write(tx.connection(), &organs).await?)
}

fn organ(told: &events::Organ) -> Result<KnownOrgan, Problem> {
    let mut violations = Violations::default();
    let id = violations.id("organ_id", &told.organ_id);
    let territory = violations.territory_code("territory_code", &told.territory_code);
    let (id, territory) = violations.finish_with(id.zip(territory))?;
    Ok(KnownOrgan {
        id,
        territory,
        functions: told.functions.clone(),
    })
}
