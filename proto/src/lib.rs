//! The contract of the five services and of the events: protobuf messages, clients and servers.
//!
//! The text of the contract is in `proto/huiyin/`; this crate compiles it, and says which topic an event belongs to.
#![expect(
    clippy::all,
    reason = "generated from the contract; comments stand in the .proto files"
)]

pub mod policies;
pub mod topics;

/// The whole contract as an encoded `FileDescriptorSet`, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract.bin"));

macro_rules! packages {
    ($($name:ident),* $(,)?) => {
        $(
            /// Package of the contract.
            pub mod $name {
                /// Version 1.
                pub mod v1 {
                    include!(concat!(env!("OUT_DIR"), "/huiyin.", stringify!($name), ".v1.rs"));
                }
            }
        )*
    };
}

packages!(
    vocabulary,
    errors,
    events,
    feed,
    log,
    development,
    intake,
    routing,
    supervision,
    stability_early_warning,
    statistics,
);
