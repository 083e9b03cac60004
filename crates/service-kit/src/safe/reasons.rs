//! A vault of written results: their reasons and legal bases lie sealed beside the records they belong to, each record under a key
//! of its own, which is destroyed with the petition.

use futures::future::BoxFuture;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Safe, Sealed, keep};
use crate::database::{Database, begun};
use crate::run::{Desk, Work};
use crate::status::Problem;

/// How many are sealed in one transaction, of those that lie in the clear.
const SEALED: i64 = 100;

/// What a service keeps in such a vault.
#[derive(Clone, Copy, Debug)]
pub struct Reasons {
    /// The name of the vault, which also says what it holds.
    pub name: &'static str,
    /// Some that a release before the vault wrote, locked, as many as are asked for at most.
    pub in_the_clear: for<'a> fn(&'a mut PgConnection, i64) -> Found<'a>,
    /// Puts sealed words in the place of those in the clear.
    pub seal: for<'a> fn(
        &'a mut PgConnection,
        Uuid,
        &'a Sealed<2>,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>>,
}

/// Records that are being looked for.
pub type Found<'a> = BoxFuture<'a, Result<Vec<InTheClear>, sqlx::Error>>;

/// The words of a record that lie in the clear.
#[derive(Clone, Debug)]
pub struct InTheClear {
    /// Which record.
    pub id: Uuid,
    /// Facts and reasons.
    pub reasons: String,
    /// Legal basis.
    pub legal_basis: String,
}

impl Reasons {
    /// Opens the vault.
    ///
    /// # Errors
    /// When the master key cannot be used, or the database does not answer.
    pub async fn open(&self, desk: &Desk) -> Result<Safe, Problem> {
        let settings = desk.own.reasons();
        let settings = settings.map_err(|error| Problem::Unexpected(error.to_string()))?;
        Safe::open(&desk.database, self.name, settings).await
    }

    /// Looks after the vault.
    ///
    /// # Errors
    /// When these are not the settings of a service that has it.
    pub fn work(self, desk: &Desk, safe: Safe) -> Result<Work, Problem> {
        let settings = desk.own.reasons();
        let suite = settings
            .map_err(|error| Problem::Unexpected(error.to_string()))?
            .suite;
        let kept = (desk.database.clone(), safe, suite);
        let unsealed = move |database, safe| -> BoxFuture<'static, _> {
            Box::pin(self.seal_some(database, safe))
        };
        Ok(Work {
            name: self.name,
            work: Box::pin(keep(kept, unsealed, desk.stopper.clone())),
        })
    }

    /// Seals some that lie in the clear; gives how many.
    async fn seal_some(self, database: Database, safe: Safe) -> Result<usize, Problem> {
        let mut tx = begun(database.writing(), "BEGIN").await?;
        let found = (self.in_the_clear)(&mut tx, SEALED).await?;
        for one in &found {
            let leaf = safe.next_leaf().await?;
            let words = (one.reasons.as_str(), one.legal_basis.as_str());
            let sealed = seal_reasons(&safe, (leaf, one.id), words)?;
            (self.seal)(&mut tx, one.id, &sealed).await?;
        }
        tx.commit().await?;
        Ok(found.len())
    }
}

/// The reasons and the legal basis of a record, sealed at a leaf.
///
/// # Errors
/// When the machine has no source of randomness.
pub fn seal_reasons(
    safe: &Safe,
    at: (i64, Uuid),
    (reasons, legal_basis): (&str, &str),
) -> Result<Sealed<2>, Problem> {
    let fields = [
        ("reasons", reasons.as_bytes()),
        ("legal_basis", legal_basis.as_bytes()),
    ];
    safe.seal(at, fields)
}
