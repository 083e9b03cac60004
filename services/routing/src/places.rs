//! The places in memory, shared by every rpc and reaction of a process, and read again from the database as
//! soon as a load (here or in another process) has changed them.

use std::sync::{Arc, PoisonError, RwLock};

use huiyin_domain::territory::Gazetteer;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;

use crate::store::{territory, territory_change, territory_edition};

/// The places as last read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    known: Arc<RwLock<Known>>,
    /// Held while they are read: one reading serves all who wait for it.
    reading: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// Edition that was read; 0 before the first reading.
    edition: i64,
    gazetteer: Arc<Gazetteer>,
}

impl Places {
    /// The places as they are now: one small statement when nothing has changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn current(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Arc<Gazetteer>, Problem> {
        let editions = territory_edition::read(connection).await?;
        if let Some(known) = self.of(editions.edition) {
            return Ok(known);
        }
        let _reading = self.reading.lock().await;
        if let Some(known) = self.of(editions.edition) {
            return Ok(known);
        }
        let started = std::time::Instant::now();
        let before = self.known();
        let gazetteer = if before.edition > 0 && before.edition >= editions.rebuilt {
            newer(connection, &before).await?
        } else {
            whole(connection).await?
        };
        let gazetteer = Arc::new(gazetteer);
        tracing::info!(
            edition = editions.edition,
            places = gazetteer.len(),
            milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "the places were read"
        );
        let known = Known {
            edition: editions.edition,
            gazetteer: Arc::clone(&gazetteer),
        };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(gazetteer)
    }

    fn known(&self) -> Known {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// What is known, if it is of that edition or a later one.
    fn of(&self, edition: i64) -> Option<Arc<Gazetteer>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        (known.edition >= edition).then(|| Arc::clone(&known.gazetteer))
    }
}

async fn whole(connection: &mut PgConnection) -> Result<Gazetteer, Problem> {
    let places = territory::roughly(connection).await?;
    let mut gazetteer = Gazetteer::with_capacity(places);
    territory::each(connection, -1, true, |row| restore(&mut gazetteer, &row)).await?;
    for change in territory_change::all(connection).await? {
        gazetteer.remember(change);
    }
    Ok(gazetteer)
}

async fn newer(connection: &mut PgConnection, before: &Known) -> Result<Gazetteer, Problem> {
    let mut gazetteer = Gazetteer::clone(&before.gazetteer);
    territory::each(connection, before.edition, false, |row| {
        restore(&mut gazetteer, &row)
    })
    .await?;
    Ok(gazetteer)
}

fn restore(
    gazetteer: &mut Gazetteer,
    row: &huiyin_domain::territory::Established,
) -> Result<(), Problem> {
    let restored = gazetteer.restore(row);
    restored.map_err(|fault| Problem::Unexpected(format!("table territory: {fault}")))
}
