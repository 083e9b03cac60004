//! PKCS#11 modules, each loaded once and kept for as long as the process lives.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::vault::master::{MasterError, PinSource, TokenKey};

/// The modules that were loaded. A module knows one start a process, however many use it.
static LOADED: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// Whether a session may change the token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Use,
    Change,
}

/// The module of a path.
pub(super) fn load(path: &Path) -> Result<Pkcs11, MasterError> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = loaded.get(path) {
        return Ok(module.clone());
    }
    let module = Pkcs11::new(path).map_err(failed("be loaded"))?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, Function::Initialize)) => {}
        Err(error) => return Err(failed("be started")(error)),
    }
    loaded.insert(path.to_owned(), module.clone());
    Ok(module)
}

/// A session with the token of a key, logged in. It ends when it is dropped.
pub(super) fn session(
    module: &Pkcs11,
    key: &TokenKey,
    access: Access,
) -> Result<Session, MasterError> {
    let slot = slot(module, key)?;
    let session = match access {
        Access::Use => module.open_ro_session(slot),
        Access::Change => module.open_rw_session(slot),
    };
    let session = session.map_err(failed("open a session"))?;
    match session.login(UserType::User, Some(&pin(&key.pin)?)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, Function::Login)) => Ok(session),
        Err(error) => Err(failed("log in")(error)),
    }
}

/// The one slot that holds the token.
fn slot(module: &Pkcs11, key: &TokenKey) -> Result<Slot, MasterError> {
    let mut found = Vec::new();
    for slot in module
        .get_slots_with_token()
        .map_err(failed("list its tokens"))?
    {
        let token = module
            .get_token_info(slot)
            .map_err(failed("describe a token"))?;
        let serial = key.serial.as_deref().unwrap_or(token.serial_number());
        if token.label() == key.token && token.serial_number() == serial {
            found.push(slot);
        }
    }
    match found.as_slice() {
        [slot] => Ok(*slot),
        [] => Err(wrong(
            "find the token",
            "there is none with this label and serial number",
        )),
        [_, _, ..] => Err(wrong(
            "find the token",
            "several have this label: name one by its serial number",
        )),
    }
}

/// Reads the PIN where it lies, each time anew: it can be changed while we run, and does not stay in memory.
fn pin(source: &PinSource) -> Result<SecretString, MasterError> {
    let text = match source {
        PinSource::Variable(name) => {
            let value = std::env::var(name);
            Zeroizing::new(value.map_err(|_| MasterError::NoPin(name.clone()))?)
        }
        PinSource::File(path) => pin_file(path)?,
    };
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}

fn pin_file(path: &Path) -> Result<Zeroizing<String>, MasterError> {
    let file = |wrong: String| MasterError::File {
        path: path.display().to_string(),
        wrong,
    };
    let unreadable = |error: std::io::Error| file(format!("cannot be read: {error}"));
    let mut opened = File::open(path).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    if metadata.permissions().mode() & 0o007 != 0 {
        return Err(file("holds a PIN and is open to everybody".to_owned()));
    }
    let mut text = Zeroizing::new(String::with_capacity(256));
    opened.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// The error of a call that failed.
pub(super) fn failed(what: &'static str) -> impl FnOnce(Error) -> MasterError {
    move |error| wrong(what, error.to_string())
}

/// The error of an answer that cannot be used.
pub(super) fn wrong(what: &'static str, wrong: impl Into<String>) -> MasterError {
    let wrong = wrong.into();
    MasterError::Module { what, wrong }
}
