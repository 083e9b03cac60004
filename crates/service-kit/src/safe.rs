//! A vault in the tables of a service: its state is a row of the table `vault`, its leaves come from the sequence `vault_leaf`.
//! Whoever finds a newer state there opens it, so all processes of a service forget together what one of them erased.

mod reasons;
mod store;
mod upkeep;

pub use reasons::{Found, InTheClear, Reasons, seal_reasons};
pub use upkeep::{erased, keep};

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use huiyin_domain::time::Instant;
use secrecy::SecretSlice;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::database::{Database, begun};
use crate::idempotency::Asked;
use crate::names::ServiceName;
use crate::status::Problem;
use crate::vault::{
    Change, Context, Epoch, KeyReference, Leaf, MasterVersion, SealedState, SealedText, StateCopy,
    Suite, Vault, VaultError, WrappedKey, master_of,
};

/// How many leaves one step of the sequence `vault_leaf` stands for.
const BLOCK: i64 = 100;

/// Where the master key and the copies of a vault lie, and how it seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeSettings {
    /// Reference of the master key: `file:/folder` or `pkcs11:...`.
    pub key: KeyReference,
    /// By which suite new texts are sealed. Default `aes-256-sha-256`.
    pub suite: Suite,
    /// The folder that keeps a copy of the newest state, away from the database's disk.
    pub copies: PathBuf,
}

/// Fields of a record as they are stored, with the key they are sealed under.
#[derive(Clone, Debug)]
pub struct Sealed<const N: usize> {
    /// Which leaf of the trees wraps the key.
    pub leaf: i64,
    /// Of which epoch the tree is.
    pub epoch: i32,
    /// The key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The fields, in the order they were given.
    pub fields: [Vec<u8>; N],
}

/// A vault of a service, open. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Safe(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    /// Leaves come by connections that no transaction holds while it waits for a leaf: else all that write could wait for each other.
    numbers: PgPool,
    service: ServiceName,
    name: &'static str,
    key: KeyReference,
    copy: StateCopy,
    vault: RwLock<Vault>,
    leaves: Mutex<Range<i64>>,
}

/// What went wrong in a vault, for the log alone.
pub fn broken(error: impl std::fmt::Display) -> Problem {
    Problem::Unexpected(format!("the vault: {error}"))
}

impl Safe {
    /// Opens the vault of this name, or makes it when it is not there yet.
    ///
    /// # Errors
    /// When the master key cannot be used, or the database does not answer.
    pub async fn open(
        database: &Database,
        name: &'static str,
        settings: &SafeSettings,
    ) -> Result<Self, Problem> {
        let SafeSettings { key, suite, copies } = settings;
        let service = database.service();
        std::fs::create_dir_all(copies).map_err(|error| Problem::Unavailable {
            words: format!("[{}] vault_copies cannot be made: {error}", service.key()),
        })?;
        let copy = StateCopy::at(&copies.join(format!("{name}.state")));
        let vault = open_or_make(database, (name, key, *suite), &copy).await?;
        Ok(Self(Arc::new(Inner {
            pool: database.writing().clone(),
            numbers: database.pool().clone(),
            service,
            name,
            key: key.clone(),
            copy,
            vault: RwLock::new(vault),
            leaves: Mutex::new(0..0),
        })))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// The vault as it is now.
    #[must_use]
    pub fn now(&self) -> Vault {
        let vault = self.0.vault.read();
        vault.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, vault: Vault) {
        let kept = self.0.vault.write();
        *kept.unwrap_or_else(PoisonError::into_inner) = vault;
    }

    /// Opens the stored state if it is newer than ours; gives whether it was.
    ///
    /// # Errors
    /// When the master key or the database does not answer.
    pub async fn look_again(&self) -> Result<bool, Problem> {
        let mut connection = self.0.pool.acquire().await?;
        let Some((version, state)) = store::read(&mut connection, self.0.name).await? else {
            return Ok(false);
        };
        let is_newer = u64::try_from(version).map_err(broken)? > self.now().version().number();
        if is_newer {
            self.set(
                opened(
                    self.0.key.clone(),
                    SealedState::parse(&state).map_err(broken)?,
                )
                .await?,
            );
        }
        Ok(is_newer)
    }

    /// A leaf for a record, never given before. To be asked for before a transaction, as it may need a connection of its own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next_leaf(&self) -> Result<i64, Problem> {
        let mut leaves = self.0.leaves.lock().await;
        if let Some(leaf) = leaves.next() {
            return Ok(leaf);
        }
        let mut connection = self.0.numbers.acquire().await?;
        let first = store::next_leaves(&mut connection).await?;
        *leaves = first + 1..first + BLOCK;
        Ok(first)
    }

    /// Seals fields of a record, each with its name, under a new key at a leaf.
    ///
    /// # Errors
    /// When the machine has no source of randomness.
    pub fn seal<const N: usize>(
        &self,
        (leaf, record): (i64, Uuid),
        fields: [(&str, &[u8]); N],
    ) -> Result<Sealed<N>, Problem> {
        let place = Leaf::try_from(leaf).map_err(broken)?;
        let made = self.now().new_key(place, &self.context(record));
        let (key, wrapped) = made.map_err(broken)?;
        let mut sealed = [const { Vec::new() }; N];
        for (place, (name, text)) in sealed.iter_mut().zip(fields) {
            let field = key.seal(&[name.as_bytes()], text).map_err(broken)?;
            *place = field.as_bytes().to_vec();
        }
        Ok(Sealed {
            leaf,
            epoch: epoch_column(wrapped.epoch()),
            wrapped_key: wrapped.to_bytes(),
            fields: sealed,
        })
    }

    /// Opens a field of a record; none when the record was erased.
    ///
    /// # Errors
    /// When it was changed, or belongs to another record or field.
    pub fn open_field(
        &self,
        (record, wrapped_key): (Uuid, &[u8]),
        (name, sealed): (&str, &[u8]),
    ) -> Result<Option<SecretSlice<u8>>, Problem> {
        let wrapped = WrappedKey::parse(wrapped_key).map_err(broken)?;
        let key = match self.now().open_key(&wrapped, &self.context(record)) {
            Ok(key) => key,
            Err(VaultError::Erased | VaultError::EpochGone(_)) => return Ok(None),
            Err(error) => return Err(broken(error)),
        };
        let sealed = SealedText::parse(sealed).map_err(broken)?;
        key.open(&[name.as_bytes()], &sealed)
            .map(Some)
            .map_err(broken)
    }

    /// A key of a record wrapped under the newest tree; none when it was erased meanwhile.
    ///
    /// # Errors
    /// When it was changed, or belongs to another record.
    pub fn rewrapped(&self, record: Uuid, wrapped_key: &[u8]) -> Result<Option<Vec<u8>>, Problem> {
        let wrapped = WrappedKey::parse(wrapped_key).map_err(broken)?;
        match self.now().rewrap(&wrapped, &self.context(record)) {
            Ok(fresh) => Ok(Some(fresh.to_bytes())),
            Err(VaultError::Erased) => Ok(None),
            Err(error) => Err(broken(error)),
        }
    }

    /// What was asked, known again by nobody without the vault: a plain hash of a text could be tried against guesses.
    ///
    /// # Errors
    /// When the key cannot be derived.
    pub fn keyed(&self, asked: Asked) -> Result<Asked, Problem> {
        let purpose = format!("huiyin {} request 1", self.0.service);
        let key = self.now().index_key(&purpose).map_err(broken)?;
        Ok(Asked {
            body_hash: key.lasting(&[&asked.body_hash]),
            ..asked
        })
    }

    /// Changes the state in a transaction: made while its row is locked, kept in its copy, stored over the one it replaces. To be
    /// finished by [`Self::finish`] when the transaction is committed; one that is not is given up.
    ///
    /// # Errors
    /// When the master key or the database does not answer.
    pub async fn change(
        &self,
        connection: &mut PgConnection,
        make: impl Fn(&Vault) -> Result<Change, VaultError> + Send + 'static,
    ) -> Result<Change, Problem> {
        let state = store::lock(connection, self.0.name).await?;
        let (key, copy) = (self.0.key.clone(), self.0.copy.clone());
        let change = blocking(move || {
            let sealed = SealedState::parse(&state).map_err(broken)?;
            let vault = Vault::open(master_of(&key).map_err(broken)?, &sealed).map_err(broken)?;
            let change = make(&vault).map_err(broken)?;
            copy.keep(change.sealed_state()).map_err(broken)?;
            Ok(change)
        })
        .await?;
        store::replace(connection, self.0.name, &change).await?;
        Ok(change)
    }

    /// Ends a change that was committed: when this returns, nothing opens an older state any more. Without the change, because
    /// an earlier call made it, the stored state is opened anew, which ends what that call may have left.
    ///
    /// # Errors
    /// When an older master key cannot be destroyed; to be called again.
    pub async fn finish(&self, change: Option<Change>) -> Result<(), Problem> {
        if let Some(change) = change {
            self.set(change.vault().clone());
            return blocking(move || change.finish().map_err(broken)).await;
        }
        let mut connection = self.0.pool.acquire().await?;
        if let Some((_, state)) = store::read(&mut connection, self.0.name).await? {
            let sealed = SealedState::parse(&state).map_err(broken)?;
            self.set(opened(self.0.key.clone(), sealed).await?);
        }
        Ok(())
    }

    /// Grows a fresh tree of keys by a suite, and a new master key.
    ///
    /// # Errors
    /// As [`Self::change`] and [`Self::finish`]; the state is then the old one or the new one, never between.
    pub async fn rotate(&self, suite: Suite, now: Instant) -> Result<(), Problem> {
        let mut tx = begun(&self.0.pool, "BEGIN").await?;
        let change = self
            .change(&mut tx, move |vault| vault.rotate(suite))
            .await?;
        store::rotated(&mut tx, self.0.name, now).await?;
        tx.commit().await?;
        self.finish(Some(change)).await
    }

    /// When the newest tree was grown.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rotated_at(&self, connection: &mut PgConnection) -> Result<Instant, sqlx::Error> {
        store::rotated_at(connection, self.0.name).await
    }

    fn context(&self, record: Uuid) -> Context {
        let service = format!("huiyin {}", self.0.service);
        Context::of(&[
            service.as_bytes(),
            self.0.name.as_bytes(),
            record.as_bytes(),
        ])
    }
}

async fn open_or_make(
    database: &Database,
    (name, key, suite): (&'static str, &KeyReference, Suite),
    copy: &StateCopy,
) -> Result<Vault, Problem> {
    let mut tx = begun(database.writing(), "BEGIN").await?;
    // of two processes that start together one makes the vault
    store::lock_table(&mut tx).await?;
    if let Some((_, state)) = store::read(&mut tx, name).await? {
        let sealed = SealedState::parse(&state).map_err(broken)?;
        return opened(key.clone(), sealed).await;
    }
    let (reference, copies) = (key.clone(), copy.clone());
    let change = blocking(move || {
        let master = master_of(&reference).map_err(broken)?;
        let change = Vault::create(master, suite).map_err(broken)?;
        copies.keep(change.sealed_state()).map_err(broken)?;
        Ok(change)
    })
    .await?;
    store::insert(&mut tx, name, &change, database.now()).await?;
    tx.commit().await?;
    let vault = change.vault().clone();
    blocking(move || change.finish().map_err(broken)).await?;
    Ok(vault)
}

/// Opens a state, and destroys the master keys that a change which did not finish has left.
async fn opened(key: KeyReference, sealed: SealedState) -> Result<Vault, Problem> {
    blocking(move || {
        let master = master_of(&key).map_err(broken)?;
        Vault::open(master, &sealed).map_err(|error| Problem::Unavailable {
            words: format!("the vault cannot be opened: {error}"),
        })
    })
    .await
}

/// The master key is asked where waiting holds nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(broken)?
}

/// An epoch as a column holds it.
#[must_use]
pub fn epoch_column(epoch: Epoch) -> i32 {
    i32::try_from(epoch.number()).unwrap_or(i32::MAX)
}

/// The version as a column holds it.
fn column(version: MasterVersion) -> i64 {
    i64::try_from(version.number()).unwrap_or(i64::MAX)
}
