//! The two vaults of petitions: that of denunciations has keys of its own. Their states lie in the table `vault`; whoever finds
//! a newer one there opens it.

mod rotation;

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use huiyin_domain::vocabulary::Category;
use huiyin_service_kit::database::{Database, begun};
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::settings::VaultSettings;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::vault::{
    Change, Context, Epoch, KeyReference, Leaf, MasterVersion, SealedState, SealedText, StateCopy,
    Suite, Vault, VaultError, WrappedKey, master_of,
};
use secrecy::SecretSlice;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Mutex;
use uuid::Uuid;

use self::rotation::Moves;
use crate::keys::Keys;
use crate::store;

/// How often the states are looked at again: what another process erased is forgotten here by then.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How many leaves one step of the sequence stands for (migration 0007).
const BLOCK: i64 = 100;
/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Claims and suggestions, and everything that is hashed.
    Open,
    /// Denunciations.
    Sealed,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Open, Self::Sealed];

    /// Where a matter of this category is kept.
    pub(crate) const fn of(category: Category) -> Self {
        match category {
            Category::Denunciation => Self::Sealed,
            Category::Claim | Category::Suggestion => Self::Open,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Sealed => "sealed",
        }
    }
}

/// A sealed text as it is stored, with the key it is sealed under.
#[derive(Clone)]
pub(crate) struct Sealed {
    /// Which leaf of the trees wraps the key.
    pub(crate) leaf: i64,
    /// Of which epoch the tree is.
    pub(crate) epoch: i32,
    /// The key, wrapped.
    pub(crate) wrapped_key: Vec<u8>,
    /// The text.
    pub(crate) body: Vec<u8>,
}

/// The vaults of intake.
#[derive(Clone, Debug)]
pub(crate) struct Vaults(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    suite: Suite,
    open: Kept,
    sealed: Kept,
    leaves: Mutex<Range<i64>>,
    keys: RwLock<Arc<Keys>>,
}

/// A vault with where it comes from.
#[derive(Debug)]
struct Kept {
    key: KeyReference,
    copy: StateCopy,
    vault: RwLock<Vault>,
}

impl Kept {
    fn now(&self) -> Vault {
        let vault = self.vault.read();
        vault.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn broken(error: impl std::fmt::Display) -> Problem {
    Problem::Unexpected(format!("the vault: {error}"))
}

impl Vaults {
    /// Opens both, or makes those that are not there yet, and keeps them up to date until the service stops.
    ///
    /// # Errors
    /// When a master key cannot be used, or the database does not answer.
    pub(crate) async fn start(
        database: &Database,
        settings: &VaultSettings,
        stopper: &Stopper,
    ) -> Result<Self, Problem> {
        let pool = database.writing().clone();
        std::fs::create_dir_all(&settings.copies).map_err(|error| Problem::Unavailable {
            words: format!("[intake] vault_copies cannot be made: {error}"),
        })?;
        let kept = async |kind: Kind, key: &KeyReference| {
            let path = settings.copies.join(format!("{}.state", kind.as_str()));
            let copy = StateCopy::at(&path);
            let vault = open_or_make(database, (kind, key, settings.suite), &copy).await?;
            Ok::<_, Problem>(Kept {
                key: key.clone(),
                copy,
                vault: RwLock::new(vault),
            })
        };
        let open = kept(Kind::Open, &settings.key).await?;
        let sealed = kept(Kind::Sealed, &settings.sealed_key).await?;
        let keys = Keys::of(&open.now(), &sealed.now())?;
        let vaults = Self(Arc::new(Inner {
            open,
            sealed,
            keys: RwLock::new(Arc::new(keys)),
            pool: pool.clone(),
            suite: settings.suite,
            leaves: Mutex::new(0..0),
        }));
        let (fresh, stopping) = (vaults.clone(), stopper.clone());
        stopper.spawn("vaults", async move { fresh.keep_fresh(stopping).await });
        Ok(vaults)
    }

    async fn keep_fresh(self, stopper: Stopper) {
        let mut moves = Kind::ALL.map(Moves::of);
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = stopper.stopping() => return,
            }
            for moves in &mut moves {
                let looked = self.look_again(moves.kind).await;
                let kept = match looked {
                    Ok(()) => self.keep_moving(moves, &stopper).await,
                    Err(problem) => Err(problem),
                };
                if let Err(problem) = kept {
                    tracing::warn!(kind = moves.kind.as_str(), error = %problem, "the vault stays as it was");
                }
            }
        }
    }

    /// Opens the stored state if it is newer than ours.
    async fn look_again(&self, kind: Kind) -> Result<(), Problem> {
        let mut connection = self.0.pool.acquire().await?;
        let Some((version, state)) = store::vault::read(&mut connection, kind).await? else {
            return Ok(());
        };
        let ours = self.get(kind).version();
        if number(version)? > ours.number() {
            let sealed = SealedState::parse(&state).map_err(broken)?;
            self.set(kind, opened(self.kept(kind).key.clone(), sealed).await?)?;
        }
        Ok(())
    }

    fn kept(&self, kind: Kind) -> &Kept {
        match kind {
            Kind::Open => &self.0.open,
            Kind::Sealed => &self.0.sealed,
        }
    }

    /// The vault as it is now.
    pub(crate) fn get(&self, kind: Kind) -> Vault {
        self.kept(kind).now()
    }

    /// The suite of the settings.
    pub(crate) fn suite(&self) -> Suite {
        self.0.suite
    }

    /// The keyed hashes as they are now.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        let keys = self.0.keys.read();
        Arc::clone(&keys.unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, kind: Kind, vault: Vault) -> Result<(), Problem> {
        let kept = self.kept(kind).vault.write();
        *kept.unwrap_or_else(PoisonError::into_inner) = vault;
        let fresh = Keys::of(&self.0.open.now(), &self.0.sealed.now())?;
        let keys = self.0.keys.write();
        *keys.unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }

    /// Seals a text of a record under a new key of its own.
    ///
    /// # Errors
    /// When the database gives no leaf.
    pub(crate) async fn seal(
        &self,
        kind: Kind,
        record: Uuid,
        text: &[u8],
    ) -> Result<Sealed, Problem> {
        let leaf = self.next_leaf().await?;
        let record = context(kind, record);
        let place = Leaf::try_from(leaf).map_err(broken)?;
        let (key, wrapped) = self.get(kind).new_key(place, &record).map_err(broken)?;
        let body = key.seal(&[BODY], text).map_err(broken)?;
        Ok(Sealed {
            leaf,
            epoch: epoch_column(wrapped.epoch()),
            wrapped_key: wrapped.to_bytes(),
            body: body.as_bytes().to_vec(),
        })
    }

    /// Opens a text of a record; none when it was erased.
    ///
    /// # Errors
    /// When it was changed, or belongs to another record.
    pub(crate) fn open(
        &self,
        kind: Kind,
        record: Uuid,
        sealed: &Sealed,
    ) -> Result<Option<SecretSlice<u8>>, Problem> {
        let wrapped = WrappedKey::parse(&sealed.wrapped_key).map_err(broken)?;
        let key = match self.get(kind).open_key(&wrapped, &context(kind, record)) {
            Ok(key) => key,
            Err(VaultError::Erased | VaultError::EpochGone(_)) => return Ok(None),
            Err(error) => return Err(broken(error)),
        };
        let body = SealedText::parse(&sealed.body).map_err(broken)?;
        key.open(&[BODY], &body).map(Some).map_err(broken)
    }

    /// Changes the state of a vault in a transaction: made while its row is locked, kept in its copy, stored over the one it
    /// replaces. To be finished by [`Self::finish`] when the transaction is committed; one that is not is given up.
    ///
    /// # Errors
    /// When the master key or the database does not answer.
    pub(crate) async fn change(
        &self,
        connection: &mut PgConnection,
        kind: Kind,
        make: impl Fn(&Vault) -> Result<Change, VaultError> + Send + 'static,
    ) -> Result<Change, Problem> {
        let kept = self.kept(kind);
        let state = store::vault::lock(connection, kind).await?;
        let (key, copy) = (kept.key.clone(), kept.copy.clone());
        let change = blocking(move || {
            let sealed = SealedState::parse(&state).map_err(broken)?;
            let vault = Vault::open(master_of(&key).map_err(broken)?, &sealed).map_err(broken)?;
            let change = make(&vault).map_err(broken)?;
            copy.keep(change.sealed_state()).map_err(broken)?;
            Ok(change)
        })
        .await?;
        store::vault::replace(connection, kind, &change).await?;
        Ok(change)
    }

    /// Ends a change that was committed: when this returns, nothing opens an older state any more. Without the change, because
    /// an earlier call made it, the stored state is opened anew, which ends what that call may have left.
    ///
    /// # Errors
    /// When an older master key cannot be destroyed; to be called again.
    pub(crate) async fn finish(&self, kind: Kind, change: Option<Change>) -> Result<(), Problem> {
        if let Some(change) = change {
            self.set(kind, change.vault().clone())?;
            return blocking(move || change.finish().map_err(broken)).await;
        }
        let mut connection = self.0.pool.acquire().await?;
        if let Some((_, state)) = store::vault::read(&mut connection, kind).await? {
            let sealed = SealedState::parse(&state).map_err(broken)?;
            self.set(kind, opened(self.kept(kind).key.clone(), sealed).await?)?;
        }
        Ok(())
    }

    async fn next_leaf(&self) -> Result<i64, sqlx::Error> {
        let mut leaves = self.0.leaves.lock().await;
        if let Some(leaf) = leaves.next() {
            return Ok(leaf);
        }
        let mut connection = self.0.pool.acquire().await?;
        let first = store::vault::next_leaves(&mut connection).await?;
        *leaves = first + 1..first + BLOCK;
        Ok(first)
    }
}

/// The one field of a record.
const BODY: &[u8] = b"body";

fn context(kind: Kind, record: Uuid) -> Context {
    Context::of(&[
        b"huiyin intake",
        kind.as_str().as_bytes(),
        record.as_bytes(),
    ])
}

pub(crate) fn number(version: i64) -> Result<u64, Problem> {
    u64::try_from(version).map_err(broken)
}

async fn open_or_make(
    database: &Database,
    (kind, key, suite): (Kind, &KeyReference, Suite),
    copy: &StateCopy,
) -> Result<Vault, Problem> {
    let mut tx = begun(database.writing(), "BEGIN").await?;
    // of two processes that start together one makes the vault
    store::vault::lock_table(&mut tx).await?;
    if let Some((_, state)) = store::vault::read(&mut tx, kind).await? {
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
    store::vault::insert(&mut tx, kind, &change, database.now()).await?;
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
fn epoch_column(epoch: Epoch) -> i32 {
    i32::try_from(epoch.number()).unwrap_or(i32::MAX)
}

/// The version as a column holds it.
pub(crate) fn column(version: MasterVersion) -> i64 {
    i64::try_from(version.number()).unwrap_or(i64::MAX)
}
