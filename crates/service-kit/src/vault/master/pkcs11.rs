//! A master key in a hardware security module, by PKCS#11: AES-256 keys that cannot leave the token.
//!
//! AES also for the suite of SM4: PKCS#11 has no mechanism for SM4.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::types::Ulong;
use zeroize::Zeroizing;

use crate::chance;
use crate::vault::master::module::{self, Access, failed, wrong};
use crate::vault::master::{Master, MasterError, TokenKey};
use crate::vault::numbers::MasterVersion;
use crate::vault::secret::{SECRET_BYTES, Secret};
use crate::vault::suite::{NONCE_BYTES, TAG_BYTES};

/// Bytes of what [`Master::wrap`] gives.
const WRAPPED_BYTES: usize = NONCE_BYTES + SECRET_BYTES + TAG_BYTES;

/// Keys of one label in one token; the id of each is its version, eight bytes.
pub struct Pkcs11Master {
    module: Pkcs11,
    key: TokenKey,
    /// One call at a time: each logs in by a session of its own, so that a token that was away is found again.
    busy: Mutex<()>,
}

impl Pkcs11Master {
    /// Loads the module and logs in once, to see that everything the reference names is there.
    ///
    /// # Errors
    /// What is missing, or what the module says.
    pub fn open(key: TokenKey) -> Result<Self, MasterError> {
        let module = module::load(&key.module)?;
        let busy = Mutex::default();
        let master = Self { module, key, busy };
        master.versions()?;
        Ok(master)
    }

    fn with<T>(
        &self,
        access: Access,
        work: impl FnOnce(&Session) -> Result<T, MasterError>,
    ) -> Result<T, MasterError> {
        let _one = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        work(&module::session(&self.module, &self.key, access)?)
    }

    /// What all keys of this reference have.
    fn common(&self) -> Vec<Attribute> {
        vec![
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Token(true),
            Attribute::Label(self.key.object.clone().into_bytes()),
        ]
    }

    fn of_version(&self, version: MasterVersion) -> Vec<Attribute> {
        let mut template = self.common();
        template.push(Attribute::Id(version.0.to_be_bytes().to_vec()));
        template
    }

    fn found(
        &self,
        session: &Session,
        version: MasterVersion,
    ) -> Result<Vec<ObjectHandle>, MasterError> {
        let found = session.find_objects(&self.of_version(version));
        found.map_err(failed("look for a key"))
    }

    fn one(&self, session: &Session, version: MasterVersion) -> Result<ObjectHandle, MasterError> {
        match self.found(session, version)?.as_slice() {
            [key] => Ok(*key),
            [] => Err(MasterError::Gone(version)),
            [_, _, ..] => Err(wrong("find the key", "several have this label and version")),
        }
    }
}

impl Master for Pkcs11Master {
    fn versions(&self) -> Result<Vec<MasterVersion>, MasterError> {
        self.with(Access::Use, |session| {
            let found = session.find_objects(&self.common());
            let mut versions = Vec::new();
            for key in found.map_err(failed("list its keys"))? {
                versions.push(version_of(session, key)?);
            }
            versions.sort_unstable();
            Ok(versions)
        })
    }

    fn make(&self, version: MasterVersion) -> Result<(), MasterError> {
        self.with(Access::Change, |session| {
            if !self.found(session, version)?.is_empty() {
                return Err(MasterError::Exists(version));
            }
            let mut template = self.of_version(version);
            template.extend([
                Attribute::ValueLen(Ulong::from(SECRET_BYTES as u64)),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
            ]);
            let made = session.generate_key(&Mechanism::AesKeyGen, &template);
            let key = made.map_err(failed("make a key"))?;
            if stays(session, key)? {
                return Ok(());
            }
            session
                .destroy_object(key)
                .map_err(failed("destroy a key"))?;
            Err(wrong("make a key", "it made one that can leave the token"))
        })
    }

    fn wrap(
        &self,
        version: MasterVersion,
        associated: &[u8],
        secret: &Secret,
    ) -> Result<Vec<u8>, MasterError> {
        self.with(Access::Use, |session| {
            let key = self.one(session, version)?;
            let mut nonce = [0_u8; NONCE_BYTES];
            chance::fill(&mut nonce).map_err(|_| MasterError::Unsealed)?;
            let gcm = gcm(&mut nonce, associated)?;
            let sealed = session.encrypt(&gcm, key, secret.expose());
            let sealed = sealed.map_err(failed("seal"))?;
            drop(gcm);
            // some modules put a nonce of their own in the place of ours
            let wrapped = [nonce.as_slice(), &sealed].concat();
            match wrapped.len() {
                WRAPPED_BYTES => Ok(wrapped),
                _ => Err(wrong(
                    "seal",
                    "what it sealed has another length than GCM gives",
                )),
            }
        })
    }

    fn unwrap(
        &self,
        version: MasterVersion,
        associated: &[u8],
        wrapped: &[u8],
    ) -> Result<Secret, MasterError> {
        let refused = || MasterError::DoesNotOpen(version);
        let wrapped: &[u8; WRAPPED_BYTES] = wrapped.try_into().map_err(|_| refused())?;
        self.with(Access::Use, |session| {
            let key = self.one(session, version)?;
            let (nonce, sealed) = wrapped.split_first_chunk().ok_or_else(refused)?;
            let mut nonce: [u8; NONCE_BYTES] = *nonce;
            let opened = session.decrypt(&gcm(&mut nonce, associated)?, key, sealed);
            match opened.map(Zeroizing::new) {
                Ok(secret) => Secret::of_slice(&secret).ok_or_else(refused),
                Err(error) if tells_of_change(&error) => Err(refused()),
                Err(error) => Err(failed("open")(error)),
            }
        })
    }

    fn destroy(&self, version: MasterVersion) -> Result<(), MasterError> {
        self.with(Access::Change, |session| {
            for key in self.found(session, version)? {
                session
                    .destroy_object(key)
                    .map_err(failed("destroy a key"))?;
            }
            match self.found(session, version)?.as_slice() {
                [] => Ok(()),
                [_, ..] => Err(wrong("destroy a key", "the key is still there")),
            }
        })
    }
}

impl fmt::Debug for Pkcs11Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pkcs11Master").field(&self.key).finish()
    }
}

fn gcm<'a>(
    nonce: &'a mut [u8; NONCE_BYTES],
    associated: &'a [u8],
) -> Result<Mechanism<'a>, MasterError> {
    let tag_bits = Ulong::from(TAG_BYTES as u64 * 8);
    let parameters = GcmParams::new(nonce, associated, tag_bits);
    parameters
        .map(Mechanism::AesGcm)
        .map_err(failed("take in so much"))
}

/// The version in the id of a key.
fn version_of(session: &Session, key: ObjectHandle) -> Result<MasterVersion, MasterError> {
    let attributes = session.get_attributes(key, &[AttributeType::Id]);
    let attributes = attributes.map_err(failed("describe a key"))?;
    let version = attributes.iter().find_map(|attribute| match attribute {
        Attribute::Id(id) => id.as_slice().try_into().ok().map(u64::from_be_bytes),
        _ => None,
    });
    version.map(MasterVersion).ok_or_else(|| {
        wrong(
            "list its keys",
            "one of this label has an id that is no version",
        )
    })
}

/// Whether a key has never been, and never can be, outside of its token.
fn stays(session: &Session, key: ObjectHandle) -> Result<bool, MasterError> {
    let asked = [AttributeType::Sensitive, AttributeType::Extractable];
    let attributes = session.get_attributes(key, &asked);
    let attributes = attributes.map_err(failed("describe a key"))?;
    let has = |wanted: Attribute| attributes.contains(&wanted);
    Ok(has(Attribute::Sensitive(true)) && has(Attribute::Extractable(false)))
}

/// Whether a module says by this that the bytes, or what is associated with them, are not those that were sealed.
fn tells_of_change(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange,
            _
        )
    )
}
