//! One file a call.

pub(crate) mod activate_rules;
pub(crate) mod agree_to_objection;
pub(crate) mod decide_competence;
pub(crate) mod find_common_superior;
pub(crate) mod forward_matter;
pub(crate) mod get_organ;
pub(crate) mod get_territory;
pub(crate) mod issue_opinion;
pub(crate) mod list_forwardings;
pub(crate) mod list_organs;
pub(crate) mod list_rules;
pub(crate) mod list_territories;
pub(crate) mod load_organs;
pub(crate) mod load_territories;
pub(crate) mod load_territory_changes;
pub(crate) mod object_to_forwarding;
pub(crate) mod refuse_objection;
pub(crate) mod rehearse_rules;
pub(crate) mod report_completion;
pub(crate) mod rule_completion;
pub(crate) mod trace_territory;

mod load;

use huiyin_domain::ids::{MatterId, OrganId};
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::{Date, local_date};
use huiyin_service_kit::authorization::{About, permit_matter, sees};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use crate::chain::{Chain, Hop};
use crate::service::Service;
use crate::store;
use crate::store::chain::Chains;

/// The latest hop of a chain that has just been handed on.
fn latest(chain: &Chain) -> Result<&Hop, Problem> {
    chain
        .hops
        .last()
        .ok_or_else(|| Problem::Unexpected("a chain that was handed on has no hop".to_owned()))
}

/// The day as of which is asked; today when none is given.
fn on_date(
    violations: &mut Violations,
    field: &str,
    given: &str,
    service: &Service,
) -> Option<Date> {
    if given.is_empty() {
        return Some(local_date(service.desk.database.now()));
    }
    violations.date(field, given)
}

/// The chain of a matter on which an organ acts, locked: it must be there for who asks, and on a denunciation only a post
/// for denunciations acts.
///
/// # Errors
/// [`Problem::NotFound`] also when it is there, and not for who asks.
async fn lock_for(
    tx: &mut Tx,
    matter: MatterId,
    acts: impl FnOnce(&Chain) -> Option<OrganId>,
) -> Result<Chains, Problem> {
    let mut chains = store::chain::lock(tx.connection(), &[matter]).await?;
    let chain = chains.get(matter)?;
    if !sees(tx.connection(), chain.matter.seen()).await? {
        return Err(no_matter(matter));
    }
    let organ = acts(chain).unwrap_or(chain.matter.registered_by);
    permit_matter(About::Organ(organ), chain.matter.is_sealed()).await?;
    Ok(chains)
}

/// The organ that sent the matter where it is now.
fn sender(chain: &Chain) -> Option<OrganId> {
    chain.hops.last().map(Hop::from)
}

fn no_matter(matter: MatterId) -> Problem {
    Problem::NotFound {
        what: "matter",
        id: matter.to_string(),
    }
}

fn no_territory(code: TerritoryCode) -> Problem {
    Problem::NotFound {
        what: "territory",
        id: code.to_string(),
    }
}
