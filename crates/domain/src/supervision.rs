//! Is it answered in time, and which organ failed what? Judged from facts alone.
//!
//! The clocks of a matter are a function of its facts: recomputed, never edited, and the same in
//! whatever order, and however often, the facts arrive.

mod clock;
mod clocks;
mod due_set;
mod extension;
mod fact;
mod in_hand;
mod ladder;
mod pausing;
mod suppose;
mod wall;

pub use clock::{Clock, ClockState, EndedWhy, Pause};
pub use clocks::clocks;
pub use due_set::{DueRefused, set_due};
pub use extension::{ExtensionRefused, extend};
pub use fact::{Fact, FactKind, SimplifiedLimits};
pub use in_hand::{InHand, in_hand};
pub use ladder::{
    FailureCode, LadderStep, ORDER_WORKING_DAYS, REMINDER_WORKING_DAYS, failure_for, order_due,
    reminder_on,
};
pub use pausing::{PauseRefused, pause, resume};
pub use suppose::{SupposedStep, suppose};
