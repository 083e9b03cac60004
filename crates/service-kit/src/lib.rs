//! What the five services share, and no word of business: settings, telemetry, lifecycle, the gRPC
//! server and its layers, the database, the clock, the event road, timers and idempotency.
//!
//! A service is a [`run::House`]: a name, its tables, and three lists (rpcs, reactions, sweeps).

pub mod almanac;
pub mod authorization;
pub mod chance;
pub mod client;
pub mod clock;
pub mod database;
pub mod development;
pub mod evidence;
pub mod heartbeat;
pub mod idempotency;
pub mod lifecycle;
pub mod local;
pub mod metrics;
pub mod names;
pub mod outward;
pub mod page;
pub mod ping;
pub mod road;
pub mod run;
pub mod safe;
pub mod server;
pub mod settings;
pub mod status;
pub mod telemetry;
pub mod testing;
pub mod timer;
pub mod tls;
pub mod token;
pub mod vault;
pub mod violations;
pub mod wire;
