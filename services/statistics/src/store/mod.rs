//! The service's statements, one function each.

pub(crate) mod alert_fact;
pub(crate) mod deadline_fact;
pub(crate) mod matter_fact;
pub(crate) mod matter_step;
pub(crate) mod order_fact;
pub(crate) mod place_name;
pub(crate) mod report;
pub(crate) mod small_facts;
