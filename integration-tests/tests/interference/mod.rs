//! Two worlds, and who asks them.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "of a test program, which fails where it cannot go on"
)]

pub mod acts;
pub mod asking;
pub mod city;
pub mod contract;
pub mod draw;
pub mod hall;
pub mod leak;
pub mod made;
pub mod names;
pub mod pool;
pub mod readers;
pub mod run;
pub mod world;
