//! A matter was registered: who must answer?

use huiyin_domain::routing::{MatterToRoute, Reason};
use huiyin_domain::subject::Subject;
use huiyin_domain::time::local_date;
use huiyin_proto::events::v1::event::Fact;
use huiyin_proto::events::v1::{MatterRegistered, MatterUnrouted};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use huiyin_service_kit::wire::category;
use huiyin_service_kit::{chance, metrics};

use super::id;
use crate::chain::{Chain, Registered};
use crate::rulebook::{InForce, Rulebook};
use crate::{onward, store, wire};

/// Reads what competence needs of a registration.
pub(super) fn read(fact: &MatterRegistered) -> Result<Registered, Problem> {
    let mut violations = Violations::default();
    let category = category(&mut violations, "category", fact.category);
    let place = violations.territory_code("place_code", &fact.place_code);
    let subject = Subject::from_code(&fact.subject).ok();
    violations.check("subject", subject.is_some(), "is no subject of the list");
    let (category, (place, subject)) = violations.finish_with(category.zip(place.zip(subject)))?;
    let about = match fact.about_organ.as_str() {
        "" => None,
        organ => Some(id("about_organ", organ)?),
    };
    Ok(Registered {
        id: id("matter_id", &fact.matter_id)?,
        matter: MatterToRoute {
            category,
            subject,
            place,
            about,
        },
        by: id("registered_by", &fact.registered_by)?,
        initial: fact.repeat_of.is_empty(),
        persons: fact.persons,
    })
}

/// Decides on each matter, writes all of them at once and tells where each went.
pub(super) async fn route(
    rulebook: &Rulebook,
    tx: &mut Tx,
    registered: &[Registered],
) -> Result<(), Problem> {
    if registered.is_empty() {
        return Ok(());
    }
    let on = local_date(tx.now());
    let mut in_force = rulebook.in_force(tx.connection(), on).await?;
    let mut chains = Vec::with_capacity(registered.len());
    for registered in registered {
        chains.push(first_hop(rulebook, tx, registered, &mut in_force).await?);
    }
    store::chain::insert(tx.connection(), &chains).await
}

async fn first_hop(
    rulebook: &Rulebook,
    tx: &mut Tx,
    registered: &Registered,
    in_force: &mut InForce,
) -> Result<Chain, Problem> {
    let mut chain = Chain::begin(registered);
    match rulebook
        .route(tx.connection(), in_force, &registered.matter)
        .await?
    {
        Ok(decision) => {
            let kind = decision.kind;
            chain.hand_on(
                chance::new_id(),
                onward::by_rule(registered.by, decision),
                tx.now(),
            )?;
            for hop in &chain.hops {
                tx.tell(Fact::MatterForwarded(wire::told_forwarding(&chain, hop)));
            }
            metrics::count("huiyin_forwardings", 1, &[("kind", kind.as_str())]);
        }
        Err(nobody) => {
            let reason = Reason {
                rule_id: "routing/unrouted art. 24".to_owned(),
                words: nobody.to_string(),
            };
            tx.tell(Fact::MatterUnrouted(MatterUnrouted {
                matter_id: registered.id.to_string(),
                reasons: wire::told_reasons(&[reason]),
            }));
        }
    }
    Ok(chain)
}
