//! Supervision through its public door: the streams it reads, the sweep, the rpcs and what it tells.
#![expect(clippy::unwrap_used, reason = "a test whose ground is missing fails")]

mod calendar;
mod extensions;
mod lists;
mod office;
mod orders;
mod pauses;
mod recommendations;
mod remedies;
mod sealed;
mod streams;
