//! The key of one record's data, and the texts it seals.

use std::fmt;

use secrecy::SecretSlice;

use crate::vault::context::{Context, associated, write_parts};
use crate::vault::layout::{FORMAT, Reader};
use crate::vault::numbers::Epoch;
use crate::vault::secret::Secret;
use crate::vault::suite::{Cipher, NONCE_BYTES, Suite, TAG_BYTES};
use crate::vault::{VaultError, purpose};

/// What these bytes are called.
const WHAT: &str = "sealed text";
/// Version of the layout, suite, epoch of the key.
const HEADER_BYTES: usize = 1 + 1 + 4;

/// The data key of one record. What it seals opens with this key alone, in this record and in the field it was sealed for.
pub struct RecordKey {
    pub(super) secret: Secret,
    pub(super) drawn_in: Epoch,
    record: Context,
    suite: Suite,
    cipher: Cipher,
}

/// A text sealed under the key of a record; the bytes to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedText {
    bytes: Vec<u8>,
    suite: Suite,
    epoch: Epoch,
}

impl SealedText {
    /// Reads what was stored.
    ///
    /// # Errors
    /// When the bytes are no sealed text.
    pub fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        let mut reader = Reader::of(WHAT, bytes)?;
        let suite = reader.suite()?;
        let epoch = Epoch(reader.u32()?);
        if reader.left() < NONCE_BYTES + TAG_BYTES {
            return Err(reader.wrong("it ends too early"));
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            suite,
            epoch,
        })
    }

    /// The bytes to store: 34 more than the text had.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The suite it is sealed by.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The version of its key: the epoch in which the key was drawn. It stays when the key is wrapped anew.
    #[must_use]
    pub fn key_version(&self) -> Epoch {
        self.epoch
    }
}

impl RecordKey {
    /// The key of a record, to seal by `suite`; what it opens may be of either.
    pub(super) fn new(
        secret: Secret,
        drawn_in: Epoch,
        record: &Context,
        suite: Suite,
    ) -> Result<Self, VaultError> {
        let cipher = cipher(suite, &secret)?;
        Ok(Self {
            secret,
            drawn_in,
            record: record.clone(),
            suite,
            cipher,
        })
    }

    /// Seals a text for a field, named by one part or more.
    ///
    /// # Errors
    /// When the machine has no source of randomness.
    pub fn seal(&self, field: &[&[u8]], text: &[u8]) -> Result<SealedText, VaultError> {
        let header = header(self.suite, self.drawn_in);
        let mut bytes = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + text.len() + TAG_BYTES);
        bytes.extend_from_slice(&header);
        let bound = self.bound(&header, field);
        self.cipher.seal(&bound, text, &mut bytes)?;
        Ok(SealedText {
            bytes,
            suite: self.suite,
            epoch: self.drawn_in,
        })
    }

    /// Opens a text that was sealed for this field of this record.
    ///
    /// # Errors
    /// When it was changed, or sealed for another field, record or key.
    pub fn open(
        &self,
        field: &[&[u8]],
        sealed: &SealedText,
    ) -> Result<SecretSlice<u8>, VaultError> {
        let (header, body) = sealed.bytes.split_at(HEADER_BYTES);
        let bound = self.bound(header, field);
        let mut text = if sealed.suite == self.suite {
            self.cipher.open(&bound, body)?
        } else {
            cipher(sealed.suite, &self.secret)?.open(&bound, body)?
        };
        Ok(SecretSlice::from(std::mem::take(&mut *text)))
    }

    fn bound(&self, header: &[u8], field: &[&[u8]]) -> Vec<u8> {
        let mut bound = associated(purpose::FIELD, header, &self.record);
        write_parts(&mut bound, field);
        bound
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(..)")
    }
}

fn cipher(suite: Suite, secret: &Secret) -> Result<Cipher, VaultError> {
    let key = suite.derive(secret, &[purpose::FIELD.as_bytes()])?;
    Ok(Cipher::new(suite, &key))
}

fn header(suite: Suite, drawn_in: Epoch) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = drawn_in.0.to_be_bytes();
    [FORMAT, suite.code(), a, b, c, d]
}
