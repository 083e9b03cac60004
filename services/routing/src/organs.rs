//! The organs in memory, shared by every rpc and reaction of a process, and read again from the
//! database as soon as a load (here or in another process) has changed them.

use std::sync::{Arc, PoisonError, RwLock};

use huiyin_domain::routing::{Decision, Directory, MatterToRoute, NoCompetentOrgan, decide};
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;

use crate::store::{organ, organ_edition};

/// The organs as last read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Organs {
    known: Arc<RwLock<Known>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// Edition that was read; 0 before the first reading.
    edition: i64,
    directory: Arc<Directory>,
}

impl Organs {
    /// The organs as they are now: one small statement when nothing has changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn current(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Arc<Directory>, Problem> {
        let edition = organ_edition::read(connection).await?;
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.edition == edition {
                return Ok(Arc::clone(&known.directory));
            }
        }
        // Of two holders of a function in one territory the directory finds the first given: rows come
        // ordered by territory and organ id, so the order in which files were loaded decides nothing.
        let profiles = organ::all(connection).await?;
        let directory = Arc::new(Directory::new(profiles));
        tracing::info!(
            edition,
            organs = directory.iter().count(),
            "the organs were read"
        );
        let known = Known {
            edition,
            directory: Arc::clone(&directory),
        };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(directory)
    }

    /// Who must answer. Before it is said that nobody can, the organs are looked at once more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn decide(
        &self,
        connection: &mut PgConnection,
        directory: &mut Arc<Directory>,
        matter: &MatterToRoute,
    ) -> Result<Result<Decision, NoCompetentOrgan>, Problem> {
        match decide(matter, directory) {
            Ok(decision) => Ok(Ok(decision)),
            Err(_) => {
                *directory = self.current(connection).await?;
                Ok(decide(matter, directory))
            }
        }
    }
}
