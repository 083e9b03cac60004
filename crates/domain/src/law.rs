//! The clocks of the law, as data: every clock names its rule, article and version.

mod due;
mod rules;

pub use due::{DayTreatment, Due, ExplainedDay, due, due_after, explain_due};
pub use rules::{ClockId, ClockRule, LawError, Limit, RuleSet, rules};
