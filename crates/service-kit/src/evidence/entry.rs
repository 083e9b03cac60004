//! What a leaf of a log says of an event: where it stands in its stream, its id, and what it holds.

use std::fmt;

use uuid::Uuid;

use super::digest::{Digest, HashSuite};

/// Bytes of the secret of a log.
pub const BLIND_BYTES: usize = 16;

/// The secret of a log, under which the places of events are hashed. A receipt shows the hash of its event's place, not the place:
/// the place counts sealed events too, and two receipts would tell how many lie between them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Blind([u8; BLIND_BYTES]);

impl Blind {
    /// The secret out of bytes; none unless there are 16.
    #[must_use]
    pub fn of_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// A new one.
    ///
    /// # Errors
    /// When the machine has no source of randomness.
    pub fn drawn() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BLIND_BYTES];
        crate::chance::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// As it is stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; BLIND_BYTES] {
        &self.0
    }
}

impl fmt::Debug for Blind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blind(..)")
    }
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Its stream.
    pub stream: &'a str,
    /// The epoch of the stream, from 1.
    pub epoch: i32,
    /// Its sequence number in the epoch, from 1.
    pub seq: i64,
}

impl Place<'_> {
    /// The hash of the place. The name of the stream comes last and everything before it has its length, so that no two places are
    /// written alike.
    #[must_use]
    pub fn hashed(self, suite: HashSuite, blind: &Blind) -> Digest {
        suite.hash(&[
            &[2],
            &blind.0,
            &self.epoch.to_be_bytes(),
            &self.seq.to_be_bytes(),
            self.stream.as_bytes(),
        ])
    }
}

/// The leaf of an event.
#[must_use]
pub fn leaf(suite: HashSuite, place: &Digest, event_id: Uuid, payload: &Digest) -> Digest {
    suite.leaf(&[&place.0, event_id.as_bytes(), &payload.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_an_event_changes_its_leaf() {
        let suite = HashSuite::Sha256;
        let blind = Blind([7; BLIND_BYTES]);
        let leaf_of = |blind: &Blind, stream, (epoch, seq), id, payload: &[u8]| {
            let place = Place { stream, epoch, seq };
            let place = place.hashed(suite, blind);
            leaf(suite, &place, Uuid::from_u128(id), &suite.hash(&[payload]))
        };
        let one = leaf_of(&blind, "events", (1, 2), 3, b"four");
        assert_eq!(one, leaf_of(&blind, "events", (1, 2), 3, b"four"));
        for other in [
            leaf_of(&Blind([8; BLIND_BYTES]), "events", (1, 2), 3, b"four"),
            leaf_of(&blind, "event", (1, 2), 3, b"four"),
            leaf_of(&blind, "events", (2, 2), 3, b"four"),
            leaf_of(&blind, "events", (1, 3), 3, b"four"),
            leaf_of(&blind, "events", (1, 2), 4, b"four"),
            leaf_of(&blind, "events", (1, 2), 3, b"five"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Blind::drawn().unwrap()), "Blind(..)");
        assert_ne!(Blind::drawn().unwrap(), Blind::drawn().unwrap());
    }
}
