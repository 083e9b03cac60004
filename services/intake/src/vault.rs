//! The two vaults of petitions: that of denunciations has keys of its own.

mod rotation;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use huiyin_domain::vocabulary::Category;
use huiyin_service_kit::database::Database;
use huiyin_service_kit::lifecycle::Stopper;
use huiyin_service_kit::safe::{self, Safe, SafeSettings};
use huiyin_service_kit::settings::VaultSettings;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::vault::{Change, Suite, Vault, VaultError};
use secrecy::SecretSlice;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use self::rotation::Moves;
use crate::keys::Keys;

/// How often the states are looked at again: what another process erased is forgotten here by then.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// The one field of a record.
const BODY: &str = "body";

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
    open: Safe,
    sealed: Safe,
    keys: RwLock<Arc<Keys>>,
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
        let kept = async |kind: Kind, key| {
            let settings = SafeSettings {
                key,
                suite: settings.suite,
                copies: settings.copies.clone(),
            };
            Safe::open(database, kind.as_str(), &settings).await
        };
        let open = kept(Kind::Open, settings.key.clone()).await?;
        let sealed = kept(Kind::Sealed, settings.sealed_key.clone()).await?;
        let keys = Keys::of(&open.now(), &sealed.now())?;
        let vaults = Self(Arc::new(Inner {
            open,
            sealed,
            keys: RwLock::new(Arc::new(keys)),
            pool: database.writing().clone(),
            suite: settings.suite,
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

    async fn look_again(&self, kind: Kind) -> Result<(), Problem> {
        if self.safe(kind).look_again().await? {
            self.derive_keys()?;
        }
        Ok(())
    }

    fn safe(&self, kind: Kind) -> &Safe {
        match kind {
            Kind::Open => &self.0.open,
            Kind::Sealed => &self.0.sealed,
        }
    }

    /// The vault as it is now.
    pub(crate) fn get(&self, kind: Kind) -> Vault {
        self.safe(kind).now()
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

    /// The keyed hashes of vaults that were changed.
    fn derive_keys(&self) -> Result<(), Problem> {
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
        let safe = self.safe(kind);
        let leaf = safe.next_leaf().await?;
        let safe::Sealed {
            leaf,
            epoch,
            wrapped_key,
            fields: [body],
        } = safe.seal((leaf, record), [(BODY, text)])?;
        Ok(Sealed {
            leaf,
            epoch,
            wrapped_key,
            body,
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
        let key = (record, sealed.wrapped_key.as_slice());
        self.safe(kind).open_field(key, (BODY, &sealed.body))
    }

    /// Changes the state of a vault in a transaction, as [`Safe::change`] says.
    ///
    /// # Errors
    /// When the master key or the database does not answer.
    pub(crate) async fn change(
        &self,
        connection: &mut PgConnection,
        kind: Kind,
        make: impl Fn(&Vault) -> Result<Change, VaultError> + Send + 'static,
    ) -> Result<Change, Problem> {
        self.safe(kind).change(connection, make).await
    }

    /// Ends a change that was committed, as [`Safe::finish`] says.
    ///
    /// # Errors
    /// When an older master key cannot be destroyed; to be called again.
    pub(crate) async fn finish(&self, kind: Kind, change: Option<Change>) -> Result<(), Problem> {
        self.safe(kind).finish(change).await?;
        self.derive_keys()
    }
}
