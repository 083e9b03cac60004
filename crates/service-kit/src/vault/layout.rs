//! Bytes of the vault, read strictly: no more and no less than there must be.

use crate::vault::VaultError;
use crate::vault::suite::Suite;

/// The version of every layout the vault writes.
pub(super) const FORMAT: u8 = 1;

/// Reads one kind of bytes from the front.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts with the version of the layout, which must be ours.
    pub(super) fn of(what: &'static str, bytes: &'a [u8]) -> Result<Self, VaultError> {
        let mut reader = Self { what, rest: bytes };
        match reader.u8()? {
            FORMAT => Ok(reader),
            _ => Err(reader.wrong("it is of a version that is not known here")),
        }
    }

    pub(super) fn wrong(&self, wrong: &'static str) -> VaultError {
        VaultError::Malformed {
            what: self.what,
            wrong,
        }
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<&'a [u8; N], VaultError> {
        let (bytes, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| self.wrong("it ends too early"))?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn slice(&mut self, length: usize) -> Result<&'a [u8], VaultError> {
        let (slice, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| self.wrong("it ends too early"))?;
        self.rest = rest;
        Ok(slice)
    }

    pub(super) fn u8(&mut self) -> Result<u8, VaultError> {
        self.bytes().copied().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, VaultError> {
        self.bytes().copied().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, VaultError> {
        self.bytes().copied().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, VaultError> {
        self.bytes().copied().map(u64::from_be_bytes)
    }

    pub(super) fn suite(&mut self) -> Result<Suite, VaultError> {
        Suite::of_code(self.u8()?).ok_or_else(|| self.wrong("its suite is not known here"))
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), VaultError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.wrong("it goes on after its end"))
        }
    }
}
