//! The auditor: a process of its own that reads what the services left behind and says what must never be true.
//!
//! It evaluates the ten invariants of the delivery of urgent reports ([`Invariant`]), finds processes that fell silent, and
//! measures what is late. It reads by a role of its own that sees ids and states and may write nothing, and it stands in nobody's
//! way: single statements, each of a few seconds at most. Whoever watches from outside hears of it after each look that
//! succeeded, and misses it when it falls silent itself.

mod auditor;
mod findings;
mod invariant;
mod keep;
mod report;
mod schema;
mod streams;
mod table;

pub use auditor::{AuditError, Auditor, LOOK_WITHIN, Reach};
pub use findings::{Finding, Findings};
pub use invariant::Invariant;
pub use keep::keep;
pub use report::{Compared, Lag, Lateness, Missed, Processes, Report, Silent};
pub use table::table;
