//! The state, sealed under one version of the master key.

use crate::vault::context::{Context, associated};
use crate::vault::layout::{FORMAT, Reader};
use crate::vault::master::Master;
use crate::vault::numbers::MasterVersion;
use crate::vault::secret::Secret;
use crate::vault::state::State;
use crate::vault::suite::{Cipher, NONCE_BYTES, Suite, TAG_BYTES};
use crate::vault::{VaultError, purpose};

/// What these bytes are called.
const WHAT: &str = "sealed state of a vault";
/// Bytes before the wrapped key: version of the layout, suite, version of the master key.
const HEADER_BYTES: usize = 1 + 1 + 8;

/// The state of a vault, sealed; the bytes to be stored. Who destroys the master key of its version destroys it, wherever
/// copies of it lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedState {
    bytes: Vec<u8>,
    suite: Suite,
    version: MasterVersion,
    /// Where the wrapped key ends.
    wrapped_to: usize,
}

impl SealedState {
    /// Reads what was stored.
    ///
    /// # Errors
    /// When the bytes are no sealed state.
    pub fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        let mut reader = Reader::of(WHAT, bytes)?;
        let suite = reader.suite()?;
        let version = MasterVersion(reader.u64()?);
        let wrapped = usize::from(reader.u16()?);
        reader.slice(wrapped)?;
        if reader.left() < NONCE_BYTES + TAG_BYTES {
            return Err(reader.wrong("it ends too early"));
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            suite,
            version,
            wrapped_to: HEADER_BYTES + 2 + wrapped,
        })
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The version of the master key that opens it. A process whose vault has an older one must open this one.
    #[must_use]
    pub fn version(&self) -> MasterVersion {
        self.version
    }

    /// Seals a state: it under a key of its own, and that key under the master key, which thus need not take in much.
    pub(super) fn seal(
        state: &State,
        master: &dyn Master,
        version: MasterVersion,
    ) -> Result<Self, VaultError> {
        let (_, tree) = state.newest();
        let suite = tree.suite();
        let mut bytes = vec![FORMAT, suite.code()];
        bytes.extend_from_slice(&version.0.to_be_bytes());
        let secret = Secret::drawn()?;
        let wrapped = master.wrap(version, &bound_to_master(&bytes), &secret)?;
        let length = u16::try_from(wrapped.len()).map_err(|_| VaultError::TooLong)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&wrapped);
        let wrapped_to = bytes.len();
        let associated = bound(&bytes);
        cipher(suite, &secret)?.seal(&associated, &state.to_bytes()?, &mut bytes)?;
        Ok(Self {
            bytes,
            suite,
            version,
            wrapped_to,
        })
    }

    /// Opens it.
    pub(super) fn open(&self, master: &dyn Master) -> Result<State, VaultError> {
        let (head, sealed) = self.bytes.split_at(self.wrapped_to);
        let (header, wrapped) = head.split_at(HEADER_BYTES);
        let wrapped = wrapped.get(2..).unwrap_or_default();
        let secret = master.unwrap(self.version, &bound_to_master(header), wrapped)?;
        let text = cipher(self.suite, &secret)?.open(&bound(head), sealed)?;
        State::read(&text)
    }
}

fn cipher(suite: Suite, secret: &Secret) -> Result<Cipher, VaultError> {
    let key = suite.derive(secret, &[purpose::STATE.as_bytes()])?;
    Ok(Cipher::new(suite, &key))
}

fn bound(head: &[u8]) -> Vec<u8> {
    associated(purpose::STATE, head, &Context::of(&[]))
}

fn bound_to_master(header: &[u8]) -> Vec<u8> {
    associated(purpose::MASTER, header, &Context::of(&[]))
}
