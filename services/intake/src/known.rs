//! Places, organs and competence rules in memory, read from the projections when they are first met. Only what is there
//! is remembered: what is not there is looked for again every time, so a place is never unknown
//! because it once was. Everything is forgotten after some seconds, so that an organ that moved is not
//! taken for what it was, also when another process of this service heard of it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant as Monotonic};

use huiyin_domain::ids::OrganId;
use huiyin_domain::routing::CompetenceRules;
use huiyin_domain::standing::Standing;
use huiyin_domain::subject::Subject;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Date;
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::authorization::Standings;
use huiyin_service_kit::status::Problem;
use sqlx::PgPool;

use crate::store;

/// Places, organs and rules met so far.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pool: PgPool,
    places: Met<TerritoryCode, Arc<str>>,
    organs: Standings,
    rules: Met<(), Arc<Vec<CompetenceRules>>>,
}

impl Known {
    /// Over this database, with nothing met yet.
    pub(crate) fn new(pool: PgPool) -> Self {
        Self {
            organs: Standings::new(pool.clone()),
            pool,
            places: Met::default(),
            rules: Met::default(),
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
    pub(crate) async fn organ(&self, id: OrganId) -> Result<Option<Standing>, Problem> {
        self.organs.of(id).await
    }

    /// At which level a matter is handled first, by the competence rules of the day.
    pub(crate) async fn handled_at(
        &self,
        (subject, place): (&'static Subject, TerritoryCode),
        on: Date,
    ) -> Result<Level, Problem> {
        let rules = match self.rules.get(&()) {
            Some(rules) => rules,
            None => {
                let mut connection = self.pool.acquire().await?;
                let mut rules = store::rules_known::all(&mut connection).await?;
                rules.push(CompetenceRules::embedded().clone());
                let rules = Arc::new(rules);
                self.rules.meet((), Some(Arc::clone(&rules)));
                rules
            }
        };
        let in_force = CompetenceRules::in_force(&rules, on);
        let rules = in_force.unwrap_or(CompetenceRules::embedded());
        Ok(rules.of(subject, place).handled_at)
    }
}

/// How long what was met is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);

/// What was found so far, shared, and since when.
#[derive(Clone, Debug)]
struct Met<K, V>(Arc<RwLock<(HashMap<K, V>, Monotonic)>>);

impl<K, V> Default for Met<K, V> {
    fn default() -> Self {
        Self(Arc::new(RwLock::new((HashMap::new(), Monotonic::now()))))
    }
}

impl<K: Eq + Hash, V: Clone> Met<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        let (met, since) = &*self.0.read().unwrap_or_else(PoisonError::into_inner);
        met.get(key)
            .filter(|_| since.elapsed() < REMEMBERED_FOR)
            .cloned()
    }

    fn meet(&self, key: K, found: Option<V>) -> Option<V> {
        if let Some(value) = &found {
            let (met, since) = &mut *self.0.write().unwrap_or_else(PoisonError::into_inner);
            if since.elapsed() >= REMEMBERED_FOR {
                met.clear();
                *since = Monotonic::now();
            }
            met.insert(key, value.clone());
        }
        found
    }
}
