//! The one place where chance is drawn. Everywhere else it is an argument.

use std::time::Duration;

use huiyin_domain::ids::{Id, Kind};
use uuid::Uuid;

/// A new id, ordered by time.
#[must_use]
pub fn new_id<K: Kind>() -> Id<K> {
    Id::from_uuid(new_uuid())
}

/// A new uuid of version 7, ordered by time.
#[expect(clippy::disallowed_methods, reason = "the one file that draws chance")]
#[must_use]
pub fn new_uuid() -> Uuid {
    Uuid::now_v7()
}

/// A length of time from nothing up to `most`, so that those who wait do not all wait alike.
#[must_use]
pub fn up_to(most: Duration) -> Duration {
    let [.., one, two, three, four] = *new_uuid().as_bytes();
    most.mul_f64(f64::from(u32::from_be_bytes([one, two, three, four])) / f64::from(u32::MAX))
}

/// Bytes nobody can foretell, for keys and nonces.
///
/// # Errors
/// When the machine has no source of randomness.
pub fn fill(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_differ_and_none_is_longer_than_asked() {
        let most = Duration::from_secs(10);
        let drawn: Vec<Duration> = (0..50).map(|_| up_to(most)).collect();
        assert!(drawn.iter().all(|length| *length <= most));
        assert!(drawn.iter().any(|length| *length != drawn[0]));
    }
}
