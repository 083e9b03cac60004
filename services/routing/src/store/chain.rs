//! A matter with its hops: two tables that are read and written together.

use std::collections::BTreeMap;

use huiyin_domain::ids::MatterId;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{forwarding, routed_matter};
use crate::chain::{Chain, Hop};

/// Chains as they were read, and as they are now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chains {
    by_matter: BTreeMap<MatterId, (Chain, Chain)>,
}

impl Chains {
    /// The chain of a matter, to be changed.
    ///
    /// # Errors
    /// When the matter is not known here.
    pub(crate) fn get(&mut self, matter: MatterId) -> Result<&mut Chain, Problem> {
        self.by_matter
            .get_mut(&matter)
            .map(|(_, now)| now)
            .ok_or_else(|| Problem::NotFound {
                what: "matter",
                id: matter.to_string(),
            })
    }
}

/// The chains of those of the matters that are known, locked.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    matters: &[MatterId],
) -> Result<Chains, Problem> {
    let ids: Vec<Uuid> = matters.iter().map(|matter| matter.uuid()).collect();
    let known = routed_matter::lock(connection, &ids).await?;
    let mut hops: BTreeMap<MatterId, Vec<Hop>> = BTreeMap::new();
    for (matter, hop) in forwarding::of_matters(connection, &ids).await? {
        hops.entry(matter).or_default().push(hop);
    }
    let by_matter = known
        .into_iter()
        .map(|matter| {
            let chain = Chain {
                hops: hops.remove(&matter.id).unwrap_or_default(),
                matter,
            };
            (chain.matter.id, (chain.clone(), chain))
        })
        .collect();
    Ok(Chains { by_matter })
}

/// Writes new chains.
pub(crate) async fn insert(connection: &mut PgConnection, chains: &[Chain]) -> Result<(), Problem> {
    let matters: Vec<_> = chains.iter().map(|chain| &chain.matter).collect();
    routed_matter::insert(connection, &matters).await?;
    let hops: Vec<_> = chains
        .iter()
        .flat_map(|chain| chain.hops.iter().map(|hop| (chain.matter.id, hop)))
        .collect();
    forwarding::insert(connection, &hops).await
}

/// Writes what has changed in the chains, each only if nobody changed it meanwhile.
pub(crate) async fn save(connection: &mut PgConnection, chains: &Chains) -> Result<(), Problem> {
    let changed: Vec<_> = chains
        .by_matter
        .values()
        .filter(|(read, now)| read != now)
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let matters: Vec<_> = changed.iter().map(|(_, now)| &now.matter).collect();
    let written = routed_matter::update(connection, &matters).await?;
    if written != matters.len() as u64 {
        return Err(Problem::ChangedMeanwhile);
    }
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for (read, now) in changed {
        old.extend(
            now.hops
                .iter()
                .zip(&read.hops)
                .filter(|(now, read)| now != read)
                .map(|(hop, _)| hop),
        );
        new.extend(
            now.hops
                .iter()
                .skip(read.hops.len())
                .map(|hop| (now.matter.id, hop)),
        );
    }
    forwarding::update(connection, &old).await?;
    forwarding::insert(connection, &new).await
}
