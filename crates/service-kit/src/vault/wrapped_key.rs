//! The key of a record's data, wrapped under its leaf of a tree.

use crate::vault::context::{Context, associated};
use crate::vault::layout::{FORMAT, Reader};
use crate::vault::numbers::{Epoch, Leaf};
use crate::vault::secret::{SECRET_BYTES, Secret};
use crate::vault::suite::{Cipher, NONCE_BYTES, Suite, TAG_BYTES};
use crate::vault::tree::Tree;
use crate::vault::{VaultError, purpose};

/// What these bytes are called.
const WHAT: &str = "wrapped key";
/// Version of the layout, suite, epoch, epoch of the data key, leaf.
const HEADER_BYTES: usize = 1 + 1 + 4 + 4 + 8;
/// Bytes of the wrapped key itself.
const BODY_BYTES: usize = NONCE_BYTES + SECRET_BYTES + TAG_BYTES;

/// The data key of a record, wrapped; the bytes to be stored beside what it seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    pub(super) head: Head,
    body: [u8; BODY_BYTES],
}

/// What is written before a wrapped key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// By what it is wrapped.
    pub(super) suite: Suite,
    /// Under which tree.
    pub(super) epoch: Epoch,
    /// The epoch in which the data key was drawn: the version of the key of all that it seals.
    pub(super) drawn_in: Epoch,
    /// Under which leaf.
    pub(super) leaf: Leaf,
}

impl WrappedKey {
    /// Reads what was stored.
    ///
    /// # Errors
    /// When the bytes are no wrapped key.
    pub fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        let mut reader = Reader::of(WHAT, bytes)?;
        let suite = reader.suite()?;
        let (epoch, drawn_in) = (Epoch(reader.u32()?), Epoch(reader.u32()?));
        let leaf = Leaf::of(reader.u64()?).ok_or_else(|| reader.wrong("its leaf is none"))?;
        let body = *reader.bytes()?;
        if drawn_in < Epoch::FIRST || epoch < drawn_in {
            return Err(reader.wrong("its epochs are not in order"));
        }
        reader.finish()?;
        let head = Head {
            suite,
            epoch,
            drawn_in,
            leaf,
        };
        Ok(Self { head, body })
    }

    /// The bytes to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.head.to_bytes().as_slice(), &self.body].concat()
    }

    /// The leaf whose puncture erases the record.
    #[must_use]
    pub fn leaf(&self) -> Leaf {
        self.head.leaf
    }

    /// The tree it is wrapped under.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.head.epoch
    }

    /// The suite it is wrapped by.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.head.suite
    }

    /// Wraps a data key under a tree.
    pub(super) fn wrap(
        head: Head,
        tree: &Tree,
        record: &Context,
        data_key: &Secret,
    ) -> Result<Self, VaultError> {
        let mut bytes = Vec::with_capacity(BODY_BYTES);
        head.cipher(tree)?
            .seal(&head.bound(record), data_key.expose(), &mut bytes)?;
        let body = bytes.try_into().map_err(|_| VaultError::Derivation)?;
        Ok(Self { head, body })
    }

    /// Opens it with the tree it is wrapped under.
    pub(super) fn unwrap(&self, tree: &Tree, record: &Context) -> Result<Secret, VaultError> {
        let cipher = self.head.cipher(tree)?;
        let data_key = cipher.open(&self.head.bound(record), &self.body)?;
        Secret::of_slice(&data_key).ok_or(VaultError::DoesNotOpen)
    }
}

impl Head {
    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let written = [
            [FORMAT, self.suite.code()].as_slice(),
            &self.epoch.0.to_be_bytes(),
            &self.drawn_in.0.to_be_bytes(),
            &self.leaf.number().to_be_bytes(),
        ]
        .concat();
        bytes.copy_from_slice(&written);
        bytes
    }

    /// The cipher of the leaf.
    fn cipher(self, tree: &Tree) -> Result<Cipher, VaultError> {
        let secret = tree.secret(self.leaf).ok_or(VaultError::Erased)?;
        let key = self
            .suite
            .derive(&secret, &[purpose::WRAPPED_KEY.as_bytes()])?;
        Ok(Cipher::new(self.suite, &key))
    }

    fn bound(self, record: &Context) -> Vec<u8> {
        associated(purpose::WRAPPED_KEY, &self.to_bytes(), record)
    }
}
