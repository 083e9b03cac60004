//! The vault of remedies: their reasons and legal bases lie sealed, each opinion under a key of its own.

use futures::future::BoxFuture;
use huiyin_domain::ids::RemedyId;
use huiyin_service_kit::database::{Database, begun};
use huiyin_service_kit::run::{Desk, Work};
use huiyin_service_kit::safe::{Safe, Sealed, keep};
use huiyin_service_kit::status::Problem;

use crate::store::remedy;

/// Its name.
const NAME: &str = "remedies";
/// How many are sealed in one transaction, of those that lie in the clear.
const SEALED: i64 = 100;

/// Opens the vault.
///
/// # Errors
/// When the master key cannot be used, or the database does not answer.
pub(crate) async fn open(desk: &Desk) -> Result<Safe, Problem> {
    let settings = desk.own.reasons();
    let settings = settings.map_err(|error| Problem::Unexpected(error.to_string()))?;
    Safe::open(&desk.database, NAME, settings).await
}

/// Looks after the vault.
///
/// # Errors
/// When these are not the settings of a service that has it.
pub(crate) fn work(desk: &Desk, safe: Safe) -> Result<Work, Problem> {
    let settings = desk.own.reasons();
    let suite = settings
        .map_err(|error| Problem::Unexpected(error.to_string()))?
        .suite;
    let kept = (desk.database.clone(), safe, suite);
    Ok(Work {
        name: "vault of remedies",
        work: Box::pin(keep(kept, unsealed, desk.stopper.clone())),
    })
}

/// The reasons and the legal basis of one, sealed at a leaf.
///
/// # Errors
/// When the machine has no source of randomness.
pub(crate) fn seal(
    safe: &Safe,
    (leaf, id): (i64, RemedyId),
    (reasons, legal_basis): (&str, &str),
) -> Result<Sealed<2>, Problem> {
    let fields = [
        ("reasons", reasons.as_bytes()),
        ("legal_basis", legal_basis.as_bytes()),
    ];
    safe.seal((leaf, id.uuid()), fields)
}

/// Seals some that a release before the vault wrote.
fn unsealed(database: Database, safe: Safe) -> BoxFuture<'static, Result<usize, Problem>> {
    Box::pin(async move {
        let mut tx = begun(database.writing(), "BEGIN").await?;
        let found = remedy::in_the_clear(&mut tx, SEALED).await?;
        for one in &found {
            let leaf = safe.next_leaf().await?;
            let sealed = seal(&safe, (leaf, one.id), (&one.reasons, &one.legal_basis))?;
            remedy::seal(&mut tx, one.id, &sealed).await?;
        }
        tx.commit().await?;
        Ok(found.len())
    })
}
