//! A copy of the newest state, outside of the database.
//!
//! A backup of the database holds the state of its day, which no key opens any more once something was erased since. So the
//! newest state must outlive the database: without it a backup is worth nothing.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::vault::{SealedState, VaultError};

/// A file that holds the newest state. It needs no hiding: it is sealed.
#[derive(Clone, Debug)]
pub struct StateCopy {
    path: PathBuf,
}

impl StateCopy {
    /// The copy at a path. Put it where the database's disk is not.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        let path = path.to_owned();
        Self { path }
    }

    /// Keeps a state, before it is stored; when this returns, the copy outlives a loss of power. A newer one that is there
    /// already stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, state: &SealedState) -> Result<(), VaultError> {
        let there = self.read()?;
        if there.is_some_and(|there| there.version() >= state.version()) {
            return Ok(());
        }
        let failed = |error: io::Error| self.wrong(format!("cannot be written: {error}"));
        let fresh = self
            .path
            .with_added_extension(format!("{}.new", state.version()));
        let mut file = File::create(&fresh).map_err(failed)?;
        file.write_all(state.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&fresh, &self.path).map_err(failed)?;
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let settled = File::open(folder).and_then(|folder| folder.sync_all());
        settled.map_err(failed)
    }

    /// The state that was kept last; none when there never was one.
    ///
    /// # Errors
    /// When the file cannot be read, or is no sealed state.
    pub fn read(&self) -> Result<Option<SealedState>, VaultError> {
        match std::fs::read(&self.path) {
            Ok(bytes) => SealedState::parse(&bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.wrong(format!("cannot be read: {error}"))),
        }
    }

    fn wrong(&self, wrong: String) -> VaultError {
        let path = self.path.display().to_string();
        VaultError::Copy { path, wrong }
    }
}
