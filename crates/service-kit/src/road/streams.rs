//! Names of streams. The part in braces is the hash tag of a Redis Cluster.

use huiyin_domain::vocabulary::Level;

use crate::names::ServiceName;

/// The ordinary stream of a service, `events:{intake:0}`.
#[must_use]
pub fn ordinary(service: ServiceName) -> String {
    format!("events:{{{}:0}}", service.as_str())
}

/// The urgent stream of a level, `alerts:{county:0}`.
#[must_use]
pub fn alerts(level: Level) -> String {
    format!("alerts:{{{}:0}}", level.as_str())
}

/// The key of a stream's mirror in one epoch, `alerts:{county:0}:1`.
#[must_use]
pub fn mirror_key(stream: &str, epoch: i32) -> String {
    format!("{stream}:{epoch}")
}
