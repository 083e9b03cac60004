//! The clocks of the law, as data: every clock names its rule, article and version.

mod due;
mod pauses;
mod rules;

pub use due::{
    DayTreatment, Due, ExplainedDay, due, due_after, due_paused, explain_due, explain_paused,
};
pub use pauses::{PauseCause, Pauses, Stretch};
pub use rules::{
    Approver, ClockId, ClockRule, EMBEDDED_TEXT, LawError, LawEvent, Limit, RuleSet, install, rules,
};
