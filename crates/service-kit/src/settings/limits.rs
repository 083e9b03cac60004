//! `[limits]`: what a server takes at a time, and from one caller.

use std::num::NonZeroU32;
use std::time::Duration;

use super::reader::{Section, Tree};

/// Seconds within which a quota that was spent is whole again, at most.
const LONGEST_REFILL: u32 = 60;

/// How often one caller may call: so many calls a second in the long run, so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Calls a second in the long run.
    pub per_second: NonZeroU32,
    /// Calls at once after a rest.
    pub burst: NonZeroU32,
}

/// `[limits]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    /// The quota of a calling system or a desk. Default 200 calls a second, 400 at once.
    pub caller: Quota,
    /// The quota of the five services and of operators. Default 2,000 calls a second, 4,000 at once.
    pub house: Quota,
    /// Calls answered at a time by one server. One caller has three quarters of them at most. Default 256.
    pub calls: u32,
    /// Connections open at a time. Default 2,048.
    pub connections: u32,
    /// Connections of one caller at a time. Default 32.
    pub connections_of_one: u32,
    /// How often one address may begin to shake hands. Default 50 times a second, 100 at once.
    pub handshakes: Quota,
    /// How long a connection may rest without a call before it is closed. Default 5 minutes.
    pub idle: Duration,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            caller: Quota::of(200, 400),
            house: Quota::of(2_000, 4_000),
            calls: 256,
            connections: 2_048,
            connections_of_one: 32,
            handshakes: Quota::of(50, 100),
            idle: Duration::from_mins(5),
        }
    }
}

impl Quota {
    /// So many calls a second, so many at once; one where none is given.
    #[must_use]
    pub const fn of(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: at_least_one(per_second),
            burst: at_least_one(burst),
        }
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// Reads the section; the defaults without it.
pub(super) fn limits(tree: &mut Tree) -> LimitSettings {
    let fallback = LimitSettings::default();
    let mut section = tree.section("limits");
    let limits = LimitSettings {
        caller: quota(&mut section, ("calls_per_second", "burst"), fallback.caller),
        house: quota(
            &mut section,
            ("house_calls_per_second", "house_burst"),
            fallback.house,
        ),
        calls: section.whole("calls", fallback.calls, 4..=10_000),
        connections: section.whole("connections", fallback.connections, 16..=100_000),
        connections_of_one: section.whole(
            "connections_of_one",
            fallback.connections_of_one,
            1..=10_000,
        ),
        handshakes: quota(
            &mut section,
            ("handshakes_per_second", "handshake_burst"),
            fallback.handshakes,
        ),
        idle: Duration::from_secs(u64::from(section.whole("idle_seconds", 300, 1..=3_600))),
    };
    tree.close(section);
    limits
}

/// A quota by its two keys. Without a burst it is twice the calls of a second; a burst is whole again within a minute.
fn quota(
    section: &mut Section,
    (rate, burst): (&'static str, &'static str),
    fallback: Quota,
) -> Quota {
    let per_second = section.whole(rate, fallback.per_second.get(), 1..=100_000);
    let at_once = section.whole(burst, per_second.saturating_mul(2), 1..=6_000_000);
    if at_once > per_second.saturating_mul(LONGEST_REFILL) {
        let words = format!("must be at most {LONGEST_REFILL} times {rate}");
        section.refuse::<u32>(burst, &words);
    }
    Quota::of(per_second, at_once)
}
