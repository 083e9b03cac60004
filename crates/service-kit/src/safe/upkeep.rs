//! The care of a vault whose texts lie beside what they belong to: what lies unsealed is sealed, the keys of what was erased are
//! destroyed, and the suite of the settings is followed.

use std::time::Duration;

use futures::future::BoxFuture;
use huiyin_domain::ids::MatterId;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use uuid::Uuid;

use super::{Safe, broken, store};
use crate::database::{Database, begun};
use crate::lifecycle::Stopper;
use crate::status::Problem;
use crate::vault::{Leaf, Suite};

/// How often it is looked again: what another process erased is forgotten here by then, and what is to be erased is erased.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Keys destroyed by one change of the vault at most.
const DESTROYED: i64 = 1_000;

/// The matters whose petitions intake has erased.
///
/// # Errors
/// When an event breaks the contract.
pub fn erased(events: &[Event]) -> Result<Vec<Uuid>, Problem> {
    let erased = events.iter().filter_map(|event| match &event.fact {
        Some(Fact::PetitionErased(fact)) => Some(&fact.matter_id),
        _ => None,
    });
    erased
        .map(|matter| {
            let matter = matter.parse::<MatterId>();
            matter.map(|matter| matter.uuid()).map_err(|error| {
                Problem::Unexpected(format!("an event breaks the contract: {error}"))
            })
        })
        .collect()
}

/// Looks after a vault until the service stops. `unsealed` seals some texts that lie in the clear, because a release before the
/// vault wrote them, and gives how many.
pub async fn keep(
    (database, safe, suite): (Database, Safe, Suite),
    unsealed: impl Fn(Database, Safe) -> BoxFuture<'static, Result<usize, Problem>> + Sync,
    stopper: Stopper,
) {
    loop {
        let looked = look((&database, &safe, suite), &unsealed, &stopper).await;
        if let Err(problem) = looked {
            tracing::warn!(vault = safe.name(), error = %problem, "the vault stays as it was");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = stopper.stopping() => return,
        }
    }
}

async fn look(
    (database, safe, suite): (&Database, &Safe, Suite),
    unsealed: &(impl Fn(Database, Safe) -> BoxFuture<'static, Result<usize, Problem>> + Sync),
    stopper: &Stopper,
) -> Result<(), Problem> {
    safe.look_again().await?;
    if safe.now().suite() != suite {
        safe.rotate(suite, database.now()).await?;
        tracing::info!(
            vault = safe.name(),
            suite = suite.as_str(),
            "the vault follows the suite of the settings"
        );
    }
    destroy(database, safe).await?;
    let mut sealed = 0;
    while !stopper.is_stopping() {
        match unsealed(database.clone(), safe.clone()).await? {
            0 => break,
            some => sealed += some,
        }
    }
    if sealed > 0 {
        tracing::info!(
            vault = safe.name(),
            texts = sealed,
            "texts that lay in the clear were sealed"
        );
    }
    Ok(())
}

/// Destroys the keys of what was erased, all by one change.
async fn destroy(database: &Database, safe: &Safe) -> Result<(), Problem> {
    let mut tx = begun(database.writing(), "BEGIN").await?;
    if !store::is_owed(&mut tx).await? {
        return Ok(());
    }
    let owed = store::take_owed(&mut tx, DESTROYED).await?;
    let leaves: Vec<Leaf> = owed
        .into_iter()
        .map(Leaf::try_from)
        .collect::<Result<_, _>>()
        .map_err(broken)?;
    let (keys, puncture) = (leaves.len(), leaves);
    let change = safe
        .change(&mut tx, move |vault| vault.puncture(&puncture))
        .await?;
    tx.commit().await?;
    safe.finish(Some(change)).await?;
    tracing::info!(vault = safe.name(), keys, "keys were destroyed");
    Ok(())
}
