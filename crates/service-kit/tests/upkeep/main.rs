//! The care of the road, through the public door: what was set aside, what is replayed, mirrors made anew, and readers of the stream server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod care;
mod quarantine;
mod readers;
mod replay;
