//! The key with which a service signs the heads of its logs: Ed25519, in a file that is not for everybody. Its public half is for everybody.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, PKCS_ED25519};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use crate::vault::KeyReference;

/// Bytes of a public key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;
/// What others may not have of the file of a key. Its group may read it: so a secret is mounted into a pod.
const OTHERS: u32 = 0o027;
/// Bytes that the file of a key has at most.
const LARGEST_FILE: u64 = 16 * 1024;
/// What stands before the 32 bytes in a DER public key (RFC 8410).
const BEFORE_PUBLIC: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A key that signs.
pub struct LogKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// The half of a key by which everybody can check what the other half signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; KEY_BYTES]);

/// Why there is no key. No text holds a part of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogKeyError {
    /// The setting names no file.
    #[error("log_key names no file: file:/path is wanted")]
    NoFile,
    /// The file cannot be used.
    #[error("log_key: {path} {wrong}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        wrong: String,
    },
    /// No key could be made.
    #[error("no key can be made: {0}")]
    NotMade(String),
}

/// A text that is no public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no Ed25519 public key, PEM")]
pub struct InvalidPublicKey;

impl LogKey {
    /// The key that a setting names: `file:/path`, a file that only its owner and its group can read, with the key in PKCS#8, PEM or DER.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(reference: &KeyReference) -> Result<Self, LogKeyError> {
        match reference {
            KeyReference::Folder(path) => Self::read_file(path),
            // a token keeps the vault's key; heads are signed far too often to ask one
            KeyReference::Token(_) => Err(LogKeyError::NoFile),
        }
    }

    fn read_file(path: &Path) -> Result<Self, LogKeyError> {
        let file = |wrong: String| LogKeyError::File {
            path: path.display().to_string(),
            wrong,
        };
        let unreadable = |error: std::io::Error| file(format!("cannot be read: {error}"));
        let opened = File::open(path).map_err(unreadable)?;
        let metadata = opened.metadata().map_err(unreadable)?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & OTHERS != 0 {
            let wrong = format!("is open to others (mode {mode:03o}; 0600 or 0440 is wanted)");
            return Err(file(wrong));
        }
        let mut bytes = Zeroizing::new(Vec::new());
        let read = opened.take(LARGEST_FILE).read_to_end(&mut bytes);
        read.map_err(unreadable)?;
        Self::of_bytes(&bytes)
            .ok_or_else(|| file("holds no Ed25519 key in PKCS#8, PEM or DER".to_owned()))
    }

    /// A key out of PKCS#8, PEM or DER; none when it is something else.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let read = PrivatePkcs8KeyDer::from_pem_slice(bytes);
        let der = match &read {
            Ok(key) => key.secret_pkcs8_der(),
            Err(_) => bytes,
        };
        // keys as openssl writes them do not hold their public half
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
        let public = PublicKey::of_slice(pair.public_key().as_ref())?;
        Some(Self { pair, public })
    }

    /// A new key, PKCS#8 PEM.
    ///
    /// # Errors
    /// When the machine has no source of randomness.
    pub fn made() -> Result<Zeroizing<String>, LogKeyError> {
        let made = KeyPair::generate_for(&PKCS_ED25519);
        let made = made.map_err(|error| LogKeyError::NotMade(error.to_string()))?;
        Ok(Zeroizing::new(made.serialize_pem()))
    }

    /// A new key that is nowhere but here.
    ///
    /// # Errors
    /// When the machine has no source of randomness.
    pub fn drawn() -> Result<Self, LogKeyError> {
        let made = Self::made()?;
        Self::of_bytes(made.as_bytes())
            .ok_or_else(|| LogKeyError::NotMade("it cannot be read".to_owned()))
    }

    /// Its public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a text.
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let mut signature = [0; SIGNATURE_BYTES];
        let signed = self.pair.sign(text);
        for (place, byte) in signature.iter_mut().zip(signed.as_ref()) {
            *place = *byte;
        }
        signature
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogKey").field(&self.public).finish()
    }
}

impl PublicKey {
    /// A key out of bytes; none unless there are 32.
    #[must_use]
    pub fn of_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Whether its other half has signed this text.
    #[must_use]
    pub fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(text, signature).is_ok()
    }

    /// As others read it: a PEM public key.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let der = [BEFORE_PUBLIC.as_slice(), &self.0].concat();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(der)
        )
    }
}

impl FromStr for PublicKey {
    type Err = InvalidPublicKey;

    fn from_str(pem: &str) -> Result<Self, InvalidPublicKey> {
        let read = rustls::pki_types::SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes());
        let der = read.map_err(|_| InvalidPublicKey)?;
        let key = der.as_ref().strip_prefix(&BEFORE_PUBLIC);
        key.and_then(Self::of_slice).ok_or(InvalidPublicKey)
    }
}

/// The first 16 digits: enough to tell keys apart.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = hex::encode(self.0);
        f.write_str(written.get(..16).unwrap_or_default())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::OpenOptionsExt as _;

    use super::*;

    fn written(mode: u32, bytes: &[u8]) -> (tempfile::TempDir, KeyReference) {
        use std::io::Write as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)
            .unwrap();
        file.write_all(bytes).unwrap();
        let reference = format!("file:{}", path.display()).parse().unwrap();
        (folder, reference)
    }

    #[test]
    fn a_key_in_a_file_of_its_own_signs_what_its_public_half_checks() {
        let made = LogKey::made().unwrap();
        let (_folder, reference) = written(0o600, made.as_bytes());
        let key = LogKey::read(&reference).unwrap();
        let signature = key.sign(b"text");
        assert!(key.public().has_signed(b"text", &signature));
        assert!(!key.public().has_signed(b"another", &signature));
        assert!(
            !LogKey::drawn()
                .unwrap()
                .public()
                .has_signed(b"text", &signature)
        );
        assert_eq!(key.public().to_pem().parse(), Ok(*key.public()));
    }

    #[test]
    fn a_key_as_openssl_writes_it_is_read() {
        // RFC 8410, section 10.3
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let key = LogKey::of_bytes(pem.as_bytes()).unwrap();
        let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        assert_eq!(key.public().to_pem(), public);
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
        let again = LogKey::of_bytes(der.secret_pkcs8_der()).unwrap();
        assert_eq!(again.public(), key.public());
    }

    #[test]
    fn a_key_that_others_can_read_or_its_group_can_change_is_refused() {
        let made = LogKey::made().unwrap();
        for mode in [0o644, 0o604, 0o620] {
            let (_folder, reference) = written(0o600, made.as_bytes());
            let KeyReference::Folder(path) = &reference else {
                panic!("{reference:?}");
            };
            std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            let refused = LogKey::read(&reference).unwrap_err().to_string();
            let named = format!("is open to others (mode {mode:03o};");
            assert!(refused.contains(&named), "{refused}");
        }
    }

    #[test]
    fn a_key_as_a_secret_is_mounted_into_a_pod_is_read() {
        let made = LogKey::made().unwrap();
        let (_folder, reference) = written(0o440, made.as_bytes());
        assert!(LogKey::read(&reference).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let (_folder, reference) = written(0o600, b"a secret of another kind");
        let refused = LogKey::read(&reference).unwrap_err().to_string();
        assert!(
            refused.contains("holds no Ed25519 key") && !refused.contains("another kind"),
            "{refused}"
        );
        let token = "pkcs11:token=a;object=b?module-path=/c&pin-source=env:D"
            .parse()
            .unwrap();
        assert_eq!(LogKey::read(&token).unwrap_err(), LogKeyError::NoFile);
    }

    #[test]
    fn a_key_prints_only_its_public_half() {
        let key = LogKey::drawn().unwrap();
        assert_eq!(format!("{key:?}"), format!("LogKey({})", key.public()));
    }
}
