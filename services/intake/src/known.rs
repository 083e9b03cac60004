//! Places and organs in memory, read from the projections when they are first met. Only what is there
//! is remembered: what is not there is looked for again every time, so a place is never unknown
//! because it once was.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use huiyin_domain::ids::OrganId;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::status::Problem;
use sqlx::PgPool;

use crate::store;

/// Where an organ stands, as routing told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrganKnown {
    /// The organ.
    pub(crate) id: OrganId,
    /// Its level.
    pub(crate) level: Level,
    /// Its territory.
    pub(crate) territory: TerritoryCode,
}

impl OrganKnown {
    /// Whether what is raised about `about` is sealed from this organ: it is that organ, or stands in a
    /// territory below it.
    pub(crate) fn is_sealed_from(&self, about: &Self) -> bool {
        let below = self.territory != about.territory && self.territory.is_within(&about.territory);
        self.id == about.id || below
    }
}

/// Places and organs met so far.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pool: PgPool,
    places: Met<TerritoryCode, Arc<str>>,
    organs: Met<OrganId, OrganKnown>,
}

impl Known {
    /// Over this database, with nothing met yet.
    pub(crate) fn new(pool: PgPool) -> Self {
        Self {
            pool,
            places: Met::default(),
            organs: Met::default(),
        }
    }

    /// The name of a place; none when there is no such place.
    pub(crate) async fn place(&self, code: TerritoryCode) -> Result<Option<Arc<str>>, Problem> {
        if let Some(name) = self.places.get(&code) {
            return Ok(Some(name));
        }
        let mut connection = self.pool.acquire().await?;
        let name = store::place::name(&mut connection, code)
            .await?
            .map(Arc::from);
        Ok(self.places.meet(code, name))
    }

    /// An organ; none when routing never told of it.
    pub(crate) async fn organ(&self, id: OrganId) -> Result<Option<OrganKnown>, Problem> {
        if let Some(organ) = self.organs.get(&id) {
            return Ok(Some(organ));
        }
        let mut connection = self.pool.acquire().await?;
        let organ = store::organ_known::find(&mut connection, id).await?;
        Ok(self.organs.meet(id, organ))
    }
}

/// What was found so far, shared.
#[derive(Clone, Debug)]
struct Met<K, V>(Arc<RwLock<HashMap<K, V>>>);

impl<K, V> Default for Met<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash, V: Clone> Met<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }

    fn meet(&self, key: K, found: Option<V>) -> Option<V> {
        if let Some(value) = &found {
            self.0
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(key, value.clone());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn organ(id: u128, territory: &str) -> OrganKnown {
        let territory: TerritoryCode = territory.parse().unwrap();
        OrganKnown {
            id: OrganId::from_uuid(Uuid::from_u128(id)),
            level: territory.level(),
            territory,
        }
    }

    #[test]
    fn a_denunciation_is_sealed_from_the_denounced_and_from_whoever_stands_below() {
        let about = organ(1, "431202");
        assert!(about.is_sealed_from(&about));
        assert!(organ(2, "431202001").is_sealed_from(&about));
        assert!(!organ(3, "431202").is_sealed_from(&about));
        assert!(!organ(4, "4312").is_sealed_from(&about));
        assert!(!organ(5, "431221").is_sealed_from(&about));
    }
}
