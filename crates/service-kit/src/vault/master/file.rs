//! A master key in files, for development: whoever reads the folder, or finds its blocks on the disk, has the keys.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::vault::master::{Master, MasterError};
use crate::vault::numbers::MasterVersion;
use crate::vault::secret::{SECRET_BYTES, Secret};
use crate::vault::suite::{Cipher, Suite};

/// What the name of a key file ends in; before it stands the version.
const ENDING: &str = ".key";
/// What others than the owner may not have.
const OTHERS: u32 = 0o077;

/// A folder with one file for each version of the key.
pub struct FileMaster {
    folder: PathBuf,
}

impl FileMaster {
    /// The keys in a folder, which is made when it is not there.
    ///
    /// # Errors
    /// When the folder is open to others, or cannot be made.
    pub fn open(folder: &Path) -> Result<Self, MasterError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| file(folder, format!("cannot be made: {error}")))?;
        let metadata = folder.metadata();
        let metadata =
            metadata.map_err(|error| file(folder, format!("cannot be looked at: {error}")))?;
        closed(folder, metadata.permissions().mode())?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn path(&self, version: MasterVersion) -> PathBuf {
        self.folder.join(format!("{version}{ENDING}"))
    }

    fn cipher(&self, version: MasterVersion) -> Result<Cipher, MasterError> {
        let path = self.path(version);
        let mut opened = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => MasterError::Gone(version),
            _ => file(&path, format!("cannot be read: {error}")),
        })?;
        let unreadable = |error: io::Error| file(&path, format!("cannot be read: {error}"));
        let metadata = opened.metadata().map_err(unreadable)?;
        if !metadata.is_file() || metadata.len() != SECRET_BYTES as u64 {
            return Err(file(&path, "is no key of 32 bytes".to_owned()));
        }
        closed(&path, metadata.permissions().mode())?;
        let mut key = Secret::blank();
        opened.read_exact(key.expose_mut()).map_err(unreadable)?;
        Ok(Cipher::new(Suite::Aes256Sha256, &key))
    }

    /// What was made or removed in the folder outlives a loss of power.
    fn settle(&self) -> Result<(), MasterError> {
        let settled = File::open(&self.folder).and_then(|folder| folder.sync_all());
        settled.map_err(|error| file(&self.folder, format!("cannot be written: {error}")))
    }
}

impl Master for FileMaster {
    fn versions(&self) -> Result<Vec<MasterVersion>, MasterError> {
        let unreadable =
            |error: io::Error| file(&self.folder, format!("cannot be listed: {error}"));
        let mut versions = Vec::new();
        for entry in self.folder.read_dir().map_err(unreadable)? {
            versions.extend(version_of(&entry.map_err(unreadable)?.file_name()));
        }
        versions.sort_unstable();
        Ok(versions)
    }

    fn make(&self, version: MasterVersion) -> Result<(), MasterError> {
        let path = self.path(version);
        let key = Secret::drawn().map_err(|_| MasterError::Unsealed)?;
        let mut options = OpenOptions::new();
        let mut made = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => MasterError::Exists(version),
                _ => file(&path, format!("cannot be made: {error}")),
            })?;
        made.write_all(key.expose())
            .and_then(|()| made.sync_all())
            .map_err(|error| file(&path, format!("cannot be written: {error}")))?;
        self.settle()
    }

    fn wrap(
        &self,
        version: MasterVersion,
        associated: &[u8],
        secret: &Secret,
    ) -> Result<Vec<u8>, MasterError> {
        let mut wrapped = Vec::new();
        self.cipher(version)?
            .seal(associated, secret.expose(), &mut wrapped)
            .map_err(|_| MasterError::Unsealed)?;
        Ok(wrapped)
    }

    fn unwrap(
        &self,
        version: MasterVersion,
        associated: &[u8],
        wrapped: &[u8],
    ) -> Result<Secret, MasterError> {
        let opened = self.cipher(version)?.open(associated, wrapped);
        let secret = opened
            .ok()
            .as_deref()
            .map(Vec::as_slice)
            .and_then(Secret::of_slice);
        secret.ok_or(MasterError::DoesNotOpen(version))
    }

    fn destroy(&self, version: MasterVersion) -> Result<(), MasterError> {
        let path = self.path(version);
        let overwritten = OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|mut key| {
                let length = usize::try_from(key.metadata()?.len()).unwrap_or(SECRET_BYTES);
                key.write_all(&vec![0; length])?;
                key.sync_all()
            });
        match overwritten.and_then(|()| std::fs::remove_file(&path)) {
            Ok(()) => self.settle(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(file(&path, format!("cannot be destroyed: {error}"))),
        }
    }
}

impl fmt::Debug for FileMaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileMaster").field(&self.folder).finish()
    }
}

/// The version in the name of a key file; none for any other file.
fn version_of(name: &std::ffi::OsStr) -> Option<MasterVersion> {
    let number = name.to_str()?.strip_suffix(ENDING)?;
    let version = number.parse().ok().map(MasterVersion)?;
    // "07" would be a second name of 7
    (version.to_string() == number).then_some(version)
}

fn closed(path: &Path, mode: u32) -> Result<(), MasterError> {
    if mode & OTHERS == 0 {
        return Ok(());
    }
    let mode = mode & 0o777;
    let wrong = format!("is open to others than its owner (mode {mode:03o})");
    Err(file(path, wrong))
}

fn file(path: &Path, wrong: String) -> MasterError {
    let path = path.display().to_string();
    MasterError::File { path, wrong }
}
