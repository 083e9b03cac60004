//! Where organs stand, as routing tells it to every service.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant as Monotonic};

use huiyin_domain::ids::OrganId;
use huiyin_domain::standing::Standing;
use huiyin_domain::territory::TerritoryCode;
use huiyin_proto::events::v1::{Organ, OrgansEstablished};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::status::Problem;
use crate::wire::level_of;

/// How long a standing is remembered: an organ that moved is not taken for what it was for longer.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);

/// Where organs stand, remembered for some seconds. What is not there is looked for again every time.
#[derive(Clone, Debug)]
pub struct Standings {
    pool: PgPool,
    met: Arc<RwLock<(HashMap<OrganId, Standing>, Monotonic)>>,
}

impl Standings {
    /// Over this database, with nothing met yet.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            met: Arc::new(RwLock::new((HashMap::new(), Monotonic::now()))),
        }
    }

    /// Where an organ stands; none when routing never told of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(&self, organ: OrganId) -> Result<Option<Standing>, Problem> {
        if let Some(met) = self.met(organ) {
            return Ok(Some(met));
        }
        let mut connection = self.pool.acquire().await?;
        let found = among(&mut connection, &[organ]).await?.remove(&organ);
        let Some(standing) = found else {
            return Ok(None);
        };
        self.meet(standing);
        Ok(Some(standing))
    }

    fn met(&self, organ: OrganId) -> Option<Standing> {
        let (met, since) = &*self.met.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = since.elapsed() < REMEMBERED_FOR;
        met.get(&organ).filter(|_| fresh).copied()
    }

    fn meet(&self, standing: Standing) {
        let (met, since) = &mut *self.met.write().unwrap_or_else(PoisonError::into_inner);
        if since.elapsed() >= REMEMBERED_FOR {
            met.clear();
            *since = Monotonic::now();
        }
        met.insert(standing.organ, standing);
    }
}

/// Where those of the organs stand that routing told of.
pub(super) async fn among(
    connection: &mut PgConnection,
    organs: &[OrganId],
) -> Result<HashMap<OrganId, Standing>, Problem> {
    if organs.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = organs.iter().map(|organ| organ.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT organ_id, level, territory_code, oversees, heads FROM organ_standing WHERE organ_id = ANY($1)",
        &ids
    )
    .fetch_all(connection)
    .await?;
    let standings = rows.into_iter().map(|row| {
        let organ = OrganId::from_uuid(row.organ_id);
        let standing = Standing {
            organ,
            level: read("level", row.level.parse())?,
            territory: read("territory_code", row.territory_code.parse())?,
            oversees: row.oversees,
            heads: row.heads,
        };
        Ok((organ, standing))
    });
    standings.collect()
}

fn read<T, E: std::fmt::Display>(column: &str, parsed: Result<T, E>) -> Result<T, Problem> {
    parsed.map_err(|error| Problem::Unexpected(format!("organ_standing.{column}: {error}")))
}

/// Where the organs of an event stand.
///
/// # Errors
/// When the event breaks the contract.
pub(crate) fn told(fact: &OrgansEstablished) -> Result<Vec<Standing>, Problem> {
    fact.organs.iter().map(standing).collect()
}

fn standing(organ: &Organ) -> Result<Standing, Problem> {
    let broken = |error: String| {
        Problem::Unexpected(format!(
            "an event breaks the contract: OrgansEstablished: {error}"
        ))
    };
    let id: OrganId = organ
        .organ_id
        .parse()
        .map_err(|error| broken(format!("{error}")))?;
    let territory: Result<TerritoryCode, _> = organ.territory_code.parse();
    let territory = territory.map_err(|error| broken(error.to_string()))?;
    let level = level_of(organ.level()).ok_or_else(|| broken("level is missing".to_owned()))?;
    Ok(Standing::new(id, (level, territory), &organ.functions))
}

/// Writes where organs stand; of two words on one organ the later holds.
///
/// # Errors
/// When the database does not answer.
pub async fn stand(
    connection: &mut PgConnection,
    standings: &[Standing],
) -> Result<(), sqlx::Error> {
    let last: BTreeMap<Uuid, &Standing> = standings
        .iter()
        .map(|standing| (standing.organ.uuid(), standing))
        .collect();
    if last.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = last.keys().copied().collect();
    let levels: Vec<String> = last.values().map(|one| one.level.to_string()).collect();
    let territories: Vec<String> = last.values().map(|one| one.territory.to_string()).collect();
    let oversees: Vec<bool> = last.values().map(|one| one.oversees).collect();
    let heads: Vec<bool> = last.values().map(|one| one.heads).collect();
    sqlx::query!(
        "INSERT INTO organ_standing (organ_id, level, territory_code, oversees, heads)
         SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::bool[], $5::bool[])
         ON CONFLICT (organ_id) DO UPDATE SET level = EXCLUDED.level, territory_code = EXCLUDED.territory_code,
             oversees = EXCLUDED.oversees, heads = EXCLUDED.heads",
        &ids,
        &levels,
        &territories,
        &oversees,
        &heads,
    )
    .execute(connection)
    .await?;
    Ok(())
}
