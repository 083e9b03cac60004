//! The offices in memory, shared by every rpc, reaction and sweep of a process, and read again from the
//! database as soon as routing's events (applied here or in another process) have changed them.

use std::sync::{Arc, PoisonError, RwLock};

use huiyin_domain::routing::Directory;
use huiyin_service_kit::status::Problem;
use sqlx::PgConnection;

use crate::store::{office, office_edition};

/// The offices as last read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offices {
    known: Arc<RwLock<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Edition that was read; 0 before the first reading.
    edition: i64,
    directory: Arc<Directory>,
}

impl Offices {
    /// The offices as they are now: one small statement when nothing has changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn current(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Arc<Directory>, Problem> {
        let edition = office_edition::read(connection).await?;
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.edition == edition {
                return Ok(Arc::clone(&known.directory));
            }
        }
        // Of two holders of a function in one territory the directory finds the first given: rows come
        // ordered, so the order in which events arrived decides nothing.
        let directory = Arc::new(Directory::new(office::all(connection).await?));
        tracing::info!(
            edition,
            offices = directory.iter().count(),
            "the offices were read"
        );
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.edition < edition {
            *known = Known {
                edition,
                directory: Arc::clone(&directory),
            };
        }
        Ok(directory)
    }
}
